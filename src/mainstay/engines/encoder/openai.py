"""The encoder behind an OpenAI-compatible `/embeddings` address."""

import asyncio
import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mainstay.engines.encoder.languages import EVERY, Languages, knows
from mainstay.engines.model_server import Limits, ModelServer, Pause, told_tokens
from mainstay.kit.spending import spend
from mainstay.ports.encoder import Lane, Role, Tokens
from mainstay.ports.failures import EncoderUnavailable, TokensUnavailable

_BATCH_TEXTS = 64
_CHARACTERS_PER_TOKEN = 4
_WORD = re.compile(r"\w+|[^\w\s]")
_NO_PREFIXES: Mapping[str, str] = {}


class OpenAIEncoder:
    """Sends texts in batches, a bounded number at a time; one place is always left for queries."""

    def __init__(
        self,
        url: str,
        key: str,
        model: str,
        dimensions: int,
        *,
        tokens_max: int = 8_191,
        prefixes: Mapping[str, str] = _NO_PREFIXES,
        languages: Languages = EVERY,
        shorten: bool = False,
        limits: Limits | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """Take the address up to `/v1`, the key (may be empty), the model and the length of its vectors.

        `shorten` asks the server for `dimensions` numbers, for models that can give fewer than they have.
        """
        limits = limits or Limits()
        self._server = ModelServer(url, key, failure=EncoderUnavailable, limits=limits, pause=pause)
        self._ingest = asyncio.Semaphore(max(1, limits.concurrency_max - 1))
        self._model = model
        self._dimensions = dimensions
        self._tokens_max = tokens_max
        self._prefixes = prefixes
        self._languages = languages
        self._asked: dict[str, object] = {"dimensions": dimensions} if shorten else {}

    @property
    def name(self) -> str:
        """Give the model and the length of its vectors."""
        return f"{self._model}-{self._dimensions}"

    @property
    def dimensions(self) -> int:
        """Give the length of a vector."""
        return self._dimensions

    @property
    def tokens_max(self) -> int:
        """Give the number of tokens beyond which a text is cut off."""
        return self._tokens_max

    def knows(self, language: str) -> bool:
        """Say whether it was trained on a language."""
        return knows(self._languages, language)

    def count_tokens(self, text: str) -> int:
        """Estimate a text's tokens: its words and signs, or a quarter of its bytes, whichever is more."""
        return max(len(_WORD.findall(text)), len(text.encode("utf-8", "replace")) // _CHARACTERS_PER_TOKEN)

    async def embed(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> NDArray[np.float32]:
        """Give one unit vector a text, shape (len(texts), dimensions); raises EncoderUnavailable."""
        ready = [self._prepare(self._prefixes.get(role, "") + text) for text in texts]
        starts = range(0, len(ready), _BATCH_TEXTS)
        vectors = np.zeros((len(ready), self._dimensions), np.float32)

        async def fill(start: int) -> None:
            batch = ready[start : start + _BATCH_TEXTS]
            if lane == "query":
                found = await self._ask(batch)
            else:
                async with self._ingest:
                    found = await self._ask(batch)
            vectors[start : start + len(batch)] = found

        try:
            async with asyncio.TaskGroup() as group:
                for start in starts:
                    group.create_task(fill(start))
        except* EncoderUnavailable as problems:
            first = next(
                problem for problem in problems.exceptions if isinstance(problem, EncoderUnavailable)
            )
            raise EncoderUnavailable(first.detail, retry_after_s=first.retry_after_s) from first
        return vectors

    async def embed_tokens(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> list[Tokens]:
        """Refuse: the protocol knows vectors of whole texts only."""
        raise TokensUnavailable("Encode with a model of your own folder where token vectors are needed.")

    async def close(self) -> None:
        """Give connections back."""
        await self._server.close()

    def _prepare(self, text: str) -> str:
        """Cut a text to what the model takes; a blank one, which servers refuse, becomes a full stop."""
        clean = text.encode("utf-8", "replace").decode("utf-8")
        over = self.count_tokens(clean) / self._tokens_max
        return (clean if over <= 1 else clean[: int(len(clean) / over)]).strip() or "."

    async def _ask(self, texts: Sequence[str]) -> NDArray[np.float32]:
        answer = await self._server.post("/embeddings", {"model": self._model, "input": texts, **self._asked})
        try:
            return self._read(answer, len(texts))
        except (KeyError, TypeError, ValueError, IndexError, OverflowError) as problem:
            raise EncoderUnavailable(
                f"The encoder's server answers nonsense ({problem}): check its model."
            ) from problem

    def _read(self, answer: object, count: int) -> NDArray[np.float32]:
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
            raise TypeError("no list of embeddings")
        spend(told_tokens(answer))
        rows = answer["data"]
        places = [row["index"] for row in rows]
        if sorted(places) != list(range(count)):
            raise ValueError(f"{len(rows)} embeddings for {count} texts")
        vectors = np.zeros((count, self._dimensions), np.float32)
        for row in rows:
            numbers = row["embedding"]
            if not isinstance(numbers, list) or len(numbers) != self._dimensions:
                raise ValueError(f"an embedding that does not have {self._dimensions} numbers")
            vectors[row["index"]] = numbers
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not np.isfinite(norms).all() or not norms.all():
            raise ValueError("an embedding that is zero or not finite")
        return np.asarray(vectors / norms, np.float32)
