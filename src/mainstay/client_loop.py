"""The one event loop in the background on which synchronous code calls the server."""

import asyncio
import atexit
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import CancelledError
from types import TracebackType
from typing import Any, Generic, Self, TypeVar
from weakref import WeakSet

from mainstay.kernel.connection import Connection

Value = TypeVar("Value")

_GOODBYE_S = 1.0


class Background:
    """A daemon thread with an event loop; it starts with the first call, and anew after a fork."""

    def __init__(self) -> None:
        """Prepare; nothing runs yet."""
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connections: WeakSet[Connection] = WeakSet()
        self._abandoned: list[object] = []

    def forked(self) -> None:
        """Begin anew in a child process: the thread stayed behind, and a lock may be held for ever."""
        self._abandoned += [self._loop, self._connections]
        self._lock, self._loop, self._thread = threading.Lock(), None, None
        self._connections = WeakSet()

    def hold(self, connection: Connection) -> None:
        """Close this connection when the interpreter ends, if it is still there and nobody did before."""
        self._connections.add(connection)

    def let_go(self, connection: Connection) -> None:
        """Forget a connection that is closed."""
        self._connections.discard(connection)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="mainstay-client", daemon=True
                )
                self._thread.start()
            return self._loop

    def run(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Run a coroutine there and wait for what it gives; an interrupt cancels it."""
        loop = self._running()
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("This is the client's own thread; use AsyncMainstay here")
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def send(self, work: Coroutine[Any, Any, Value]) -> None:
        """Run a coroutine there without waiting."""
        if self._loop is None or not self._loop.is_running():
            work.close()
            return
        asyncio.run_coroutine_threadsafe(work, self._loop)

    def goodbye(self) -> None:
        """Close all connections when the interpreter ends, and never hold it up."""
        loop = self._loop
        if loop is None or not loop.is_running():
            return
        self._abandoned += self._connections  # those that are not closed in time end with the process
        closing = asyncio.run_coroutine_threadsafe(self._close_all(), loop)
        with contextlib.suppress(TimeoutError, CancelledError, OSError):
            closing.result(_GOODBYE_S)

    async def _close_all(self) -> None:
        ours = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not ours]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_asyncgens()
        for connection in list(self._connections):
            await connection.close()


background = Background()
"""Shared by all clients of the process."""

atexit.register(background.goodbye)
if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(after_in_child=background.forked)


async def _next(pieces: AsyncIterator[Value]) -> Value:
    return await anext(pieces)


class Pieces(Generic[Value]):
    """What a streaming operation gives, piece by piece; `close()` or a `with` block ends it early."""

    def __init__(self, pieces: AsyncIterator[Value]) -> None:
        """Take the pieces; the request is sent when the first is asked for."""
        self._pieces = pieces
        self._started = False

    def __iter__(self) -> Iterator[Value]:
        """Begin; a stream can be gone through once."""
        return self

    def __next__(self) -> Value:
        """Wait for the next piece."""
        self._started = True
        try:
            return background.run(_next(self._pieces))
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """End the stream; the server stops working on it."""
        close = getattr(self._pieces, "aclose", None)
        if close is not None and self._started:
            background.run(close())

    def __enter__(self) -> Self:
        """Begin a block at whose end the stream is closed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self.close()

    def __del__(self) -> None:
        """Let the server know that nobody reads on."""
        close = getattr(self._pieces, "aclose", None)
        if close is not None and self._started:
            background.send(close())
