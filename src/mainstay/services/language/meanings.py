"""Vectors of texts: to take along, to compare, to rank by."""

import asyncio
from collections.abc import Sequence

import numpy as np

from mainstay.ports.encoder import Encoder, Role
from mainstay.ports.rerankers import Reranker
from mainstay.services.language.failures import DimensionsTooMany, ModelOther, TextTooLong, TextUnclear
from mainstay.services.language.given import within
from mainstay.services.language.lengths import counted, lane_of, overlong, room, whole
from mainstay.services.language.limits import Long
from mainstay.services.language.records import Embeddings, Ranked, Ranking, Similarity
from mainstay.services.language.vectors import by_meaning_and_words, shortened

_NO_RERANKER = "none"
_BY_WORDS = "encoder+words"
_TOLD_MAX = 20
_JOINED_MAX = 8_192
"""So many tokens a text may have of which the mean of all parts is taken: as many as OpenAI's models read."""


class Meanings:
    """What vectors tell."""

    def __init__(self, encoder: Encoder, reranker: Reranker) -> None:
        """Take the parts."""
        self._encoder = encoder
        self._reranker = reranker

    async def embed(
        self,
        texts: Sequence[str],
        role: Role,
        dimensions: int | None,
        *,
        long: Long = "cut",
        encoder: str | None = None,
    ) -> Embeddings:
        """Turn texts into vectors; raises ModelOther, DimensionsTooMany, TextUnclear and TextTooLong."""
        _be(self._encoder.name, encoder, "encoder")
        most = self._encoder.dimensions
        if dimensions is not None and dimensions > most:
            told = f"{most} at most, which is what the encoder {self._encoder.name} gives"
            raise DimensionsTooMany(problems=[{"field": "dimensions", "problem": told}])
        counts = await asyncio.to_thread(counted, self._encoder, within(texts))
        read = room(self._encoder)
        over = [place for place, count in enumerate(counts) if count > read]
        if long != "cut":
            self._check(counts, read if long == "refuse" else max(read, _JOINED_MAX))
        vectors = await whole(self._encoder, texts, role=role, long=over if long == "mean" else ())
        if dimensions is not None:
            vectors = shortened(vectors, dimensions)
        return Embeddings(
            embeddings=await asyncio.to_thread(vectors.tolist),
            dimensions=int(vectors.shape[1]),
            encoder=self._encoder.name,
            tokens=sum(counts),
            truncated=over if long == "cut" else [],
        )

    async def compare(self, left: str | None, right: str | None, texts: Sequence[str] | None) -> Similarity:
        """Compare a pair, or each text with each; raises TextUnclear."""
        if texts is not None and left is None and right is None:
            vectors = await self._encoder.embed(within(texts), lane=lane_of(texts))
            return Similarity(
                similarity=None,
                matrix=np.clip(vectors @ vectors.T, -1, 1).tolist(),
                encoder=self._encoder.name,
                truncated=await overlong(self._encoder, texts),
            )
        if left is None or right is None or texts is not None:
            problem = {"field": "left", "problem": "give `left` and `right`, or `texts` alone"}
            raise TextUnclear("Give a pair, or several texts.", problems=[problem])
        vectors = await self._encoder.embed([left, right])
        near = float(np.clip(vectors[0] @ vectors[1], -1, 1))
        return Similarity(
            similarity=near,
            matrix=[],
            encoder=self._encoder.name,
            truncated=await overlong(self._encoder, [left, right]),
        )

    async def rank(
        self, query: str, texts: Sequence[str], top_n: int | None, *, reranker: str | None = None
    ) -> Ranking:
        """Rank texts, by the reranker where there is one; raises ModelOther and TextUnclear."""
        name = _BY_WORDS if self._reranker.name == _NO_RERANKER else self._reranker.name
        _be(name, reranker, "reranker")
        [asked] = await self._encoder.embed([query], role="query")
        vectors = await self._encoder.embed(within(texts), lane=lane_of(texts))
        scores = await asyncio.to_thread(by_meaning_and_words, query, texts, vectors @ asked)
        if name != _BY_WORDS:
            scores = await self._reranker.score(query, texts, scores)
        order = sorted(range(len(texts)), key=lambda place: (-scores[place], place))
        return Ranking(
            results=[Ranked(index=place, score=scores[place]) for place in order[:top_n]],
            reranker=name,
            truncated=await overlong(self._encoder, texts),
        )

    def _check(self, counts: Sequence[int], most: int) -> None:
        """Raise TextTooLong for texts that have more tokens."""
        problems = [
            {
                "field": f"texts.{place}",
                "problem": f"has {count:,} tokens; {self._encoder.name} reads {most:,} at most",
            }
            for place, count in enumerate(counts)
            if count > most
        ]
        if problems:
            raise TextTooLong("Send long texts in parts, or leave `long` out.", problems=problems[:_TOLD_MAX])


def _be(name: str, wanted: str | None, field: str) -> None:
    """Raise ModelOther unless a model is the one that somebody wants."""
    if wanted not in {None, name}:
        raise ModelOther(
            "Leave its name out, or name the one that is set.",
            problems=[{"field": field, "problem": f"is {name} here"}],
        )
