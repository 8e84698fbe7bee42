"""Points and vectors, put into Qdrant's words."""

import numpy as np
import qdrant_edge as edge

from mainstay.ports.vectors import Match, Point, Sparse

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


def to_match(found: edge.ScoredPoint) -> Match:
    """Read one hit; its dense vector only if it was asked for."""
    vectors = found.vector if isinstance(found.vector, dict) else {}
    dense = np.asarray(vectors[DENSE], dtype=np.float32) if DENSE in vectors else None
    return Match(id=str(found.id), score=found.score, payload=found.payload or {}, dense=dense)


def to_copy(record: edge.Record) -> edge.Point:
    """Turn a record read from one shard into a point for another."""
    return edge.Point(id=record.id, vector=record.vector or {}, payload=record.payload)
