"""Work that outlives the operations that ask for it, so that it gets done whoever of them gives up."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable

from mainstay.kernel.caller import house
from mainstay.kernel.work import Work, current, entered, forbid_in_unit
from mainstay.kit.errors import Failure, Unavailable

logger = logging.getLogger("mainstay")


class HouseCloses(Unavailable):
    """The server is stopping; it goes on with what was begun when it starts again."""

    title = "The server is stopping"


class Errands:
    """Runs each errand once at a time: all who ask for it meanwhile wait for its end."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: dict[tuple[str, Hashable], asyncio.Task[None]] = {}
        self._closed = False

    async def run(self, name: str, subject: Hashable, action: Callable[[], Awaitable[None]]) -> None:
        """Wait until something is done for a subject, begun now unless it is on its way already.

        It runs as the house itself, for the tenant of the operation that asked first and in a work of its
        own, which nobody commits: it may read rows, not write them. What it fails with reaches all who wait,
        and the next who asks begins it anew. Raises HouseCloses.
        """
        forbid_in_unit(name)
        errand = (name, subject)
        if self._closed:
            raise HouseCloses
        task = self._running.get(errand)
        if task is None:
            task = asyncio.create_task(self._run(action), name=name)
            self._running[errand] = task
            task.add_done_callback(lambda done: self._ended(errand, done))
        await asyncio.wait([task])  # which leaves the task alone when whoever waits is cancelled
        if task.cancelled():
            raise HouseCloses
        task.result()

    async def close(self) -> None:
        """Break off what runs, and wait for its end."""
        self._closed = True
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, action: Callable[[], Awaitable[None]]) -> None:
        asked = current()
        with entered(
            Work(
                house(asked.caller.tenant_id, "errand"),
                asked.database,
                asked.request_id,
                asked.traceparent,
            )
        ):
            await action()

    def _ended(self, errand: tuple[str, Hashable], task: asyncio.Task[None]) -> None:
        del self._running[errand]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Failure):  # told to whoever waits, if anybody does
            logger.warning("%s (%s) broke off: %s", *errand, error)
        elif error is not None:
            logger.error("%s (%s) failed", *errand, exc_info=error)
