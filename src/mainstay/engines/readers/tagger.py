"""Names in texts: a small network scores each word's labels, and the best sequence of labels is taken.

The encoder stays as it is (feature-based tagging: Peters et al. 2018, Deep contextualized word
representations); labels are BIO, and a sequence is found by Viterbi's algorithm over the scores and the
probabilities of one label after another.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainstay.engines.readers.layers import Seen
from mainstay.engines.readers.shapes import FEATURES, shifted
from mainstay.engines.readers.sheets import Sheet
from mainstay.engines.readers.stored import Head
from mainstay.ports.readers import Mention

KIND = "mentions"
OUTSIDE = "O"
IMPOSSIBLE = -1e4
_CERTAIN = 1 - 1e-6


def features(seen: Seen, own: Sequence[str], beside: Sequence[str]) -> NDArray[np.float32]:
    """Give what the network sees of each word: it in some layers, its neighbours in others, and its shape."""
    parts = [seen.layers[layer] for layer in own]
    for layer in beside:
        parts += [shifted(seen.layers[layer], seen.inside, by) for by in (-1, 1)]
    return np.hstack([*parts, seen.shapes])


def log_softmax(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give log probabilities of each row's scores."""
    high = scores - scores.max(axis=-1, keepdims=True)
    found: NDArray[np.float32] = high - np.log(np.exp(high).sum(axis=-1, keepdims=True))
    return found


@dataclass(frozen=True)
class Found:
    """A text's labels, one a word, and the probability that each word has its own."""

    labels: Sequence[str]
    likely: NDArray[np.float32]


class Tagger:
    """Tags the words of texts."""

    def __init__(self, head: Head) -> None:
        """Take a trained head."""
        card, arrays = head.card, head.arrays
        self.own: Sequence[str] = card["own"]
        self.beside: Sequence[str] = card["beside"]
        self._labels: list[str] = card["labels"]
        inner, self._outer = (
            arrays[f"weight_{n}"].astype(np.float32) * arrays[f"scale_{n}"] for n in range(2)
        )
        self._inner_bias, self._outer_bias = arrays["bias_0"], arrays["bias_1"]
        self._parts = self._parted(inner)
        self._first: NDArray[np.float32] = arrays["first"]
        self._after: NDArray[np.float32] = arrays["after"]
        self._slope, self._offset = card["calibration"]

    @property
    def layers(self) -> list[str]:
        """Give the encoder's layers that it reads."""
        return list(dict.fromkeys([*self.own, *self.beside]))

    def tag(self, seen: Seen, texts: int) -> list[Found]:
        """Label the words of all texts."""
        hidden = np.maximum(self._hidden(seen), 0)
        scores = log_softmax(hidden @ self._outer + self._outer_bias)
        counts = np.bincount(seen.inside, minlength=texts)
        chosen = best_sequences(scores, counts, self._first, self._after)
        likely = np.exp(scores[np.arange(len(chosen)), chosen])
        ends = np.cumsum(counts)
        return [
            Found([self._labels[n] for n in chosen[end - count : end]], likely[end - count : end])
            for end, count in zip(ends, counts, strict=True)
        ]

    def _parted(self, inner: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Part the first layer's weights as `features` joins what they weigh."""
        wide = (len(inner) - FEATURES) // (len(self.own) + 2 * len(self.beside))
        return np.split(inner, range(wide, len(inner) - FEATURES + 1, wide))

    def _hidden(self, seen: Seen) -> NDArray[np.float32]:
        """Weigh what `features` would give, part by part: moving a few numbers a word, not hundreds."""
        parts = iter(self._parts)
        total = self._inner_bias + sum(seen.layers[layer] @ next(parts) for layer in self.own)
        for layer in self.beside:
            for by in (-1, 1):
                total = total + shifted(seen.layers[layer] @ next(parts), seen.inside, by)
        found: NDArray[np.float32] = total + seen.shapes @ next(parts)
        return found

    def mentions(self, sheet: Sheet, found: Found) -> list[Mention]:
        """Join labelled words into mentions, each with its calibrated score."""
        mentions = []
        for kind, first, last in spans_of(found.labels):
            score = 1 / (1 + math.exp(-self._slope * odds_of(found.likely[first:last]) - self._offset))
            mentions.append(Mention(kind, sheet.spans[first][0], sheet.spans[last - 1][1], score))
        return mentions


def odds_of(likely: NDArray[np.float32]) -> float:
    """Give the log odds of the geometric mean of some words' probabilities."""
    share = math.prod(likely.tolist()) ** (1 / len(likely))
    share = min(max(share, 1 - _CERTAIN), _CERTAIN)
    return math.log(share / (1 - share))


def spans_of(labels: Sequence[str]) -> list[tuple[str, int, int]]:
    """Read BIO labels: each name's kind, its first word, and the word after its last."""
    spans: list[tuple[str, int, int]] = []
    for place, label in enumerate(labels):
        if label == OUTSIDE:
            continue
        mark, kind = label[0], label[2:]
        if mark == "I" and spans and spans[-1][2] == place and spans[-1][0] == kind:
            spans[-1] = (kind, spans[-1][1], place + 1)
        else:
            spans.append((kind, place, place + 1))
    return spans


def best_sequences(
    scores: NDArray[np.float32],
    counts: NDArray[np.int64],
    first: NDArray[np.float32],
    after: NDArray[np.float32],
) -> NDArray[np.int64]:
    """Find each text's likeliest sequence of labels, all texts at once; the words stand in one line.

    `first` (labels) is added to a text's first word, `after` (labels before, labels) to each pair.
    """
    longest, texts, labels = int(counts.max(initial=0)), len(counts), len(first)
    rows = np.repeat(np.arange(texts), counts)
    places = np.arange(len(scores)) - np.repeat(np.cumsum(counts) - counts, counts)
    best = np.zeros((max(longest, 1), labels, texts), np.float32)
    best[places, :, rows] = scores
    best[0] += first[:, None]
    ways = np.empty((labels, labels, texts), np.float32)
    for place in range(1, longest):
        np.add(best[place - 1][:, None], after[:, :, None], out=ways)
        best[place] += ways.max(axis=0)  # texts lie side by side: that is what processors are quick at
    last = best[np.maximum(counts, 1) - 1, :, np.arange(texts)].argmax(axis=1)
    before, of_texts = np.ascontiguousarray(after.T), np.ascontiguousarray(best.transpose(0, 2, 1))
    chosen = np.zeros((max(longest, 1), texts), np.int64)
    chosen[-1] = label = last
    for place in range(longest - 2, -1, -1):
        label = np.where(counts > place + 1, (of_texts[place] + before[label]).argmax(axis=1), last)
        chosen[place] = label
    return chosen[places, rows]
