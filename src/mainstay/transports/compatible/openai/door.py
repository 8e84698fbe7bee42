"""The door for OpenAI's clients: recognises the key, then lets a noun's table answer in the protocol."""

import logging
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from urllib.parse import quote

from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from mainstay.kernel.interface import Operation
from mainstay.kernel.shedding import Place
from mainstay.kit.errors import Failure
from mainstay.transports.compatible.openai import (
    chat,
    compaction,
    embeddings,
    errors,
    files,
    models,
    moderations,
    rerank,
    responses,
    store_files,
    uploads,
    vector_stores,
)
from mainstay.transports.compatible.openai.admission import Admission, Parts
from mainstay.transports.compatible.openai.replies import Download, Events, Reply, Told, encoded
from mainstay.transports.compatible.openai.response_socket import ResponseSocket
from mainstay.transports.compatible.openai.routing import EncodedRoute
from mainstay.transports.compatible.openai.table import Endpoint
from mainstay.transports.rest.credentials import secret_of
from mainstay.transports.rest.door import tell_missing
from mainstay.transports.rest.exchange import ClientGone, Exchange
from mainstay.transports.rest.problems import BUG_STATUS, MethodUnsupported, RouteMissing
from mainstay.transports.rest.streaming import Stream
from mainstay.transports.websocket.door import SocketDoor

logger = logging.getLogger("mainstay")

TABLES: Sequence[Sequence[Endpoint]] = (
    models.ENDPOINTS,
    moderations.ENDPOINTS,
    chat.ENDPOINTS,
    compaction.ENDPOINTS,  # before what is at any id
    responses.ENDPOINTS,
    files.ENDPOINTS,
    uploads.ENDPOINTS,
    vector_stores.ENDPOINTS,
    store_files.ENDPOINTS,
    embeddings.ENDPOINTS,
    rerank.ENDPOINTS,
)
"""The nouns that are served, each with its own module."""

_PACKAGE = b"x-stainless-lang"
"""The header by which OpenAI's packages tell the language that they are written in."""

_POLICY = re.compile(r'^"(\w+)";q=(\d+);w=(\d+)')
_LIMIT = re.compile(r'^"(\w+)";r=(\d+);t=(\d+)')


class OpenAIDoor:
    """The endpoints of the protocol under each base."""

    def __init__(self, parts: Parts) -> None:
        """Find the operations behind."""
        self._parts = parts
        self._operations = {each.full_name: each for each in parts.application.operations}

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes of what is served here."""
        at: dict[str, dict[str, Endpoint]] = {}
        for endpoint in (each for table in TABLES for each in table):
            if endpoint.operation in self._operations:
                for base in endpoint.bases:
                    at.setdefault(base + endpoint.path, {})[endpoint.method] = endpoint
        return [
            EncodedRoute(path, _Answers(methods, self._parts, self._operations), include_in_schema=False)
            for path, methods in at.items()
        ]

    def connections(self, sockets: SocketDoor) -> Sequence[BaseRoute]:
        """Give the routes of responses over connections, which are let in as all others are."""
        endpoint = responses.CREATED
        if endpoint.operation not in self._operations:
            return []
        talk = ResponseSocket(self._parts, self._operations)
        return [sockets.speaking(base + endpoint.path, talk) for base in endpoint.bases]

    async def missing(self, exchange: Exchange, failure: RouteMissing) -> None:
        """Say that nothing is at a path; to OpenAI's package in its words, with what there is."""
        if _PACKAGE not in exchange.headers:
            await tell_missing(exchange, failure)
            return
        there = ", ".join(sorted({f"/{each.path.split('/')[1]}" for table in TABLES for each in table}))
        told = RouteMissing(f"There is no such endpoint here. Of this protocol there are {there}.")
        await _json(exchange, errors.body(told), errors.status(told), {})


class _Answers:
    """Everything that answers at one path; whatever happens, the client is told in the protocol's words."""

    def __init__(
        self, methods: Mapping[str, Endpoint], parts: Parts, operations: Mapping[str, Operation]
    ) -> None:
        self._methods = methods
        self._parts = parts
        self._admission = Admission(parts, operations)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        exchange = Exchange(scope, receive, send, self._parts.ids, self._parts.settings)
        exchange.request_id = scope.get("state", {}).get("request_id") or exchange.request_id
        limits: dict[str, str] = {}
        try:
            await self._answer(exchange, limits)
        except ClientGone:
            return
        except Failure as failure:
            sources = self._parts.shedding.sources
            sources.weigh(sources.of(secret_of(exchange.headers), exchange.address), failure)
            if exchange.begun:  # a file broke off: the connection's end tells, before the announced length
                logger.warning("A download broke off: %s (request %s)", failure.code(), exchange.request_id)
                return
            more = {**_told(limits), **errors.headers(failure)}
            if isinstance(failure, MethodUnsupported):
                more["Allow"] = ", ".join([*self._methods, "OPTIONS"])
            await _json(exchange, errors.body(failure), errors.status(failure), more)
        except Exception:
            if exchange.begun:
                raise
            logger.exception("An unexpected error (request %s)", exchange.request_id)
            await _json(exchange, errors.bug(), BUG_STATUS, _told(limits))

    async def _answer(self, exchange: Exchange, limits: dict[str, str]) -> None:
        if exchange.method == "OPTIONS":
            await exchange.answer(204, b"", b"", {"Allow": ", ".join([*self._methods, "OPTIONS"])})
            return
        endpoint = self._methods.get("GET" if exchange.method == "HEAD" else exchange.method)
        if endpoint is None:
            await self._admission.recognised(exchange)
            raise MethodUnsupported(f"Use one of {', '.join(self._methods)}.")
        shedding = self._parts.shedding
        source = shedding.sources.of(secret_of(exchange.headers), exchange.address)
        place = shedding.admit(endpoint.operation, source, waits=endpoint.waits)
        try:
            await place.turn(batched=endpoint.batched)
            asked = await self._admission.admitted(exchange, endpoint, limits)
            try:
                reply = await endpoint.handler(asked)
            except Failure as failure:
                if asked.untold(failure):
                    self._admission.note(exchange, endpoint.operation, asked.caller, failure)
                raise
            await self._tell(exchange, reply, limits, place)
        finally:
            place.leave()

    async def _tell(self, exchange: Exchange, reply: Reply, limits: Mapping[str, str], place: Place) -> None:
        if isinstance(reply, Events):
            stream = Stream(reply.pieces, bytes, reply.last, self._parts.settings.heartbeat_s)
            await stream.send(exchange, lambda: _told(limits), begun=place.leave)
            return
        place.done(exchange.apart_s)
        if isinstance(reply, Told):
            body = reply.value if isinstance(reply.value, bytes) else encoded(reply.value)
            await exchange.answer(reply.status, b"application/json", body, _told(limits))
            return
        name = quote(reply.name, safe="") or "content"
        more = {**_told(limits), "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        media_type = reply.media_type.encode("latin-1", "replace")
        await _download(exchange, reply, media_type, more)


async def _download(exchange: Exchange, reply: Download, media_type: bytes, more: Mapping[str, str]) -> None:
    """Send a file piece by piece; what fails before the first one is told as any failure."""
    async with aclosing(reply.pieces) as pieces:
        first = b"" if exchange.method == "HEAD" else await anext(pieces, b"")
        await exchange.begin(200, media_type, {**more, "Content-Length": str(reply.size)})
        await exchange.part(first, more=exchange.method != "HEAD")
        if exchange.method != "HEAD":
            async for piece in pieces:
                await exchange.part(piece, more=True)
            await exchange.part(b"", more=False)


async def _json(exchange: Exchange, value: object, status: int, more: Mapping[str, str]) -> None:
    await exchange.answer(status, b"application/json", encoded(value), more)


def _told(limits: Mapping[str, str]) -> dict[str, str]:
    """Add the headers by which the protocol tells of the tightest limit on requests."""
    policies = {
        found[1]: found[2]
        for each in limits.get("RateLimit-Policy", "").split(", ")
        if (found := _POLICY.match(each)) is not None
    }
    tightest = _LIMIT.match(limits.get("RateLimit", ""))
    if tightest is None or tightest[1] not in policies:
        return dict(limits)
    return {
        **limits,
        "x-ratelimit-limit-requests": policies[tightest[1]],
        "x-ratelimit-remaining-requests": tightest[2],
        "x-ratelimit-reset-requests": f"{math.ceil(int(tightest[3]))}s",
    }
