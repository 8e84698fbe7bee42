"""What a stand-in over the wire sends, for whom, and where to."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kernel.stand_in import KEY
from mainstay.kernel.caller import Caller
from mainstay.kernel.connection import AddressInvalid, Connection
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import CredentialsMissing, CredentialsUnknown
from mainstay.kernel.interface import Upload
from mainstay.kernel.remote import close, remote
from mainstay.kernel.wire import FileUpload
from mainstay.kernel.work import Work, entered
from wire_server import Note, Notes, Options, WireServer, answer, problem


async def test_a_read_travels_in_path_and_query(server: WireServer, notes: Notes) -> None:
    server.answers.append(answer({"note_id": "a/b", "later": 1}))
    assert await notes.get_note("a/b ü", version=3) == Note(note_id="a/b")
    assert (server.seen[0].method, server.seen[0].target) == ("GET", "/v1/notes/a%2Fb%20%C3%BC?version=3")
    assert server.seen[0].headers["Authorization"] == f"Bearer {KEY}"
    assert server.seen[0].headers["Accept"] == "application/json"
    assert "Idempotency-Key" not in server.seen[0].headers


async def test_dots_in_a_path_are_no_directories(server: WireServer, notes: Notes) -> None:
    await notes.get_note("..")
    assert server.seen[0].target == "/v1/notes/%2E%2E"


async def test_lists_and_booleans_in_the_query(server: WireServer, notes: Notes) -> None:
    server.answers.append(answer([]))
    assert await notes.find_notes("a&b=c", tags=["x", 'y"'], recent=False) == []
    assert server.seen[0].target == (
        "/v1/notes?query=a%26b%3Dc&tags=%5B%22x%22%2C%20%22y%5C%22%22%5D&recent=false"
    )


async def test_a_question_too_long_for_a_url_takes_the_alias(server: WireServer, notes: Notes) -> None:
    server.answers.append(answer([{"note_id": "a"}]))
    assert await notes.find_notes("long " * 1000, limit=2) == [Note(note_id="a")]
    assert (server.seen[0].method, server.seen[0].target) == ("POST", "/v1/notes/search")
    assert server.seen[0].json == {"query": "long " * 1000, "limit": 2}


async def test_a_write_has_a_body_and_a_key(server: WireServer, notes: Notes) -> None:
    await notes.add_note("T", options=Options(pinned=True), wait=True)
    await notes.add_note("T")
    assert server.seen[0].target == "/v1/notes?wait=true"
    assert server.seen[0].json == {"title": "T", "options": {"pinned": True}}
    assert server.seen[0].headers["Content-Type"] == "application/json"
    keys = {seen.headers["Idempotency-Key"] for seen in server.seen}
    assert len(keys) == 2


async def _parts(server: WireServer) -> dict[str, tuple[str, bytes]]:
    seen = server.seen[-1]
    boundary = seen.headers["Content-Type"].partition("boundary=")[2].strip('"').encode()
    parts = {}
    for raw in seen.body.split(b"--" + boundary)[1:-1]:
        head, _, content = raw.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = head.partition(b'name="')[2].partition(b'"')[0].decode()
        parts[name] = (head.decode(), content.removesuffix(b"\r\n"))
    return parts


@pytest.mark.parametrize("large", [False, True])
async def test_uploads_travel_as_forms(server: WireServer, notes: Notes, tmp_path: Path, large: bool) -> None:
    content = b"\x00\xff" * (1_500_000 if large else 10)
    path = tmp_path / 'ü"1.pdf'
    path.write_bytes(content)
    for file in (Upload(path.name, "application/pdf", content), FileUpload(path)):
        await notes.upload_note(file, "Ünï", meta={"a": [1]})
        parts = await _parts(server)
        assert parts["title"][1].decode() == "Ünï"
        assert parts["meta"][1] == b'{"a": [1]}'
        head, sent = parts["file"]
        assert sent == content
        assert 'filename="ü%221.pdf"' in head
        assert "application/pdf" in head


async def test_an_upload_may_be_a_path_or_bytes(server: WireServer, notes: Notes, tmp_path: Path) -> None:
    untyped: Any = notes
    (tmp_path / "a.txt").write_text("text")
    await untyped.upload_note(file=tmp_path / "a.txt", title="t")
    assert (await _parts(server))["file"][1] == b"text"
    await untyped.upload_note(file=b"raw", title="t")
    assert (await _parts(server))["file"][1] == b"raw"
    with pytest.raises(RequestInvalid, match="file") as caught:
        await untyped.upload_note(file=tmp_path / "none", title="t")
    assert "There is no file" in caught.value.problems[0]["problem"]


def test_a_file_is_an_upload_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")
    upload = FileUpload(tmp_path / "a.txt")
    assert isinstance(upload, Upload)
    assert (upload.name, upload.media_type, upload.content) == ("a.txt", None, b"text")
    assert repr(upload).startswith("FileUpload(")


async def test_an_upload_is_repeated_whole(server: WireServer, notes: Notes, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text" * 1000)
    server.answers.append(problem(503, "Unavailable"))
    await notes.upload_note(FileUpload(tmp_path / "a.txt"), "t")
    assert (await _parts(server))["file"][1] == b"text" * 1000
    assert server.seen[0].headers["Idempotency-Key"] == server.seen[1].headers["Idempotency-Key"]


async def test_arguments_that_no_request_can_carry(notes: Notes) -> None:
    untyped: Any = notes
    for call in (
        untyped.get_note(""),
        untyped.get_note(),
        untyped.get_note("\ud800"),
        untyped.add_note(object()),
        untyped.add_note("\ud800"),
    ):
        with pytest.raises(RequestInvalid):
            await call
    with pytest.raises(TypeError, match="takes 2"):
        await untyped.get_note(1, 2, 3)
    with pytest.raises(TypeError, match="twice"):
        await untyped.get_note("a", note_id="b")


async def test_unknown_arguments_are_the_servers_to_refuse(server: WireServer, notes: Notes) -> None:
    untyped: Any = notes
    await untyped.get_note("a", colour="red")
    assert server.seen[0].target == "/v1/notes/a?colour=red"


def _work(secret: str) -> Work:
    nothing: Any = SimpleNamespace()
    caller = Caller("t", "key_1", ("user",), frozenset(), secret=secret)
    return Work(caller, nothing, "req_42")


async def test_inside_the_house_the_caller_is_carried_along(server: WireServer, notes: Notes) -> None:
    work: Any = _work("ms_of_the_caller")
    work.traceparent = f"00-{'a' * 32}-{'b' * 16}-01"
    with entered(work):
        await notes.get_note("a")
    assert server.seen[0].headers["traceparent"] == work.traceparent
    assert server.seen[0].headers["Authorization"] == "Bearer ms_of_the_caller"
    assert server.seen[0].headers["X-Request-Id"] == "req_42"


async def test_the_house_lends_nobody_its_own_key(server: WireServer, notes: Notes) -> None:
    with entered(_work("")), pytest.raises(CredentialsMissing):
        await notes.get_note("a")
    assert server.seen == []


async def test_no_call_while_a_unit_of_work_is_open(server: WireServer, notes: Notes) -> None:
    work = _work("ms_of_the_caller")
    work.unit = SimpleNamespace()  # type: ignore[assignment]  # any open unit
    with entered(work):
        with pytest.raises(RuntimeError, match="unit of work"):
            await notes.get_note("a")
        with pytest.raises(RuntimeError, match="unit of work"):
            await anext(aiter(notes.tell("?")))
    assert server.seen == []


def test_keys_do_not_show() -> None:
    assert KEY not in repr(remote(Notes, "http://127.0.0.1:1", credential=KEY))
    for bad in ("", "a b", "a\nb", "ü"):
        with pytest.raises(CredentialsUnknown) as caught:
            remote(Notes, "http://127.0.0.1:1", credential=bad)
        assert not bad or bad not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8080", "ftp://a", "http://", "http://u:p@a", "http://a?b=c", "http://a:x"]
)
def test_addresses(url: str) -> None:
    with pytest.raises(AddressInvalid):
        Connection(url)


def test_an_address_may_have_a_path() -> None:
    assert Connection("https://a.example/mainstay/").url == "https://a.example/mainstay"


def test_each_event_loop_has_its_own_connections(server: WireServer) -> None:
    notes = remote(Notes, server.url)

    async def once() -> str:
        note = await notes.get_note("a")
        await close(notes)
        return note.note_id

    assert [asyncio.run(once()), asyncio.run(once())] == ["n", "n"]
