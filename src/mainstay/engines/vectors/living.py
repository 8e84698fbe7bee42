"""A space that is open: its shard, who uses it, how far it has come and what a rebuild must catch up on."""

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import qdrant_edge as edge

from mainstay.engines.vectors.finishing import finished, in_child, in_thread
from mainstay.engines.vectors.shards import speaking
from mainstay.engines.vectors.spaces import State, advanced, sync_files, sync_folder, write_state
from mainstay.ports.failures import VectorsUnavailable
from mainstay.ports.vectors import FieldType, Space


@dataclass
class Living:
    """One open space. Writers hold `lock`; searches need none, for they never await between two looks."""

    space: Space
    folder: Path
    shard: edge.EdgeShard
    state: State
    reached: int
    unflushed: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    gone: bool = False
    unsynced: bool = False
    quiet_rounds: int = 0
    pending: int = 0
    journal: set[int] | None = None
    fields: dict[str, FieldType] = field(default_factory=dict)

    def touch(self, ids: Sequence[int]) -> None:
        """Remember points that changed while a copy is being rebuilt."""
        self.unflushed += len(ids)
        self.unsynced = True
        self.quiet_rounds = 0
        if self.journal is not None:
            self.journal.update(ids)

    async def reach(self, *changes: int) -> None:
        """Count changes that are in. The lock must be held.

        One that others have overtaken would not be replayed after a power cut: it is made durable first.
        """
        if self.unsynced and any(0 < change <= self.state.applied for change in changes):
            await self.sync()
        self.reached = max(self.reached, *changes)

    async def sync(self) -> None:
        """Make what was applied survive a power cut. The lock must be held.

        The write-ahead log is synced outside the interpreter's lock: the shard's own flush would stop
        every thread while the disk works.
        """
        applied = self.reached
        self.unsynced = False
        try:
            await in_thread(self._sync_log, applied)
        except OSError as error:
            self.unsynced = True
            raise VectorsUnavailable(
                f"The search index cannot be written: {error.strerror}. Free disk space.",
                retry_after_s=5,
            ) from error

    def _sync_log(self, applied: int) -> None:
        sync_files(self.folder / self.state.shard / "wal")
        state = advanced(self.state, applied, self.pending, flushed=not self.unflushed)
        write_state(self.folder, self.space, state)
        self.state = state

    async def flush(self) -> None:
        """Bring everything into the shard's own files and empty its log. The lock must be held."""
        applied = self.reached
        place = self.folder / self.state.shard
        await in_thread(sync_files, place)
        with speaking():
            self.shard.flush()
        self.unflushed = 0
        self.unsynced = False
        state = advanced(self.state, applied, self.pending, flushed=True)
        await in_thread(write_state, self.folder, self.space, state)
        self.state = state

    async def close(self) -> None:
        """Give the shard back, flushed if anything was changed. Nobody may use it."""
        self.gone = True
        try:
            if self.unflushed:
                await self.flush()
            elif self.reached != self.state.applied:
                await self.sync()
        finally:
            with speaking():
                self.shard.close()

    async def replace(self, shard: edge.EdgeShard, name: str) -> None:
        """Make another shard of this space the living one, durably. The lock must be held.

        Its files are on the disk already; what it has caught up on since is in its write-ahead log.
        """
        await in_thread(sync_files, self.folder / name / "wal")
        await in_thread(sync_folder, self.folder)
        state = State(name, self.reached, self.pending)
        await in_thread(write_state, self.folder, self.space, state)
        old, old_name = self.shard, self.state.shard
        self.shard, self.state = shard, state
        self.unflushed, self.unsynced = len(self.journal or ()), False
        # Closing flushes; what is already on the disk it need not wait for with all threads stopped.
        # One call for all: file by file a thread would wait for the interpreter's lock, beside searches long.
        await in_thread(os.sync)
        with contextlib.suppress(VectorsUnavailable), speaking():
            old.close()
        await finished(in_child("rm", "-rf", str(self.folder / old_name)))
