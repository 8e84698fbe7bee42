"""HTTP on one connection: what cannot be read, or not now, is answered before a request is made of it."""

import asyncio
import functools
import typing
from collections.abc import Collection, Mapping
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.transports.rest.exchange import SAFE_HEADERS, SECURED, own_request_id
from mainstay.transports.rest.problems import (
    PROBLEM_MEDIA_TYPE,
    MessageMalformed,
    encoded,
    problem,
    retry_after,
    status_of,
)

HEAD_BYTES_MAX = 64 * 1024
"""How much may come of a request without its head, or a piece of its body, being whole: the parser keeps
all of it, and copies one long header again with each piece that arrives."""
HEAD_S = 20.0
"""How long a request's head may take, and the rest of one that was refused."""

_LONGER_WAY = frozenset({b"expect", b"origin"})  # these have a say in the answer's head


class Door(typing.Protocol):
    """What answers the requests of a connection."""

    ids: Ids

    @property
    def sockets(self) -> Collection[bytes]:
        """Give the paths that speak WebSocket."""
        ...

    def turned_away(
        self, method: str, target: bytes, headers: Mapping[bytes, bytes], address: str
    ) -> Failure | None:
        """Say why a request is refused unread; None: it is to be answered."""
        ...


class Protocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol, with limits on what comes before anybody looks at a request.

    What it cannot read is answered with a problem document; whoever takes too long is hung up on: at any time
    an answer is open, or a request has so long to come whole, or the connection is kept for the next.

    In an overload a refusal costs two thirds here of what it costs further in: no task, no scope, no route.
    Only plain requests are refused here; what is out of the ordinary, such as the next request of a client
    who did not read the answer to his last one, goes the longer way and is refused there.
    """

    _unread = 0
    _overdue: asyncio.TimerHandle | None = None
    _refused = False
    _upgraded = False

    def __init__(self, *given: Any, door: Door, **named: Any) -> None:
        """Take what uvicorn gives, and the door that says whom to refuse unread."""
        super().__init__(*given, **named)
        self._door = door

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
        if self.transport.is_closing() or self._upgraded:
            return
        if self._unread > HEAD_BYTES_MAX:
            self.send_400_response("")
        elif not self._answering() and self._overdue is None and self.timeout_keep_alive_task is None:
            self._wait()  # for the rest of what was answered already, or of what has not begun yet

    def on_message_begin(self) -> None:
        """Wait for the head of a request that begins."""
        super().on_message_begin()
        self._wait()

    def _should_upgrade(self) -> bool:
        """Say whether a request is to become a WebSocket: one that asks for it where there is one."""
        here = self.parser.get_method() == b"GET" and self.url.partition(b"?")[0] in self._door.sockets
        return here and not self._answering() and bool(super()._should_upgrade())

    def _unsupported_upgrade_warning(self) -> None:
        """Log what a client asks for in vain as no more than that: it is answered as any other request."""
        self.logger.info("Somebody asked for another protocol than is spoken here")

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over; from now on nothing here waits for anything."""
        self._upgraded = True
        self._waited()
        self._unset_keepalive_if_required()
        super().handle_websocket_upgrade()

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._unread = 0
        self._waited()
        self._unset_keepalive_if_required()  # a request before, in the same data, may have begun it
        if not self._refuse():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body; nobody reads what was refused."""
        self._unread = 0
        if not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Take the end of a request; if it was answered before, the next one may come."""
        self._unread = 0
        if not self._refused and self._answering():
            super().on_message_complete()
            return
        self._refused = False
        self._waited()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _answering(self) -> bool:
        """Say whether an answer is open."""
        return bool(self.pipeline) or not (self.cycle is None or self.cycle.response_complete)

    def _refuse(self) -> bool:
        """Refuse a plain request if it is to be refused, and say whether it was."""
        if self.config.proxy_headers or not self._plain():  # who comes by a proxy is not known here
            return False
        headers = dict(self.headers)
        if not _LONGER_WAY.isdisjoint(headers):
            return False
        method, address = self.parser.get_method().decode(), self.client[0] if self.client else ""
        failure = self._door.turned_away(method, self.url, headers, address)
        if failure is None:
            return False
        self._refused = True
        self._wait()
        self._answer(failure, own_request_id(headers) or self._door.ids.new("req"), retry_after(failure))
        return True

    def _plain(self) -> bool:
        """Say whether no answer is open or unread, and the connection goes on after this request."""
        return (
            not self._answering()
            and not self.flow.write_paused
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and not self.parser.should_upgrade()
            and self.parser.get_method() != b"HEAD"
        )

    def _answer(self, failure: Failure, request_id: str, extra: Mapping[str, str]) -> None:
        body = encoded(problem(failure, request_id))
        headers = [
            *self.server_state.default_headers,
            *SAFE_HEADERS,
            *([SECURED] if self.scheme == "https" else ()),
            *((name.lower().encode(), value.encode()) for name, value in extra.items()),
            (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", request_id.encode()),
        ]
        head = b"".join(b"%b: %b\r\n" % each for each in headers)
        self.transport.write(STATUS_LINE[status_of(type(failure))] + head + b"\r\n" + body)

    def _wait(self) -> None:
        self._waited()
        self._overdue = self.loop.call_later(HEAD_S, self._give_up)

    def _waited(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _give_up(self) -> None:
        """Hang up, unless the request before is still being answered: then nothing more is read anyway."""
        if self._answering():
            self._wait()
        else:
            self.transport.close()

    def send_400_response(self, _: str) -> None:
        """Answer and hang up: where such a message ends nobody knows.

        While another's answer is open, or its own has begun, nothing can be said that would not be taken for
        a part of that.
        """
        own = not self.pipeline and self.cycle is not None and self.cycle.more_body
        if self._refused or (self._answering() and not (own and not self.cycle.response_started)):
            self.transport.close()
            return
        failure = MessageMalformed(
            "This is no HTTP request that can be read: its address or its headers may be longer than 64 KiB "
            "(send long values in the body of a POST), or a header is broken."
        )
        self._answer(failure, self._door.ids.new("req"), {"connection": "close"})
        self.transport.close()


def protocol(door: Door) -> Any:
    """Give the protocol of a door's connections, for uvicorn."""
    return functools.partial(Protocol, door=door)
