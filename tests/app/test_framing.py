"""Requests whose end can be read in two ways: one refusal, and nothing behind it is taken for a request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mainstay.transports.rest import protocol
from mainstay.transports.rest.exchange import SAFE_HEADERS
from makers import ADMIN_KEY, opened_house
from served import served

SMUGGLED = (
    b"GET /v1/me HTTP/1.1\r\nHost: house\r\nX-API-Key: %b\r\nX-Request-Id: smuggled\r\n\r\n"
    % ADMIN_KEY.encode()
)
POST = b"POST /v1/collections HTTP/1.1\r\nHost: house\r\nX-API-Key: %b\r\n" % ADMIN_KEY.encode()


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[tuple[str, int]]:
    async with opened_house(tmp_path / "data") as house, served(house) as url:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        yield parts.hostname, parts.port


async def told(address: tuple[str, int], sent: bytes) -> bytes:
    """Send bytes and give all that comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(sent)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
        b"Content-Length: 0\r\nContent-Length: 7\r\n\r\n",
        b"Content-Length: +0\r\n\r\n",
        b"Content-Length: 0x0\r\n\r\n",
        b"Content-Length : 0\r\n\r\n",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n0_0\r\n\r\n",
        b"X-A: b\rContent-Length: 0\r\n\r\n",
        b"X-A: b\x00\r\nContent-Length: 0\r\n\r\n",
        b"\x00X-A: b\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_a_message_with_two_ends_is_refused_and_nothing_behind_it_is_read(
    address: tuple[str, int], head: bytes
) -> None:
    answer = await told(address, POST + head + SMUGGLED)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"smuggled" not in answer
    for name, value in SAFE_HEADERS:
        assert name + b": " + value + b"\r\n" in answer


async def test_what_is_sent_after_a_whole_message_is_the_next_one(address: tuple[str, int]) -> None:
    last = SMUGGLED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    answer = await told(address, SMUGGLED + last)
    assert answer.count(b"HTTP/1.1 200 ") == 2


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"GET /healthz HTTP/1.1\r\nHost: house\r\nX-A: ", b"a" * 65_536),
        (b"GET /healthz HTTP/1.1\r\nHost: house\r\n", b"X-A: b\r\n" * 8_192),
        (b"POST /healthz HTTP/1.1\r\nHost: house\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 65_536),
        (
            b"POST /healthz HTTP/1.1\r\nHost: house\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            b"X-A: b\r\n" * 8_192,
        ),
    ],
    ids=["one header", "many headers", "a chunk's extension", "trailers"],
)
async def test_a_head_without_an_end_is_cut_off(address: tuple[str, int], head: bytes, piece: bytes) -> None:
    reader, writer = await asyncio.open_connection(*address)
    writer.write(head)
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < 16 * 1024 * 1024:
            writer.write(piece)
            sent += len(piece)
            await writer.drain()
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            await reader.read()
    writer.close()
    assert sent < 16 * 1024 * 1024


async def test_a_head_that_does_not_come_is_not_waited_for(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.05)
    assert await told(address, b"GET /healthz HTTP/1.1\r\nHost: house\r\n") == b""
    assert await told(address, b"") == b""
    assert (await told(address, SMUGGLED + b"GET /heal")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("more", [b"\r\n", b"1"])
async def test_what_comes_after_an_answer_and_is_no_request_is_not_waited_for(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, more: bytes
) -> None:
    """Any byte ends the time for which a connection is kept; another time begins then."""
    monkeypatch.setattr(protocol, "HEAD_S", 0.2)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(
        POST.replace(ADMIN_KEY.encode(), b"x") + b"Content-Length: 100\r\n\r\n" if more == b"1" else SMUGGLED
    )
    async with asyncio.timeout(5):
        assert await reader.readuntil(b"\r\n\r\n")
        writer.write(more)
        await reader.read()
    writer.close()


async def test_a_body_that_ends_after_its_answer_leaves_the_connection_as_it_is(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_S", 0.2)
    reader, writer = await asyncio.open_connection(*address)
    writer.write(POST.replace(ADMIN_KEY.encode(), b"x") + b"Content-Length: 10\r\n\r\n12345")
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 401 ")
        for piece in (b"6", b"7890"):
            writer.write(piece)
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.3)
        writer.write(SMUGGLED)
        assert b"HTTP/1.1 200 " in await reader.readuntil(b"HTTP/1.1 200 ")
    writer.close()
