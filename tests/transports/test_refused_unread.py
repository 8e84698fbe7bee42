"""Requests that an overload refuses when only their heads are known, on real connections."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from mainstay.kernel.shedding import Overloaded, Place, Shedding
from mainstay.transports.rest import protocol
from mainstay.transports.rest.door import RestDoor
from served import served_door
from transports.house import ADMIN

GET = f"GET /v1/notes/me HTTP/1.1\r\nHost: house\r\nX-API-Key: {ADMIN}\r\n"
POST = f"POST /v1/notes HTTP/1.1\r\nHost: house\r\nX-API-Key: {ADMIN}\r\nContent-Type: application/json\r\n"
END = "\r\n"
NOTE = json.dumps({"text": "GET /v1/notes/me HTTP/1.1"})


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Wire:
    """One connection, on which requests are written as they are."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, *pieces: str) -> Answer:
        """Send pieces with pauses between them, and read one answer."""
        for piece in pieces:
            self.writer.write(piece.encode())
            await asyncio.sleep(0.02 if len(pieces) > 1 else 0)
        return await self.answer()

    async def answer(self, *, bodiless: bool = False) -> Answer:
        """Read one answer."""
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = b"" if bodiless else await self.reader.readexactly(int(headers["content-length"]))
        return Answer(int(head[0].split()[1]), headers, body)


@asynccontextmanager
async def connected(door: RestDoor, *, behind_proxy: bool = False) -> AsyncIterator[Wire]:
    """Connect to a server."""
    async with served_door(door, behind_proxy=behind_proxy) as url:
        address = urlsplit(url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        with closing(writer):
            yield Wire(reader, writer)


@pytest.fixture
async def wire(door: RestDoor) -> AsyncIterator[Wire]:
    async with connected(door) as connection:
        yield connection


@pytest.fixture
def overload(shedding: Shedding) -> Iterator[list[Place]]:
    """Fill every place, and let one be refused."""
    places = [shedding.admit("somebody") for _ in range(int(shedding.limit))]
    with pytest.raises(Overloaded):
        shedding.admit("one too many")
    yield places
    for place in places:
        place.leave()


@pytest.fixture
def taken_in(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the paths of the requests that were taken in."""
    paths: list[str] = []
    way_in = RestDoor.__call__

    async def noted(door: RestDoor, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            paths.append(scope["path"])
        await way_in(door, scope, receive, send)

    monkeypatch.setattr(RestDoor, "__call__", noted)
    return paths


def form(answer: Answer) -> tuple[object, ...]:
    """Give all of a refusal but what differs from one to the next."""
    told = json.loads(answer.body)
    assert told.pop("request_id") == answer.headers.pop("x-request-id")
    assert 1 <= told.pop("retry_after_s") <= int(answer.headers.pop("retry-after")) <= 3
    assert told.pop("detail").startswith("More requests come than can be answered")
    for name in ("date", "content-length"):
        del answer.headers[name]
    return answer.status, answer.headers, told


@pytest.mark.parametrize("request_", [GET + END, POST + f"Content-Length: {len(NOTE)}\r\n\r\n" + NOTE])
async def test_a_refusal_at_the_door_looks_like_any_other(
    wire: Wire, overload: list[Place], shedding: Shedding, request_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shedding.refused
    with monkeypatch.context() as patched:
        patched.setattr(RestDoor, "turned_away", lambda *_: None)
        further_in = await wire.ask(request_)
    at_the_door = await wire.ask(request_)
    assert form(at_the_door) == form(further_in)
    assert further_in.status == 503
    assert shedding.refused == before + 2


@pytest.mark.usefixtures("overload")
async def test_at_the_door_nothing_is_made_of_a_request(taken_in: list[str], wire: Wire) -> None:
    assert (await wire.ask(GET + END)).status == 503
    assert (await wire.ask(POST + f"Content-Length: {len(NOTE)}\r\n\r\n" + NOTE)).status == 503
    named = await wire.ask(GET + "X-Request-Id: mine\r\n" + END)
    assert named.headers["x-request-id"] == json.loads(named.body)["request_id"] == "mine"
    assert taken_in == []


@pytest.mark.usefixtures("overload")
async def test_the_body_of_a_refused_request_is_not_the_next_request(
    taken_in: list[str], wire: Wire, shedding: Shedding
) -> None:
    before = shedding.refused
    head = POST + f"Content-Length: {len(NOTE)}\r\n\r\n"
    assert (await wire.ask(head, NOTE[:9], NOTE[9:])).status == 503
    chunked = POST + "Transfer-Encoding: chunked\r\n\r\n", f"{len(NOTE):x}\r\n", NOTE + "\r\n", "0\r\n\r\n"
    assert (await wire.ask(*chunked)).status == 503
    assert (await wire.ask(head + NOTE + head + NOTE + GET + END)).status == 503
    assert (await wire.answer()).status == 503
    assert (await wire.answer()).status == 503
    assert shedding.refused == before + 5
    assert taken_in == []


async def test_the_connection_goes_on(wire: Wire, overload: list[Place]) -> None:
    assert (await wire.ask(GET + END)).status == 503
    overload.pop().leave()
    overload.pop().leave()
    assert (await wire.ask(POST + f"Content-Length: {len(NOTE)}\r\n\r\n" + NOTE)).status == 202
    assert (await wire.ask(GET + END)).status == 200


async def test_answers_come_in_the_order_of_what_was_asked(
    wire: Wire, overload: list[Place], shedding: Shedding
) -> None:
    """The first goes in, and is answered late; the second came behind it, and is not answered before."""
    overload.pop().leave()
    first = await wire.ask(GET + END + "GET /v1/notes/me HTTP/1.1\r\nHost: house\r\nX-API-Key: x\r\n" + END)
    assert [first.status, (await wire.answer()).status] == [200, 401]
    assert shedding.running == len(overload)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET /healthz HTTP/1.1\r\nHost: house\r\n", 200),
        ("GET /openapi.json HTTP/1.1\r\nHost: house\r\n", 200),
        (GET + "Expect: 100-continue\r\n", 503),
        (GET + "Origin: https://page.example\r\n", 503),
        (GET + "Connection: Upgrade\r\nUpgrade: websocket\r\n", 503),
        (GET.replace("HTTP/1.1", "HTTP/1.0"), 503),
        (GET.replace("HTTP/1.1", "HTTP/1.0") + "Connection: keep-alive\r\n", 503),
        (GET.replace("/me", "/me/nothing"), 404),
        (GET.replace("GET", "DELETE", 1), 405),
        (GET + "Accept: text/csv\r\n", 406),
        (GET + "Connection: close\r\n", 503),
    ],
)
async def test_what_is_out_of_the_ordinary_goes_the_longer_way(
    taken_in: list[str], wire: Wire, overload: list[Place], request_: str, status: int
) -> None:
    assert (await wire.ask(request_ + END)).status == status
    assert len(taken_in) == 1


@pytest.mark.usefixtures("overload")
async def test_who_comes_by_a_proxy_is_known_only_further_in(taken_in: list[str], door: RestDoor) -> None:
    async with connected(door, behind_proxy=True) as wire:
        assert (await wire.ask(GET + END)).status == 503
    assert len(taken_in) == 1


async def test_to_head_no_body_is_told(wire: Wire, overload: list[Place]) -> None:
    wire.writer.write((GET.replace("GET", "HEAD", 1) + END).encode())
    assert (await wire.answer(bodiless=True)).status == 503
    assert (await wire.ask(GET + END)).status == 503


async def test_who_does_not_end_what_was_refused_is_hung_up_on(
    wire: Wire, overload: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.1)
    assert (await wire.ask(POST + "Content-Length: 100\r\n\r\nbegun")).status == 503
    async with asyncio.timeout(5):
        assert await wire.reader.read() == b""


async def test_who_reads_no_answers_is_not_read_from_for_ever(door: RestDoor, overload: list[Place]) -> None:
    asked = (GET + END).encode() * 1000
    async with served_door(door) as url, asyncio.timeout(20):
        address = urlsplit(url)
        with socket.create_connection((address.hostname, address.port)) as client:
            client.setblocking(False)
            still = 0
            while still < 20:  # nothing could be sent for twenty times
                await asyncio.sleep(0.02)
                try:
                    client.send(asked)
                    still = 0
                except BlockingIOError:
                    still += 1


def telling(text: str) -> str:
    """Write a request for a stream."""
    body = json.dumps({"text": text})
    head = POST.replace("/notes", "/notes/tell") + "Accept: text/event-stream\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}"


async def test_a_stream_behind_a_refusal_is_not_cut_by_its_keep_alive(
    door: RestDoor, overload: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one piece of data: a request that is refused, and one that comes in since others have left."""
    turned_away = RestDoor.turned_away
    connections: list[protocol.Protocol] = []

    def once(door: RestDoor, *given: Any) -> Any:
        refusal = turned_away(door, *given)
        while overload:
            overload.pop().leave()
        return refusal

    def seen(connection: protocol.Protocol) -> None:
        connections.append(connection)
        begin(connection)

    begin = protocol.Protocol.on_message_begin
    monkeypatch.setattr(protocol.Protocol, "on_message_begin", seen)
    monkeypatch.setattr(RestDoor, "turned_away", once)
    async with connected(door) as wire:
        assert (await wire.ask(GET + END + telling("one wait"))).status == 503
        await wire.reader.readuntil(b"event: piece")
        assert [each.timeout_keep_alive_task for each in connections] == [None, None]  # the same, twice


async def test_what_cannot_be_read_is_not_told_into_another_answer(wire: Wire) -> None:
    wire.writer.write((telling("one wait") + "no request at all\r\n\r\n").encode())
    async with asyncio.timeout(5):
        assert b"HTTP/1.1 400" not in await wire.reader.read()
