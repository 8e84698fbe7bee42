"""Load shedding at the doors: who is refused, how it is told, and who is never."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from mainstay.kernel import turns
from mainstay.kernel.shedding import Place, Shedding
from mainstay.transports.rest.door import RestDoor
from transports.asking import asgi, code_of
from transports.house import ADMIN, House

EVENTS = {"Accept": "text/event-stream"}
MCP = {"Accept": "application/json, text/event-stream"}
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "notes_whose", "arguments": {}}}


@pytest.fixture
def full(shedding: Shedding) -> Iterator[list[Place]]:
    """Fill every place."""
    places = [shedding.admit("somebody") for _ in range(int(shedding.limit))]
    yield places
    for place in places:
        place.leave()


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/v1/notes/me", {}),
        ("GET", "/api/v1/notes/me", {}),
        ("POST", "/v1/notes", {}),
        ("POST", "/v1/notes/tell", EVENTS),
        ("POST", "/v1/notes/file", {}),
        ("GET", "/v1/notes/me", {"Authorization": "Bearer unknown"}),
        ("POST", "/mcp", MCP),
    ],
)
async def test_beyond_the_limit_everybody_is_refused_unread(
    web: httpx2.AsyncClient,
    full: list[Place],
    notes_house: House,
    method: str,
    path: str,
    headers: dict[str, str],
) -> None:
    answer = await web.request(method, path, headers=headers, content=b"{" if method == "POST" else None)
    assert answer.status_code == 503
    assert code_of(answer) == "Overloaded"
    assert answer.headers["content-type"] == "application/problem+json"
    assert 1 <= int(answer.headers["retry-after"]) <= 3
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    full.pop().leave()
    assert (await web.get("/v1/notes/me")).status_code == 200
    assert notes_house.notes.notes == {}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json", "/problems/overloaded", "/"])
async def test_health_and_pages_are_never_shed(web: httpx2.AsyncClient, full: list[Place], path: str) -> None:
    assert (await web.get(path)).status_code == 200


async def test_every_way_out_gives_the_place_back(web: httpx2.AsyncClient, shedding: Shedding) -> None:
    for method, path, body, status in (
        ("GET", "/v1/notes/me", None, 200),
        ("GET", "/v1/notes/broken", None, 500),
        ("GET", "/v1/notes/none", None, 404),
        ("POST", "/v1/notes", {"text": 5}, 422),
        ("POST", "/v1/notes/tell", {"text": "bug"}, 500),
        ("POST", "/v1/notes/tell", {"text": "one bug"}, 200),
    ):
        streamed = EVENTS if path.endswith("tell") else {}
        assert (await web.request(method, path, json=body, headers=streamed)).status_code == status
        assert (await web.post("/mcp", json=CALL, headers=MCP)).status_code == 200
        assert shedding.running == 0
    assert set(shedding._usual_s) == {
        "notes.whose",
        "mcp notes.whose",
    }  # what fails, or streams, says nothing of being slow


async def test_a_stream_that_has_begun_holds_no_place(door: RestDoor, shedding: Shedding) -> None:
    seen: list[int] = []
    body = json.dumps({"text": "one wait"}).encode()
    headers = [
        (b"authorization", f"Bearer {ADMIN}".encode()),
        (b"accept", b"text/event-stream"),
        (b"content-type", b"application/json"),
    ]
    left = asyncio.Event()
    messages = iter([{"type": "http.request", "body": body}])

    async def receive() -> dict[str, object]:
        message = next(messages, None)
        if message is not None:
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    def see(message: dict[str, object]) -> None:
        if message.get("body"):
            seen.append(shedding.running)
            left.set()

    await asgi(door, "POST", "/v1/notes/tell", headers, receive, see)
    assert seen[0] == 0
    assert shedding.refused == 0


@pytest.mark.parametrize(("query", "held"), [("", 1), ("?wait=false", 1), ("?wait=true", 0)])
async def test_who_asks_to_wait_holds_no_place(
    web: httpx2.AsyncClient,
    notes_house: House,
    shedding: Shedding,
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    held: int,
) -> None:
    seen: list[int] = []
    add = notes_house.notes.add_note

    async def add_note(**given: Any) -> Any:
        seen.append(shedding.running)
        return await add(**given)

    monkeypatch.setattr(notes_house.notes, "add_note", add_note)
    assert (await web.post(f"/v1/notes{query}", json={"text": "x"})).status_code in {201, 202}
    arguments = {"text": "y", "wait": held == 0}
    call = {**CALL, "params": {"name": "notes_add_note", "arguments": arguments}}
    assert (await web.post("/mcp", json=call, headers=MCP)).status_code == 200
    assert seen == [held, held]


async def test_uploads_hold_no_place_and_are_not_slow(web: httpx2.AsyncClient, shedding: Shedding) -> None:
    answer = await web.post("/v1/notes/file", files={"file": ("a.txt", b"text")})
    assert answer.status_code == 201
    assert (shedding.running, shedding._usual_s) == (0, {})


@pytest.mark.parametrize("door_path", ["/v1/notes", "/mcp"])
async def test_who_waits_for_its_turn_is_refused_when_too_many_come(
    web: httpx2.AsyncClient,
    notes_house: House,
    shedding: Shedding,
    monkeypatch: pytest.MonkeyPatch,
    door_path: str,
) -> None:
    monkeypatch.setattr(shedding.turns, "work_s", lambda _: 1.0)
    monkeypatch.setattr(turns, "WAIT_S", 3600)
    for name in ("notes.add_note", "mcp notes.add_note"):
        shedding._usual_s[name] = 0.001
    begun, go_on = asyncio.Event(), asyncio.Event()
    add = notes_house.notes.add_note

    async def add_note(**given: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await add(**given)

    monkeypatch.setattr(notes_house.notes, "add_note", add_note)

    async def ask() -> int:
        if door_path == "/v1/notes":
            return (await web.post(door_path, json={"text": "x"})).status_code
        call = {**CALL, "params": {"name": "notes_add_note", "arguments": {"text": "x"}}}
        told = (await web.post(door_path, json=call, headers=MCP)).json()
        content = told["result"]["structuredContent"]
        return int(content.get("status", 201))

    first = asyncio.create_task(ask())
    await begun.wait()
    others = [asyncio.create_task(ask()) for _ in range(31)]
    while shedding.turns.waiting < 31:
        await asyncio.sleep(0)
    assert (await web.post("/v1/notes", json={"text": "x"})).status_code == 503
    assert await asyncio.gather(*others) == [503] * 31
    go_on.set()
    assert await first in {201, 202}
    assert len(notes_house.notes.notes) == 1
    assert (shedding.running, shedding.turns.begun) == (0, 0)


async def test_a_tenant_that_is_known_is_admitted_beside_a_flood_of_strangers(
    web: httpx2.AsyncClient, shedding: Shedding
) -> None:
    assert (await web.get("/v1/notes/me")).status_code == 200
    places = [shedding.admit("somebody") for _ in range(int(shedding.limit))]
    answer = await web.get("/v1/notes/me", headers={"Authorization": "Bearer unknown"})
    assert answer.status_code == 503
    assert (await web.get("/v1/notes/me")).status_code == 200
    for place in places:
        place.leave()


@pytest.mark.parametrize("path", ["/v1/notes/me", "/mcp"])
async def test_unknown_credentials_weigh_heavier_on_their_address(
    web: httpx2.AsyncClient, shedding: Shedding, path: str
) -> None:
    for _ in range(10):
        method = "POST" if path == "/mcp" else "GET"
        answer = await web.request(method, path, headers={**MCP, "Authorization": "Bearer unknown"})
        assert answer.status_code == 401
    times = shedding.sources.times_usual(shedding.sources.of(b"Bearer unknown", "127.0.0.1"))
    assert 9 < times <= 10  # a hundred in ten seconds
