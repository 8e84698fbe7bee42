"""Points and vectors, put into Qdrant's words."""

from collections.abc import Mapping, Sequence

import numpy as np
import qdrant_edge as edge

from mainstay.ports.vectors import Leg, Match, Point, Sparse, Vector

DENSE = "dense"
TERMS = "terms"


def to_engine(point: Point) -> edge.Point:
    """Put a checked point into the engine's form."""
    vectors: dict[str, edge.NamedVector] = {DENSE: point.dense.tolist()}
    if point.sparse.indices.size:
        vectors[TERMS] = sparse_vector(point.sparse)
    return edge.Point(id=point.id, vector=vectors, payload=dict(point.payload))


def sparse_vector(sparse: Sparse) -> edge.SparseVector:
    """Put a checked sparse vector into the engine's form."""
    return edge.SparseVector(indices=sparse.indices.tolist(), values=sparse.weights.tolist())


def to_matches(found: Sequence[edge.ScoredPoint], leg: Leg) -> list[Match]:
    """Read the hits of a leg, with what it asked for."""
    if not leg.vectors and leg.fields is not None and not leg.fields:
        nothing: Mapping[str, object] = {}
        return [Match(str(hit.id), hit.score, nothing) for hit in found]
    return [Match(str(hit.id), hit.score, hit.payload or {}, _dense(hit)) for hit in found]


def _dense(hit: edge.ScoredPoint) -> Vector | None:
    vectors = hit.vector if isinstance(hit.vector, dict) else {}
    return np.asarray(vectors[DENSE], dtype=np.float32) if DENSE in vectors else None


def to_copy(record: edge.Record) -> edge.Point:
    """Turn a record read from one shard into a point for another."""
    return edge.Point(id=record.id, vector=record.vector or {}, payload=record.payload)
