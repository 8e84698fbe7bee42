"""A scripted server for tests of clients: it records what comes in and answers what it was told to."""

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Self

from aiohttp import web
from multidict import CIMultiDict
from pydantic import Field

from mainstay.kernel.interface import Input, InQuery, Interface, Record, Upload, reads, streams, writes
from mainstay.kit.errors import Conflict

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Note(Record):
    note_id: str
    title: str = ""
    score: float = 0.0


class Piece(Record):
    text: str


class Options(Input):
    pinned: bool = False


class NoteTaken(Conflict):
    title = "There is such a note"


class Notes(Interface):
    """Small notes."""

    @reads("GET /notes/{note_id}", may="notes:read", example={"note_id": "a"})
    async def get_note(self, note_id: str, version: int | None = None) -> Note:
        """Give a note."""

    @reads("GET /notes", also=("POST /notes/search",), may="notes:read", example={"query": "red fox"})
    async def find_notes(
        self,
        query: Annotated[str, Field(min_length=1, max_length=9000, description="What to find.")],
        tags: list[str] = [],  # noqa: B006 - a schema's default
        limit: Annotated[int, Field(ge=1, le=50)] = 10,
        recent: bool | None = None,
    ) -> list[Note]:
        """Find notes."""

    @writes("POST /notes", may="notes:write", fails=(NoteTaken,), example={"title": "A [b]", "text": "c"})
    async def add_note(
        self,
        title: str,
        text: str = "",
        options: Options = Options(),  # noqa: B008 - a schema's default
        wait: Annotated[bool, InQuery()] = False,
    ) -> Note:
        """Store a note."""

    @writes("POST /notes/file", may="notes:write")
    async def upload_note(self, file: Upload, title: str, meta: dict[str, Any] = {}) -> Note:  # noqa: B006
        """Store a file."""

    @writes("DELETE /notes/{note_id}", may="notes:write", final=True, example={"note_id": "a"})
    async def shred_note(self, note_id: str) -> Note:
        """Shred a note."""

    @streams("POST /notes/tell", may="notes:read", fails=(NoteTaken,))
    def tell(self, question: str) -> AsyncIterator[Piece]:
        """Tell piece by piece."""


@dataclass
class Seen:
    """A request that came in."""

    method: str
    target: str
    headers: CIMultiDict[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answer(value: Any, status: int = 200, **headers: str) -> Handler:
    async def handle(_: web.Request) -> web.StreamResponse:
        return web.json_response(value, status=status, headers=headers)

    return handle


def problem(status: int, code: str, detail: str = "No.", /, **more: Any) -> Handler:
    told = {"title": "T", "status": status, "detail": detail, "code": code, "request_id": "req_7", **more}

    async def handle(_: web.Request) -> web.StreamResponse:
        return web.Response(
            body=json.dumps(told).encode(), status=status, content_type="application/problem+json"
        )

    return handle


def dropped() -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return handle


def told(*chunks: bytes, hold: bool = False) -> Handler:
    """Stream these bytes; with `hold` the connection then stays open in silence."""

    async def handle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        if hold:
            await asyncio.Event().wait()
        return response

    return handle


class WireServer:
    """Runs in a thread of its own, so that synchronous clients and child processes can call it."""

    def __init__(self) -> None:
        self.answers: deque[Handler] = deque()
        self.default: Handler = answer({"note_id": "n"})
        self.seen: list[Seen] = []
        self.lost = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire-server")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.seen.append(Seen(request.method, request.raw_path, CIMultiDict(request.headers), body))
        handler = self.answers.popleft() if self.answers else self.default
        try:
            return await handler(request)
        except (asyncio.CancelledError, ConnectionError):
            self.lost.set()
            raise

    async def _start(self) -> int:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return int(self._runner.addresses[0][1])

    def __enter__(self) -> Self:
        self._thread.start()
        port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
