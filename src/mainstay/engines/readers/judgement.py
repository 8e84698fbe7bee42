"""Of which kinds a text is that somebody may not want: one calibrated line over the encoder's layers each."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mainstay.engines.readers.stored import Head
from mainstay.ports.readers import Concern

KIND = "moderation"
NONE = "none"
"""The label of texts that are of no such kind."""


def likelihoods(
    scores: NDArray[np.float32], slopes: NDArray[np.float32], shifts: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Turn scores into probabilities (Platt 1999)."""
    likely: NDArray[np.float32] = 1 / (1 + np.exp(-np.clip(scores * slopes + shifts, -30, 30)))
    return likely


class Judgement:
    """Judges texts; kinds that were not learned well enough are left out of what it says."""

    def __init__(self, head: Head) -> None:
        """Take a trained head."""
        card, arrays = head.card, head.arrays
        self.labels: Sequence[str] = card["labels"]
        self._weight = arrays["weight"].astype(np.float32)
        self.width = len(self._weight)
        """So many numbers of a text's means it reads, from below."""
        self._bias = arrays["bias"].astype(np.float32)
        self._slopes = arrays["slopes"].astype(np.float32)
        self._shifts = arrays["shifts"].astype(np.float32)
        self._thresholds: Sequence[float] = arrays["thresholds"].astype(float).tolist()
        weak = set(card["weak"])
        self._told = [n for n, label in enumerate(self.labels) if label not in weak]

    def likely(self, means: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give each label's probability, by the mean tokens of all layers of one text or of several."""
        return likelihoods(means[..., : self.width] @ self._weight + self._bias, self._slopes, self._shifts)

    def weigh(self, means: NDArray[np.float32]) -> Mapping[str, Concern]:
        """Judge one text."""
        likely = self.likely(means).tolist()
        return {self.labels[n]: Concern(likely[n], self._thresholds[n]) for n in self._told}
