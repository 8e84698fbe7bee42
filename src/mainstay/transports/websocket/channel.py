"""One connection's two directions: whole texts in, whole texts out, one at a time."""

import asyncio
from collections.abc import Callable

from starlette.types import Receive, Scope, Send

from mainstay.transports.websocket.protocol import LINE, SHUTDOWN

UNAUTHORISED = 3000
"""The code of RFC 6455 registered for a caller who is not, or no longer, known."""
FORBIDDEN = 3003
"""The one registered for a caller who is known, and may not."""
TIMED_OUT = 3008
NOT_TEXT = 1003
POLICY = 1008
BROKEN = 1011
LATER = 1013
_CLOSE_S = 5.0
_REASON_BYTES_MAX = 120


class Gone(Exception):
    """The connection has ended, or this server is about to end it."""

    def __init__(self, *, leaving: bool = False) -> None:
        """Take whether it is this server that leaves, so that what is in progress can still be told."""
        super().__init__("The connection has ended")
        self.leaving = leaving


class Channel:
    """Takes and sends texts.

    Whoever sends waits until the client has read enough of what was sent before: an answer is made only as
    fast as it is read.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take what the server gives."""
        self._receive = receive
        self._send = send
        self._sending = asyncio.Lock()
        self._closed = False
        self.accepted = False
        line: tuple[Callable[[], None], Callable[[], None]]
        line = scope.get("extensions", {}).get(LINE, (_nothing, _nothing))
        self.widen, self._hang_up = line

    async def accept(self) -> None:
        """Open the connection."""
        await self._send({"type": "websocket.accept"})
        self.accepted = True

    async def receive(self) -> str | None:
        """Give the next text, None for what is no text; raises Gone."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            raise Gone(leaving=message.get("code") == SHUTDOWN)
        text = message.get("text")
        return text if isinstance(text, str) else None

    async def send(self, text: bytes) -> None:
        """Send a text in UTF-8 as soon as there is room for it; raises Gone."""
        async with self._sending:
            if self._closed:
                raise Gone
            try:
                await self._send({"type": "websocket.send", "text": text.decode()})
            except (OSError, RuntimeError):  # what the server raises once the client has left
                raise Gone from None

    async def close(self, code: int, reason: str) -> None:
        """Close; whoever does not read what was sent before is hung up on."""
        self._closed = True
        told = reason.encode()[:_REASON_BYTES_MAX].decode("utf-8", "ignore")
        try:
            async with asyncio.timeout(_CLOSE_S), self._sending:
                await self._send({"type": "websocket.close", "code": code, "reason": told})
        except (OSError, RuntimeError, TimeoutError):
            self._hang_up()


def _nothing() -> None:
    """Do nothing, where the server has no say in it."""
