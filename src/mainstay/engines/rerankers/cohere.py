"""The reranker behind a `/rerank` address of the shape that Cohere, Jina and others share."""

import asyncio
import math
from collections.abc import Sequence

from mainstay.engines.model_server import Limits, ModelServer, Pause
from mainstay.ports.rerankers import RerankerUnavailable

_TEXTS_MAX = 1_000
_CHARACTERS_MAX = 16_000


class CohereReranker:
    """Asks a rerank server; texts it leaves out rank last."""

    def __init__(
        self, url: str, key: str, model: str, *, limits: Limits | None = None, pause: Pause = asyncio.sleep
    ) -> None:
        """Take the address up to `/rerank`, the key (may be empty) and the model."""
        self._server = ModelServer(url, key, failure=RerankerUnavailable, limits=limits, pause=pause)
        self._model = model

    @property
    def name(self) -> str:
        """Give the model's name."""
        return self._model

    async def score(self, query: str, texts: Sequence[str], first: Sequence[float]) -> list[float]:
        """Give one score a text, higher is better; raises RerankerUnavailable."""
        if not texts:
            return []
        if len(texts) > _TEXTS_MAX:
            raise RerankerUnavailable(
                f"The reranker takes {_TEXTS_MAX} texts at most: ask for fewer candidates."
            )
        body = {
            "model": self._model,
            "query": query[:_CHARACTERS_MAX],
            "documents": [text[:_CHARACTERS_MAX] for text in texts],
            "top_n": len(texts),
        }
        answer = await self._server.post("/rerank", body)
        try:
            return _read(answer, len(texts))
        except (KeyError, TypeError, ValueError, OverflowError) as problem:
            raise RerankerUnavailable(
                f"The reranker's server answers nonsense ({problem}): check it."
            ) from problem

    async def close(self) -> None:
        """Give connections back."""
        await self._server.close()


def _read(answer: object, count: int) -> list[float]:
    if not isinstance(answer, dict) or not isinstance(answer.get("results"), list) or not answer["results"]:
        raise TypeError("no list of results")
    found: dict[int, float] = {}
    for result in answer["results"]:
        index, value = result["index"], float(result["relevance_score"])
        if not isinstance(index, int) or not 0 <= index < count or index in found:
            raise ValueError("an index that is unknown or comes twice")
        if not math.isfinite(value):
            raise ValueError("a score that is not finite")
        found[index] = value
    last = min(found.values()) - 1.0
    return [found.get(index, last) for index in range(count)]
