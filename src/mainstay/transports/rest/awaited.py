"""Work for a client who may leave: it is given up as soon as nobody waits for it any more."""

import asyncio
from types import TracebackType

from mainstay.transports.rest.exchange import ClientGone, Exchange


class Awaited:
    """Work that ends with ClientGone when its client leaves, from `watch` on."""

    def __init__(self, exchange: Exchange) -> None:
        """Take the request."""
        self._exchange = exchange
        self._work: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._left = False

    def __enter__(self) -> None:
        """Begin the work, in this task."""
        self._work = asyncio.current_task()

    def watch(self) -> None:
        """Look for the client once the work takes long: a task for each quick answer would be dear.

        The body must have been read, since whoever waits for the client's leave takes what comes before it.
        """
        loop, after_s = asyncio.get_running_loop(), self._exchange.settings.watched_after_s
        self._timer = loop.call_later(after_s, self._begin)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """End the watch; raises ClientGone where it cancelled the work, and nobody else did."""
        for each in (self._timer, self._watcher):
            if each is not None:
                each.cancel()
        alone = self._left and self._work is not None and not self._work.uncancel()
        if alone and kind is asyncio.CancelledError:
            raise ClientGone from error

    def _begin(self) -> None:
        self._watcher = asyncio.create_task(self._exchange.gone(), name="request-client")
        self._watcher.add_done_callback(self._cancel)

    def _cancel(self, watcher: "asyncio.Task[None]") -> None:
        if self._work is not None and not watcher.cancelled() and watcher.exception() is None:
            self._left = True
            self._work.cancel()
