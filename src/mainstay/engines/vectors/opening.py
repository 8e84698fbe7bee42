"""Which spaces are open: opened on demand, the longest unused closed first, damaged ones set aside."""

import asyncio
import logging
import shutil
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mainstay.engines.vectors.finishing import finished, in_thread
from mainstay.engines.vectors.living import Living
from mainstay.engines.vectors.shards import (
    ShardDamagedError,
    Tuning,
    config_of,
    create_shard,
    load_shard,
    speaking,
)
from mainstay.engines.vectors.spaces import (
    first_state,
    folder_of,
    read_ahead,
    read_state,
    remove_leftovers,
    set_aside,
    sync_folder,
    write_state,
)
from mainstay.ports.failures import VectorsUnavailable
from mainstay.ports.vectors import Space

logger = logging.getLogger(__name__)


class Opening:
    """The open spaces of one folder, at most so many at once (more only while all of them are in use)."""

    def __init__(self, root: Path, shards_open_max: int, tuning: Tuning) -> None:
        """Take the folder and the bound."""
        self._root = root
        self._max = shards_open_max
        self._tuning = tuning
        self._open: OrderedDict[Path, Living] = OrderedDict()
        self._turn = asyncio.Lock()
        self.closed = False

    def living(self) -> list[Living]:
        """Give what is open now."""
        return list(self._open.values())

    def exists(self, space: Space) -> bool:
        """Tell whether the space was ever written to."""
        folder = folder_of(self._root, space)
        return folder in self._open or read_state(folder) is not None

    @asynccontextmanager
    async def use(self, space: Space) -> AsyncIterator[Living]:
        """Open a space, made if need be, and keep it open while the block runs."""
        folder = folder_of(self._root, space)
        living = self._open.get(folder)
        if living is None:
            async with self._turn:
                living = self._open.get(folder)
                if living is None:
                    living = await finished(self._enter(folder, space))
                # Within the turn: nobody may close it before it is used.
                living.users += 1
        else:
            living.users += 1
        if folder in self._open:
            self._open.move_to_end(folder)
        try:
            yield living
        finally:
            living.users -= 1

    @asynccontextmanager
    async def write(self, space: Space) -> AsyncIterator[Living]:
        """Open a space, made if need be, and be its only writer while the block runs."""
        while True:
            async with self.use(space) as living, living.lock:
                if living.gone:  # dropped while we waited: the next turn makes it anew
                    continue
                yield living
                return

    async def _enter(self, folder: Path, space: Space) -> Living:
        if self.closed:
            raise VectorsUnavailable("The search index is closed; start the service again.")
        await self._make_room()
        try:
            living = await in_thread(self._opened, folder, space)
        except OSError as error:
            raise VectorsUnavailable(
                f"The search index cannot be opened: {error.strerror}. Free what is short and try again.",
                retry_after_s=5,
            ) from error
        self._open[folder] = living
        return living

    async def _make_room(self) -> None:
        for folder, living in list(self._open.items()):
            if len(self._open) < self._max:
                return
            if living.users:
                continue
            del self._open[folder]
            try:
                await finished(living.close())
            except (VectorsUnavailable, OSError):
                # Its log still holds what was acknowledged, and `applied` was not moved.
                logger.exception("closing an idle index failed")

    def _opened(self, folder: Path, space: Space) -> Living:
        """Load a space, or make it. In a thread, though the library's part holds the interpreter's lock."""
        return self._load(folder, space) or self._create(folder, space)

    def _load(self, folder: Path, space: Space) -> Living | None:
        state = read_state(folder)
        remove_leftovers(folder, state)
        if state is None:
            return None
        place = folder / (state.shard or "missing")
        read_ahead(place)
        try:
            shard = load_shard(place, config_of(space.dimensions, self._tuning))
        except ShardDamagedError as error:
            aside = set_aside(folder)
            logger.error(  # noqa: TRY400 - the engine's trace says nothing more than its message
                "the index %s is damaged (%s); it was moved to %s and will be filled again from the database",
                folder.name,
                error,
                aside.name,
            )
            return None
        unflushed = 0 if state.flushed else 1
        return Living(space, folder, shard, state, state.applied, unflushed, pending=state.pending)

    def _create(self, folder: Path, space: Space) -> Living:
        state = first_state()
        folder.mkdir(parents=True, exist_ok=True)
        shard = create_shard(folder / state.shard, space.dimensions, self._tuning)
        write_state(folder, space, state)
        sync_folder(self._root)
        return Living(space, folder, shard, state, 0, 0)

    async def drop(self, space: Space) -> None:
        """Close a space and erase its files, once nobody uses it."""
        folder = folder_of(self._root, space)
        async with self._turn:
            living = self._open.get(folder)
            if living is not None:
                async with living.lock:
                    living.gone = True
                    del self._open[folder]
                    with speaking():
                        living.shard.close()
            await in_thread(shutil.rmtree, folder, ignore_errors=True)

    async def close(self) -> None:
        """Close everything; the first failure is raised after the rest was closed."""
        async with self._turn:
            self.closed = True
            failures = []
            while self._open:
                _, living = self._open.popitem()
                try:
                    async with living.lock:
                        await finished(living.close())
                except (VectorsUnavailable, OSError) as error:
                    failures.append(error)
        if failures:
            raise failures[0]
