"""The WebSocket door: who may connect, from which page, and how many."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol, TypeVar

from starlette.datastructures import Headers
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.dispatch import Application
from mainstay.kernel.guard import CredentialsMissing, household
from mainstay.kernel.shedding import Shedding
from mainstay.kit.errors import Failure, Unauthenticated
from mainstay.kit.ids import Ids
from mainstay.transports.rest.credentials import challenge, description_of, read_credential, secret_of
from mainstay.transports.rest.exchange import SAFE_HEADERS, own_request_id
from mainstay.transports.rest.json_text import read_json
from mainstay.transports.rest.origins import OriginRefused, refuse_foreign
from mainstay.transports.rest.problems import (
    PROBLEM_MEDIA_TYPE,
    BodyTooSlow,
    UpgradeRequired,
    bug,
    encoded,
    problem,
    retry_after,
    status_of,
)
from mainstay.transports.websocket import messages
from mainstay.transports.websocket.channel import (
    BROKEN,
    FORBIDDEN,
    LATER,
    TIMED_OUT,
    UNAUTHORISED,
    Channel,
    Gone,
)
from mainstay.transports.websocket.connection import DOOR, Connection, Known, Parts
from mainstay.transports.websocket.problems import GuestsStayOut, SocketsTooMany
from mainstay.transports.websocket.protocol import SHUTDOWN
from mainstay.transports.websocket.settings import SocketSettings

logger = logging.getLogger("mainstay.websocket")

PATHS = ("/v1/socket", "/api/v1/socket")
_AGENT_LENGTH_MAX = 200
_CODES = {SocketsTooMany: LATER, BodyTooSlow: TIMED_OUT, GuestsStayOut: FORBIDDEN}
Key = TypeVar("Key")
_SCHEMES = {"ws": "http", "wss": "https"}


class Talk(Protocol):
    """A protocol that is spoken on a connection whose caller is known."""

    async def __call__(self, scope: Scope, channel: Channel, known: Known, settings: SocketSettings) -> None:
        """Speak it until either side leaves."""
        ...


class SocketDoor:
    """All operations over one connection; it walks the road with every message."""

    def __init__(
        self, application: Application, *, ids: Ids, shedding: Shedding, settings: SocketSettings
    ) -> None:
        """Take the house; nobody has connected yet."""
        operations = {each.full_name: each for each in application.operations}
        self._parts = Parts(application, operations, ids, shedding, settings)
        self._settings = settings
        self._open: Counter[tuple[str, str]] = Counter()
        self._of_tenants: Counter[str] = Counter()

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes: of connections, and of requests that should have asked for one."""
        found: list[BaseRoute] = []
        for path in PATHS:
            found += [Route(path, self, include_in_schema=False), WebSocketRoute(path, self)]
        return found

    def speaking(self, path: str, talk: Talk) -> BaseRoute:
        """Give the route of another protocol, whose callers send their key with the handshake.

        Its connections count with those of this door, and are let in by the same rules.
        """
        return WebSocketRoute(path, _Speaking(self, talk))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a caller connect, and answer him until either side leaves."""
        await self.answer(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive, send: Send, talk: Talk | None = None) -> None:
        """Let a caller connect, and speak with him until either side leaves."""
        request_id = own_request_id(dict(scope["headers"])) or self._parts.ids.new("req")
        if scope["type"] == "http":
            ask = UpgradeRequired("Connect with a WebSocket client; the handbook's page `socket` shows how.")
            await _refuse(send, "http.response", ask, request_id, {"Upgrade": "websocket"})
            return
        try:
            credential = self._admit(scope)
            if credential is None and talk is not None:
                raise CredentialsMissing("Send a key with the handshake: `Authorization: Bearer …`.")
            if credential is None:
                await self._unknown(scope, receive, send, request_id)
                return
            caller = await self._recognise(scope, credential, request_id)
            with self._seat(caller.tenant_id, caller.subject, self._settings.per_caller_max):
                channel = Channel(scope, receive, send)
                await channel.receive()
                await channel.accept()
                await (talk or self._talk)(
                    scope, _widened(channel), _known(scope, credential, caller), self._settings
                )
        except Gone as gone:
            if gone.leaving:
                with suppress(OSError, RuntimeError):
                    await send({"type": "websocket.close", "code": SHUTDOWN})
        except Failure as failure:
            _note(failure, request_id)
            self._weigh(scope, failure)
            described_at = description_of(self._settings.address, "")
            told = {"WWW-Authenticate": challenge(failure, described_at)}
            more = told if isinstance(failure, Unauthenticated) else retry_after(failure)
            await _refuse(send, "websocket.http.response", failure, request_id, more)

    def _admit(self, scope: Scope) -> Credential | None:
        """Give the credential of the headers, None if they have none; raises what speaks against anybody."""
        secret = secret_of(dict(scope["headers"]))
        self._parts.shedding.admit(
            PATHS[0], self._parts.shedding.sources.of(secret, _address(scope)), waits=True
        )
        refuse_foreign(Headers(scope=scope), self._settings.allowed_hosts, self._settings.allowed_origins)
        return read_credential(scope["headers"])

    async def _unknown(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        """Let somebody connect who says afterwards who he is."""
        channel = Channel(scope, receive, send)
        try:
            with self._seat("", household(_address(scope)), self._settings.per_household_max):
                await channel.receive()
                await channel.accept()
                credential = await self._introduced(scope, channel)
                caller = await self._recognise(scope, credential, request_id)
            with self._seat(caller.tenant_id, caller.subject, self._settings.per_caller_max):
                await channel.send(messages.WELCOME)
                known = _known(scope, credential, caller)
                await self._talk(scope, _widened(channel), known, self._settings)
        except Failure as failure:
            if not channel.accepted:
                raise
            _note(failure, request_id)
            self._weigh(scope, failure)
            await channel.send(messages.error(None, encoded(problem(failure, request_id)), {}))
            await channel.close(_CODES.get(type(failure), UNAUTHORISED), failure.title)
        except Gone:
            raise
        except Exception:
            logger.exception("An unexpected error (request %s)", request_id)
            await channel.send(messages.error(None, encoded(bug(request_id)), {}))
            await channel.close(BROKEN, "An unexpected error; connect again.")

    async def _introduced(self, scope: Scope, channel: Channel) -> Credential:
        """Take who somebody says that he is."""
        try:
            async with asyncio.timeout(self._settings.hello_s):
                text = await channel.receive()
        except TimeoutError:
            raise BodyTooSlow(f"Say who you are within {self._settings.hello_s:.0f} s.") from None
        hello = messages.hello_of(await read_json((text or "").encode("utf-8", "surrogatepass")))
        if hello.key is not None:
            found = read_credential([(b"x-api-key", hello.key.encode("utf-8", "surrogatepass"))])
        else:
            found = self._session(scope)
        if found is None:
            raise CredentialsMissing("Sign in first, or say a key.")
        return found

    def _session(self, scope: Scope) -> Credential | None:
        """Give the session that the browser has, for a page of this very server alone.

        Browsers send a cookie along with whatever page connects; so the page's own address, which no script
        can change, has to be this server's, to the scheme and the port.
        """
        headers, scheme = Headers(scope=scope), _SCHEMES[scope["scheme"]]
        if headers.get("origin") != f"{scheme}://{headers.get('host', '')}":
            raise OriginRefused("Only a page of this server may connect by a session; elsewhere, say a key.")
        return self._settings.session(scope["headers"], scheme)

    async def _recognise(self, scope: Scope, credential: Credential, request_id: str) -> Caller:
        origin = {"request_id": request_id, "door": DOOR, "address": _address(scope)}
        caller = await self._parts.application.recognise(credential, origin)
        self._parts.shedding.sources.learn(secret_of(dict(scope["headers"])), caller)
        if caller.guest_of:  # guests make themselves: a limit for each of them is no limit
            raise GuestsStayOut("Ask over REST; a widget does.")
        return caller

    async def _talk(self, _: Scope, channel: Channel, known: Known, __: SocketSettings) -> None:
        await Connection(self._parts, channel, known).run()

    def _weigh(self, scope: Scope, failure: Failure) -> None:
        sources = self._parts.shedding.sources
        sources.weigh(sources.of(secret_of(dict(scope["headers"])), _address(scope)), failure)

    @contextmanager
    def _seat(self, tenant_id: str, whose: str, most: int) -> Iterator[None]:
        """Count a connection while it is open; raises SocketsTooMany."""
        if self._open.total() >= self._settings.connections_max:
            raise SocketsTooMany(
                "This server has as many connections as it may. Try again.", retry_after_s=5.0
            )
        if self._of_tenants[tenant_id] >= self._settings.per_tenant_max:
            raise SocketsTooMany(
                f"Of one tenant {self._settings.per_tenant_max} connections may be open at once, and are. "
                "Close some: each carries many requests.",
                retry_after_s=5.0,
            )
        key = (tenant_id, whose)
        if self._open[key] >= most:
            raise SocketsTooMany(
                f"You may have {most} connections open at once, and have. Close one: each carries many "
                "requests.",
                retry_after_s=5.0,
            )
        with _counted(self._open, key), _counted(self._of_tenants, tenant_id):
            yield


class _Speaking:
    """Answers at the path of another protocol."""

    def __init__(self, door: SocketDoor, talk: Talk) -> None:
        self._door = door
        self._talk = talk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door.answer(scope, receive, send, self._talk)


def _widened(channel: Channel) -> Channel:
    """Let messages have their whole size: the caller is known."""
    channel.widen()
    return channel


def _known(scope: Scope, credential: Credential, caller: Caller) -> Known:
    headers = Headers(scope=scope)
    return Known(
        credential=credential,
        caller=caller,
        address=_address(scope),
        agent=(headers.get("user-agent") or "")[:_AGENT_LENGTH_MAX],
        traceparent=headers.get("traceparent"),
    )


@contextmanager
def _counted(counter: Counter[Key], key: Key) -> Iterator[None]:
    counter[key] += 1
    try:
        yield
    finally:
        counter[key] -= 1
        if not counter[key]:
            del counter[key]


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _note(failure: Failure, request_id: str) -> None:
    """Log a refusal as what it is: the client's mistake, or a limit that held, and no error of the house."""
    logger.info("A connection was refused: %s (request %s)", failure.code(), request_id)


async def _refuse(send: Send, kind: str, failure: Failure, request_id: str, more: dict[str, str]) -> None:
    """Answer a handshake with a problem document instead of a connection."""
    body = encoded(problem(failure, request_id))
    headers = [
        (b"x-request-id", request_id.encode("latin-1")),
        *SAFE_HEADERS,
        *((name.lower().encode(), value.encode("latin-1")) for name, value in more.items()),
        (b"content-type", PROBLEM_MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": f"{kind}.start", "status": status_of(type(failure)), "headers": headers})
    await send({"type": f"{kind}.body", "body": body, "more_body": False})
