"""Searching vector stores: several queries over several stores become one list of passages."""

from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.services.knowledge.attachment_store import AttachedRow, AttachmentStore, plain_attributes
from mainstay.services.knowledge.finding import Finding, Wanted
from mainstay.services.knowledge.records import Hit
from mainstay.services.knowledge.vector_store_records import StorePassage
from mainstay.services.knowledge.vector_stores import VectorStores


class StoreSearching:
    """Finds passages in vector stores."""

    def __init__(self, stores: VectorStores, attachments: AttachmentStore, finding: Finding) -> None:
        """Take the parts."""
        self._stores = stores
        self._attachments = attachments
        self._finding = finding

    async def search(
        self,
        store_ids: Sequence[str],
        queries: Sequence[str],
        top_k: int,
        filters: Mapping[str, Any],
        score_min: float,
        *,
        rerank: bool | None,
        weight: float | None,
    ) -> list[StorePassage]:
        """Find; a passage that several queries find has its best score."""
        for store_id in dict.fromkeys(store_ids):
            await self._stores.searched(store_id)
        best: dict[tuple[str, int], Hit] = {}
        for query in dict.fromkeys(queries):
            wanted = Wanted(
                query=query,
                top_k=top_k,
                collections=tuple(dict.fromkeys(store_ids)),
                filters=filters,
                rerank=rerank,
                passages=True,
                weight=weight,
            )
            for hit in (await self._finding.find(wanted)).hits():
                known = best.get((hit.doc_id, hit.start))
                if hit.score >= score_min and (known is None or hit.score > known.score):
                    best[hit.doc_id, hit.start] = hit
        hits = sorted(best.values(), key=lambda hit: (-hit.score, hit.doc_id, hit.start))[:top_k]
        attached = await self._attachments.of_documents([hit.doc_id for hit in hits])
        return [_passage(hit, attached.get(hit.doc_id)) for hit in hits]


def _passage(hit: Hit, file: AttachedRow | None) -> StorePassage:
    return StorePassage(
        store_id=hit.collection,
        file_id=hit.doc_id if file is None else file.file_id,
        doc_id=hit.doc_id,
        name=hit.title if file is None else file.name,
        attributes=dict(plain_attributes(hit.metadata) if file is None else file.attributes),
        score=hit.score,
        text=hit.snippet,
        start=hit.start,
        end=hit.end,
    )
