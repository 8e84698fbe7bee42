"""The real house with all of its doors in a thread: asked over a socket, or as the server would ask it."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

import uvicorn

from mainstay.app.foundations import Engines
from mainstay.app.house import House
from mainstay.app.server import doors, listening
from mainstay.app.settings import Settings
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Message
from mainstay.kernel.interface import Operation
from mainstay.kit.clock import SystemClock
from mainstay.ports.database import SYSTEM
from mainstay.ports.fetchers import Page, PageMissing
from mainstay.ports.parsers import Parsed
from mainstay.transports.rest.protocol import protocol
from mainstay.transports.websocket.protocol import socket_protocol
from makers import ADMIN_KEY, UNDONE, Mailbox, engines_for
from oidc_provider import OidcProvider
from transports.kept import Kept

Value = TypeVar("Value")
Headers = Sequence[tuple[str, str]]
JSON = ("Content-Type", "application/json")
NO_PAGE = "https://example.com/nothing-is-here.txt"
_WAIT_S = 30
_ENGINES = ("vectors", "encoder", "generator", "reranker", "blobs", "parser", "fetcher", "learner")
"""All but the database, which the house itself reads at all times."""


class PlainParser:
    """Reads a file as UTF-8."""

    async def parse(self, content: bytes, name: str, media_type: str | None = None) -> Parsed:
        return Parsed(content.decode(), name, media_type or "text/plain")

    async def close(self) -> None:
        return None


class OnePage:
    """Fetches the same page from everywhere, but where there is nothing, or a provider of identities."""

    def __init__(self, provider: OidcProvider) -> None:
        self._provider = provider

    async def fetch(self, url: str) -> Page:
        if url == NO_PAGE:
            raise PageMissing
        if url.startswith(self._provider.issuer):
            return await self._provider.fetch(url)
        return Page(url, b"The ferry leaves at nine.", "text/plain")

    async def post(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Page:
        return await self._provider.post(url, fields, headers)

    async def close(self) -> None:
        return None


class Recording:
    """An engine whose calls are written down."""

    def __init__(self, name: str, engine: Any, calls: list[str]) -> None:
        self._recorded = (name, engine, calls)

    def __getattr__(self, attribute: str) -> Any:
        name, engine, calls = self._recorded
        value = getattr(engine, attribute)
        if not callable(value):
            return value

        def recorded(*given: Any, **named: Any) -> Any:
            calls.append(f"{name}.{attribute}")
            return value(*given, **named)

        return recorded


@dataclass(frozen=True)
class Answer:
    """What the ASGI application sent, and how often it asked for a part of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    received: int

    @property
    def told(self) -> Any:
        """Give the JSON."""
        return json.loads(self.body)


@dataclass
class Running:
    """A house that serves."""

    folder: Path
    host: str = "localhost"
    """How it calls itself: passkeys need a name, and some clients of OAuth the number that they asked."""
    house: House = field(init=False)
    app: Any = field(init=False)
    url: str = field(init=False)
    calls: list[str] = field(default_factory=list)
    mails: Mailbox = field(default_factory=Mailbox)
    oidc: OidcProvider = field(default_factory=lambda: OidcProvider(SystemClock().now_ms()))
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _stop: asyncio.Event = field(init=False)
    _ready: threading.Event = field(default_factory=threading.Event)
    _failure: BaseException | None = None
    _kept: Kept | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="house")
        self._thread.start()
        assert self._ready.wait(_WAIT_S)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_WAIT_S)
        if self._kept is not None:
            self._kept.close()
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - told in the thread that waits
            self._failure = failure
            self._ready.set()

    def outermost(self) -> Any:
        """Give what answers requests over the wire."""
        return self.app

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        limits = {"rate_limit_per_minute": 1_000_000, "rate_limit_strangers_per_minute": 1_000_000}
        limits["oauth_registration"] = True
        settings = Settings(data=self.folder, admin_key=ADMIN_KEY, **limits)  # type: ignore[arg-type]
        stands_on = engines_for(
            settings, clock=SystemClock(), parser=PlainParser(), fetcher=OnePage(self.oidc), mailer=self.mails
        )
        stands_on = self._recorded(stands_on)
        async with House(settings, stands_on) as self.house:
            self.app = doors(self.house)
            sock = listening("127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
            self.house.address.listens(self.url.replace("127.0.0.1", self.host))
            config = uvicorn.Config(
                self.outermost(),
                http=protocol(self.app),
                ws=socket_protocol(),
                ws_per_message_deflate=False,
                lifespan="on",
                log_config=None,
            )
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[sock]))
            while not server.started and not serving.done():
                await asyncio.sleep(0.01)
            self._ready.set()
            await self._stop.wait()
            self.house.closing.begin()
            server.should_exit = True
            await serving
            sock.close()

    def _recorded(self, engines: Engines) -> Engines:
        for name in _ENGINES:
            object.__setattr__(engines, name, Recording(name, getattr(engines, name), self.calls))
        return engines

    def do(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Run something in the house's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WAIT_S)

    def call(self, name: str, /, *, as_key: str = ADMIN_KEY, **values: Any) -> Any:
        """Call an operation on the road, behind the doors; give its answer as JSON values."""
        operation = self.operation(name)

        async def read() -> Mapping[str, Any]:
            return values

        message = Message(Credential(as_key, "test"), read, "req_test", "test")
        answer = self.do(self.house.application.dispatch(operation, message))
        return operation.adapter.dump_python(answer.value, mode="json")

    def operation(self, name: str) -> Operation:
        """Find an operation by its full name."""
        return next(each for each in self.house.application.operations if each.full_name == name)

    def ask(
        self,
        method: str,
        target: str,
        headers: Headers = (),
        body: bytes | Callable[[], Awaitable[Any]] = b"",
    ) -> Answer:
        """Ask the ASGI application as a server would; a function as body is its `receive`."""
        return self.do(_asked(self.app, method, target, headers, body))

    def state(self, tenant_id: str | None = None) -> dict[str, str]:
        """Give a digest of each table that reads do not write to; of a tenant's rows, if one is named."""
        if self._kept is None:
            self._kept = Kept(self.folder / "mainstay.db")
        return self._kept.digests(tenant_id)

    def calm(self) -> None:
        """Wait until every queued event was reacted to."""

        async def settled() -> None:
            waiting = f"SELECT count(*) AS n FROM outbox WHERE {UNDONE}"
            for _ in range(4000):
                if not (await self.house.engines.database.fetch(SYSTEM, waiting))[0]["n"]:
                    return
                await asyncio.sleep(0.005)
            raise AssertionError("the outbox does not become empty")

        self.do(settled())


async def _asked(
    app: Any, method: str, target: str, headers: Headers, body: bytes | Callable[[], Awaitable[Any]]
) -> Answer:
    path, _, query = target.partition("?")
    sent: list[Any] = []
    received = 0
    parts = [{"type": "http.request", "body": body, "more_body": False}]
    given = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    if isinstance(body, bytes) and body and not any(name == b"content-length" for name, _ in given):
        given.append((b"content-length", str(len(body)).encode()))

    async def receive() -> Any:
        nonlocal received
        received += 1
        if not isinstance(body, bytes):
            return await body()
        if parts:
            return parts.pop()
        await asyncio.Event().wait()
        return None

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"house"), *given],
        "client": ("127.0.0.1", 1),
        "server": ("house", 80),
        "scheme": "http",
        "root_path": "",
    }
    async with asyncio.timeout(10):
        await app(scope, receive, send)
    answer = {name.decode(): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], answer, b"".join(each.get("body", b"") for each in sent[1:]), received)


BOUNDARY = "a-boundary-of-the-tests"


def form(values: Mapping[str, Any], file_field: str) -> bytes:
    """Write a multipart form."""
    parts = []
    for name, value in values.items():
        if name == file_field:
            file_name = value.name if hasattr(value, "name") else "file.txt"
            content = value.content if hasattr(value, "content") else value
            head = f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"'
        else:
            content = text(value).encode("utf-8", "surrogatepass")
            head = f'Content-Disposition: form-data; name="{name}"'
        parts.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def text(value: Any) -> str:
    """Write a value as it stands in a query string or a form."""
    return value if isinstance(value, str) else json.dumps(value)


@dataclass(frozen=True)
class Request:
    """An HTTP request for an operation."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes


def request_for(
    operation: Operation, values: Mapping[str, Any], route: int = 0, base: str = "/v1"
) -> Request:
    """Write an operation's request by hand, apart from the code that the client uses."""
    chosen = operation.routes[route]
    places = {each.name: each.place(chosen) for each in operation.parameters}
    in_body = chosen.method in {"POST", "PUT", "PATCH"}
    target = base + chosen.path
    query, body = [], {}
    for name, value in values.items():
        place = places.get(name, "body" if in_body else "query")
        if place == "path":
            target = target.replace(
                f"{{{name}}}", quote(text(value).encode("utf-8", "surrogatepass"), safe="")
            )
        elif place == "query":
            query.append(f"{quote(name)}={quote(text(value).encode('utf-8', 'surrogatepass'), safe='')}")
        else:
            body[name] = value
    if query:
        target += "?" + "&".join(query)
    headers = [("Accept", "text/event-stream" if operation.kind == "stream" else "application/json")]
    if operation.upload is not None:
        headers.append(("Content-Type", f"multipart/form-data; boundary={BOUNDARY}"))
        return Request(chosen.method, target, headers, form(body, operation.upload.name))
    if in_body:
        return Request(chosen.method, target, [*headers, JSON], json.dumps(body).encode())
    return Request(chosen.method, target, headers, b"")


def tool_call(operation: Operation, values: Mapping[str, Any]) -> Request:
    """Write an operation's call as a message of the Model Context Protocol."""
    params = {"name": operation.full_name.replace(".", "_"), "arguments": values}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    headers = [("Accept", "application/json, text/event-stream"), JSON]
    return Request("POST", "/mcp", headers, json.dumps(message).encode())


def bearer(key: str) -> tuple[str, str]:
    """Give the header that carries a key."""
    return ("Authorization", f"Bearer {key}")


@contextmanager
def running(folder: Path, host: str = "localhost") -> Iterator[Running]:
    """Open the house for a module's tests."""
    with Running(folder, host) as opened:
        yield opened
