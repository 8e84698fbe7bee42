"""The door at /scim/v2: recognises the key, reads what is sent within limits, and lets SCIM be spoken."""

import asyncio
import importlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Application, Message
from mainstay.kernel.interface import Operation
from mainstay.kernel.shedding import Shedding
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.transports.compatible.entrance import Entrance
from mainstay.transports.compatible.scim import errors
from mainstay.transports.rest.credentials import secret_of
from mainstay.transports.rest.exchange import ClientGone, Exchange
from mainstay.transports.rest.json_text import read_json
from mainstay.transports.rest.problems import MediaTypeUnsupported, MessageMalformed
from mainstay.transports.rest.reading import media_type_of
from mainstay.transports.rest.settings import RestSettings

logger = logging.getLogger("mainstay")

PATH = "/scim/v2"
BODY_MAX = 1024 * 1024
PARAMETERS_MAX = 20
_PROTOCOL = "mainstay.transports.compatible.scim.protocol"
_MEDIA_TYPE = "application/scim+json"
_READABLE = frozenset({"", _MEDIA_TYPE, "application/json"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_ATTEMPTS = 40
_STALE = "VersionStale"


@dataclass(frozen=True)
class Parts:
    """What the door is made of."""

    application: Application
    address: PublicAddress
    ids: Ids
    shedding: Shedding


@dataclass(frozen=True)
class _Asking:
    """One request, and as whom its operations are asked for."""

    exchange: Exchange
    credential: Credential | None
    operations: Mapping[str, Operation]
    application: Application

    async def __call__(self, name: str, /, **values: Any) -> Any:
        """Walk the road to an operation of the directory."""

        async def read() -> Mapping[str, Any]:
            return values

        message = Message(
            self.credential,
            read,
            request_id=self.exchange.request_id,
            door="scim",
            address=self.exchange.address,
            agent=self.exchange.agent,
            traceparent=self.exchange.header(b"traceparent"),
        )
        return (await self.application.dispatch(self.operations[name], message)).value


class ScimDoor:
    """The endpoints of SCIM 2.0; nothing of a request is read before its key is known."""

    def __init__(self, parts: Parts) -> None:
        """Find the operations behind."""
        self._parts = parts
        self._settings = RestSettings()
        self._entrance = Entrance(parts.application, "scim")
        self._operations: dict[str, Operation] = {
            each.name: each for each in parts.application.operations if each.interface.service == "directory"
        }
        self._protocol: Any = None

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes of this door; none where the service runs elsewhere."""
        if not self._operations:
            return []
        paths = (PATH, f"{PATH}/{{path:path}}")
        return [Route(path, self, include_in_schema=False) for path in paths]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; whatever happens, the client is told in SCIM's words."""
        exchange = Exchange(scope, receive, send, self._parts.ids, self._settings)
        exchange.request_id = scope.get("state", {}).get("request_id") or exchange.request_id
        sources = self._parts.shedding.sources
        try:
            source = sources.of(secret_of(exchange.headers), exchange.address)
            place = self._parts.shedding.admit(PATH, source)
            try:
                await place.turn()
                response = await self._answer(exchange)
                place.done(exchange.apart_s)
            finally:
                place.leave()
        except ClientGone:
            return
        except Failure as failure:
            sources.weigh(sources.of(secret_of(exchange.headers), exchange.address), failure)
            status, body, headers = errors.told(failure, _missing_at(_path(exchange)))
            response = _response(status, body, headers)
        except Exception:
            logger.exception("An unexpected error (request %s)", exchange.request_id)
            response = _response(500, errors.document(500, "It is in the server's log."), {})
        await response(scope, receive, send)

    async def _answer(self, exchange: Exchange) -> Response:
        credential, _ = await self._entrance.let_in(exchange, self._wanted(exchange), {})
        path, query = _path(exchange), _query(exchange)
        if self._protocol is None:  # half a second of imports, which whoever has no use for SCIM is spared
            self._protocol = await asyncio.to_thread(importlib.import_module, _PROTOCOL)
        refused = self._protocol.refused(exchange.method, path)
        if refused is not None:
            return _response(refused.status, refused.body, refused.headers)
        conditions = {
            name: told
            for name in ("If-Match", "If-None-Match")
            if (told := exchange.header(name.lower().encode())) is not None
        }
        asked = self._protocol.Asked(
            method=exchange.method,
            base_url=f"{self._parts.address.url}{PATH}",
            path=path,
            query=query,
            headers=conditions,
            sent=await _sent(exchange),
        )
        ask = _Asking(exchange, credential, self._operations, self._parts.application)
        answered = await self._answered(asked, ask, attempts=1 if "If-Match" in conditions else _ATTEMPTS)
        return _response(answered.status, answered.body, answered.headers)

    async def _answered(self, asked: Any, ask: _Asking, attempts: int) -> Any:
        """Answer; what has changed meanwhile is read again, unless the client named a version."""
        for _ in range(attempts - 1):
            try:
                return await self._protocol.answer(asked, ask)
            except Failure as failure:
                if failure.code() != _STALE:
                    raise
        return await self._protocol.answer(asked, ask)

    def _wanted(self, exchange: Exchange) -> Operation:
        """Give the operation that whoever asks has to be permitted."""
        reads = exchange.method == "GET" or exchange.scope["path"].endswith("/.search")
        return self._operations["list_provisioned_users" if reads else "provision_user"]


async def _sent(exchange: Exchange) -> Any:
    """Read the body's JSON; None where none belongs."""
    if exchange.method not in _WITH_BODY:
        return None
    if media_type_of(exchange.header(b"content-type") or "") not in _READABLE:
        raise MediaTypeUnsupported(f"Send JSON as {_MEDIA_TYPE}.")
    if exchange.header(b"content-encoding") not in {None, "identity"}:
        raise MediaTypeUnsupported("Send the body without an encoding.")
    return await read_json(await exchange.body(BODY_MAX))


def _path(exchange: Exchange) -> str:
    """Give the path below the door's."""
    raw: bytes = exchange.scope.get("raw_path") or exchange.scope["path"].encode()
    return unquote(raw.decode("latin-1").split("?")[0].partition(PATH)[2]) or "/"


def _query(exchange: Exchange) -> dict[str, str]:
    """Take the query apart; each parameter once."""
    try:
        pairs = parse_qsl(
            exchange.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=PARAMETERS_MAX,
        )
    except ValueError:
        raise MessageMalformed(f"Write at most {PARAMETERS_MAX} parameters, in UTF-8.") from None
    if len(dict(pairs)) != len(pairs):
        raise MessageMalformed("Give each parameter once.")
    return dict(pairs)


def _missing_at(path: str) -> str:
    """Give the failure that says of a path that what it names is not there."""
    if path.strip("/").count("/") != 1:
        return ""
    return "UserMissing" if path.strip("/").casefold().startswith("users/") else "GroupMissing"


def _response(status: int, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Response:
    kept = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    return Response(content, status, kept, _MEDIA_TYPE if content else None)
