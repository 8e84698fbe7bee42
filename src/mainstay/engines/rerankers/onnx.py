"""The reranker that runs inside the process: any ONNX cross-encoder, reading query and text together."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from mainstay.ports.rerankers import RerankerUnavailable

_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
_MODELS = ("model.onnx", "onnx/model.onnx")
_TEXTS_MAX = 1_000
_BATCH_TEXTS = 8
_CHARACTERS_PER_TOKEN_MAX = 64
_WAITING_MAX = 64
_ERRORS_ONLY = 3


class OnnxReranker:
    """Scores pairs with a cross-encoder: a folder with model.onnx (or onnx/model.onnx) and tokenizer.json.

    A model with one output a pair gives its logit; one with several gives the last class's, the relevant one.
    Raises RerankerUnavailable when the folder cannot be used.
    """

    def __init__(self, folder: Path, *, tokens_max: int = 512, threads: int = 1) -> None:
        """Load the model; a pair longer than `tokens_max` loses the end of its text."""
        self._name = folder.resolve().name
        self._session = _open(folder, threads)
        self._inputs = {given.name for given in self._session.get_inputs()}
        if "input_ids" not in self._inputs or not self._inputs <= _INPUTS:
            raise RerankerUnavailable(f"The model in {folder} is no cross-encoder: its inputs are unknown.")
        self._output = self._session.get_outputs()[0].name
        self._tokenizer = _load_tokenizer(folder, tokens_max)
        self._characters_max = tokens_max * _CHARACTERS_PER_TOKEN_MAX
        self._worker = ThreadPoolExecutor(1, "reranker")
        self._waiting = 0

    @property
    def name(self) -> str:
        """Give the folder's name."""
        return self._name

    async def score(self, query: str, texts: Sequence[str], first: Sequence[float]) -> list[float]:
        """Give one score a text, higher is better; raises RerankerUnavailable."""
        if not texts:
            return []
        if len(texts) > _TEXTS_MAX:
            raise RerankerUnavailable(
                f"The reranker takes {_TEXTS_MAX} texts at most: ask for fewer candidates."
            )
        if self._waiting >= _WAITING_MAX:
            raise RerankerUnavailable("Too many queries wait for the reranker.", retry_after_s=1)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._worker, self._score, query, list(texts))
        except RerankerUnavailable:
            raise
        except Exception as problem:  # a user's model may fail in any way
            kind = type(problem).__name__
            raise RerankerUnavailable(
                f"The reranker {self._name} failed ({kind}): check its model."
            ) from problem
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """End the thread, after the batch in work."""
        await asyncio.to_thread(self._worker.shutdown, wait=True, cancel_futures=True)

    def _score(self, query: str, texts: list[str]) -> list[float]:
        asked = _clean(query[: self._characters_max])
        pairs = [self._tokenizer.encode(asked, _clean(text[: self._characters_max])) for text in texts]
        order = sorted(range(len(pairs)), key=lambda place: len(pairs[place].ids))
        scores = np.zeros(len(pairs), np.float64)
        for start in range(0, len(order), _BATCH_TEXTS):
            places = order[start : start + _BATCH_TEXTS]
            scores[places] = self._forward([pairs[place] for place in places])
        if not np.isfinite(scores).all():
            raise RerankerUnavailable(
                f"The reranker {self._name} gave a number that is not finite: check its model."
            )
        return [float(score) for score in scores]

    def _forward(self, pairs: list[Encoding]) -> NDArray[np.float64]:
        width = max(len(pair.ids) for pair in pairs)
        feeds = {name: np.zeros((len(pairs), width), np.int64) for name in _INPUTS}
        for row, pair in enumerate(pairs):
            length = len(pair.ids)
            feeds["input_ids"][row, :length] = pair.ids
            feeds["attention_mask"][row, :length] = pair.attention_mask
            feeds["token_type_ids"][row, :length] = pair.type_ids
        wanted = {name: value for name, value in feeds.items() if name in self._inputs}
        (logits,) = self._session.run([self._output], wanted)
        return np.asarray(logits, np.float64).reshape(len(pairs), -1)[:, -1]


def _open(folder: Path, threads: int) -> onnxruntime.InferenceSession:
    path = next((folder / name for name in _MODELS if (folder / name).is_file()), None)
    if path is None or not (folder / "tokenizer.json").is_file():
        raise RerankerUnavailable(f"{folder} needs model.onnx (or onnx/model.onnx) and tokenizer.json.")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # the run time's own errors share no parent
        raise RerankerUnavailable(f"{path} cannot be loaded: {str(problem)[:200]}") from problem


def _load_tokenizer(folder: Path, tokens_max: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as problem:  # the library raises nothing more precise
        raise RerankerUnavailable(
            f"{folder / 'tokenizer.json'} cannot be read: fetch the model again."
        ) from problem
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=tokens_max, strategy="longest_first")
    return tokenizer


def _clean(text: str) -> str:
    """Give the text without lone surrogates, which no UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
