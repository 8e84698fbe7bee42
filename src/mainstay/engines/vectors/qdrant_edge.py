"""The whole Qdrant engine inside the process: one shard for each space, no server."""

import asyncio
import fcntl
import logging
import os
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import qdrant_edge as edge

from mainstay.engines.vectors.checks import check_leg, check_points, is_empty
from mainstay.engines.vectors.filters import compile_filter, path
from mainstay.engines.vectors.living import Living
from mainstay.engines.vectors.opening import Opening
from mainstay.engines.vectors.points import DENSE, TERMS, number_of, sparse_vector, to_engine, to_matches
from mainstay.engines.vectors.rebuilds import rebuild
from mainstay.engines.vectors.shards import STANDARD, Tuning, index_payload, is_indexed, speaking
from mainstay.engines.vectors.spaces import folders_of
from mainstay.ports.failures import VectorsUnavailable
from mainstay.ports.vectors import NO_MATCHES, FieldType, Filter, Leg, Matches, Point, Space, Sparse

logger = logging.getLogger(__name__)

_UPSERT_CHUNK: Final = 50
_CHECK_CHUNK: Final = 200
_DELETE_CHUNK: Final = 100
_PAUSED_ROUNDS: Final = 2
_QUIET_ROUNDS: Final = 6
_INDEX_INLINE_MAX: Final = 500
_MIB: Final = 1 << 20


class QdrantEdgeVectors:
    """Spaces as shards in a folder that belongs to this process alone.

    The library holds the interpreter's lock during a call, so queries run inline and updates in small
    chunks. A change is in the shard's write-ahead log when its call returns (a killed process loses
    nothing); every `sync_seconds` the log is made proof against power cuts and `applied` moves on. The
    shard's own flush, which stops all threads while the disk works, comes after `flush_points` changes, when
    writing has paused, and at the end. `optimize` works on a copy in a child process.

    A change that comes late, when `applied` has passed its number, is made proof before its call returns.
    """

    def __init__(
        self,
        folder: Path,
        *,
        shards_open_max: int = 256,
        sync_seconds: float = 5.0,
        flush_points: int = 20_000,
        optimize_points: int = 10_000,
        disk_free_bytes_min: int = 256 * _MIB,
        tuning: Tuning = STANDARD,
    ) -> None:
        """Take the folder (made if need be).

        `optimize_points`: a space is optimised by itself when so many points have no graph yet and they are
        a tenth of all, or half of all while more are coming in; 0 leaves it to `optimize`. Below
        `disk_free_bytes_min` of free space nothing is written (the engine maps files: a full disk would end
        the process).
        Raises VectorsUnavailable if another process uses the folder.
        """
        if shards_open_max < 1 or sync_seconds <= 0 or flush_points < 1 or optimize_points < 0:
            raise ValueError("bounds and intervals of the index must be positive")
        self._folder = folder
        self._sync_s = sync_seconds
        self._flush_points = flush_points
        self._optimize_points = optimize_points
        self._free_min = disk_free_bytes_min
        self._tuning = tuning
        folder.mkdir(parents=True, exist_ok=True)
        self._claim = _claim(folder)
        self._opening = Opening(folder, shards_open_max, self._tuning)
        self._closing = asyncio.Lock()
        self._rebuilding = asyncio.Semaphore(1)
        self._rebuilds: dict[Space, asyncio.Task[None]] = {}
        self._patience: dict[Space, int] = {}
        self._keeper: asyncio.Task[None] | None = None

    async def upsert(self, space: Space, points: Sequence[Point], *changes: int) -> None:
        """Add or replace the points of some changes; they are found by the next search.

        Raises ValueError for a wrong dimension, number or id, before anything is written.
        """
        for start in range(0, len(points), _CHECK_CHUNK):
            check_points(points[start : start + _CHECK_CHUNK], space.dimensions)
            await asyncio.sleep(0)
        self._keep()
        async with self._opening.write(space) as living:
            for start in range(0, len(points), _UPSERT_CHUNK):
                self._check_disk()
                chunk = points[start : start + _UPSERT_CHUNK]
                with speaking():
                    living.shard.update(edge.UpdateOperation.upsert_points([to_engine(p) for p in chunk]))
                living.touch([point.id for point in chunk])
                living.pending += len(chunk)
                await asyncio.sleep(0)
            await living.reach(*changes)
        self._optimize_if_due(space, living)

    async def delete(self, space: Space, where: Filter, change: int) -> None:
        """Remove the points that match; the next search does not find them."""
        chosen = compile_filter(where)
        if not self._opening.exists(space):
            return
        self._keep()
        async with self._opening.write(space) as living:
            while True:
                with speaking():
                    found, _ = living.shard.scroll(
                        edge.ScrollRequest(
                            limit=_DELETE_CHUNK, filter=chosen, with_payload=False, with_vector=False
                        )
                    )
                    if not found:
                        break
                    ids = [number_of(record.id) for record in found]
                    living.shard.update(edge.UpdateOperation.delete_points(list(ids)))
                living.touch(ids)
                await asyncio.sleep(0)
            await living.reach(change)

    async def search(self, space: Space, legs: Sequence[Leg]) -> list[Matches]:
        """Fetch each leg's nearest points, best first. Raises ValueError for a wrong dimension or limit."""
        for leg in legs:
            check_leg(leg, space.dimensions)
        asked = [self._request(leg) for leg in legs if not is_empty(leg)]
        if not asked or not self._opening.exists(space):
            return [NO_MATCHES for _ in legs]
        self._keep()  # what was written before the last stop may still want a graph
        async with self._opening.use(space) as living:
            with speaking():
                answers = iter(living.shard.query_batch(edge.QueryBatchRequest(asked)))
        return [NO_MATCHES if is_empty(leg) else to_matches(next(answers), leg) for leg in legs]

    async def count(self, space: Space, where: Filter | None = None) -> int:
        """Count points exactly."""
        chosen = None if where is None else compile_filter(where)
        if not self._opening.exists(space):
            return 0
        async with self._opening.use(space) as living:
            with speaking():
                if chosen is None:
                    return living.shard.info().points_count
                return living.shard.count(edge.CountRequest(exact=True, filter=chosen))

    async def applied(self, space: Space) -> int:
        """Give the number of the last change that a crash cannot undo (0 for an empty space).

        The space is opened for it, so that a damaged one answers 0 and is filled again.
        """
        if not self._opening.exists(space):
            return 0
        async with self._opening.use(space) as living:
            return living.state.applied

    async def index_field(self, space: Space, field: str, kind: FieldType) -> None:
        """Make a payload field fast to filter by; harmless when it is already.

        In a large space the index is built beside it, as by `optimize`.
        """
        key = path(field)
        self._keep()
        async with self._opening.write(space) as living:
            if is_indexed(living.shard, key, kind):
                return
            self._check_disk()
            living.fields[key] = kind
            if living.shard.info().points_count <= _INDEX_INLINE_MAX:
                with speaking():
                    index_payload(living.shard, key, kind)
                living.unflushed += 1
                return
        await self._rebuilt(space)

    async def optimize(self, space: Space) -> None:
        """Bring the space into its fastest form without making searches wait.

        Raises RebuildFailed (the space goes on as it was).
        """
        if not self._opening.exists(space):
            return
        async with self._opening.use(space) as living:
            small = living.shard.info().points_count <= _INDEX_INLINE_MAX
        if not small:  # a few hundred points are looked through faster than a graph
            await self._rebuilt(space)

    async def flush(self) -> None:
        """Make every applied change durable."""
        for living in self._opening.living():
            await self._tend(living, whole=True)

    async def drop(self, space: Space) -> None:
        """Forget a space and erase its files."""
        await self._stop_rebuild(space)
        await self._opening.drop(space)

    async def forget(self, tenant: str) -> None:
        """Drop every space of a tenant, and what was set aside of it."""
        found = await asyncio.to_thread(folders_of, self._folder, tenant)
        for space in dict.fromkeys(found.values()):
            await self.drop(space)
        for folder in found:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def close(self) -> None:
        """Flush and give everything back; a second call does nothing."""
        async with self._closing:
            if not self._opening.closed:
                await self._close()

    async def _close(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        for space in list(self._rebuilds):
            await self._stop_rebuild(space)
        try:
            await self._opening.close()
        finally:
            os.close(self._claim)

    def _request(self, leg: Leg) -> edge.QueryRequest:
        sparse = isinstance(leg.by, Sparse)
        return edge.QueryRequest(
            limit=leg.limit,
            query=edge.Query.Nearest(sparse_vector(leg.by), using=TERMS)
            if isinstance(leg.by, Sparse)
            else edge.Query.Nearest(leg.by.tolist(), using=DENSE),
            filter=None if leg.where is None else compile_filter(leg.where),
            with_payload=True if leg.fields is None else list(leg.fields) or False,
            with_vector=[DENSE] if leg.vectors else None,
            params=None if sparse else self._tuning.search_params(leg.limit),
        )

    def _check_disk(self) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < self._free_min:
            raise VectorsUnavailable(
                f"The disk has only {free // _MIB} MiB free; free at least {self._free_min // _MIB} MiB.",
                retry_after_s=5,
            )

    def _keep(self) -> None:
        if self._keeper is None and not self._opening.closed:
            self._keeper = asyncio.create_task(self._keep_durable(), name="vectors-keeper")

    async def _keep_durable(self) -> None:
        while True:
            await asyncio.sleep(self._sync_s)
            for living in self._opening.living():
                try:
                    await self._tend(living, whole=False)
                except (VectorsUnavailable, OSError):
                    logger.exception(
                        "the index %s could not be made durable; trying again", living.folder.name
                    )

    async def _tend(self, living: Living, *, whole: bool) -> None:
        living.users += 1
        try:
            async with living.lock:
                if living.gone:
                    return
                living.quiet_rounds += 1
                if living.unflushed and (
                    whole or living.unflushed >= self._flush_points or living.quiet_rounds > _QUIET_ROUNDS
                ):
                    await living.flush()
                elif living.unsynced or living.reached != living.state.applied:
                    await living.sync()
        finally:
            living.users -= 1
        if living.quiet_rounds == _PAUSED_ROUNDS:
            self._optimize_if_due(living.space, living)

    def _optimize_if_due(self, space: Space, living: Living) -> None:
        if not self._optimize_points or space in self._rebuilds or self._opening.closed or living.gone:
            return
        # Each time the whole graph is built anew. While a space grows, doubling bounds that work by twice
        # the last time's; once it has paused, searches are worth more.
        share = 10 if living.quiet_rounds >= _PAUSED_ROUNDS else 2
        count = living.shard.info().points_count
        if living.pending >= max(self._optimize_points, count // share, self._patience.get(space, 0)):
            self._start_rebuild(space).add_done_callback(partial(self._learn, space, living))

    def _learn(self, space: Space, living: Living, task: asyncio.Task[None]) -> None:
        """After a failure wait until twice as much is pending."""
        if task.cancelled():
            return
        self._patience.pop(space, None)
        if task.exception() is not None:
            logger.error("optimising an index failed; it goes on as it is", exc_info=task.exception())
            self._patience[space] = 2 * living.pending

    def _start_rebuild(self, space: Space) -> asyncio.Task[None]:
        task = asyncio.create_task(self._rebuild(space), name="vectors-rebuild")
        self._rebuilds[space] = task
        task.add_done_callback(lambda _: self._rebuilds.pop(space, None))
        return task

    async def _rebuild(self, space: Space) -> None:
        async with self._rebuilding, self._opening.use(space) as living:
            await rebuild(living, dict(living.fields), self._tuning, self._free_min)

    async def _rebuilt(self, space: Space) -> None:
        """Wait for a rebuild that begins from now on."""
        while space in self._rebuilds:
            await asyncio.wait([self._rebuilds[space]])
            await asyncio.sleep(0)
        task = self._start_rebuild(space)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            await self._stop_rebuild(space)
            raise
        if task.cancelled():
            raise VectorsUnavailable("The index was closed or dropped while it was being optimised.")
        task.result()

    async def _stop_rebuild(self, space: Space) -> None:
        task = self._rebuilds.get(space)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])


def _claim(folder: Path) -> int:
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise VectorsUnavailable(
            f"Another process uses the index in {folder}; stop it, or choose another folder."
        ) from None
    return handle
