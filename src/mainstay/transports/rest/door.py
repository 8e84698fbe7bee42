"""The REST door: an ASGI application made from the operations of the house."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cached_property
from importlib.metadata import version
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from mainstay.kernel.dispatch import Application
from mainstay.kernel.shedding import Shedding
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.transports.rest.credentials import secret_of
from mainstay.transports.rest.exchange import SAFE_HEADERS, SECURED, Exchange
from mainstay.transports.rest.health import Ready, health_routes
from mainstay.transports.rest.looks import POLICY
from mainstay.transports.rest.openapi import openapi
from mainstay.transports.rest.pages import lost_page, page_routes
from mainstay.transports.rest.paths import Paths
from mainstay.transports.rest.problems import (
    PROBLEM_MEDIA_TYPE,
    MessageMalformed,
    MethodUnsupported,
    RouteMissing,
    bug,
    encoded,
    problem,
)
from mainstay.transports.rest.routes import PathAnswer, bind, logger, tell
from mainstay.transports.rest.settings import RestSettings

BASES = ("/v1", "/api/v1")
"""Every operation stands under each of these; the first is the one in the document."""

_RAW_BASES = tuple(f"{base}/".encode() for base in BASES)
VERSION = version("mainstay")
Missing = Callable[[Exchange, RouteMissing], Awaitable[None]]
"""Answers a request for an operation that is not there."""

Lifespan = Callable[[], AbstractAsyncContextManager[None]]
_METHOD_STATUS = 405


@asynccontextmanager
async def nothing_to_run() -> AsyncIterator[None]:
    """Run nothing beside the door."""
    yield


async def tell_missing(exchange: Exchange, failure: RouteMissing) -> None:
    """Tell it as every failure."""
    await tell(exchange, failure, {})


class RestDoor(Starlette):
    """An application whose operations are answered by the road.

    Requests to operations are found in a tree of raw paths, so that ids may hold encoded slashes and no body
    is touched before its caller is admitted. Everything else (pages, further doors) is routed as usual.
    """

    def __init__(
        self,
        application: Application,
        ids: Ids,
        settings: RestSettings,
        lifespan: Lifespan,
        shedding: Shedding,
        missing: Missing,
    ) -> None:
        """Make a path for every route of every operation."""

        @asynccontextmanager
        async def run(_: Starlette) -> AsyncIterator[None]:
            async with lifespan():
                yield

        super().__init__(lifespan=run)
        self.router.redirect_slashes = False  # it would lead to whatever host the request names
        self._application = application
        self.ids = ids
        self._settings = settings
        self._shedding = shedding
        self._missing = missing
        self._paths: Paths[PathAnswer] = Paths()
        self._beside: Paths[BaseRoute] = Paths()
        self.sockets: set[bytes] = set()
        self.add_exception_handler(HTTPException, self._http_failed)
        self.add_exception_handler(Failure, self._failed)
        self.add_exception_handler(Exception, self._bug)
        for path, answer in _path_answers(application, self.exchange, settings, shedding).items():
            for base in BASES:
                self._paths.add(base + path, answer)
                self.router.routes.append(
                    Route(base + path, answer, methods=list(answer.methods), include_in_schema=False)
                )

    def exchange(self, scope: Scope, receive: Receive, send: Send) -> Exchange:
        """Make what a request is read and answered by."""
        return Exchange(scope, receive, send, self.ids, self._settings)

    @cached_property
    def document(self) -> dict[str, Any]:
        """Give the OpenAPI document, written once."""
        return openapi(self._application, VERSION)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: operations by the road, everything else by its route."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        path = raw_path(scope)
        exchange = self.exchange(scope, receive, send)
        if path.startswith(_RAW_BASES) and self._beside.find(path) is None:
            found = self._paths.find(path)
            if found is None:
                await self._missing(exchange, _route_missing())
                return
            await found.target.answer(exchange, found.texts)
            return
        scope.setdefault("state", {})["request_id"] = exchange.request_id
        safe = (*SAFE_HEADERS, SECURED) if scope.get("scheme") == "https" else SAFE_HEADERS
        await super().__call__(scope, receive, _dressed(send, exchange.request_id, safe))

    def turned_away(
        self, method: str, target: bytes, headers: Mapping[bytes, bytes], address: str
    ) -> Failure | None:
        """Say why an operation's request is refused as soon as its head is known; None: not now.

        Whoever is not, is admitted or refused when he is answered.
        """
        path = target.partition(b"?")[0]
        if not self._shedding.shedding or not path.startswith(_RAW_BASES) or self._beside.find(path):
            return None
        found = self._paths.find(path)
        if found is None or not found.target.takes(method, headers.get(b"accept")):
            return None
        return self._shedding.turned_away(self._shedding.sources.of(secret_of(headers), address))

    def stand_beside(self, routes: Sequence[BaseRoute]) -> None:
        """Let further doors and pages answer too, also below the operations' base where no operation is."""
        self.router.routes.extend(routes)
        for route in routes:
            if isinstance(route, Route) and route.path.encode().startswith(_RAW_BASES):
                self._beside.add(route.path, route)
            elif isinstance(route, WebSocketRoute):
                self.sockets.add(route.path.encode())

    async def _http_failed(self, request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict((error.headers if isinstance(error, HTTPException) else None) or {})
        failure: Failure = _route_missing()
        if status == _METHOD_STATUS:
            headers["Allow"] = ", ".join(sorted({*headers.get("Allow", "").split(", "), "OPTIONS"} - {""}))
            if request.method == "OPTIONS":
                return Response(status_code=204, headers=headers)
            failure = MethodUnsupported(f"Use one of {headers['Allow']}.")
        elif status != 404:  # noqa: PLR2004 - the number is the protocol's
            failure = MessageMalformed(str(getattr(error, "detail", "")))
        elif (lost := lost_page(request.headers.get("accept"))) is not None:
            headers |= {"Content-Security-Policy": POLICY, "Vary": "Accept"}
            return HTMLResponse(lost, status, headers)
        told = problem(failure, request.state.request_id)
        return Response(encoded(told), told["status"], headers, PROBLEM_MEDIA_TYPE)

    async def _failed(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, Failure):
            raise error
        told = problem(error, request.state.request_id)
        return Response(encoded(told), told["status"], None, PROBLEM_MEDIA_TYPE)

    async def _bug(self, request: Request, error: Exception) -> Response:
        logger.error("An unexpected error (request %s)", request.state.request_id, exc_info=error)
        return Response(encoded(bug(request.state.request_id)), 500, None, PROBLEM_MEDIA_TYPE)


def _route_missing() -> RouteMissing:
    return RouteMissing(
        "Check the path, and write a slash within an id as %2F; /openapi.json lists what there is."
    )


def raw_path(scope: Scope) -> bytes:
    """Give the path as it was sent, without what a proxy put in front."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode("utf-8", "surrogateescape")
    root = scope.get("root_path", "").rstrip("/").encode()
    return raw[len(root) :] if root and raw.startswith(root + b"/") else raw


def _path_answers(
    application: Application,
    make: Callable[[Scope, Receive, Send], Exchange],
    settings: RestSettings,
    shedding: Shedding,
) -> dict[str, PathAnswer]:
    answers: dict[str, PathAnswer] = {}
    whole = {each.full_name: each.route.under(BASES[0]) for each in application.operations}
    for operation in application.operations:
        instead = whole.get(operation.deprecated.instead) if operation.deprecated is not None else None
        for route in operation.routes:
            answer = answers.setdefault(route.path, PathAnswer(application, make, settings, shedding))
            answer.add(route.method, bind(operation, route, settings, instead))
    return answers


def _dressed(send: Send, request_id: str, safe: Sequence[tuple[bytes, bytes]]) -> Send:
    """Add the request id and the safe headers to what other routes answer, unless they say otherwise."""

    async def dressed(message: AsgiMessage) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", ()))
            names = {name.lower() for name, _ in given}
            own = [(b"x-request-id", request_id.encode("latin-1")), *safe]
            message["headers"] = [*given, *(each for each in own if each[0] not in names)]
        await send(message)

    return dressed


def rest_app(
    application: Application,
    *,
    ids: Ids,
    ready: Ready,
    shedding: Shedding,
    settings: RestSettings = RestSettings(),  # noqa: B008 - frozen
    lifespan: Lifespan = nothing_to_run,
    extra_routes: Sequence[BaseRoute] = (),
    missing: Missing = tell_missing,
) -> RestDoor:
    """Make the REST door.

    `ready` names each part of the house and its state; `shedding` says who is refused when too
    many come. `lifespan` runs around everything (the house itself, and doors that need a task of their own).
    `extra_routes` are further doors and pages; `missing` answers for operations that are not there.
    """
    door = RestDoor(application, ids, settings, lifespan, shedding, missing)
    door.stand_beside(
        [*health_routes(ready), *page_routes(application, lambda: door.document, VERSION), *extra_routes]
    )
    return door
