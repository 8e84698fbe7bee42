"""Requests that cannot be read: no HTTP, no end, or not sent in time; answered in the house's own form."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mainstay.kit.random import SystemRandom
from mainstay.transports.rest.exchange import SAFE_HEADERS
from mainstay.transports.rest.problems import PROBLEM_MEDIA_TYPE, MessageMalformed, encoded, problem

HEAD_BYTES_MAX = 64 * 1024
"""How much may come of a request without its head, or a piece of its body, being whole: the parser keeps
all of it, and copies one long header again with each piece that arrives."""
HEAD_S = 20.0
"""How long a request's head may take."""


class Protocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol, with limits on what comes before anybody looks at a request.

    What it cannot read is answered with a problem document; whoever takes too long is hung up on.
    """

    _unread = 0
    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Wait for the first request's head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._waited()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read what came; refuse what goes on without anything of it being whole."""
        self._unread += len(data)
        super().data_received(data)
        if self._unread > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Wait for the head of a request that begins."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._unread = 0
        self._waited()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request."""
        self._unread = 0
        super().on_message_complete()

    def _wait(self) -> None:
        self._waited()
        self._overdue = self.loop.call_later(HEAD_S, self._give_up)

    def _waited(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _give_up(self) -> None:
        """Hang up, unless the request before is still being answered: then nothing more is read anyway."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait()
        else:
            self.transport.close()

    def send_400_response(self, _: str) -> None:
        """Answer and hang up: where such a message ends nobody knows."""
        request_id = f"req_{SystemRandom().token(16).hex()}"
        failure = MessageMalformed(
            "This is no HTTP request that can be read: its address or its headers may be longer than 64 KiB "
            "(send long values in the body of a POST), or a header is broken."
        )
        body = encoded(problem(failure, request_id))
        safe = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in SAFE_HEADERS)
        head = (
            "HTTP/1.1 400 Bad Request\r\n"
            f"{safe}"
            f"content-type: {PROBLEM_MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
