"""What every engine asks of points and legs before it touches anything."""

from collections.abc import Sequence

import numpy as np

from mainstay.ports.vectors import Leg, Point, Sparse, Vector

LIMIT_MAX = 10_000
ID_MAX = 2**63 - 1
_WORD_MAX = 2**32 - 1
_NOT_FINITE = "a vector must hold finite numbers only"


def check_dense(vector: Vector, dimensions: int) -> None:
    """Raise ValueError unless the vector has this many finite numbers."""
    if vector.shape != (dimensions,):
        raise ValueError(f"expected a vector of {dimensions} numbers, got shape {vector.shape}")
    if not np.isfinite(vector).all():
        raise ValueError(_NOT_FINITE)


def check_sparse(sparse: Sparse) -> None:
    """Raise ValueError unless each distinct 32-bit word number has one finite weight."""
    if sparse.indices.ndim != 1 or sparse.indices.shape != sparse.weights.shape:
        raise ValueError("a sparse vector needs as many weights as word numbers")
    if sparse.indices.size == 0:
        return
    words = sparse.indices.tolist()
    if min(words) < 0 or max(words) > _WORD_MAX:
        raise ValueError("a word number has 32 bits and no sign")
    if len(set(words)) != len(words):
        raise ValueError("a word number stands twice in a sparse vector")
    if not np.isfinite(sparse.weights).all():
        raise ValueError("a weight must be finite")


def check_leg(leg: Leg, dimensions: int) -> None:
    """Raise ValueError unless the leg can be asked of a space of this size."""
    if not 1 <= leg.limit <= LIMIT_MAX:
        raise ValueError(f"a limit lies between 1 and {LIMIT_MAX}")
    if isinstance(leg.by, Sparse):
        check_sparse(leg.by)
    else:
        check_dense(leg.by, dimensions)


def is_empty(leg: Leg) -> bool:
    """Tell whether a leg asks for no word at all: it has no hits."""
    return isinstance(leg.by, Sparse) and leg.by.indices.size == 0


def check_points(points: Sequence[Point], dimensions: int) -> None:
    """Raise ValueError for the first point that no index could hold."""
    for point in points:
        if not 0 <= point.id <= ID_MAX:
            raise ValueError("a point's id has 63 bits and no sign")
        check_sparse(point.sparse)
        if point.dense.shape != (dimensions,):
            check_dense(point.dense, dimensions)
    if points and not np.isfinite(np.stack([point.dense for point in points])).all():
        raise ValueError(_NOT_FINITE)
