"""Serving: the house behind its doors, on a socket, until it is told to stop."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn

from mainstay.app.certificates import Certificate
from mainstay.app.exposure import ConnectionsExposed, on_this_machine
from mainstay.app.house import House
from mainstay.app.placement import SettingsContradict
from mainstay.app.settings import Settings
from mainstay.kernel.address import url_of
from mainstay.kernel.closing import Closing
from mainstay.kernel.shedding import Shedding, SheddingSettings
from mainstay.kernel.tracing import Span
from mainstay.transports.accounts.cookies import session_credential
from mainstay.transports.accounts.door import account_routes, lost_routes
from mainstay.transports.accounts.leaving import Leaving
from mainstay.transports.accounts.single_sign_on import sign_on_routes
from mainstay.transports.compatible.oauth.door import OAuthDoor
from mainstay.transports.compatible.oauth.door import Parts as OAuthParts
from mainstay.transports.compatible.openai.admission import Parts as OpenAIParts
from mainstay.transports.compatible.openai.door import OpenAIDoor
from mainstay.transports.compatible.scim.door import Parts as ScimParts
from mainstay.transports.compatible.scim.door import ScimDoor
from mainstay.transports.desk.door import DeskDoor
from mainstay.transports.mcp.late import LateMcp
from mainstay.transports.rest.door import RestDoor, rest_app
from mainstay.transports.rest.embedded import for_embedded
from mainstay.transports.rest.origins import for_pages
from mainstay.transports.rest.protocol import protocol
from mainstay.transports.rest.settings import RestSettings
from mainstay.transports.websocket.door import SocketDoor
from mainstay.transports.websocket.protocol import socket_protocol
from mainstay.transports.websocket.settings import SocketSettings
from mainstay.transports.widget.script import widget_routes

_MB = 1024 * 1024
_BACKLOG = 2048
_ACCEPTED_AT_ONCE = 8
_GRACE_S = 20

access = logging.getLogger("mainstay.access")

Started = Callable[[str], Awaitable[None]]


def certificate_of(settings: Settings) -> Certificate | None:
    """Read the server's certificate if it has one; raises SettingsContradict."""
    if settings.tls_certificate is None and settings.tls_key is None:
        if not (settings.trusted_proxies or settings.plain_connections or on_this_machine(settings.host)):
            raise ConnectionsExposed(
                f"{settings.host} can be reached from other machines, and without TLS the keys are sent in "
                "the clear: give --tls-certificate and --tls-key, or name the proxy that ends TLS in "
                "MAINSTAY_TRUSTED_PROXIES. In a closed network MAINSTAY_PLAIN_CONNECTIONS=true lets it be."
            )
        return None
    if settings.tls_certificate is None or settings.tls_key is None:
        raise SettingsContradict(
            "A certificate and its key go together: give --tls-certificate and --tls-key."
        )
    return Certificate(settings.tls_certificate, settings.tls_key)


class AddressTaken(OSError):
    """Another program listens there."""


def doors(house: House) -> RestDoor:
    """Put the doors before the house; the house has to be open while they serve."""
    settings = house.settings
    body_bytes_max = settings.body_mb_max * _MB
    shedding = Shedding(house.clock, SheddingSettings(settings.shedding_at_once, settings.shedding_slowdown))

    def mcp_door(module: Any) -> Any:
        limits = module.McpSettings(
            body_bytes_max=body_bytes_max,
            allowed_hosts=settings.allowed_hosts,
            allowed_origins=settings.allowed_origins,
            address=house.address,
        )
        door = module.mcp_door(house.application, ids=house.ids, shedding=shedding, settings=limits)
        gc.freeze()  # what was imported for it is the last that stays
        return door

    mcp = LateMcp(mcp_door)
    oauth = OAuthDoor(
        OAuthParts(
            house.application,
            house.address,
            house.ids,
            shedding,
            house.clock,
            session=session_credential,
            sign_out=Leaving(house.application),
            algorithm=settings.oauth_algorithm,
            registration=settings.oauth_registration,
        )
    )

    over_http = RestSettings(
        json_bytes_max=body_bytes_max,
        upload_bytes_max=settings.upload_mb_max * _MB,
        address=house.address,
    )
    sockets = _socket_door(house, shedding)
    openai = OpenAIDoor(OpenAIParts(house.application, house.clock, house.ids, shedding, over_http))
    return rest_app(
        house.application,
        ids=house.ids,
        ready=house.ready,
        shedding=shedding,
        settings=over_http,
        lifespan=mcp.running,
        extra_routes=[
            *oauth.routes,
            *mcp.routes,
            *sockets.routes,
            *ScimDoor(ScimParts(house.application, house.address, house.ids, shedding)).routes,
            *openai.routes,
            *openai.connections(sockets),
            *_pages(house),
            *widget_routes(house.embedding),
        ],
        missing=openai.missing,
    )


def _socket_door(house: House, shedding: Shedding) -> SocketDoor:
    limits = SocketSettings(
        allowed_hosts=house.settings.allowed_hosts,
        allowed_origins=house.settings.allowed_origins,
        address=house.address,
        session=session_credential,
    )
    return SocketDoor(house.application, ids=house.ids, shedding=shedding, settings=limits)


def _pages(house: House) -> Iterator[Any]:
    """Give the routes of the pages for people."""
    application = house.application
    yield from account_routes(application, house.address, house.clock, house.random)
    yield from sign_on_routes(application, house.clock, house.random)
    yield from DeskDoor(application).routes()
    yield from lost_routes(application)


def listening(host: str, port: int) -> socket.socket:
    """Take the address; raises AddressTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        raise AddressTaken(
            f"{host}:{port} cannot be listened on ({error.strerror}); choose another with --port "
            "(`make run PORT=…`)."
        ) from None
    taken.listen(_BACKLOG)
    return taken


def doubled(sock: socket.socket) -> list[socket.socket]:
    """Give a listening socket several times, for as many connections as are accepted in one turn of the loop.

    libuv, on which the loop stands, accepts one connection a turn from each socket. When many connect at
    once while turns take milliseconds, they would wait for seconds while others are served.
    """
    return [sock, *(sock.dup() for _ in range(_ACCEPTED_AT_ONCE - 1))]


def _log(span: Span) -> None:
    access.info(
        "%s %s %s %.1f ms %s", span.door, span.operation, span.outcome, 1000 * span.took_s, span.request_id
    )


def _write_private(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    with contextlib.suppress(FileNotFoundError):
        draft.unlink()
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


@contextlib.contextmanager
def _announced(
    settings: Settings, url: str, key: str, certificate: Certificate | None
) -> Iterator[Callable[[], None]]:
    """Tell commands on this machine where the server is, by which key they speak, and how they know it.

    Gives what tells it again, after the certificate was changed.
    """

    def tell() -> None:
        told = {"url": url, "pid": os.getpid()}
        if certificate is not None:
            told["certificate_sha256"] = certificate.sha256
        if settings.keeps_mails:
            told["mails"] = str(settings.mail_folder.absolute())
        _write_private(settings.data / "server.json", json.dumps(told))

    tell()
    _write_private(settings.data / "local.key", key)
    try:
        yield tell
    finally:
        for name in ("server.json", "local.key"):
            with contextlib.suppress(FileNotFoundError):
                (settings.data / name).unlink()


class _Server(uvicorn.Server):
    """A server that tells when it answers, and that it is about to stop."""

    def __init__(self, config: uvicorn.Config, closing: Closing) -> None:
        super().__init__(config)
        self.up = asyncio.Event()
        self._closing = closing

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and tell."""
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let streams end that would go on, then stop."""
        self._closing.begin()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGINT and SIGTERM, and go on from there.

        Uvicorn's own way raises the signal again, which would end the process before the house is closed.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


async def serve(house: House, sock: socket.socket, started: Started) -> None:
    """Serve on a socket until SIGINT or SIGTERM; `started` is told the address once requests are answered.

    What has been loaded by then is taken out of the garbage collector's sight: it stays anyway, and a full
    collection that walks it holds every request for a tenth of a second, most often when many come.
    """
    settings = house.settings
    if settings.metrics_log:
        house.tracing.add(_log)
    certificate = certificate_of(settings)
    async with house:
        door = doors(house)
        config = uvicorn.Config(
            for_embedded(for_pages(door, settings.allowed_origins), door, house.embedding),
            http=protocol(door),
            lifespan="on",
            ws=socket_protocol(),
            ws_max_size=settings.body_mb_max * _MB,
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_GRACE_S,
            backlog=_BACKLOG,
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            ssl_context_factory=None if certificate is None else lambda *_: certificate.context,
        )
        server = _Server(config, house.closing)
        serving = asyncio.create_task(server.serve(sockets=doubled(sock)))
        up = asyncio.create_task(server.up.wait())
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if serving.done():
            await serving
            return
        url = url_of("http" if certificate is None else "https", *sock.getsockname()[:2])
        house.address.listens(url)
        async with contextlib.AsyncExitStack() as stack:
            tell: Callable[[], None] = _nothing
            if house.local_key:
                tell = stack.enter_context(_announced(settings, url, house.local_key, certificate))
            if certificate is not None:
                following = asyncio.create_task(certificate.follow(tell), name="certificate")
                stack.push_async_callback(_ended, following)
            gc.freeze()
            await started(url)
            await serving


def _nothing() -> None:
    """Tell nobody."""


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
