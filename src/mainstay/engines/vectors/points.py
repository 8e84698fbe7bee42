"""Points and vectors, put into Qdrant's words."""

from collections.abc import Sequence

import numpy as np
import qdrant_edge as edge

from mainstay.ports.vectors import Leg, Matches, Point, Sparse, Vector

DENSE = "dense"
TERMS = "terms"


def to_engine(point: Point) -> edge.Point:
    """Put a checked point into the engine's form."""
    vectors: dict[str, edge.NamedVector] = {DENSE: point.dense.tolist()}
    if point.sparse.indices.size:
        vectors[TERMS] = sparse_vector(point.sparse)
    return edge.Point(id=point.id, vector=vectors, payload=dict(point.payload))


def number_of(id_: object) -> int:
    """Give a point's number; all points here have one."""
    if not isinstance(id_, int):
        raise TypeError("A point of this index has a number for its id")
    return id_


def sparse_vector(sparse: Sparse) -> edge.SparseVector:
    """Put a checked sparse vector into the engine's form."""
    return edge.SparseVector(indices=sparse.indices.tolist(), values=sparse.weights.tolist())


def to_matches(found: Sequence[edge.ScoredPoint], leg: Leg) -> Matches:
    """Read the hits of a leg, with what it asked for."""
    size = len(found)
    return Matches(
        np.fromiter((hit.id for hit in found), np.int64, size),
        np.fromiter((hit.score for hit in found), np.float64, size),
        () if leg.fields == () else [hit.payload or {} for hit in found],
        [_dense(hit) for hit in found] if leg.vectors else (),
    )


def _dense(hit: edge.ScoredPoint) -> Vector:
    vectors = hit.vector if isinstance(hit.vector, dict) else {}
    return np.asarray(vectors[DENSE], dtype=np.float32)


def to_copy(record: edge.Record) -> edge.Point:
    """Turn a record read from one shard into a point for another."""
    return edge.Point(id=record.id, vector=record.vector or {}, payload=record.payload)
