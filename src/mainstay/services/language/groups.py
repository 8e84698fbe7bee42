"""Groups of vectors that are near one another: spherical k-means, with the number of groups if none is named.

Spherical k-means after Dhillon and Modha 2001, begun greedily as facilities are placed (Cornuejols et al.
1977), without chance. The number with the best simplified silhouette (Hruschka et al. 2006) is taken.
"""

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Places = NDArray[np.int64]

_STEPS = 50
_NOTHING = 1e-4
_TRIED = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100)
_EACH_LEAST = 3
"""A group has so many members on average, where the number of groups is ours to choose."""


def grouped(vectors: Vectors, count: int | None) -> Places:
    """Give each unit vector's group, the largest group first; two runs give the same.

    `vectors` (n, d); with a `count`, so many groups at most: one that nobody is nearest to is left out.
    """
    if count is not None:
        return _ordered(_run(vectors, beginnings(vectors, count))[0])
    tried = [each for each in _TRIED if each * _EACH_LEAST <= len(vectors)] or [1]
    begun = beginnings(vectors, tried[-1])
    found = [_run(vectors, begun[:each]) for each in tried]
    silhouettes = [_silhouette(vectors, centres) for _, centres in found]
    return _ordered(found[int(np.argmax(silhouettes))][0])


def centres_of(vectors: Vectors, groups: Places) -> Vectors:
    """Give each group's direction, (groups, d), of unit length."""
    return _unit(_sums(vectors, groups, int(groups.max()) + 1))


def stray(vectors: Vectors, groups: Places) -> NDArray[np.bool_]:
    """Say which vectors are no nearer to the others of their group than to all others together."""
    sums = _sums(vectors, groups, int(groups.max()) + 1)
    own = _unit(sums[groups] - vectors)
    all_others = _unit(vectors.sum(axis=0) - vectors)
    found: NDArray[np.bool_] = (vectors * own).sum(axis=1) <= (vectors * all_others).sum(axis=1)
    return found


def beginnings(vectors: Vectors, count: int) -> Vectors:
    """Choose where groups begin: each next one leaves all vectors nearest to some beginning.

    Time and room are quadratic in the vectors. What is chosen for few groups is chosen for many, too. What a
    vector would gain becomes only less: it is counted anew once it would be the next by what it gained before
    (lazy evaluation: Minoux 1978).
    """
    away = 1 - vectors @ vectors.T
    left = np.ones(len(vectors), np.float32)
    gains = np.maximum(1 - away, 0).sum(axis=1)
    counted_at = np.zeros(len(vectors), np.int64)
    picked: list[int] = []
    while len(picked) < min(count, len(vectors)):
        best = int(gains.argmax())
        if gains[best] <= _NOTHING:  # all that is left is said already
            break
        if counted_at[best] < len(picked):
            gains[best] = np.maximum(left - away[best], 0).sum()
            counted_at[best] = len(picked)
            continue
        picked.append(best)
        left = np.minimum(left, away[best])
    return vectors[picked or [0]]


def _run(vectors: Vectors, centres: Vectors) -> tuple[Places, Vectors]:
    groups: Places = (vectors @ centres.T).argmax(axis=1)
    for _ in range(_STEPS):
        sums = _sums(vectors, groups, len(centres))
        moved = np.where(np.abs(sums).sum(axis=1, keepdims=True) > 0, _unit(sums), centres)
        again: Places = (vectors @ moved.T).argmax(axis=1)
        centres = moved
        if np.array_equal(again, groups):
            break
        groups = again
    return groups, centres


def _sums(vectors: Vectors, groups: Places, count: int) -> Vectors:
    """Add up each group's vectors; a product of matrices takes a tenth of the time that `np.add.at` takes."""
    members = np.zeros((count, len(vectors)), np.float32)
    members[groups, np.arange(len(vectors))] = 1
    return members @ vectors


def _silhouette(vectors: Vectors, centres: Vectors) -> float:
    """Give the mean simplified silhouette: how much nearer the own centre is than the next."""
    if len(centres) < 2:  # noqa: PLR2004 - there is no next one
        return 0.0
    away = np.partition(1 - vectors @ centres.T, 1, axis=1)[:, :2]
    return float(((away[:, 1] - away[:, 0]) / np.maximum(away[:, 1], np.float32(1e-9))).mean())


def _ordered(groups: Places) -> Places:
    """Give groups new numbers, the largest first, and of two alike the one that is met first."""
    names, first, counts = np.unique(groups, return_index=True, return_counts=True)
    rank = np.empty(int(names.max()) + 1, np.int64)
    rank[names[np.lexsort((first, -counts))]] = np.arange(len(names))
    found: Places = rank[groups]
    return found


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    found: Vectors = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return found
