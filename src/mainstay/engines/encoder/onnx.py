"""The encoder that runs inside the process: any ONNX sentence encoder, on the processor's own cores."""

import asyncio
import os
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainstay.engines.encoder.folder import read_folder
from mainstay.engines.encoder.lanes import Lanes
from mainstay.engines.encoder.languages import Languages, knows
from mainstay.engines.encoder.model import (
    CHARACTERS_PER_TOKEN_MAX,
    Ids,
    OnnxModel,
    clean,
    load_tokenizer,
    pad_id,
)
from mainstay.ports.encoder import Lane, Role
from mainstay.ports.encoder import Tokens as TokenVectors

_THREADS_MAX = 8


class OnnxEncoder:
    """Encodes with onnxruntime: one shared session, one calling thread a core, two lanes.

    `folder` holds a model built by this package, or any sentence-transformers folder with an ONNX file; its
    pooling, length limit and prefixes are obeyed. Raises EncoderUnavailable when the folder cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        *,
        threads: int | None = None,
        queue_max: int = 1_024,
        languages: Languages | None = None,
    ) -> None:
        """Load the model.

        `threads`: the usable cores if None; `queue_max` bounds the waiting queries; `languages`: those that
        the folder names if None.
        """
        found = read_folder(folder)
        self.folder = folder
        self._languages = found.languages if languages is None else languages
        self._name = found.name
        self._tokens_max = found.tokens_max
        self._prefixes = found.prefixes
        self._counter = load_tokenizer(found)
        tokenizer = load_tokenizer(found)
        tokenizer.enable_truncation(max_length=found.tokens_max)
        model = OnnxModel(found, pad_id(tokenizer))
        self._model = model
        self._tokenizer = tokenizer
        self._closely = ThreadPoolExecutor(1, "encoder-tokens")
        self._dimensions = model.dimensions
        longest = found.tokens_max * CHARACTERS_PER_TOKEN_MAX

        def tokenize(text: str) -> Ids:
            ids: list[int] = tokenizer.encode(clean(text[:longest])).ids
            return ids or [model.pad_id]

        self._lanes = Lanes[str, Ids, NDArray[np.float32]](
            tokenize,
            lambda batch: list(model.forward(batch)),
            threads=threads or min(_cores(), _THREADS_MAX),
            queue_max=queue_max,
        )
        # At exit, too, the threads end before the interpreter is torn down around them.
        self._stop = weakref.finalize(self, self._lanes.stop)

    @property
    def model(self) -> OnnxModel:
        """Give the model, for whoever reads more of it than vectors."""
        return self._model

    @property
    def name(self) -> str:
        """Give a stable name that changes whenever the vectors would (model and precision)."""
        return self._name

    @property
    def dimensions(self) -> int:
        """Give the length of a vector."""
        return self._dimensions

    @property
    def tokens_max(self) -> int:
        """Give the number of tokens, the special ones included, beyond which a text is cut off."""
        return self._tokens_max

    def knows(self, language: str) -> bool:
        """Say whether it was trained on a language."""
        return knows(self._languages, language)

    def count_tokens(self, text: str) -> int:
        """Count a text's tokens, without the special ones."""
        return len(self._counter.encode(clean(text), add_special_tokens=False).ids)

    async def embed(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> NDArray[np.float32]:
        """Give one unit vector a text, shape (len(texts), dimensions); raises EncoderUnavailable."""
        prefix = self._prefixes.get(role, "")
        found = await self._lanes.make([prefix + text for text in texts] if prefix else list(texts), lane)
        return np.stack(found) if found else np.zeros((0, self._dimensions), np.float32)

    async def embed_tokens(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> list[TokenVectors]:
        """Give the vector of each token; raises TokensUnavailable when the model's graph has none.

        Few texts at a time are meant (a question and its best passages), so there is no queue: `lane` makes
        no difference.
        """
        del lane
        prefix = self._prefixes.get(role, "")
        return await asyncio.get_running_loop().run_in_executor(
            self._closely, self._token_vectors, prefix, list(texts)
        )

    def _token_vectors(self, prefix: str, texts: Sequence[str]) -> list[TokenVectors]:
        longest = self._tokens_max * CHARACTERS_PER_TOKEN_MAX
        encodings = [self._tokenizer.encode(clean((prefix + text)[:longest])) for text in texts]
        found = []
        for encoding, rows in zip(encodings, self._model.rows([e.ids for e in encodings]), strict=True):
            real = [n for n, special in enumerate(encoding.special_tokens_mask) if not special]
            spans = np.asarray(encoding.offsets, np.int64).reshape(-1, 2)[real] - len(prefix)
            kept = spans[:, 1] > 0
            found.append(TokenVectors(rows[real][kept], np.maximum(spans[kept], 0)))
        return found

    async def close(self) -> None:
        """End the threads; whoever still waits is told EncoderUnavailable."""
        await asyncio.to_thread(self._stop)
        await asyncio.to_thread(self._closely.shutdown)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
