"""What a stand-in over the wire makes of a stream: whole, cut off, silent, flooding, left early."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mainstay.kernel.connection import AnswerOverdue, Patience
from mainstay.kernel.problems import ServerFault, ServerUnreachable
from mainstay.kernel.remote import close, remote
from mainstay.kernel.server_sent import AnswerTooLarge, server_sent
from wire_server import Notes, NoteTaken, Piece, WireServer, problem, told


async def test_a_stream(server: WireServer, notes: Notes) -> None:
    server.answers.append(
        told(
            b': beat\n\nevent: piece\ndata: {"text": "a\xc3',
            b'\xbc"}\n\nevent: pie',
            b'ce\r\ndata: {"te\r\ndata: xt": "b"}\r\n\r\nevent: end\ndata: {}\n\n',
        )
    )
    with pytest.raises(ServerFault):
        _ = [piece async for piece in notes.tell("?")]
    server.answers.append(
        told(
            b': beat\n\nevent: piece\ndata: {"text": "a\xc3',
            b'\xbc"}\n\nevent: piece\r',
            b'\ndata: {"text":\r\ndata: "b"}\r\n\r\nevent: end\n\n',
        )
    )
    assert [piece async for piece in notes.tell("?")] == [Piece(text="aü"), Piece(text="b")]
    assert server.seen[0].headers["Accept"] == "text/event-stream"


async def test_a_stream_that_fails(server: WireServer, notes: Notes) -> None:
    piece = b'event: piece\ndata: {"text": "a"}\n\n'
    server.answers.append(problem(409, "NoteTaken"))
    with pytest.raises(NoteTaken):
        await anext(aiter(notes.tell("?")))
    told_late = b'event: problem\ndata: {"code": "NoteTaken", "status": 409, "detail": "Late."}\n\n'
    server.answers.append(told(piece + told_late))
    pieces = aiter(notes.tell("?"))
    assert (await anext(pieces)).text == "a"
    with pytest.raises(NoteTaken, match="Late"):
        await anext(pieces)
    server.answers.append(told(piece))
    with pytest.raises(ServerUnreachable, match="middle"):
        _ = [each async for each in notes.tell("?")]


async def test_a_silent_stream_ends(server: WireServer) -> None:
    notes = remote(Notes, server.url, patience=Patience(silence_s=0.05))
    server.answers.append(told(b": beat\n\n", hold=True))
    with pytest.raises(AnswerOverdue):
        await anext(aiter(notes.tell("?")))
    await close(notes)


async def test_leaving_a_stream_tells_the_server(server: WireServer, notes: Notes) -> None:
    server.answers.append(told(b'event: piece\ndata: {"text": "a"}\n\n', hold=True))
    pieces: Any = notes.tell("?")
    await anext(pieces)
    await pieces.aclose()
    assert await asyncio.to_thread(server.lost.wait, 10)


async def test_events_are_bounded() -> None:
    async def chunks(*given: bytes) -> AsyncIterator[bytes]:
        for chunk in given:
            yield chunk

    for flood in ([b"data: " + b"x" * 2000], [b"x" * 600] * 3, [b"data: " + b"x" * 400 + b"\n"] * 4):
        with pytest.raises(AnswerTooLarge):
            _ = [event async for event in server_sent(chunks(*flood), 1000)]
    whole = [
        event async for event in server_sent(chunks(*[bytes([c]) for c in b"event: a\r\ndata:b\r\n\r\n"]), 50)
    ]
    assert [(event.name, event.data) for event in whole] == [("a", b"b")]
