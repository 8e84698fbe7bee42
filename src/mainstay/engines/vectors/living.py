"""A space that is open: its shard, who uses it, how far it has come and what a rebuild must catch up on."""

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import qdrant_edge as edge

from mainstay.engines.vectors.shards import speaking
from mainstay.engines.vectors.spaces import State, advanced, sync_files, sync_folder, write_state
from mainstay.ports.vectors import FieldType, Space, VectorsUnavailable


@dataclass
class Living:
    """One open space. Writers hold `lock`; searches need none, for they never await between two looks."""

    space: Space
    folder: Path
    shard: edge.EdgeShard
    state: State
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0
    gone: bool = False
    highest: int = 0
    missed: set[int] = field(default_factory=set)
    unsynced: bool = False
    unflushed: int = 0
    quiet_rounds: int = 0
    pending: int = 0
    journal: set[str] | None = None
    fields: dict[str, FieldType] = field(default_factory=dict)

    @contextlib.contextmanager
    def change(self, number: int) -> Iterator[None]:
        """Account for one change: if it breaks off, `applied` stays before it until it is repeated."""
        try:
            yield
        except (ValueError, TypeError):
            raise
        except BaseException:
            self.missed.add(number)
            raise
        self.missed.discard(number)
        self.highest = max(self.highest, number)
        self.unsynced = True

    def touch(self, ids: list[str]) -> None:
        """Remember points that changed while a copy is being rebuilt."""
        self.unflushed += len(ids)
        self.quiet_rounds = 0
        if self.journal is not None:
            self.journal.update(ids)

    def reached(self) -> int:
        """Give the last change up to which nothing is missing."""
        return min(self.highest, min(self.missed) - 1) if self.missed else self.highest

    async def sync(self) -> None:
        """Make what was applied survive a power cut. The lock must be held.

        The write-ahead log is synced outside the interpreter's lock: the shard's own flush would stop
        every thread while the disk works.
        """
        applied = self.reached()
        self.unsynced = False
        try:
            await asyncio.to_thread(self._sync_log, applied)
        except OSError as error:
            self.unsynced = True
            raise VectorsUnavailable(
                f"The search index cannot be written: {error.strerror}. Free disk space.",
                retry_after_s=5,
            ) from error

    def _sync_log(self, applied: int) -> None:
        sync_files(self.folder / self.state.shard / "wal")
        state = advanced(self.state, applied, self.pending)
        write_state(self.folder, self.space, state)
        self.state = state

    async def flush(self) -> None:
        """Bring everything into the shard's own files and empty its log. The lock must be held."""
        applied = self.reached()
        place = self.folder / self.state.shard
        await asyncio.to_thread(sync_files, place)
        with speaking():
            self.shard.flush()
        self.unflushed = 0
        self.unsynced = False
        state = advanced(self.state, applied, self.pending)
        await asyncio.to_thread(write_state, self.folder, self.space, state)
        self.state = state

    async def close(self) -> None:
        """Flush and give the shard back. Nobody may use it."""
        self.gone = True
        try:
            if self.unflushed or self.unsynced or self.pending != self.state.pending:
                await self.flush()
        finally:
            with speaking():
                self.shard.close()

    async def replace(self, shard: edge.EdgeShard, name: str) -> None:
        """Make another shard of this space the living one, durably. The lock must be held."""
        await asyncio.to_thread(sync_files, self.folder / name)
        await asyncio.to_thread(sync_folder, self.folder)
        with speaking():
            shard.flush()
        state = State(name, self.reached(), self.pending)
        await asyncio.to_thread(write_state, self.folder, self.space, state)
        old, old_name = self.shard, self.state.shard
        self.shard, self.state = shard, state
        self.unflushed, self.unsynced = 0, False
        with contextlib.suppress(VectorsUnavailable), speaking():
            old.close()
        await asyncio.to_thread(shutil.rmtree, self.folder / old_name, ignore_errors=True)
