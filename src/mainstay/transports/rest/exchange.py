"""One request over HTTP: its headers, its body within limits and in time, and the way to answer."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.types import Receive, Scope, Send

from mainstay.kit.ids import Ids
from mainstay.transports.rest.problems import BodyTooLarge, BodyTooSlow, HeaderRepeated, MessageMalformed
from mainstay.transports.rest.settings import RestSettings

_REQUEST_ID_LENGTH_MAX = 100
_AGENT_LENGTH_MAX = 200
_SINGLE = frozenset({b"content-type", b"content-encoding", b"idempotency-key", b"traceparent"})
SAFE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""What every answer carries, unless it says otherwise itself, as a page does that has a style of its own."""

SECURED: tuple[bytes, bytes] = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""Told over TLS only: browsers then come back by TLS alone, for a year."""

_KEPT_HEADERS = tuple(each for each in SAFE_HEADERS if each[0] != b"cache-control")

NOTHING: Mapping[str, str] = {}


class ClientGone(Exception):
    """The client left before its request was complete."""


def own_request_id(headers: Mapping[bytes, bytes]) -> str:
    """Give the id that a client gave his request; empty text if none, or none that can be told again."""
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    fine = len(given) <= _REQUEST_ID_LENGTH_MAX and given.isascii() and given.isprintable()
    return given.strip() if fine else ""


class Exchange:
    """A request and the way to answer it."""

    __slots__ = (
        "_receive",
        "_send",
        "apart_s",
        "begun",
        "headers",
        "method",
        "raw_headers",
        "request_id",
        "scope",
        "settings",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, ids: Ids, settings: RestSettings) -> None:
        """Take what the server gives."""
        self.scope = scope
        self._receive = receive
        self._send = send
        self.settings = settings
        self.method: str = scope["method"]
        self.raw_headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.headers: dict[bytes, bytes] = dict(self.raw_headers)
        self.request_id = own_request_id(self.headers) or ids.new("req")
        self.begun = False
        self.apart_s = 0.0

    @property
    def address(self) -> str:
        """Give the client's address, as the server saw it."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    @property
    def agent(self) -> str:
        """Give what program the client says that it is, cut to a length."""
        return (self.header(b"user-agent") or "")[:_AGENT_LENGTH_MAX]

    def header(self, name: bytes) -> str | None:
        """Give a header's text, or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    def refuse_repeated_headers(self) -> None:
        """Raise HeaderRepeated when a header that says one thing was sent twice."""
        if len(self.headers) == len(self.raw_headers):
            return
        seen: set[bytes] = set()
        for name, _ in self.raw_headers:
            if name in seen and name in _SINGLE:
                raise HeaderRepeated(f"Send the header {name.decode('latin-1')} once.")
            seen.add(name)

    def body_announced(self) -> bool:
        """Say whether the request has a body, as far as its headers tell."""
        length = self.headers.get(b"content-length")
        return b"transfer-encoding" in self.headers or (length is not None and length.strip() != b"0")

    async def chunks(self, size_max: int) -> AsyncGenerator[bytes, None]:
        """Give the body in pieces.

        Raises BodyTooLarge before the first byte where the length is announced, BodyTooSlow, ClientGone.
        """
        announced = self.headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > size_max:
            raise _too_large(size_max)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.settings.body_total_s
        size = 0
        while True:
            before = loop.time()
            message = await self._part(min(before + self.settings.body_idle_s, deadline))
            self.apart_s += loop.time() - before
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > size_max:
                raise _too_large(size_max)
            if chunk:
                yield chunk
            if not message.get("more_body", False):
                return

    async def _part(self, until: float) -> Mapping[str, bytes]:
        try:
            async with asyncio.timeout_at(until):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow("Send the body without long pauses, or send less at once.") from None
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message

    async def body(self, size_max: int) -> bytes:
        """Give the whole body; raises BodyTooLarge, BodyTooSlow, ClientGone, MessageMalformed."""
        async with aclosing(self.chunks(size_max)) as chunks:
            parts = [chunk async for chunk in chunks]
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        announced = self.headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) != len(body):
            raise MessageMalformed("The body is not as long as Content-Length says.")
        return body

    async def gone(self) -> None:
        """Wait until the client leaves."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def begin(self, status: int, media_type: bytes, extra: Mapping[str, str]) -> None:
        """Send the status and the headers; an answer without a body has no media type."""
        safe = _KEPT_HEADERS if "Cache-Control" in extra else SAFE_HEADERS
        headers = [(b"x-request-id", self.request_id.encode("latin-1")), *safe]
        if self.scope.get("scheme") == "https":
            headers.append(SECURED)
        if media_type:
            headers.append((b"content-type", media_type))
        for name, value in extra.items():
            headers.append((name.lower().encode("latin-1"), value.encode("latin-1", "replace")))
        self.begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def part(self, body: bytes, *, more: bool) -> None:
        """Send a part of the answer's body."""
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def answer(
        self, status: int, media_type: bytes, body: bytes, extra: Mapping[str, str] = NOTHING
    ) -> None:
        """Send a whole answer; to HEAD without its body."""
        sized = {**extra, "Content-Length": str(len(body))} if media_type else extra
        await self.begin(status, media_type, sized)
        await self.part(b"" if self.method == "HEAD" else body, more=False)


def _too_large(size_max: int) -> BodyTooLarge:
    return BodyTooLarge(f"A body may have {size_max} bytes at most here. Send less at once.")
