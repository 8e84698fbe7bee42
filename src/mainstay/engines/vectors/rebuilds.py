"""Rebuilding a space beside itself: copy, optimise in a child process, catch up, swap."""

import asyncio
import contextlib
import logging
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import qdrant_edge as edge

from mainstay.engines.vectors.finishing import finished, in_child, in_thread
from mainstay.engines.vectors.living import Living
from mainstay.engines.vectors.points import to_copy
from mainstay.engines.vectors.shards import (
    ShardDamagedError,
    Tuning,
    config_of,
    index_payload,
    is_indexed,
    load_shard,
    speaking,
)
from mainstay.engines.vectors.spaces import next_shard
from mainstay.ports.failures import VectorsUnavailable
from mainstay.ports.vectors import FieldType

logger = logging.getLogger(__name__)

_CHUNK: Final = 50
_COPIES_MAX: Final = 3  # a copy, and what the optimiser writes before it drops the old segments


class RebuildFailed(VectorsUnavailable):
    """The index could not be optimised; it goes on working as it was."""

    title = "The search index could not be optimised"


async def rebuild(
    living: Living, fields: Mapping[str, FieldType], tuning: Tuning, disk_free_bytes_min: int
) -> None:
    """Replace a space's shard by an optimised one with these fields indexed; searches never wait.

    The caller keeps the space open. Cut off at any point, the old shard stays and the copy is removed
    (at the latest when the space is opened again).
    """
    async with living.lock:
        _check_there(living)
        name = next_shard(living.state)
        copy = living.folder / name
        try:
            await _copy(living.folder / living.state.shard, copy, disk_free_bytes_min)
        except BaseException:
            await in_thread(shutil.rmtree, copy, ignore_errors=True)
            raise
        living.journal = set()
        pending, living.pending = living.pending, 0
    fresh: edge.EdgeShard | None = None
    try:
        await _optimise_in_child(copy, fields)
        fresh = _load(copy, config_of(living.space.dimensions, tuning))
        while len(living.journal) > _CHUNK:
            await _catch_up(living, living.journal, fresh)
        async with living.lock:
            _check_there(living)
            await _catch_up(living, living.journal, fresh)
            for field, kind in living.fields.items():
                if not is_indexed(fresh, field, kind):
                    index_payload(fresh, field, kind)
            await finished(living.replace(fresh, name))
    except BaseException:
        living.pending += pending
        if fresh is not None and living.shard is not fresh:
            with contextlib.suppress(VectorsUnavailable), speaking():
                fresh.close()
        if living.shard is not fresh:
            await in_thread(shutil.rmtree, copy, ignore_errors=True)
        raise
    finally:
        living.journal = None


def _check_there(living: Living) -> None:
    if living.gone:
        raise RebuildFailed("The index was closed or dropped while it was being optimised.")


def _size(folder: Path) -> int:
    """Give the bytes that a folder takes on the disk; a few hundred looks, too short for a thread."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*"))


async def _copy(source: Path, target: Path, disk_free_bytes_min: int) -> None:
    """Copy a shard; raises RebuildFailed."""
    try:
        size = _size(source)
        free = shutil.disk_usage(source).free
        if free < _COPIES_MAX * size + disk_free_bytes_min:
            raise RebuildFailed(
                f"The disk has {free >> 20} MiB free; optimising needs {_COPIES_MAX * size >> 20} MiB more "
                f"than {disk_free_bytes_min >> 20} MiB. Free disk space.",
                retry_after_s=60,
            )
        shutil.rmtree(target, ignore_errors=True)
        status, told = await in_child("cp", "-R", str(source), str(target))
    except OSError as error:
        raise RebuildFailed(f"The index could not be copied: {error}.", retry_after_s=60) from error
    if status:
        raise RebuildFailed(f"The index could not be copied: {told.strip()}.", retry_after_s=60)


async def _optimise_in_child(folder: Path, fields: Mapping[str, FieldType]) -> None:
    arguments = [part for field, kind in fields.items() for part in (field, kind)]
    module = "mainstay.engines.vectors.optimizer"
    status, told = await in_child(sys.executable, "-P", "-m", module, str(folder), *arguments)
    if status:
        logger.error("optimising failed: %s", told)
        raise RebuildFailed(f"Optimising the index ended with status {status}; see the log.")


def _load(folder: Path, config: edge.EdgeConfig) -> edge.EdgeShard:
    try:
        return load_shard(folder, config)
    except ShardDamagedError as error:
        raise RebuildFailed(f"The optimised index cannot be read: {error}.") from error


async def _catch_up(living: Living, journal: set[int], fresh: edge.EdgeShard) -> None:
    """Bring the points named in the journal over, as they are in the living shard now."""
    while journal:
        ids: list[edge.PointId] = [journal.pop() for _ in range(min(_CHUNK, len(journal)))]
        with speaking():
            records = living.shard.retrieve(ids, with_payload=True, with_vector=True)
            there = {record.id for record in records}
            gone = [id_ for id_ in ids if id_ not in there]
            if gone:
                fresh.update(edge.UpdateOperation.delete_points(gone))
            if records:
                fresh.update(edge.UpdateOperation.upsert_points([to_copy(record) for record in records]))
        living.pending += len(records)
        await asyncio.sleep(0)
