"""The stand-in over the wire at the real REST door: it behaves like the service itself."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from mainstay.kernel.connection import Connection, Patience
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import CredentialsMissing, CredentialsUnknown, PermissionMissing, RateLimited
from mainstay.kernel.interface import Upload
from mainstay.kernel.problems import ServerFault
from mainstay.kernel.remote import over
from mainstay.kernel.shedding import Shedding, SheddingSettings
from mainstay.kernel.wire import FileUpload
from mainstay.kit.clock import SystemClock
from mainstay.transports.rest.door import rest_app
from transports.house import (
    ADMIN,
    BUSY,
    STRANGER,
    USER,
    House,
    NoteMissing,
    Notes,
    NoteTaken,
    StreamBroken,
    WordRefused,
)


@pytest.fixture
async def url(notes_house: House) -> AsyncIterator[str]:
    async def ready() -> dict[str, str]:
        return {}

    app = rest_app(
        notes_house.application,
        ids=notes_house.ids,
        ready=ready,
        shedding=Shedding(SystemClock(), SheddingSettings()),
    )
    taken = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    yield f"http://127.0.0.1:{taken.getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture
async def connection(url: str) -> AsyncIterator[Connection]:
    made = Connection(url, Patience(waits_s_max=0.5))
    yield made
    await made.close()


@pytest.fixture
def notes(connection: Connection) -> Notes:
    return over(Notes, connection, ADMIN)


async def test_values_survive_the_way(notes: Notes) -> None:
    made = await notes.add_note('Buy oars — ü\n\t\\"', note_id="a/b c?ü%2F..", tags=["x", "y"])
    assert made.queued
    assert (await notes.get_note("a/b c?ü%2F..")).text == 'Buy oars — ü\n\t\\"'
    await notes.add_note("dots", note_id="..", wait=True)
    assert (await notes.get_note("..")).text == "dots"
    found = await notes.find_notes("oars & rudders"[:4], filters={"year": 2024}, exact=True, weight=0.5)
    assert found[0].tags == ["filters={'year': 2024}", "exact=True", "weight=0.5", "order='new'"]


async def test_a_long_question_goes_by_post(notes: Notes) -> None:
    await notes.add_note("oars", wait=True)
    filters = {"words": "w" * 5000}
    found = await notes.find_notes("oars", filters=filters)
    assert found[0].tags[0] == f"filters={filters!r}"


@pytest.mark.parametrize("size", [0, 10, 1_500_000])
async def test_uploads(notes: Notes, tmp_path: Path, size: int) -> None:
    path = tmp_path / 'ü "x".pdf'
    path.write_bytes(b"\xff" * size)
    for file in (Upload(path.name, "application/pdf", b"\xff" * size), FileUpload(path)):
        seen = await notes.upload_note(
            file, facts={"year": 2024, "a": [None]}, label="5", copies=3, wait=True
        )
        assert (seen.size, seen.media_type, seen.copies) == (size, "application/pdf", 3)
        assert seen.facts == {"year": 2024, "a": [None]}


async def test_failures_are_the_same_classes(notes: Notes, connection: Connection) -> None:
    with pytest.raises(NoteMissing, match=r"Check the id\."):
        await notes.get_note("none")
    await notes.add_note("a", note_id="a")
    with pytest.raises(NoteTaken):
        await notes.add_note("b", note_id="a")
    with pytest.raises(RequestInvalid) as caught:
        await notes.find_notes("x", top_k=51)
    assert caught.value.problems[0]["field"] == "top_k"
    with pytest.raises(ServerFault) as bug:
        await notes.broken()
    assert bug.value.request_id
    for key, failure in ((None, CredentialsMissing), ("mk_unknown", CredentialsUnknown)):
        with pytest.raises(failure):
            await over(Notes, connection, key).get_note("a")
    with pytest.raises(PermissionMissing):
        await over(Notes, connection, USER).add_note("x")
    with pytest.raises(NoteMissing):
        await over(Notes, connection, STRANGER).get_note("a")


async def test_a_limit_that_is_reached(connection: Connection) -> None:
    busy = over(Notes, connection, BUSY)
    await busy.whose()
    with pytest.raises(RateLimited) as caught:
        await busy.whose()
    assert caught.value.retry_after_s is not None
    assert caught.value.retry_after_s > 0.5


async def test_streams(notes: Notes, notes_house: House) -> None:
    assert [piece.word async for piece in notes.stream_tell("one two ü")] == ["one", "two", "ü"]
    assert (await notes.tell("one two")).word == "one two"
    for word, failure in (("refuse", WordRefused), ("break", StreamBroken), ("bug", ServerFault)):
        pieces = aiter(notes.stream_tell(f"one {word}"))
        assert (await anext(pieces)).word == "one"
        with pytest.raises(failure):
            await anext(pieces)
    with pytest.raises(WordRefused):
        await anext(aiter(notes.stream_tell("refuse")))
    notes_house.notes.closed.clear()
    async for _ in notes.stream_tell("one wait"):
        break
    await asyncio.wait_for(notes_house.notes.closed.wait(), 10)


async def test_a_repeated_write_has_one_effect(notes: Notes, connection: Connection) -> None:
    connection.new_key = lambda: "the-same"  # type: ignore[method-assign]  # as a retry would
    first = await notes.add_note("once")
    assert await notes.add_note("once") == first
