"""One Qdrant shard: how it is made, loaded, indexed and spoken to without surprises."""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import qdrant_edge as edge

from mainstay.engines.vectors.points import DENSE, TERMS
from mainstay.ports.failures import VectorsUnavailable
from mainstay.ports.vectors import FieldType

logger = logging.getLogger(__name__)

KEYWORDS: Final = ("collection", "doc_id", "groups")
"""Payload fields that are always there, and always fast to filter by."""

_SHORTAGES: Final = (
    "wouldblock",
    "would block",
    "no space left",
    "os error 11",
    "os error 12",
    "os error 13",
    "os error 24",
    "os error 28",
    "cannot allocate memory",
    "permission denied",
    "too many open files",
)
"""What the engine says when the machine, not the shard, is at fault."""

_SCHEMAS: Final[dict[FieldType, edge.PayloadSchemaType]] = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "float": edge.PayloadSchemaType.Float,
    "datetime": edge.PayloadSchemaType.Datetime,
    "text": edge.PayloadSchemaType.Text,
    "bool": edge.PayloadSchemaType.Bool,
}


class ShardDamagedError(Exception):
    """The files of a shard cannot be read as one."""


@dataclass(frozen=True)
class Tuning:
    """How a shard trades memory and time for recall (HNSW: Malkov & Yashunin, 2016)."""

    hnsw_m: int = 16
    hnsw_ef_construct: int = 128
    hnsw_ef: int = 128
    oversampling: float = 2.0
    search_threads_max: int = 1
    segments: int = 2

    def search_params(self, limit: int) -> edge.SearchParams:
        """Give the parameters of a dense search: int8 candidates, rescored by the full vectors.

        A long list needs no candidates beyond its own length: its first places are found all the same.
        """
        oversampling = self.oversampling if limit <= LIMIT_SHORT else 1.0
        return edge.SearchParams(
            hnsw_ef=max(self.hnsw_ef, limit),
            quantization=edge.QuantizationSearchParams(rescore=True, oversampling=oversampling),
        )


LIMIT_SHORT: Final = 40
STANDARD: Final = Tuning()


@contextlib.contextmanager
def speaking() -> Iterator[None]:
    """Turn the engine's failures, panics included, into VectorsUnavailable."""
    try:
        yield
    except (VectorsUnavailable, ValueError, TypeError):
        raise
    except BaseException as error:
        if not _is_engine_failure(error):
            raise
        logger.exception("the vector engine failed")
        raise VectorsUnavailable(
            "The search index failed; what was stored is safe. Try again in a moment.", retry_after_s=5
        ) from error


def _is_engine_failure(error: BaseException) -> bool:
    """Tell the binding's errors (bare exceptions, and panics that are no Exception) from all others."""
    return type(error) is Exception or type(error).__module__ == "pyo3_runtime"


def config_of(dimensions: int, tuning: Tuning) -> edge.EdgeConfig:
    """Give the engine's configuration of a shard."""
    return edge.EdgeConfig(
        vectors={
            DENSE: edge.EdgeVectorParams(
                size=dimensions,
                distance=edge.Distance.Cosine,
                # Mapped, not read through: files that are mostly holes would take 32 MiB of memory for each.
                memory=edge.Memory.Cold,
                hnsw_config=edge.HnswIndexConfig(
                    m=tuning.hnsw_m, ef_construct=tuning.hnsw_ef_construct, full_scan_threshold=10_000
                ),
                quantization_config=edge.ScalarQuantizationConfig(
                    type=edge.ScalarType.Int8, quantile=0.99, memory=edge.Memory.Pinned
                ),
            )
        },
        sparse_vectors={TERMS: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        # In KB: any segment worth a graph gets one when it is optimised, and only then.
        optimizers=edge.EdgeOptimizersConfig(
            indexing_threshold=1_000, default_segment_number=tuning.segments, deleted_threshold=0.1
        ),
        max_search_threads=tuning.search_threads_max,
    )


def create_shard(path: Path, dimensions: int, tuning: Tuning) -> edge.EdgeShard:
    """Make an empty shard with its keyword indexes, flushed."""
    path.mkdir(parents=True)
    with speaking():
        shard = edge.EdgeShard.create(str(path), config_of(dimensions, tuning))
        for field in KEYWORDS:
            index_payload(shard, field, "keyword")
        shard.flush()
    return shard


def load_shard(path: Path, config: edge.EdgeConfig | None) -> edge.EdgeShard:
    """Load a shard; changes that were not flushed come back from its write-ahead log.

    Without a configuration the stored one holds.
    Raises ShardDamagedError where the files are at fault, VectorsUnavailable where the machine is.
    """
    if not path.is_dir():
        raise ShardDamagedError(f"{path} is missing")
    try:
        return edge.EdgeShard.load(str(path), config)
    except BaseException as error:
        if not _is_engine_failure(error):
            raise
        told = str(error).lower()
        if any(shortage in told for shortage in _SHORTAGES):
            raise VectorsUnavailable(
                f"The search index cannot be opened: {error}. Free what is short and try again.",
                retry_after_s=5,
            ) from error
        raise ShardDamagedError(str(error)) from error


def index_payload(shard: edge.EdgeShard, field: str, kind: FieldType) -> None:
    """Index a payload field; `field` is in the engine's form."""
    shard.update(edge.UpdateOperation.create_field_index(field, _SCHEMAS[kind]))


def indexed_fields(shard: edge.EdgeShard) -> dict[str, edge.PayloadSchemaType]:
    """Give the payload fields that are indexed, in the engine's form, and how."""
    return {field: info.data_type for field, info in shard.info().payload_schema.items()}


def is_indexed(shard: edge.EdgeShard, field: str, kind: FieldType) -> bool:
    """Tell whether a field has an index of this kind."""
    return indexed_fields(shard).get(field) == _SCHEMAS[kind]
