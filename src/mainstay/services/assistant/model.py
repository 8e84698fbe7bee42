"""What a bot has learned: how a text is held against its intents; plain numbers, and their bytes."""

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainstay.ports.learners import Linear
from mainstay.services.assistant.wording import Wording

NEIGHBOURS = 5
FIGURES = ("decision", "margin", "nearest", "neighbours", "own")
"""What is known of a text beside its intent; see `Understanding.figures`."""

_AT_ONCE = 256  # each of them is compared with every example
_FEW = 4
_MAGIC = b"mainstay-intents-1\n"
_HEAD = struct.Struct("<Q")
_DIGEST_BYTES = 32
_RAW_MOST = 30.0


class ModelUnreadable(Exception):
    """The bytes are no model of this version, or a bit of them differs."""


@dataclass(frozen=True)
class Head:
    """A logistic regression over the figures: a chance from a few numbers."""

    weights: tuple[float, ...]
    bias: float

    def raw(self, figures: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give the log-odds of each row of figures (n, len(FIGURES))."""
        raw: NDArray[np.float64] = figures.astype(np.float64) @ np.array(self.weights) + self.bias
        return np.clip(raw, -_RAW_MOST, _RAW_MOST)

    def chance(self, figures: NDArray[np.float32]) -> NDArray[np.float64]:
        """Give the chance of each row."""
        chances: NDArray[np.float64] = 1 / (1 + np.exp(-self.raw(figures)))
        return chances


@dataclass(frozen=True)
class Heads:
    """What was calibrated: whether the intent is right, whether it is one of the bot's, and where that ends.

    A text whose scope score is below `threshold` is out of scope.
    """

    right: Head
    known: Head
    threshold: float


@dataclass(frozen=True)
class Understanding:
    """What a model makes of some texts: decision values (n, intents), and the figures (n, len(FIGURES)).

    The figures are the largest decision value, its distance to the second, the cosine to the nearest example,
    the mean cosine to the five nearest, and the cosine to the nearest example of the intent that was chosen.
    """

    decisions: NDArray[np.float32]
    figures: NDArray[np.float32]

    @property
    def chosen(self) -> NDArray[np.int64]:
        """Give the place of the intent that was chosen."""
        return np.asarray(self.decisions.argmax(axis=1), np.int64)


@dataclass(frozen=True)
class Classifier:
    """Intents, what tells them apart, and the examples they were learned from.

    `vectors` (n, d) are of unit length, `labels` (n,) name their intents by place.
    """

    intents: Sequence[str]
    wording: Wording
    linear: Linear
    scale: float
    vectors: NDArray[np.float32]
    labels: NDArray[np.int64]

    def understand(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> Understanding:
        """Hold texts with their unit vectors (n, d) against the intents."""
        size = vectors.shape[1]
        dense = _product(vectors, self.linear.weights[:size])
        decisions = np.asarray(dense * self.scale + self.linear.bias, np.float32)
        for number, text in enumerate(texts):
            places, weights = self.wording.row(text)
            if len(places):
                decisions[number] += weights @ self.linear.weights[places + size]
        parts = [
            self._figures(decisions[start : start + _AT_ONCE], vectors[start : start + _AT_ONCE])
            for start in range(0, len(texts), _AT_ONCE)
        ]
        return Understanding(decisions, np.concatenate(parts))

    def _figures(self, decisions: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        near = _product(vectors, self.vectors.T)
        ordered = np.sort(decisions, axis=1)[:, ::-1]
        second = ordered[:, 1] if ordered.shape[1] > 1 else np.zeros(len(ordered), np.float32)
        neighbours = min(NEIGHBOURS, near.shape[1])
        best = np.partition(near, -neighbours, axis=1)[:, -neighbours:]
        chosen = decisions.argmax(axis=1)
        own = np.where(self.labels[None, :] == chosen[:, None], near, -1).max(axis=1)
        return np.stack(
            [ordered[:, 0], ordered[:, 0] - second, best.max(axis=1), best.mean(axis=1), own], axis=1
        ).astype(np.float32)


@dataclass(frozen=True)
class Model:
    """A classifier with what was calibrated for it, and the encoder whose vectors it was learned from.

    `held` says of examples that were held out, by their names, whether they were understood then.
    """

    classifier: Classifier
    heads: Heads
    encoder: str
    held: Mapping[str, bool]

    @property
    def size(self) -> int:
        """Give roughly how many bytes it takes in memory."""
        known = self.classifier
        return known.vectors.nbytes + known.linear.weights.nbytes + 150 * len(known.wording.terms)

    def to_bytes(self) -> bytes:
        """Write it down: a magic line, a header in JSON, arrays, and the SHA-256 of all that."""
        known = self.classifier
        arrays: dict[str, NDArray[Any]] = {
            "bias": known.linear.bias.astype("<f4"),
            "labels": known.labels.astype("<i4"),
            "term_weights": known.wording.weights.astype("<f4"),
            "vectors": known.vectors.astype("<f2"),
            "weights": known.linear.weights.astype("<f2"),
        }
        head = {
            "intents": list(known.intents),
            "terms": list(known.wording.terms),
            "scale": known.scale,
            "encoder": self.encoder,
            "right": [*self.heads.right.weights, self.heads.right.bias],
            "known": [*self.heads.known.weights, self.heads.known.bias],
            "threshold": self.heads.threshold,
            "held": {name: int(understood) for name, understood in self.held.items()},
            "arrays": [[name, array.dtype.str, array.shape] for name, array in arrays.items()],
        }
        written = json.dumps(head).encode()
        parts = [_MAGIC, _HEAD.pack(len(written)), written, *(array.tobytes() for array in arrays.values())]
        content = b"".join(parts)
        return content + hashlib.sha256(content).digest()


def _product(rows: NDArray[np.float32], columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """Multiply; few rows without BLAS, whose threads wait for one another longer than the work takes."""
    if len(rows) > _FEW:
        return rows @ columns
    product: NDArray[np.float32] = np.einsum("ij,jk->ik", rows, columns)
    return product


def model_of(content: bytes) -> Model:
    """Read what `to_bytes` wrote; raises ModelUnreadable."""
    whole, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if not whole.startswith(_MAGIC) or hashlib.sha256(whole).digest() != digest:
        raise ModelUnreadable("These bytes are no model of this version, or were changed")
    start = len(_MAGIC) + _HEAD.size
    (length,) = _HEAD.unpack_from(whole, len(_MAGIC))
    head = json.loads(whole[start : start + length])
    arrays, place = dict[str, NDArray[Any]](), start + length
    for name, kind, shape in head["arrays"]:
        count = int(np.prod(shape))
        arrays[name] = np.frombuffer(whole, kind, count, place).reshape(shape)
        place += arrays[name].nbytes
    classifier = Classifier(
        head["intents"],
        Wording(head["terms"], arrays["term_weights"].astype(np.float32)),
        Linear(arrays["weights"].astype(np.float32), arrays["bias"].astype(np.float32)),
        head["scale"],
        arrays["vectors"].astype(np.float32),
        arrays["labels"].astype(np.int64),
    )
    held = {name: bool(understood) for name, understood in head["held"].items()}
    heads = Heads(_head(head["right"]), _head(head["known"]), head["threshold"])
    return Model(classifier, heads, head["encoder"], held)


def _head(numbers: Sequence[float]) -> Head:
    return Head(tuple(numbers[:-1]), numbers[-1])
