"""What a stand-in over the wire sends, what it makes of the answers, and how patient it is."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mainstay.kernel.caller import Caller
from mainstay.kernel.connection import (
    AddressInvalid,
    AnswerOverdue,
    Connection,
    Patience,
    ServerUnreachable,
)
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import CredentialsMissing, CredentialsUnknown, RateLimited
from mainstay.kernel.idempotency import IdempotencyKeyReused
from mainstay.kernel.interface import Upload
from mainstay.kernel.problems import ServerFault
from mainstay.kernel.remote import close, over, remote
from mainstay.kernel.server_sent import AnswerTooLarge, server_sent
from mainstay.kernel.wire import FileUpload
from mainstay.kernel.work import Work, entered
from mainstay.kit.errors import Conflict, Invalid, NotFound, Unavailable
from wire_server import (
    Note,
    Notes,
    NoteTaken,
    Options,
    Piece,
    WireServer,
    answer,
    dropped,
    problem,
    told,
)

KEY = "ms_secret_of_tests"


class Sleeps:
    """Stands in for waiting: remembers how long, and does not."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture(scope="module")
def running() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture
def server(running: WireServer) -> WireServer:
    running.answers.clear()
    running.seen.clear()
    running.lost.clear()
    return running


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
async def connection(server: WireServer, sleeps: Sleeps) -> AsyncIterator[Connection]:
    made = Connection(server.url, Patience(answer_bytes_max=100_000), sleep=sleeps)
    yield made
    await made.close()


@pytest.fixture
def notes(connection: Connection) -> Notes:
    return over(Notes, connection, KEY)


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


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "NoteTaken", NoteTaken),
        (401, "CredentialsUnknown", CredentialsUnknown),
        (422, "RequestInvalid", RequestInvalid),
        (422, "IdempotencyKeyReused", IdempotencyKeyReused),
        (404, "NewsFromTheFuture", NotFound),
        (409, "NewsFromTheFuture", Conflict),
        (415, "NewsFromTheFuture", Invalid),
        (500, "InternalError", ServerFault),
    ],
)
async def test_problems_become_their_exceptions(
    server: WireServer, notes: Notes, status: int, code: str, kind: type[Exception]
) -> None:
    fields = [{"field": "title", "problem": "Too long.", "got": "str"}]
    server.answers.append(problem(status, code, "Because.", errors=fields))
    with pytest.raises(kind) as caught:
        await notes.add_note("T")
    assert type(caught.value) is kind
    assert getattr(caught.value, "detail", "") == "Because."
    if not isinstance(caught.value, ServerFault):
        assert getattr(caught.value, "problems", None) == fields
        assert "Request: req_7" in caught.value.__notes__
    assert KEY not in repr(caught.value) + str(caught.value)
    assert len(server.seen) == 1


async def test_an_error_that_is_no_problem_document(server: WireServer, notes: Notes) -> None:
    server.answers.append(answer("<html>", 404))
    with pytest.raises(NotFound, match="404"):
        await notes.get_note("a")
    server.answers.append(problem(422, "RequestInvalid", errors="none", retry_after_s="soon"))
    with pytest.raises(RequestInvalid) as caught:
        await notes.get_note("a")
    assert caught.value.problems == []
    assert caught.value.retry_after_s is None


@pytest.mark.parametrize("trouble", [problem(502, "x"), problem(503, "Unavailable"), dropped()])
async def test_what_passes_is_tried_again_with_the_same_key(
    server: WireServer, notes: Notes, sleeps: Sleeps, trouble: Any
) -> None:
    server.answers.extend([trouble, trouble])
    assert (await notes.add_note("T")).note_id == "n"
    assert len({seen.headers["Idempotency-Key"] for seen in server.seen}) == 1
    assert len(server.seen) == 3
    assert 0.05 <= sleeps.seconds[0] <= 0.2 <= sleeps.seconds[1] * 2 <= 0.6


async def test_retry_after_is_honoured_and_bounded(server: WireServer, notes: Notes, sleeps: Sleeps) -> None:
    server.answers.append(problem(429, "RateLimited", retry_after_s=2.5))
    server.answers.append(answer({}, 503, **{"Retry-After": "4"}))
    await notes.get_note("a")
    assert sleeps.seconds == [2.5, 4.0]
    server.answers.append(problem(429, "RateLimited", retry_after_s=31))
    with pytest.raises(RateLimited) as caught:
        await notes.get_note("a")
    assert caught.value.retry_after_s == 31
    assert len(sleeps.seconds) == 2


async def test_it_gives_up(server: WireServer, notes: Notes, sleeps: Sleeps) -> None:
    server.answers.extend([problem(503, "Unavailable", "Full.")] * 9)
    with pytest.raises(Unavailable, match="Full"):
        await notes.get_note("a")
    assert len(server.seen) == 4
    assert len(sleeps.seconds) == 3


async def test_a_repeated_write_waits_for_its_first_attempt(server: WireServer, notes: Notes) -> None:
    server.answers.extend([dropped(), problem(409, "KeyTaken")])
    assert (await notes.add_note("T")).note_id == "n"
    server.answers.append(problem(409, "KeyTaken"))
    with pytest.raises(Conflict):
        await notes.add_note("T")


async def test_no_server(sleeps: Sleeps) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        notes = over(Notes, Connection(f"http://127.0.0.1:{taken.getsockname()[1]}", sleep=sleeps), KEY)
        with pytest.raises(ServerUnreachable, match="mainstay serve") as caught:
            await notes.get_note("a")
        await close(notes)
    assert len(sleeps.seconds) == 3
    assert KEY not in str(caught.value)


async def test_an_answer_that_is_overdue(server: WireServer) -> None:
    async def never(_: Any) -> Any:
        await asyncio.Event().wait()

    notes = remote(Notes, server.url, patience=Patience(answer_s=0.05))
    server.answers.append(never)
    with pytest.raises(AnswerOverdue):
        await notes.get_note("a")
    assert len(server.seen) == 1
    await close(notes)


async def test_redirects_are_not_followed(server: WireServer, notes: Notes) -> None:
    server.answers.append(answer({}, 307, Location="http://elsewhere.example/"))
    with pytest.raises(ServerUnreachable, match="elsewhere"):
        await notes.get_note("a")
    assert len(server.seen) == 1


async def test_large_answers_are_refused(server: WireServer, notes: Notes) -> None:
    server.answers.append(answer({"note_id": "x" * 100_001}))
    with pytest.raises(AnswerTooLarge):
        await notes.get_note("a")
    server.answers.append(told(*[b" " * 60_000] * 2))
    with pytest.raises(AnswerTooLarge):
        await notes.get_note("a")
    server.answers.append(told(b'{"note_id": ', b'"chunked"}'))
    assert (await notes.get_note("a")).note_id == "chunked"


async def test_an_answer_of_another_shape(server: WireServer, notes: Notes) -> None:
    server.answers.append(answer({"note": 1}))
    with pytest.raises(ServerFault, match="note_id"):
        await notes.get_note("a")


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


def _work(secret: str) -> Work:
    nothing: Any = SimpleNamespace()
    caller = Caller("t", "key_1", ("user",), frozenset(), secret=secret)
    return Work(caller, nothing, "req_42", "t")


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
