"""The MCP door, asked by the official client."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from mainstay.kernel.caller import Caller
from mainstay.kernel.interface import operations_of
from mainstay.kernel.shedding import Shedding, SheddingSettings
from mainstay.kit.clock import SystemClock
from mainstay.services.people.interface import People
from mainstay.transports.mcp.door import McpSettings, mcp_door
from mainstay.transports.mcp.tools import operation_tool
from mainstay.transports.rest.door import RestDoor, rest_app
from transports.house import ADMIN, BUSY, STRANGER, USER, House

SHEDDING = Shedding(SystemClock(), SheddingSettings())

Connect = Callable[[str], AbstractAsyncContextManager[Client]]
URL = "http://house/mcp"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HEADERS = {"Accept": "application/json, text/event-stream", "X-API-Key": ADMIN}


@pytest.fixture
def connect(door: RestDoor) -> Connect:
    """Give what connects the official client with a key."""

    @asynccontextmanager
    async def connected(key: str) -> AsyncIterator[Client]:
        transport = httpx2.ASGITransport(door)
        headers = {"Authorization": f"Bearer {key}"}
        async with (
            httpx2.AsyncClient(transport=transport, base_url="http://house", headers=headers) as http,
            Client(streamable_http_client(URL, http_client=http)) as client,
        ):
            yield client

    return connected


def _problem(result: Any) -> dict[str, Any]:
    assert result.is_error
    told = json.loads(result.content[0].text)
    assert told == result.structured_content
    return dict(told)


async def test_tools_are_operations(connect: Connect) -> None:
    async with connect(ADMIN) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert "notes_stream_tell" not in tools
    add, get = tools["notes_add_note"], tools["notes_get_note"]
    assert add.description == "Keep a note. With `wait=true` it is done before the answer."
    assert add.input_schema["required"] == ["text"]
    assert add.input_schema["properties"]["note_id"]["description"] == "Any id."
    assert get.annotations is not None
    assert get.annotations.read_only_hint
    assert add.annotations is not None
    assert not add.annotations.read_only_hint
    assert get.output_schema is not None
    assert set(get.output_schema["properties"]) == {"note_id", "text", "tags", "queued"}


async def test_only_what_the_caller_may_use_is_listed(connect: Connect) -> None:
    async with connect(USER) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
    assert "notes_get_note" in names
    assert "notes_add_note" not in names


def test_what_takes_somebody_who_signed_in_is_for_nobody_else() -> None:
    operation = next(each for each in operations_of(People) if each.name == "change_password")
    made = operation_tool(operation)
    session = Caller("t", "user_a", ("user",), frozenset(), signed_in_ms=1)
    assert made.offered_to(session)
    assert not made.offered_to(replace(session, signed_in_ms=None, permissions=frozenset({"*"})))


async def test_a_tool_answers_with_text_and_structure(connect: Connect) -> None:
    async with connect(ADMIN) as client:
        kept = await client.call_tool("notes_add_note", {"text": "Buy oars.", "note_id": "a"})
        found = await client.call_tool("notes_find_notes", {"words": "oars", "filters": {"year": 2024}})
    assert not kept.is_error
    assert kept.structured_content == {"note_id": "a", "text": "Buy oars.", "tags": [], "queued": True}
    assert json.loads(kept.content[0].text) == kept.structured_content
    assert found.structured_content["result"][0]["note_id"] == "a"


async def test_a_file_travels_in_base64(connect: Connect) -> None:
    async with connect(ADMIN) as client:
        file = {"name": "a.bin", "content": base64.b64encode(b"\x00\xff").decode()}
        seen = await client.call_tool("notes_upload_note", {"file": file, "copies": 2})
        assert seen.structured_content["size"] == 2
        for broken in ("no file", {"name": "a", "content": "%%"}, {"name": "a", "content": "", "x": 1}):
            told = _problem(await client.call_tool("notes_upload_note", {"file": broken}))
            assert (told["code"], told["errors"][0]["field"]) == ("RequestInvalid", "file")


async def test_failures_are_the_same_problems_as_everywhere(connect: Connect) -> None:
    async with connect(ADMIN) as client:
        missing = _problem(await client.call_tool("notes_get_note", {"note_id": "none"}))
        invalid = _problem(await client.call_tool("notes_get_note", {"note": "none"}))
        bug = _problem(await client.call_tool("notes_broken", {}))
    assert (missing["code"], missing["status"], missing["detail"]) == ("NoteMissing", 404, "Check the id.")
    assert {each["field"] for each in invalid["errors"]} == {"note_id", "note"}
    assert bug["code"] == "InternalError"
    assert "secret" not in json.dumps(bug)


async def test_each_call_is_the_keys_callers(connect: Connect) -> None:
    async with connect(ADMIN) as client:
        await client.call_tool("notes_add_note", {"text": "x", "note_id": "mine"})
    async with connect(STRANGER) as client:
        assert (
            _problem(await client.call_tool("notes_get_note", {"note_id": "mine"}))["code"] == "NoteMissing"
        )
    async with connect(USER) as client:
        assert (
            _problem(await client.call_tool("notes_add_note", {"text": "x"}))["code"] == "PermissionMissing"
        )


async def test_calls_count_against_the_limit(connect: Connect) -> None:
    async with connect(BUSY) as client:
        await client.call_tool("notes_whose", {})
        assert _problem(await client.call_tool("notes_whose", {}))["code"] == "RateLimited"


async def test_an_unknown_tool_is_a_protocol_error(connect: Connect) -> None:
    async with connect(ADMIN) as client:
        with pytest.raises(MCPError, match="no such tool"):
            await client.call_tool("notes_nothing", {})


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-API-Key": ""}, "CredentialsMissing"),
        ({"X-API-Key": "unknown"}, "CredentialsUnknown"),
        ({"Authorization": f"Bearer {USER}"}, "CredentialsAmbiguous"),
    ],
)
async def test_strangers_are_refused_before_anything_is_read(
    web: httpx2.AsyncClient, headers: dict[str, str], code: str
) -> None:
    web.headers.pop("Authorization")
    answer = await web.post("/mcp", content=b"not even json", headers={**HEADERS, **headers})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await web.post("/mcp", content=b"{")).json()["code"] == "CredentialsMissing"


async def test_pages_of_other_hosts_may_not_call(web: httpx2.AsyncClient) -> None:
    for origin, status in (("http://house", 200), ("http://house:81", 200), ("http://evil.example", 403)):
        answer = await web.post("/mcp", json=LIST, headers={**HEADERS, "Origin": origin})
        assert answer.status_code == status


@pytest.mark.parametrize("headers", [{"Host": "["}, {"Origin": "http://["}, {"Host": "", "Origin": "null"}])
async def test_a_host_or_origin_that_is_no_address_is_refused(
    web: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await web.post("/mcp", json=LIST, headers={**HEADERS, **headers})
    assert (answer.status_code, answer.json()["code"]) == (403, "OriginRefused")


async def test_hosts_and_origins_are_settings(notes_house: House) -> None:
    settings = McpSettings(allowed_hosts=("house",), allowed_origins=("https://chat.example",))
    mcp = mcp_door(notes_house.application, ids=notes_house.ids, shedding=SHEDDING, settings=settings)

    async def ready() -> dict[str, str]:
        return {}

    door = rest_app(
        notes_house.application, ids=notes_house.ids, ready=ready, shedding=SHEDDING, extra_routes=mcp.routes
    )
    async with (
        mcp.running(),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(door), headers=HEADERS) as web,
    ):
        allowed = await web.post(URL, json=LIST, headers={"Origin": "https://chat.example"})
        assert allowed.status_code == 200
        assert (await web.post("http://rebound.example/mcp", json=LIST)).json()["code"] == "OriginRefused"


async def test_the_door_may_be_run_again(notes_house: House) -> None:
    mcp = mcp_door(notes_house.application, ids=notes_house.ids, shedding=SHEDDING)
    for _ in range(2):
        async with mcp.running(), httpx2.AsyncClient(transport=httpx2.ASGITransport(mcp)) as web:
            assert (await web.post(URL, json=LIST, headers=HEADERS)).status_code == 200


async def test_other_methods_and_large_bodies_are_refused(web: httpx2.AsyncClient) -> None:
    for method in ("GET", "DELETE", "PUT"):
        answer = await web.request(method, "/mcp")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    large = {**HEADERS, "Content-Length": str(1 << 30), "Content-Type": "application/json"}
    web.headers.pop("Authorization")
    assert (await web.post("/mcp", content=b"{}", headers=large)).status_code == 413


async def test_a_message_that_does_not_come_is_given_up(notes_house: House) -> None:
    mcp = mcp_door(
        notes_house.application,
        ids=notes_house.ids,
        shedding=SHEDDING,
        settings=McpSettings(body_idle_s=0.02),
    )
    sent: list[Any] = []

    async def never() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"house"), (b"x-api-key", ADMIN.encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "headers": headers}
    async with mcp.running(), asyncio.timeout(5):
        await mcp(scope, never, send)
    assert sent[0]["status"] == 408
