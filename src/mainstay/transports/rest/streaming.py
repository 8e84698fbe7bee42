"""Answers piece by piece: server-sent events with heartbeats, ended as soon as the client leaves."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from pydantic import TypeAdapter

from mainstay.kit.errors import Failure
from mainstay.transports.rest.exchange import ClientGone, Exchange
from mainstay.transports.rest.problems import bug, encoded, problem

logger = logging.getLogger("mainstay.rest")

MEDIA_TYPE = "text/event-stream"
_WAITING_MAX = 16


@dataclass(frozen=True)
class _End:
    """The last thing in the queue: how the stream ended."""

    failure: Exception | None


def event(name: str, data: bytes) -> bytes:
    """Write one server-sent event; the data is one line of JSON."""
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def piece(adapter: TypeAdapter[Any]) -> Callable[[Any], bytes]:
    """Give what writes a piece of an operation's answer."""
    return lambda value: event("piece", adapter.dump_json(value))


def last(request_id: str) -> Callable[[Exception | None], bytes]:
    """Give what writes the end of an operation's answer: that it is whole, or what went wrong."""

    def written(failure: Exception | None) -> bytes:
        if failure is None:
            return event("end", b"{}")
        if isinstance(failure, Failure):
            return event("problem", encoded(problem(failure, request_id)))
        return event("problem", encoded(bug(request_id)))

    return written


class Stream:
    """Sends what an iterator gives, in one task that owns the iterator."""

    def __init__(
        self,
        pieces: AsyncIterator[Any],
        written: Callable[[Any], bytes],
        last: Callable[[Exception | None], bytes],
        heartbeat_s: float,
    ) -> None:
        """Take the pieces, how they are written, and what is written last, after a failure or without."""
        self._pieces = pieces
        self._written = written
        self._last = last
        self._heartbeat_s = heartbeat_s
        self._queue: asyncio.Queue[bytes | _End] = asyncio.Queue(_WAITING_MAX)

    async def send(
        self, exchange: Exchange, headers: Callable[[], Mapping[str, str]], *, begun: Callable[[], None]
    ) -> None:
        """Send everything; raises what fails before the first piece, to be told plainly.

        `headers` are asked for, and `begun` is called, once there is a first piece.
        """
        pump = asyncio.create_task(self._pump(), name="stream-pump")
        gone = asyncio.create_task(exchange.gone(), name="stream-client")
        try:
            first = await self._next(gone, None)
            if isinstance(first, _End) and first.failure is not None:
                raise first.failure
            begun()
            await exchange.begin(
                200, b"text/event-stream; charset=utf-8", {**headers(), "X-Accel-Buffering": "no"}
            )
            await self._send_on(exchange, first, gone)
        finally:
            pump.cancel()
            gone.cancel()
            await asyncio.gather(pump, gone, return_exceptions=True)

    async def _send_on(
        self, exchange: Exchange, first: bytes | _End | None, gone: "asyncio.Task[None]"
    ) -> None:
        item = first
        while not isinstance(item, _End):
            await exchange.part(b": still here\n\n" if item is None else item, more=True)
            item = await self._next(gone, self._heartbeat_s)
        if item.failure is not None and not isinstance(item.failure, Failure):
            logger.error("A stream failed (request %s)", exchange.request_id, exc_info=item.failure)
        await exchange.part(self._last(item.failure), more=False)

    async def _next(self, gone: "asyncio.Task[None]", seconds: float | None) -> bytes | _End | None:
        """Give the next piece, or None when it is time for a heartbeat; raises ClientGone."""
        if not self._queue.empty() and not gone.done():
            return self._queue.get_nowait()
        getting = asyncio.create_task(self._queue.get())
        try:
            await asyncio.wait({getting, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                raise ClientGone
            return getting.result() if getting.done() else None
        finally:
            getting.cancel()

    async def _pump(self) -> None:
        failure: Exception | None = None
        try:
            async with aclosing(cast("AsyncGenerator[Any, None]", self._pieces)) as pieces:
                async for piece in pieces:
                    await self._queue.put(self._written(piece))
        except Exception as error:  # noqa: BLE001 - the sending side tells of it
            failure = error
        await self._queue.put(_End(failure))
