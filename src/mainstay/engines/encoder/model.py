"""A model in ONNX: its session, and how what it gives becomes unit vectors or the rows of its tokens."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mainstay.engines.encoder.folder import WHOLE, ModelFolder, Pooling, sha256_of
from mainstay.ports.failures import EncoderUnavailable, TokensUnavailable

Ids = Sequence[int]
"""A text's token ids, the special ones included."""

CHARACTERS_PER_TOKEN_MAX = 128

_INPUTS = {"input_ids", "attention_mask", "token_type_ids", "position_ids"}
_POOLED = ("embedding", "sentence_embedding")
_TOKENS = ("tokens", "token_embeddings", "last_hidden_state")
_POOLED_RANK, _TOKENS_RANK = 2, 3
"""Of outputs for a batch: a row for each text, or one for each of its tokens."""

_ERRORS_ONLY = 3


class OnnxModel:
    """A session and how its outputs become unit vectors; many threads may call `forward` at once."""

    def __init__(self, folder: ModelFolder, pad_id: int) -> None:
        """Load a folder's model; raises EncoderUnavailable when it is damaged or no text encoder."""
        if folder.sha256 and sha256_of(folder.model) != folder.sha256:
            raise EncoderUnavailable(f"{folder.model} is damaged: delete its folder, and it is made anew.")
        self.pad_id = pad_id
        self._session = _open(folder.model)
        self._inputs = {given.name for given in self._session.get_inputs()}
        if "input_ids" not in self._inputs or not self._inputs <= _INPUTS:
            raise EncoderUnavailable(
                f"{folder.model} is no text encoder: its inputs are {sorted(self._inputs)}."
            )
        switches = {given.name for given in self._session.get_overridable_initializers()}
        self._lower: Mapping[str, NDArray[np.bool_]] = {WHOLE: np.asarray(False)} if WHOLE in switches else {}
        outputs = {given.name: given.shape for given in self._session.get_outputs()}
        self.outputs: Mapping[str, Sequence[str | int]] = outputs
        pooled = next((name for name in _POOLED if name in outputs), None)
        rows = next((name for name in _TOKENS if name in outputs), next(iter(outputs)))
        self._output = pooled or rows
        whole = len(outputs[rows]) == _POOLED_RANK
        self._rows = rows if len(outputs[rows]) == _TOKENS_RANK else None
        self._pooling: Pooling | None = None if pooled or whole else folder.pooling
        self.dimensions = self._measure(folder)

    def forward(self, batch: Sequence[Ids]) -> NDArray[np.float32]:
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

    def rows(self, batch: Sequence[Ids]) -> list[NDArray[np.float32]]:
        """Give the vectors of each text's tokens; raises TokensUnavailable."""
        if self._rows is None:
            raise TokensUnavailable("Use a model whose graph gives its last hidden state.")
        if not batch:
            return []
        ids, mask = self._padded(batch)
        (values,) = self._session.run([self._rows], self._feeds(ids, mask))
        hidden = np.asarray(values, np.float32)
        return [hidden[row, : len(tokens)] for row, tokens in enumerate(batch)]

    def give(
        self, batch: Sequence[Ids], outputs: Sequence[str], *, whole: bool = True
    ) -> list[NDArray[np.float32]]:
        """Give some outputs of the graph for several texts at once, padded to the longest.

        Not `whole` leaves the last layer out, where the graph can: what needs it is not to be used then.
        """
        ids, mask = self._padded(batch)
        feeds = self._feeds(ids, mask)
        return list(self._session.run(list(outputs), feeds if whole else {**feeds, **self._lower}))

    def _padded(self, batch: Sequence[Ids]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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


def load_tokenizer(folder: ModelFolder) -> Tokenizer:
    """Load a folder's tokenizer, which neither cuts nor pads; raises EncoderUnavailable."""
    try:
        tokenizer = Tokenizer.from_file(str(folder.tokenizer))
    except Exception as problem:  # the library raises nothing more precise
        raise EncoderUnavailable(f"{folder.tokenizer} cannot be read: fetch the model again.") from problem
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def pad_id(tokenizer: Tokenizer) -> int:
    """Give the id of the token that fills a row up."""
    found = (tokenizer.token_to_id(word) for word in ("[PAD]", "<pad>"))
    return next((number for number in found if number is not None), 0)


def clean(text: str) -> str:
    """Give the text without lone surrogates, which no UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


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
