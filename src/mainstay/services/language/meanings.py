"""Vectors of texts: to take along, to compare, to rank by."""

import asyncio
import re
from collections.abc import Sequence

import numpy as np

from mainstay.ports.encoder import Encoder, Role
from mainstay.ports.rerankers import Reranker
from mainstay.services.language.failures import DimensionsTooMany, TextUnclear
from mainstay.services.language.given import within
from mainstay.services.language.records import Embeddings, Ranked, Ranking, Similarity
from mainstay.services.language.vectors import by_meaning_and_words, shortened

_COUNTED = 4_000
_PIECE = re.compile(r"(?s).{1,4000}(?:(?=\s)|$)|.{4000}")
_NO_RERANKER = "none"
_SPECIAL = 2  # tokens that most encoders put around a text


class Meanings:
    """What vectors tell."""

    def __init__(self, encoder: Encoder, reranker: Reranker) -> None:
        """Take the parts."""
        self._encoder = encoder
        self._reranker = reranker

    async def embed(self, texts: Sequence[str], role: Role, dimensions: int | None) -> Embeddings:
        """Turn texts into vectors; raises DimensionsTooMany and TextUnclear."""
        most = self._encoder.dimensions
        if dimensions is not None and dimensions > most:
            told = f"{most} at most, which is what the encoder {self._encoder.name} gives"
            raise DimensionsTooMany(problems=[{"field": "dimensions", "problem": told}])
        counts = await asyncio.to_thread(self._counted, within(texts))
        vectors = await self._encoder.embed(texts, role=role)
        if dimensions is not None:
            vectors = shortened(vectors, dimensions)
        return Embeddings(
            embeddings=await asyncio.to_thread(vectors.tolist),
            dimensions=int(vectors.shape[1]),
            encoder=self._encoder.name,
            tokens=sum(counts),
            truncated=[
                place for place, count in enumerate(counts) if count + _SPECIAL > self._encoder.tokens_max
            ],
        )

    async def compare(self, left: str | None, right: str | None, texts: Sequence[str] | None) -> Similarity:
        """Compare a pair, or each text with each; raises TextUnclear."""
        if texts is not None and left is None and right is None:
            vectors = await self._encoder.embed(within(texts))
            return Similarity(
                similarity=None,
                matrix=np.clip(vectors @ vectors.T, -1, 1).tolist(),
                encoder=self._encoder.name,
            )
        if left is None or right is None or texts is not None:
            problem = {"field": "left", "problem": "give `left` and `right`, or `texts` alone"}
            raise TextUnclear("Give a pair, or several texts.", problems=[problem])
        vectors = await self._encoder.embed([left, right])
        near = float(np.clip(vectors[0] @ vectors[1], -1, 1))
        return Similarity(similarity=near, matrix=[], encoder=self._encoder.name)

    async def rank(self, query: str, texts: Sequence[str], top_n: int | None) -> Ranking:
        """Rank texts, by the reranker where there is one."""
        [asked] = await self._encoder.embed([query], role="query")
        vectors = await self._encoder.embed(within(texts))
        scores = await asyncio.to_thread(by_meaning_and_words, query, texts, vectors @ asked)
        name = "encoder+words"
        if self._reranker.name != _NO_RERANKER:
            scores, name = await self._reranker.score(query, texts, scores), self._reranker.name
        order = sorted(range(len(texts)), key=lambda place: (-scores[place], place))
        return Ranking(
            results=[Ranked(index=place, score=scores[place]) for place in order[:top_n]], reranker=name
        )

    def _counted(self, texts: Sequence[str]) -> list[int]:
        """Count each text's tokens, piece by piece: a tokenizer holds the interpreter's lock."""
        count = self._encoder.count_tokens
        return [
            count(text) if len(text) <= _COUNTED else sum(map(count, _PIECE.findall(text))) for text in texts
        ]
