"""How well a head does: F1 of names, and how far its confidence is from the truth."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

_BINS = 15

Name = tuple[str, int, int]


def names_f1(pairs: Iterable[tuple[Sequence[Name], Sequence[Name]]]) -> float:
    """Give the micro-averaged F1 of found names against the true ones: kind and both ends have to agree."""
    right = found = true = 0
    for mine, golden in pairs:
        right += len(set(mine) & set(golden))
        found += len(set(mine))
        true += len(set(golden))
    return 2 * right / (found + true) if found + true else 1.0


def calibration_error(confidences: ArrayLike, right: ArrayLike) -> float:
    """Give the expected calibration error in 15 bins of equal width (Guo et al. 2017)."""
    scores: NDArray[np.float64] = np.asarray(confidences, float)
    hits: NDArray[np.float64] = np.asarray(right, float)
    bins = np.minimum((scores * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(scores[bins == each].mean() - hits[bins == each].mean()) * (bins == each).mean()
        for each in range(_BINS)
        if (bins == each).any()
    ]
    return float(sum(gaps))
