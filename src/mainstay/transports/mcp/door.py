"""The MCP door: an ASGI object at `/mcp` that recognises its caller before anything is read."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message as AsgiMessage
from starlette.types import Receive, Scope, Send

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.dispatch import Application, Message
from mainstay.kernel.guard import STRANGER
from mainstay.kernel.shedding import Overloaded, Place, Shedding, Throttled
from mainstay.kernel.sources import Source
from mainstay.kit.errors import Failure, Unauthenticated
from mainstay.kit.ids import Ids
from mainstay.transports.mcp.tools import OperationTool, operation_tool
from mainstay.transports.rest.credentials import challenge, description_of, read_credential, secret_of
from mainstay.transports.rest.origins import refuse_foreign
from mainstay.transports.rest.problems import (
    PROBLEM_MEDIA_TYPE,
    BodyTooSlow,
    MethodUnsupported,
    bug,
    encoded,
    problem,
    retry_after,
    status_of,
)

logger = logging.getLogger("mainstay.mcp")

PATH = "/mcp"
_INSTRUCTIONS = (
    "Mainstay stores a team's documents and finds, quotes and answers from them. Search with "
    "knowledge_search, ask with knowledge_answer; answers cite the documents they rest on."
)
_ADMITTED = "mainstay.admitted"


@dataclass(frozen=True)
class McpSettings:
    """Limits of the MCP door.

    `allowed_hosts` are the Host headers that are answered (without port; empty: any), `allowed_origins` the
    web pages that may call beside those of this server's own host, such as `https://chat.example.com`.
    """

    body_bytes_max: int = 32 * 1024 * 1024
    body_idle_s: float = 20.0
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    address: PublicAddress = field(default_factory=lambda: PublicAddress(""))


@dataclass(frozen=True)
class _Admitted:
    """Who asks, kept with the request for the handlers."""

    caller: Caller
    place: Place
    credential: Credential | None
    request_id: str
    address: str
    traceparent: str | None


class McpDoor:
    """Tools for each operation, over streamable HTTP without sessions."""

    def __init__(self, application: Application, ids: Ids, settings: McpSettings, shedding: Shedding) -> None:
        """Describe the tools once; streams are left out, for each has a whole form beside it."""
        self._application = application
        self._ids = ids
        self._settings = settings
        self._shedding = shedding
        tools = [
            operation_tool(each)
            for each in application.operations
            if each.kind != "stream" and each.may != STRANGER
        ]
        self._tools: dict[str, OperationTool] = {each.tool.name: each for each in tools}
        self._manager: StreamableHTTPSessionManager | None = None

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Give the route of this door."""
        return [Route(PATH, self, include_in_schema=False)]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run what answers; it can be run again after it has ended."""
        server: Server[Any] = Server(
            "mainstay",
            title="Mainstay",
            version=version("mainstay"),
            instructions=_INSTRUCTIONS,
            on_list_tools=self._list,
            on_call_tool=self._call,
            get_tool_input_schema=self._input_schema,  # else each call lists all tools to find its own
        )
        manager = StreamableHTTPSessionManager(
            server,
            json_response=True,
            stateless=True,
            max_request_body_size=self._settings.body_bytes_max,
        )
        # The SDK's task group has to be entered and left by one task, whichever tasks our caller uses.
        begun, ended = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(_run(manager, begun, ended), name="mcp-door")
        waiting = asyncio.create_task(begun.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self._manager = manager if begun.is_set() else None
        try:
            yield
        finally:
            self._manager = None
            ended.set()
            await task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Recognise the caller, then let the protocol be spoken."""
        request_id = scope.get("state", {}).get("request_id") or self._ids.new("req")
        try:
            place = self._shedding.admit(PATH, self._source(scope))
        except (Overloaded, Throttled) as failure:
            await _refusal(failure, request_id)(scope, receive, send)
            return
        try:
            await self._answer(scope, receive, send, request_id, place)
        finally:
            place.leave()

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, request_id: str, place: Place
    ) -> None:
        try:
            refuse_foreign(Headers(scope=scope), self._settings.allowed_hosts, self._settings.allowed_origins)
            admitted = await self._admit(scope, request_id, place)
            if scope["method"] != "POST":
                raise MethodUnsupported("This door has no sessions; send each message with POST.")
        except Failure as failure:
            self._shedding.sources.weigh(self._source(scope), failure)
            described_at = description_of(self._settings.address, PATH)
            await _refusal(failure, request_id, described_at)(scope, receive, send)
            return
        if self._manager is None:
            raise RuntimeError("The MCP door is asked while it does not run: put `running()` in the lifespan")
        scope[_ADMITTED] = admitted
        try:
            await self._manager.handle_request(scope, _timely(receive, self._settings.body_idle_s), send)
        except BodyTooSlow as failure:
            await _refusal(failure, request_id)(scope, receive, send)

    def _source(self, scope: Scope) -> Source:
        client = scope.get("client")
        secret = secret_of(dict(scope["headers"]))
        return self._shedding.sources.of(secret, str(client[0]) if client else "")

    async def _admit(self, scope: Scope, request_id: str, place: Place) -> _Admitted:
        credential = read_credential(scope["headers"])
        client = scope.get("client")
        address = str(client[0]) if client else ""
        origin = {"request_id": request_id, "door": "mcp", "address": address}
        caller = await self._application.recognise(credential, origin)
        self._shedding.sources.learn(secret_of(dict(scope["headers"])), caller)
        return _Admitted(
            caller=caller,
            place=place,
            credential=credential,
            request_id=request_id,
            address=address,
            traceparent=Headers(scope=scope).get("traceparent"),
        )

    async def _list(
        self, context: ServerRequestContext[Any, Any], _: PaginatedRequestParams | None
    ) -> ListToolsResult:
        caller = _admitted(context).caller
        return ListToolsResult(tools=[each.tool for each in self._tools.values() if each.offered_to(caller)])

    def _input_schema(self, name: str) -> Mapping[str, Any] | None:
        tool = self._tools.get(name)
        return None if tool is None else tool.tool.input_schema

    async def _call(
        self, context: ServerRequestContext[Any, Any], params: CallToolRequestParams
    ) -> CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, "There is no such tool; list the tools to see their names.")
        admitted = _admitted(context)
        if tool.waits(params.arguments or {}):
            admitted.place.leave()

        async def read() -> Mapping[str, Any]:
            return tool.values(params.arguments or {})

        message = Message(
            credential=admitted.credential,
            read=read,
            request_id=admitted.request_id,
            door="mcp",
            address=admitted.address,
            traceparent=admitted.traceparent,
        )
        try:
            await admitted.place.turn(f"mcp {tool.operation.full_name}", batched=tool.operation.batched)
            answer = await self._application.dispatch(tool.operation, message)
            text, structured = tool.answer(answer.value)
        except Failure as failure:
            return _told(problem(failure, admitted.request_id))
        except Exception:
            logger.exception("An unexpected error (request %s)", admitted.request_id)
            return _told(bug(admitted.request_id))
        admitted.place.done()
        return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=structured)


def _timely(receive: Receive, idle_s: float) -> Receive:
    """Give up a body that stands still; once it is whole, its client may be waited for."""
    whole = False

    async def timely() -> AsgiMessage:
        nonlocal whole
        if whole:
            return await receive()
        try:
            async with asyncio.timeout(idle_s):
                message = await receive()
        except TimeoutError:
            raise BodyTooSlow("Send the message without long pauses.") from None
        whole = not message.get("more_body", False)
        return message

    return timely


async def _run(manager: StreamableHTTPSessionManager, begun: asyncio.Event, ended: asyncio.Event) -> None:
    async with manager.run():
        begun.set()
        await ended.wait()


def _admitted(context: ServerRequestContext[Any, Any]) -> _Admitted:
    admitted = context.request.scope[_ADMITTED] if context.request is not None else None
    if not isinstance(admitted, _Admitted):
        raise TypeError("A message reached the tools without having been admitted")
    return admitted


def _told(document: Mapping[str, Any]) -> CallToolResult:
    text = encoded(document).decode()
    return CallToolResult(
        content=[TextContent(type="text", text=text)], structured_content=dict(document), is_error=True
    )


def _refusal(failure: Failure, request_id: str, described_at: str = "") -> Response:
    headers = retry_after(failure)
    if isinstance(failure, Unauthenticated):
        headers["WWW-Authenticate"] = challenge(failure, described_at)
    if isinstance(failure, MethodUnsupported):
        headers["Allow"] = "POST"
    body = encoded(problem(failure, request_id))
    return Response(body, status_of(type(failure)), headers, PROBLEM_MEDIA_TYPE)


def mcp_door(
    application: Application,
    *,
    ids: Ids,
    shedding: Shedding,
    settings: McpSettings = McpSettings(),
) -> McpDoor:
    """Make the MCP door; its `routes` belong into the REST door, its `running()` into the lifespan."""
    return McpDoor(application, ids, settings, shedding)
