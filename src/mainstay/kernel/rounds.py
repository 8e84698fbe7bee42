"""Something that is done again and again in the background, and perhaps once more at the end."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, runtime_checkable

from mainstay.kit.errors import Unavailable

logger = logging.getLogger("mainstay")


@runtime_checkable
class Caretaker(Protocol):
    """A service that has something to do when the house opens, and again and again while it is open."""

    round_s: float

    async def at_start(self) -> None:
        """Do what has to be done first; raises UniqueViolated when another process does it now."""
        ...

    async def go_round(self) -> None:
        """Do what it is time for, in one transaction."""
        ...


class Rounds:
    """Does one thing every so many seconds; what fails is told in the log and done in the next round."""

    def __init__(
        self, name: str, every_s: float, action: Callable[[], Awaitable[None]], *, last: bool = True
    ) -> None:
        """Take what is done, how often, and whether it is done once more at the end."""
        self._name = name
        self._every_s = every_s
        self._action = action
        self._last = last
        self._task: asyncio.Task[None] | None = None
        self._ends = False

    def start(self) -> None:
        """Begin; the first round is one pause away."""
        self._task = asyncio.create_task(self._go_round(), name=self._name)

    async def stop(self) -> None:
        """End, with one last round where that is wanted."""
        self._ends = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
            if self._last:
                await self.go()

    async def go(self) -> None:
        """Go one round now."""
        try:
            await self._action()
        except Unavailable as failure:
            logger.warning("%s waits: %s", self._name, failure.detail)
        except Exception:
            logger.exception("%s failed; it is tried again", self._name)

    async def _go_round(self) -> None:
        while not self._ends:  # for a statement may tell a cancellation as a failure
            await asyncio.sleep(self._every_s)
            await self.go()
