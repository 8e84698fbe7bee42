"""The WebSocket door: who may connect, many requests on one connection, and how either side leaves."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from mainstay.kernel.shedding import Shedding
from mainstay.ports.database import SYSTEM
from mainstay.transports.accounts.cookies import session_credential
from mainstay.transports.rest.door import rest_app
from mainstay.transports.websocket.door import SocketDoor
from mainstay.transports.websocket.settings import SocketSettings
from served import served_door
from transports import house as notes
from transports.house import ADMIN, BUSY, STRANGER, USER, House, Piece

SETTINGS = SocketSettings(
    hello_s=0.2,
    look_again_s=0.02,
    in_progress_max=3,
    per_caller_max=2,
    per_household_max=2,
    per_tenant_max=4,
    session=session_credential,
)


@dataclass
class Place:
    """Where the door is, and what stands behind it."""

    url: str
    house: House

    def connected(self, key: str = ADMIN, **headers: str) -> connect:
        """Connect with a key in a header, or without one where it is empty."""
        given = {**({"Authorization": f"Bearer {key}"} if key else {}), **headers}
        url = f"{self.url}/v1/socket"
        return connect(url, additional_headers=given, proxy=None, close_timeout=0.2)

    async def refused(self, key: str = "", **headers: str) -> tuple[int, str]:
        """Try to connect; give the status and the code of the refusal."""
        with pytest.raises(InvalidStatus) as caught:
            async with self.connected(key, **headers):
                pass
        answer = caught.value.response
        assert answer.headers["Content-Type"] == "application/problem+json"
        return answer.status_code, json.loads(answer.body or b"")["code"]


@asynccontextmanager
async def opened(
    house: House, shedding: Shedding, settings: SocketSettings = SETTINGS
) -> AsyncIterator[Place]:
    async def ready() -> dict[str, str]:
        return {}

    door = SocketDoor(house.application, ids=house.ids, shedding=shedding, settings=settings)
    app = rest_app(house.application, ids=house.ids, ready=ready, shedding=shedding, extra_routes=door.routes)
    async with served_door(app) as url:
        yield Place(url.replace("http", "ws", 1), house)


@pytest.fixture
async def place(notes_house: House, shedding: Shedding) -> AsyncIterator[Place]:
    async with opened(notes_house, shedding) as found:
        yield found


async def ask(socket: ClientConnection, known: str, operation: str, **values: Any) -> None:
    await socket.send(json.dumps({"id": known, "operation": f"notes.{operation}", "values": values}))


async def told(socket: ClientConnection) -> Any:
    async with asyncio.timeout(10):
        return json.loads(await socket.recv())


async def closed(socket: ClientConnection) -> int:
    """Read to the end; give the code with which the server closed."""
    async with asyncio.timeout(10):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as ended:
            return ended.rcvd.code if ended.rcvd is not None else 0


async def test_who_may_not_connect_is_told_by_a_problem(place: Place) -> None:
    assert await place.refused("mk_nobody") == (401, "CredentialsUnknown")
    assert await place.refused(ADMIN, Origin="https://elsewhere.example") == (403, "OriginRefused")
    assert await place.refused("", Origin="null") == (403, "OriginRefused")
    assert await place.refused(ADMIN, **{"X-API-Key": USER}) == (401, "CredentialsAmbiguous")
    async with place.connected(USER), place.connected(USER):
        assert await place.refused(USER) == (429, "SocketsTooMany")
        async with place.connected(ADMIN):
            pass
    async with place.connected(USER):
        pass


async def test_what_clients_do_wrong_is_no_error_of_the_house(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await place.refused("mk_nobody")
    await place.refused(ADMIN, Origin="https://elsewhere.example")
    async with place.connected("") as socket:
        await socket.send(json.dumps({"key": "mk_nobody"}))
        assert await closed(socket) == 3000
    async with place.connected("") as socket:
        await socket.send(b"\xff\xfe", text=True)
        assert await closed(socket) == 1007
    with pytest.raises(InvalidStatus):
        await connect(f"{place.url}/v1/elsewhere", proxy=None)
    for code in ("CredentialsUnknown", "OriginRefused"):
        assert f"A connection was refused: {code} (request req_" in caplog.text
    assert [each.getMessage() for each in caplog.records if each.levelno > logging.INFO] == []


async def test_neither_guests_nor_one_tenant_take_every_place(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = notes._CALLERS[USER]
    for number in range(3):
        monkeypatch.setitem(notes._CALLERS, f"mk_{number}", replace(own, subject=f"key_{number}"))
    monkeypatch.setitem(notes._CALLERS, "mk_guest", replace(own, subject="visitor_1", guest_of="widget_1"))
    assert await place.refused("mk_guest") == (403, "GuestsStayOut")
    async with place.connected("") as socket:
        await socket.send(json.dumps({"key": "mk_guest"}))
        assert (await told(socket))["error"]["code"] == "GuestsStayOut"
        assert await closed(socket) == 3003
    async with place.connected("mk_0"), place.connected("mk_0"), place.connected("mk_1"):
        async with place.connected("mk_1"):
            assert await place.refused("mk_2") == (429, "SocketsTooMany")
            async with place.connected(STRANGER):
                pass
        async with place.connected("mk_2"):
            pass


async def test_whoever_cannot_send_headers_says_first_who_he_is(place: Place) -> None:
    async with place.connected("") as socket:
        await socket.send(json.dumps({"key": STRANGER}))
        assert await told(socket) == {"authenticated": True}
        await ask(socket, "1", "whose")
        assert (await told(socket))["result"] == {"word": "tenant_b"}
    first = {"id": "1", "operation": "notes.whose"}
    for said, code in (({"key": "mk_nobody"}, "CredentialsUnknown"), (first, "MessageMalformed")):
        async with place.connected("") as socket:
            await socket.send(json.dumps(said))
            assert (await told(socket))["error"]["code"] == code
            assert await closed(socket) == 3000
    async with place.connected("") as socket:
        await socket.send("x" * 9000)
        assert await closed(socket) == 1009, "nobody reads much of who is not known"
    async with place.connected(""), place.connected("") as socket:
        assert await place.refused() == (429, "SocketsTooMany")
        assert (await told(socket))["error"]["code"] == "BodyTooSlow"
        assert await closed(socket) == 3008


async def test_no_page_of_another_site_uses_the_session_of_a_browser(place: Place) -> None:
    cookie, here = f"mainstay-session={ADMIN}", place.url.replace("ws", "http", 1)
    other_port = here.rpartition(":")[0] + ":1"
    assert await place.refused("", Cookie=cookie, Origin="https://evil.example") == (403, "OriginRefused")
    for origin in ({}, {"Origin": here.replace("http", "https")}, {"Origin": other_port}):
        async with place.connected("", Cookie=cookie, **origin) as socket:
            await socket.send(json.dumps({"session": True}))
            assert (await told(socket))["error"]["code"] == "OriginRefused", origin
            assert await closed(socket) == 3000
    async with place.connected("", Cookie=cookie, Origin=here) as socket:
        await socket.send(json.dumps({"session": True}))
        assert await told(socket) == {"authenticated": True}
        await ask(socket, "1", "whose")
        assert (await told(socket))["result"] == {"word": "tenant_a"}
    async with place.connected("", Origin=here) as socket:
        await socket.send(json.dumps({"session": True}))
        assert (await told(socket))["error"]["code"] == "CredentialsMissing"


async def test_requests_go_side_by_side_within_a_limit_and_are_cancelled(place: Place) -> None:
    async with place.connected() as socket:
        for known in ("a", "b", "c"):
            await ask(socket, known, "stream_tell", text=f"{known} wait")
        begun = {each["id"]: each["item"]["word"] for each in [await told(socket) for _ in range(3)]}
        assert begun == {"a": "a", "b": "b", "c": "c"}
        await ask(socket, "d", "whose")
        full = await told(socket)
        assert (full["id"], full["error"]["code"], full["error"]["status"]) == ("d", "SocketFull", 429)
        await ask(socket, "a", "whose")
        twice = await told(socket)
        assert (twice["id"], twice["error"]["code"]) == (None, "MessageMalformed")
        await socket.send('{"id": "b", "cancel": true}')
        ended = await told(socket)
        assert (ended["id"], ended["done"], ended["cancelled"]) == ("b", True, True)
        assert place.house.notes.closed.is_set()
        await ask(socket, "b", "stream_tell", text="one two")
        words = [await told(socket) for _ in range(3)]
        assert [each.get("item") for each in words] == [{"word": "one"}, {"word": "two"}, None]
        assert words[2]["done"] is True
        assert "cancelled" not in words[2]


async def test_what_fails_is_told_as_rest_tells_it(place: Place) -> None:
    async with place.connected(USER) as socket:
        await ask(socket, "1", "add_note", text="x")
        refused = (await told(socket))["error"]
        assert (refused["status"], refused["code"]) == (403, "PermissionMissing")
        await ask(socket, "2", "find_notes", words=3)
        wrong = (await told(socket))["error"]
        assert (wrong["code"], wrong["errors"][0]["field"]) == ("RequestInvalid", "words")
        await ask(socket, "3", "nothing")
        assert (await told(socket))["error"]["code"] == "OperationMissing"
        await ask(socket, "4", "broken")
        assert "secret" not in json.dumps(bug := await told(socket))
        assert bug["error"]["code"] == "InternalError"
        await ask(socket, "5", "stream_tell", text="one break")
        assert "item" in await told(socket)
        assert (await told(socket))["error"]["retry_after_s"] == 3
        for said in ("{", "[]", '{"id": 1}', '{"id": "6", "values": {}}', '{"id": "6", "id": "7"}'):
            await socket.send(said)
            assert (await told(socket))["error"]["code"] == "MessageMalformed", said
        await socket.send(b"bytes")
        assert await closed(socket) == 1003
    async with place.connected(USER) as socket:
        for _ in range(101):
            await socket.send("{")
        assert await closed(socket) == 1008


async def test_each_message_walks_the_road(place: Place) -> None:
    async with place.connected(BUSY) as socket:
        await ask(socket, "1", "whose")
        assert (await told(socket))["headers"]["RateLimit"].startswith('"minute";r=0')
        await ask(socket, "2", "whose")
        assert (await told(socket))["error"]["code"] == "RateLimited"
    async with place.connected() as socket:
        asked = {
            "id": "1",
            "operation": "notes.add_note",
            "values": {"text": "a"},
            "idempotency_key": "k" * 20,
        }
        await socket.send(json.dumps(asked))
        first = await told(socket)
        assert first["pending"] is True
        await socket.send(json.dumps({**asked, "id": "2"}))
        again = await told(socket)
        assert again["result"] == first["result"]
        assert again["headers"]["Idempotency-Replayed"] == "true"
        file = {"name": "a.txt", "content": "YWJj"}
        await ask(socket, "3", "upload_note", file=file)
        assert (await told(socket))["result"]["size"] == 3
    await place.house.parts.audit.flush()
    rows = await place.house.parts.database.fetch(SYSTEM, "SELECT * FROM audit")
    doors = {(row["door"], row["operation"], row["outcome"]) for row in rows}
    assert {("websocket", "notes.add_note", "ok"), ("websocket", "notes.whose", "RateLimited")} <= doors


async def test_whoever_may_no_longer_is_cut_off(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async with place.connected(USER) as socket:
        await ask(socket, "1", "stream_tell", text="one wait")
        await told(socket)
        monkeypatch.delitem(notes._CALLERS, USER)
        assert await closed(socket) == 3000
        async with asyncio.timeout(10):
            await place.house.notes.closed.wait()


async def test_nobody_is_kept_who_asks_nothing(notes_house: House, shedding: Shedding) -> None:
    settings = replace(SETTINGS, idle_s=0.1)
    async with opened(notes_house, shedding, settings) as place, place.connected() as socket:
        assert await closed(socket) == 3008


async def test_who_does_not_read_is_not_written_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces are made as they are read: a stream without end does not fill the memory."""
    made, piece = 0, Piece(word="x" * 100_000)

    async def endless(text: str) -> AsyncIterator[Piece]:
        nonlocal made
        while True:
            made += 1
            yield piece
            await asyncio.sleep(0)

    monkeypatch.setattr(place.house.notes, "stream_tell", endless)
    async with place.connected() as socket:
        await ask(socket, "1", "stream_tell", text="x")
        before = -1
        async with asyncio.timeout(10):
            while made != before:
                before = made
                await asyncio.sleep(0.1)
        assert 0 < made < 200, "as many as the two sides' buffers hold"
        for _ in range(made + 50):
            assert "item" in await told(socket)
        assert made > before


async def test_answers_that_are_not_read_count_as_requests_in_progress(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, piece = 0, Piece(word="x" * 2_000_000)

    async def large() -> Piece:
        nonlocal made
        made += 1
        return piece

    monkeypatch.setattr(place.house.notes, "whose", large)
    async with place.connected() as socket:
        for known in range(90):
            await ask(socket, str(known), "whose")
        before = -1
        async with asyncio.timeout(10):
            while made != before:
                before = made
                await asyncio.sleep(0.1)
        assert 0 < made < 45, "those that three requests and the two sides' buffers hold"


async def test_a_server_that_stops_ends_what_has_begun(
    notes_house: House, shedding: Shedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    add_note = notes_house.notes.add_note

    async def slow(**values: Any) -> Any:
        begun.set()
        await go_on.wait()
        return await add_note(**values)

    monkeypatch.setattr(notes_house.notes, "add_note", slow)
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(opened(notes_house, shedding))
        async with place.connected() as socket:
            await ask(socket, "1", "stream_tell", text="one wait")
            await told(socket)
            await ask(socket, "2", "add_note", text="kept")
            await begun.wait()
            stopping = asyncio.create_task(stack.aclose())
            assert (await told(socket))["id"] == "1"
            go_on.set()
            assert (await told(socket))["result"]["text"] == "kept"
            assert await closed(socket) == 1012
            await stopping
