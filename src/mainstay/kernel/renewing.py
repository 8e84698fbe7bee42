"""Renewing who asks while a stream goes on: a right that was taken away is gone there too."""

import contextlib

from mainstay.kernel.caller import LOOKED_AT, Credential
from mainstay.kernel.guard import Guard
from mainstay.kernel.interface import Operation
from mainstay.kernel.work import Work
from mainstay.kit.clock import Clock
from mainstay.kit.errors import TooMany, Unavailable

_APART_S = 1.0


class Renewal:
    """Recognises a stream's caller anew, once a second at most."""

    def __init__(self, guard: Guard, clock: Clock, operation: Operation, work: Work, looked_s: float) -> None:
        """Take who recognises callers, the work of a stream, and when its caller was recognised."""
        self._guard = guard
        self._clock = clock
        self._operation = operation
        self._work = work
        self._credential = Credential(work.caller.secret, LOOKED_AT)
        self._looked_s = looked_s

    async def __call__(self) -> None:
        """Make sure that the caller still may, and go on with the rights that he has now."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s < _APART_S:
            return
        with contextlib.suppress(TooMany, Unavailable):  # what is no verdict on the caller ends no stream
            known = await self._guard.authenticate(self._credential)
            self._guard.authorise(known, self._operation)
            self._work.caller = known
        self._looked_s = now_s
