"""What a stand-in over the wire makes of the answers, and how patient it is."""

import asyncio
import socket
from typing import Any

import pytest

from kernel.stand_in import KEY, Sleeps
from mainstay.kernel.connection import AnswerOverdue, Connection, Patience
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import CredentialsUnknown, RateLimited
from mainstay.kernel.idempotency import IdempotencyKeyReused
from mainstay.kernel.problems import ServerFault, ServerUnreachable
from mainstay.kernel.remote import close, over, remote
from mainstay.kernel.server_sent import AnswerTooLarge
from mainstay.kit.errors import Conflict, Invalid, NotFound, Unavailable
from wire_server import Notes, NoteTaken, WireServer, answer, dropped, problem, told


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


async def test_a_server_that_was_there_is_waited_for_and_one_that_never_was_is_not(sleeps: Sleeps) -> None:
    patient = Patience(attempts_max=10, waits_s_max=600)
    with WireServer() as server:
        notes = over(Notes, Connection(server.url, patience=patient, sleep=sleeps), KEY)
        never = over(Notes, Connection(server.url, patience=patient, sleep=sleeps), KEY)
        await notes.get_note("a")
    with pytest.raises(ServerUnreachable):
        await never.get_note("a")
    assert len(sleeps.seconds) == 3
    assert sum(sleeps.seconds) < 2
    sleeps.seconds.clear()
    with pytest.raises(ServerUnreachable):
        await notes.get_note("a")
    assert len(sleeps.seconds) == 9
    await close(notes)
    await close(never)


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
