"""Small calibrated classifiers: a weighted sum of a few figures becomes a chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_RAW_MOST = 30.0


@dataclass(frozen=True)
class Head:
    """A logistic regression over figures that are first held within what was seen while learning."""

    bias: float
    weights: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True)
class Heads:
    """Which sentence holds the answer, and whether any does; `closely` says that tokens were compared."""

    closely: bool
    sentence: Head
    answer: Head
    threshold: float


def chance(head: Head, figures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give one chance in [0, 1] for each row of figures (n, len(head.weights))."""
    held = np.clip(figures, np.array(head.low), np.array(head.high))
    raw = np.clip(head.bias + held @ np.array(head.weights), -_RAW_MOST, _RAW_MOST)
    result: NDArray[np.float64] = 1 / (1 + np.exp(-raw))
    return result
