"""Finding passages: by meaning and by words, within what the caller may see, fused and grouped."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainstay.kernel.work import caller
from mainstay.ports.encoder import Encoder
from mainstay.ports.rerankers import Reranker
from mainstay.ports.vectors import NO_MATCHES, AllOf, Equals, Filter, Leg, OneOf, Space, Sparse, Vectors
from mainstay.services.knowledge.declared import Declared
from mainstay.services.knowledge.faq_store import FaqStore
from mainstay.services.knowledge.filters import compiled, visible
from mainstay.services.knowledge.indexing import Indexing
from mainstay.services.knowledge.lexical import heaviest_terms
from mainstay.services.knowledge.limits import Mode
from mainstay.services.knowledge.passage_store import PassageStore, Shown
from mainstay.services.knowledge.permissions import may_see
from mainstay.services.knowledge.points import FEEDBACK, PASSAGE, embedded_text
from mainstay.services.knowledge.ranking import (
    FEEDBACK_PASSAGES,
    FEEDBACK_TERMS,
    LEG_LIMIT,
    Scored,
    floor_of,
    fuse,
    moved,
    nothing_stands_out,
    widened,
)
from mainstay.services.knowledge.records import Hit
from mainstay.services.knowledge.tongues import Asked, Tongues
from mainstay.services.knowledge.unrelated import UNRELATED

_RERANKED_MAX = 30
_CONTEXT_SHARE = 0.3
_JUDGEMENTS_MAX = 20
_SIMILAR_MIN = 0.8
_BOOST_MAX = 0.15
_SHOWN_AT_ONCE = 8
_WIDER = 5
_LIMIT_MAX = 5_000

Vector = NDArray[np.float32]
_NONE = Scored(NO_MATCHES.ids, NO_MATCHES.scores)


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for."""

    query: str
    top_k: int = 10
    collections: tuple[str, ...] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "hybrid"
    rerank: bool | None = None
    passages: bool = False
    weight: float | None = None
    context: str = ""


@dataclass(frozen=True)
class Found:
    """What was found, best first, with the query's vector and the text behind it."""

    wanted: Wanted
    asked: str
    space: Space
    vector: Vector
    ranked: Sequence[tuple[float, Shown]]

    def hits(self) -> list[Hit]:
        """Give the results as callers see them."""
        return [_hit(score, shown) for score, shown in self.ranked]


def _hit(score: float, shown: Shown) -> Hit:
    return Hit(
        doc_id=shown.doc_id,
        score=round(min(max(score, 0.0), 1.0), 6),
        snippet=shown.text,
        metadata=shown.metadata,
        title=shown.title,
        collection=shown.collection,
        start=shown.start,
        end=shown.end,
        headings=list(shown.headings),
        version=shown.version,
        language=shown.language,
    )


@dataclass(frozen=True)
class _Search:
    """One look into the index: within which conditions, for what, and how far.

    The query's vector is still being made when the search begins: words are looked for meanwhile.
    """

    space: Space
    where: Filter | None
    asked: Asked
    vector: asyncio.Task[Vector]
    limit: int


def within(collections: Sequence[str], kind: str) -> list[Filter]:
    """Give the conditions that leave points of one kind, in some collections (all, if none is named)."""
    conditions: list[Filter] = [Equals("kind", kind)]
    if collections:
        conditions.append(OneOf("collection", tuple(collections)))
    return conditions


class Finding:
    """Finds passages."""

    def __init__(
        self,
        encoder: Encoder,
        vectors: Vectors,
        reranker: Reranker,
        passages: PassageStore,
        faqs: FaqStore,
        tongues: Tongues,
        indexing: Indexing,
        declared: Declared,
    ) -> None:
        """Take the parts."""
        self._encoder = encoder
        self._vectors = vectors
        self._reranker = reranker
        self._passages = passages
        self._faqs = faqs
        self._tongues = tongues
        self._indexing = indexing
        self._declared = declared
        self._floors: dict[str, float] = {}

    async def find(self, wanted: Wanted) -> Found:
        """Find; raises FilterInvalid, EncoderUnavailable, VectorsUnavailable."""
        space = await self._indexing.ready()
        vector = asyncio.create_task(self._vector(wanted.query, wanted.context))
        try:
            await asyncio.sleep(0)  # the encoder begins, then we go on
            asked = await self._tongues.asked(wanted.query, wanted.collections)
            if asked.text != wanted.query:
                vector.cancel()
                vector = asyncio.create_task(self._vector(asked.text, wanted.context))
            shown = await self._found(space, wanted, asked, vector)
        finally:
            vector.cancel()
        if self._reranks(wanted):
            shown = await self._reranked(wanted, shown)
        return Found(wanted, asked.text, space, await vector, shown[: wanted.top_k])

    async def _found(
        self, space: Space, wanted: Wanted, asked: Asked, vector: asyncio.Task[Vector]
    ) -> list[tuple[float, Shown]]:
        entries, judged = await self._faqs.any()
        where = await self._where(wanted, mixed=entries or judged)
        many = max(wanted.top_k, _RERANKED_MAX) if self._reranks(wanted) else wanted.top_k
        limit = max(LEG_LIMIT, 2 * wanted.top_k)
        while True:
            ranked = await self._ranked(wanted, _Search(space, where, asked, vector, limit))
            if judged:
                ranked = await self._judged(space, await vector, ranked)
            shown = await self._shown(ranked, many, wanted)
            if len(shown) >= many or len(ranked) < limit or limit >= _LIMIT_MAX:
                await vector
                return shown
            limit = min(_WIDER * limit, _LIMIT_MAX)  # few long documents fill the legs: look further

    def _reranks(self, wanted: Wanted) -> bool:
        return wanted.rerank is not False and self._reranker.name != "none"

    async def _where(self, wanted: Wanted, *, mixed: bool) -> Filter | None:
        """Give the conditions, without those that every point meets: each costs the index a look a point.

        `mixed` says that the index holds more than passages. What is left out is looked after in `_shown`,
        should it have changed a moment ago.
        """
        collections = () if await self._tongues.all_in(wanted.collections) else wanted.collections
        kind, *rest = within(collections, PASSAGE)
        conditions = [*rest, *visible(caller())]
        if mixed:
            conditions.append(kind)
        if wanted.filters:
            declared = await self._declared.kinds(wanted.collections)
            conditions.append(compiled(wanted.filters, declared))
        return AllOf(tuple(conditions)) if conditions else None

    async def _vector(self, text: str, context: str) -> Vector:
        vectors = await self._encoder.embed([text, context] if context else [text], role="query")
        vector: Vector = vectors[0]
        if context:
            steered = (1 - _CONTEXT_SHARE) * vector + _CONTEXT_SHARE * vectors[1]
            vector = (steered / max(float(np.linalg.norm(steered)), 1e-9)).astype(np.float32)
        return vector

    async def _ranked(self, wanted: Wanted, search: _Search) -> Scored:
        sparse = await self._leg(search, search.asked.terms) if wanted.mode != "dense" else _NONE
        vector = await search.vector
        dense = await self._leg(search, vector) if wanted.mode != "lexical" else _NONE
        meaning = wanted.weight
        if meaning is None:
            meaning = await self._tongues.meaning_share(wanted.collections)
        floor = await self._floor()
        ranked = fuse(dense, sparse, meaning=meaning, floor=floor)
        if 0 < meaning < 1 and nothing_stands_out(dense, sparse, floor=floor):
            first = await self._passages.leading(ranked.ids[:FEEDBACK_PASSAGES].tolist())
            words = [(embedded_text(one.title, one.headings, one.text), one.language) for one in first]
            terms = heaviest_terms(words, FEEDBACK_TERMS)
            sparse = await self._leg(search, widened(search.asked.terms, terms))
            dense = await self._leg(search, moved(vector, [one.dense for one in first]))
            ranked = fuse(dense, sparse, meaning=meaning, floor=floor)
        return ranked

    async def _leg(self, search: _Search, by: Vector | Sparse) -> Scored:
        leg = Leg(by, search.limit, search.where, fields=())
        [matches] = await self._vectors.search(search.space, [leg])
        return Scored(matches.ids, matches.scores)

    async def _floor(self) -> float:
        """Give the cosine of unrelated texts in the encoder's space, measured once."""
        name = self._encoder.name
        if name not in self._floors:
            self._floors[name] = floor_of(await self._encoder.embed(UNRELATED))
        return self._floors[name]

    async def _judged(self, space: Space, vector: Vector, ranked: Scored) -> Scored:
        """Raise and lower documents by what was said of them for similar queries."""
        where = AllOf(tuple(within((), FEEDBACK)))
        leg = Leg(vector, _JUDGEMENTS_MAX, where, fields=("doc_id", "helpful"))
        [judgements] = await self._vectors.search(space, [leg])
        boosts: dict[str, float] = {}
        for match in judgements:
            if match.score >= _SIMILAR_MIN:
                likeness = (match.score - _SIMILAR_MIN) / (1 - _SIMILAR_MIN)
                sign = 1.0 if match.payload.get("helpful") else -1.0
                doc_id = str(match.payload.get("doc_id"))
                boosts[doc_id] = boosts.get(doc_id, 0.0) + sign * (0.5 + 0.5 * likeness)
        if not boosts:
            return ranked
        ids: list[int] = ranked.ids.tolist()
        documents = await self._passages.documents(ids)
        said = np.array([boosts.get(documents.get(id_, ""), 0.0) for id_ in ids])
        scores = ranked.scores + _BOOST_MAX * np.tanh(said)
        order = np.lexsort((ranked.ids, -scores))
        return Scored(ranked.ids[order], scores[order])

    async def _shown(self, ranked: Scored, many: int, wanted: Wanted) -> list[tuple[float, Shown]]:
        """Give the first passages that are searchable now, one for each document unless passages are wanted.

        The index follows the database; what it still holds of a deleted or replaced document is not in the
        rows, and not shown.
        """
        me = caller()
        found: list[tuple[float, Shown]] = []
        seen: set[str] = set()
        start = 0
        while start < len(ranked) and len(found) < many:
            end = start + max(_SHOWN_AT_ONCE, many - len(found))
            ids, scores = ranked.ids[start:end].tolist(), ranked.scores[start:end].tolist()
            start = end
            rows = await self._passages.shown(ids)
            for id_, score in zip(ids, scores, strict=True):
                shown = rows.get(id_)
                if (
                    shown is not None
                    and (wanted.passages or shown.doc_id not in seen)
                    and may_see(me, shown.groups)
                    and (not wanted.collections or shown.collection in wanted.collections)
                ):
                    seen.add(shown.doc_id)
                    found.append((score, shown))
        return found[:many]

    async def _reranked(
        self, wanted: Wanted, shown: Sequence[tuple[float, Shown]]
    ) -> list[tuple[float, Shown]]:
        head = list(shown[:_RERANKED_MAX])
        texts = [passage.text for _, passage in head]
        scores = await self._reranker.score(wanted.query, texts, [score for score, _ in head])
        order = sorted(range(len(head)), key=lambda place: (-scores[place], place))
        # Reranked scores have scales of their own: the places are taken over, the scores stay in order.
        first = [score for score, _ in head]
        return [(first[place], head[row][1]) for place, row in enumerate(order)] + list(shown[_RERANKED_MAX:])
