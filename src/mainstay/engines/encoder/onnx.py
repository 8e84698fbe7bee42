"""The encoder that runs inside the process: any ONNX sentence encoder, on the processor's own cores."""

import asyncio
import os
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mainstay.engines.encoder.folder import ModelFolder, Pooling, read_folder, sha256_of
from mainstay.engines.encoder.lanes import Lanes, Tokens
from mainstay.engines.encoder.languages import Languages, knows
from mainstay.ports.encoder import EncoderUnavailable, Lane, Role, TokensUnavailable
from mainstay.ports.encoder import Tokens as TokenVectors

_INPUTS = {"input_ids", "attention_mask", "token_type_ids", "position_ids"}
_POOLED = ("embedding", "sentence_embedding")
_TOKENS = ("tokens", "token_embeddings", "last_hidden_state")
_CHARACTERS_PER_TOKEN_MAX = 128
_THREADS_MAX = 8
_ERRORS_ONLY = 3


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
        self._languages = found.languages if languages is None else languages
        self._name = found.name
        self._tokens_max = found.tokens_max
        self._prefixes = found.prefixes
        self._counter = _load_tokenizer(found)
        tokenizer = _load_tokenizer(found)
        tokenizer.enable_truncation(max_length=found.tokens_max)
        model = _Model(found, _pad_id(tokenizer))
        self._model = model
        self._tokenizer = tokenizer
        self._closely = ThreadPoolExecutor(1, "encoder-tokens")
        self._dimensions = model.dimensions
        longest = found.tokens_max * _CHARACTERS_PER_TOKEN_MAX

        def tokenize(text: str) -> Tokens:
            ids: list[int] = tokenizer.encode(_clean(text[:longest])).ids
            return ids or [model.pad_id]

        self._lanes = Lanes(
            tokenize,
            model.forward,
            dimensions=model.dimensions,
            threads=threads or min(_cores(), _THREADS_MAX),
            queue_max=queue_max,
        )
        # At exit, too, the threads end before the interpreter is torn down around them.
        self._stop = weakref.finalize(self, self._lanes.stop)

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
        return len(self._counter.encode(_clean(text), add_special_tokens=False).ids)

    async def embed(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> NDArray[np.float32]:
        """Give one unit vector a text, shape (len(texts), dimensions); raises EncoderUnavailable."""
        prefix = self._prefixes.get(role, "")
        return await self._lanes.embed([prefix + text for text in texts] if prefix else list(texts), lane)

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
        longest = self._tokens_max * _CHARACTERS_PER_TOKEN_MAX
        encodings = [self._tokenizer.encode(_clean((prefix + text)[:longest])) for text in texts]
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


class _Model:
    """A session and how its outputs become unit vectors; many threads may call `forward` at once."""

    def __init__(self, folder: ModelFolder, pad_id: int) -> None:
        if folder.sha256 and sha256_of(folder.model) != folder.sha256:
            raise EncoderUnavailable(f"{folder.model} is damaged: delete its folder, and it is made anew.")
        self.pad_id = pad_id
        self._session = _open(folder.model)
        self._inputs = {given.name for given in self._session.get_inputs()}
        if "input_ids" not in self._inputs or not self._inputs <= _INPUTS:
            raise EncoderUnavailable(
                f"{folder.model} is no text encoder: its inputs are {sorted(self._inputs)}."
            )
        outputs = {given.name: given.shape for given in self._session.get_outputs()}
        pooled = next((name for name in _POOLED if name in outputs), None)
        rows = next((name for name in _TOKENS if name in outputs), next(iter(outputs)))
        self._output = pooled or rows
        self._rows = rows if len(outputs[rows]) == 3 else None  # noqa: PLR2004 - (batch, length, hidden)
        self._pooling: Pooling | None = None if pooled or len(outputs[rows]) == 2 else folder.pooling  # noqa: PLR2004 - (batch, hidden) is pooled
        self.dimensions = self._measure(folder)

    def forward(self, batch: Sequence[Tokens]) -> NDArray[np.float32]:
        """Give one unit vector for each row of token ids."""
        ids, mask = self._padded(batch)
        (values,) = self._session.run([self._output], self._feeds(ids, mask))
        vectors = np.asarray(values, np.float32)
        if self._pooling:
            vectors = _pool(vectors, mask, self._pooling)
        if not np.isfinite(vectors).all():
            raise ValueError("the model gave a number that is not finite")
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(norms, 1e-12), np.float32)

    def rows(self, batch: Sequence[Tokens]) -> list[NDArray[np.float32]]:
        """Give the vectors of each text's tokens; raises TokensUnavailable."""
        if self._rows is None:
            raise TokensUnavailable("Use a model whose graph gives its last hidden state.")
        if not batch:
            return []
        ids, mask = self._padded(batch)
        (values,) = self._session.run([self._rows], self._feeds(ids, mask))
        hidden = np.asarray(values, np.float32)
        return [hidden[row, : len(tokens)] for row, tokens in enumerate(batch)]

    def _padded(self, batch: Sequence[Tokens]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        width = max(map(len, batch))
        ids = np.full((len(batch), width), self.pad_id, np.int64)
        mask = np.zeros((len(batch), width), np.int64)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return ids, mask

    def _feeds(self, ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Mapping[str, NDArray[np.int64]]:
        feeds = {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(ids),
            "position_ids": np.broadcast_to(np.arange(ids.shape[1], dtype=np.int64), ids.shape),
        }
        return {name: value for name, value in feeds.items() if name in self._inputs}

    def _measure(self, folder: ModelFolder) -> int:
        try:
            vector = self.forward([[self.pad_id, self.pad_id]])
        except Exception as problem:  # the run time's own errors share no parent
            raise EncoderUnavailable(f"{folder.model} cannot be run: {str(problem)[:200]}") from problem
        return int(vector.shape[1])


def _open(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # each calling thread computes by itself
    options.inter_op_num_threads = 1
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # the run time's own errors share no parent
        raise EncoderUnavailable(f"{path} cannot be loaded: {str(problem)[:200]}") from problem


def _load_tokenizer(folder: ModelFolder) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(folder.tokenizer))
    except Exception as problem:  # the library raises nothing more precise
        raise EncoderUnavailable(f"{folder.tokenizer} cannot be read: fetch the model again.") from problem
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _pad_id(tokenizer: Tokenizer) -> int:
    found = (tokenizer.token_to_id(word) for word in ("[PAD]", "<pad>"))
    return next((number for number in found if number is not None), 0)


def _pool(rows: NDArray[np.float32], mask: NDArray[np.int64], pooling: Pooling) -> NDArray[np.float32]:
    shown = mask[:, :, None].astype(np.float32)
    if pooling == "cls":
        first: NDArray[np.float32] = rows[:, 0]
        return first
    if pooling == "max":
        highest: NDArray[np.float32] = np.where(shown > 0, rows, np.float32(-1e30)).max(axis=1)
        return highest
    mean: NDArray[np.float32] = (rows * shown).sum(axis=1) / shown.sum(axis=1)
    return mean


def _clean(text: str) -> str:
    """Give the text without lone surrogates, which no UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
