"""Keeping the vector index in step with the database: in order, and again after a crash."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from mainstay.kernel.errands import Errands
from mainstay.kernel.work import caller
from mainstay.ports.encoder import Encoder
from mainstay.ports.vectors import AllOf, Between, Equals, FieldType, Filter, Point, Space, Vectors
from mainstay.services.knowledge.faq_store import FaqStore
from mainstay.services.knowledge.originals import Originals
from mainstay.services.knowledge.passage_store import Change, Passage, PassageStore
from mainstay.services.knowledge.points import (
    FAQ,
    PASSAGE,
    content_hash,
    embedded_text,
    erased_point,
    faq_point,
    feedback_point,
    passage_point,
)
from mainstay.services.knowledge.store import DocumentRow, KnowledgeStore

logger = logging.getLogger("mainstay.knowledge")

_CHANGES_AT_ONCE = 500
_DOCUMENTS_AT_ONCE = 100


class Indexing:
    """Applies changes to the index; the database says what is true."""

    def __init__(
        self,
        store: KnowledgeStore,
        passages: PassageStore,
        faqs: FaqStore,
        vectors: Vectors,
        encoder: Encoder,
        originals: Originals,
        errands: Errands,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._passages = passages
        self._faqs = faqs
        self._vectors = vectors
        self._encoder = encoder
        self._originals = originals
        self._errands = errands
        self._ready: set[Space] = set()
        self._fields: set[tuple[Space, str]] = set()
        self._refilled: dict[Space, int] = {}

    def space(self, tenant: str) -> Space:
        """Give a tenant's space."""
        return Space(tenant, self._encoder.name, self._encoder.dimensions)

    async def ready(self, *, renewing: bool = False) -> Space:
        """Give the caller's space, in step with what the database knew when this process first asked.

        All who ask meanwhile wait for that, and it goes on when they give up. Where a rebuild follows
        (`renewing`), nobody is told to ask for one.
        """
        space = self.space(caller().tenant_id)
        if space not in self._ready:

            async def catch_up() -> None:
                await self._catch_up(space, renewing=renewing)
                self._ready.add(space)

            await self._errands.run("bringing the index up to date", space, catch_up)
        return space

    async def apply(self, changes: Sequence[Change], blobs: Sequence[str] = ()) -> list[DocumentRow]:
        """Bring changes into the index, in their order; give the documents whose versions are to be shown.

        The caller then notes those versions as searchable, and with them the change that removes what the
        index holds of earlier versions.
        """
        space = await self.ready(renewing=any(change.kind == "rebuild" for change in changes))
        shown: list[DocumentRow] = []
        stored: list[Change] = []
        for kind, run in groupby(changes, key=lambda change: change.kind):
            alike = list(run)
            if kind == "document":
                stored += alike
                shown += await self._documents(space, alike)
            elif kind == "rebuild":
                await self._apply(space, alike[-1])  # the last of several in a row does what all ask for
                # What came with it is not marked as searchable yet, so the rebuild took it for stale.
                await self._documents(space, stored)
            else:
                for change in alike:
                    await self._apply(space, change)
        await self._originals.erase(blobs)
        return shown

    async def index_field(self, field: str, kind: FieldType) -> None:
        """Make a metadata field fast to filter by."""
        space = await self.ready()
        if (space, field) not in self._fields:
            await self._vectors.index_field(space, f"metadata.{field}", kind)
            self._fields.add((space, field))

    async def _apply(self, space: Space, change: Change) -> None:
        match change.kind:
            case "document":
                await self._documents(space, [change])
            case "replaced":
                earlier = (Equals("doc_id", change.subject), Between("version", lt=float(change.version)))
                await self._forget(space, change, *earlier)
            case "deleted":
                await self._forget(space, change, Equals("doc_id", change.subject))
            case "collection_deleted":
                await self._forget(space, change, Equals("collection", change.subject))
            case "faq":
                row = await self._faqs.faq(change.subject)
                if row is None:
                    await self._vectors.delete(space, Equals("doc_id", change.subject), change.change)
                else:
                    await self._vectors.upsert(space, [faq_point(row, "und", change.change)], change.change)
            case "feedback":
                await self._judgement(space, change)
            case "rebuild":
                await self._renew(space, change.change)

    async def _judgement(self, space: Space, change: Change) -> None:
        """Bring a judgement in, or take out one that was erased since: by its id, once that is its name."""
        judged = await self._faqs.feedback(change.subject)
        if judged:
            points = [feedback_point(each, change.change) for each in judged]
            await self._vectors.upsert(space, points, change.change)
        else:
            erased = erased_point(change.subject, space.dimensions)
            await self._vectors.upsert(space, [erased], 0)
            await self._vectors.delete(space, Equals("doc_id", change.subject), change.change)

    async def _documents(self, space: Space, changes: Sequence[Change]) -> list[DocumentRow]:
        """Bring stored documents in; give those that are still what their changes say.

        The index is told of the others too: they are as good as in.
        """
        if not changes:
            return []
        found = await self._store.documents_by_id([change.subject for change in changes])
        # One that was deleted or replaced since is left out: a later change says so.
        current = {
            change.subject: change
            for change in changes
            if change.subject in found and found[change.subject].version == change.version
        }
        # One without passages was stored anew since, under the same version: it is still to be encoded.
        passages = await self._passages.passages_of({name: current[name].version for name in current})
        shown = [found[name] for name in current if passages[name]]

        def points() -> list[Point]:
            return [
                passage_point(passage, document, current[document.doc_id].change)
                for document in shown
                for passage in passages[document.doc_id]
            ]

        numbers = [change.change for change in changes]
        await self._vectors.upsert(space, await asyncio.to_thread(points), *numbers)
        return shown

    async def _forget(self, space: Space, change: Change, *conditions: Filter) -> None:
        """Remove points, but none of a later change.

        A change that failed is repeated after those that followed, and by then the same document may have
        been stored anew.
        """
        older = Between("change", lt=float(change.change))
        await self._vectors.delete(space, AllOf((*conditions, older)), change.change)

    async def _catch_up(self, space: Space, *, renewing: bool) -> None:
        await self._originals.sweep()
        for field, kind in (("kind", "keyword"), ("language", "keyword"), ("change", "integer")):
            await self._vectors.index_field(space, field, kind)  # type: ignore[arg-type]  # literals above
        for collection in await self._store.collections():
            for name, declared in collection.metadata_schema.items():
                await self._vectors.index_field(space, f"metadata.{name}", declared["type"])
        applied = await self._vectors.applied(space)
        if applied == 0:
            if await self._store.any_indexed():
                if not renewing:
                    logger.warning("The search index of %s is empty; it is being rebuilt", space.tenant)
                newest = await self._passages.newest_change()
                await self._rebuild(space, newest, part=0)
                await self._vectors.upsert(space, [], newest)  # only now: cut off before, it begins anew
                self._refilled[space] = newest
                if not renewing and (foreign := await self.of_another_encoder()):
                    told = "%d documents were encoded with another encoder: run `mainstay rebuild`"
                    logger.warning(told, len(foreign))
            return
        while changes := await self._passages.changes_after(applied, _CHANGES_AT_ONCE):
            for change in changes:
                await self._again(space, change)
            applied = changes[-1].change

    async def _again(self, space: Space, change: Change) -> None:
        """Apply a change that may have been lost; one whose event still waits comes by its event."""
        if change.kind == "document":
            document = await self._store.document(change.subject)
            if document is None or document.indexed_version != change.version:
                return
        if change.kind != "rebuild":
            await self._apply(space, change)

    async def _renew(self, space: Space, change: int) -> None:
        """Rebuild a space, unless it was filled from nothing since this was asked for."""
        if change > self._refilled.get(space, 0):
            await self._rebuild(space, change)
        await self._vectors.optimize(space)
        await self._vectors.flush()  # what a power cut undid would not be asked for again

    async def _rebuild(self, space: Space, change: int, *, part: int | None = None) -> None:
        """Put in what there is as of a change, and take out what is older; `part` numbers the steps of it."""
        number = change if part is None else part
        after = ""
        while documents := await self._store.documents(None, after, _DOCUMENTS_AT_ONCE):
            await self._put(space, documents, change, number)
            after = documents[-1].doc_id
        await self._vectors.upsert(space, await self._opinions(change), number)
        if change:
            for kind in (PASSAGE, FAQ):
                stale = AllOf((Between("change", lt=float(change)), Equals("kind", kind)))
                await self._vectors.delete(space, stale, number)

    async def _opinions(self, change: int) -> list[Point]:
        """Give the points of FAQ entries and judgements, encoded anew: the encoder may be another one."""
        points: list[Point] = []
        for faq in await self._faqs.faqs():
            [dense] = await self._encoder.embed([faq.question], role="query", lane="ingest")
            points.append(faq_point(replace(faq, dense=dense), "und", change))
        for judged in await self._faqs.feedback():
            [dense] = await self._encoder.embed([judged.query], role="query", lane="ingest")
            points.append(feedback_point(replace(judged, dense=dense), change))
        return points

    async def _put(self, space: Space, documents: Sequence[DocumentRow], change: int, number: int) -> None:
        """Put what is searchable of some documents into the index."""
        known = {one.doc_id: one for one in documents if one.indexed_version}
        passages = await self._passages.passages_of(
            {name: one.indexed_version for name, one in known.items()}
        )

        def points() -> list[Point]:
            return [
                passage_point(passage, known[name], change)
                for name, parts in passages.items()
                if self._encoded_here(known[name], parts)
                for passage in parts
            ]

        await self._vectors.upsert(space, await asyncio.to_thread(points), number)

    def _encoded_here(self, document: DocumentRow, passages: Sequence[Passage]) -> bool:
        """Say whether passages have the vectors of this server's encoder."""
        if not passages:
            return True
        first = passages[0]
        text = embedded_text(document.given_title, first.headings, first.text)
        return first.content_hash == content_hash(self._encoder.name, text)

    async def of_another_encoder(self) -> list[DocumentRow]:
        """Give the documents that were encoded with another encoder than this server's."""
        found: list[DocumentRow] = []
        after = ""
        while documents := await self._store.documents(None, after, _DOCUMENTS_AT_ONCE):
            versions = {document.doc_id: document.indexed_version for document in documents}
            first = await self._passages.passages_of(versions, first=True)
            found += [one for one in documents if not self._encoded_here(one, first[one.doc_id])]
            after = documents[-1].doc_id
            await asyncio.sleep(0)  # reads of SQLite take no turn of their own
        return found

    async def durable(self) -> int:
        """Give the number of the last change that a crash cannot undo in the index any more."""
        return await self._vectors.applied(self.space(caller().tenant_id))
