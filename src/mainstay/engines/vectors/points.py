"""Points and vectors: checked, and put into Qdrant's words."""

import uuid
from collections.abc import Sequence

import numpy as np
import qdrant_edge as edge

from mainstay.ports.vectors import Match, Point, Sparse, Vector

DENSE = "dense"
TERMS = "terms"
_WORD_MAX = 2**32 - 1


def check_dense(vector: Vector, dimensions: int) -> None:
    """Raise ValueError unless the vector has this many finite numbers."""
    if vector.shape != (dimensions,):
        raise ValueError(f"expected a vector of {dimensions} numbers, got shape {vector.shape}")
    if not np.isfinite(vector).all():
        raise ValueError("a vector must hold finite numbers only")


def check_sparse(sparse: Sparse) -> None:
    """Raise ValueError unless each distinct 32-bit word number has one finite weight."""
    if sparse.indices.ndim != 1 or sparse.indices.shape != sparse.weights.shape:
        raise ValueError("a sparse vector needs as many weights as word numbers")
    if sparse.indices.size == 0:
        return
    if int(sparse.indices.min()) < 0 or int(sparse.indices.max()) > _WORD_MAX:
        raise ValueError("a word number has 32 bits and no sign")
    if np.unique(sparse.indices).size != sparse.indices.size:
        raise ValueError("a word number stands twice in a sparse vector")
    if not np.isfinite(sparse.weights).all():
        raise ValueError("a weight must be finite")


def check_points(points: Sequence[Point], dimensions: int) -> None:
    """Raise ValueError for the first point that no index could hold."""
    for point in points:
        uuid.UUID(point.id)
        check_dense(point.dense, dimensions)
        check_sparse(point.sparse)


def to_engine(point: Point) -> edge.Point:
    """Put a checked point into the engine's form."""
    vectors: dict[str, edge.NamedVector] = {DENSE: point.dense.tolist()}
    if point.sparse.indices.size:
        vectors[TERMS] = sparse_vector(point.sparse)
    return edge.Point(id=point.id, vector=vectors, payload=dict(point.payload))


def sparse_vector(sparse: Sparse) -> edge.SparseVector:
    """Put a checked sparse vector into the engine's form."""
    return edge.SparseVector(indices=sparse.indices.tolist(), values=sparse.weights.tolist())


def to_match(found: edge.ScoredPoint) -> Match:
    """Read one hit; its dense vector only if it was asked for."""
    vectors = found.vector if isinstance(found.vector, dict) else {}
    dense = np.asarray(vectors[DENSE], dtype=np.float32) if DENSE in vectors else None
    return Match(id=str(found.id), score=found.score, payload=found.payload or {}, dense=dense)


def to_copy(record: edge.Record) -> edge.Point:
    """Turn a record read from one shard into a point for another."""
    return edge.Point(id=record.id, vector=record.vector or {}, payload=record.payload)
