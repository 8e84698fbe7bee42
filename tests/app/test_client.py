"""The SDK in scripts, threads, notebooks and forks, and its types."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from mainstay.app.client_stub import STUB, current
from mainstay.client import AsyncMainstay, Mainstay, file
from mainstay.client_loop import background
from mainstay.kit.errors import NotFound
from mainstay.services.knowledge.failures import CollectionMissing
from wire_server import WireServer, answer, problem, told

KEY = "mk_of_the_tests"
ME = {
    "tenant_id": "t",
    "subject": "key_1",
    "roles": [],
    "permissions": [],
    "groups": [],
    "limit_per_minute": 1,
    "operator": False,
}
PIECE = b'event: piece\ndata: {"text": "a"}\n\n'
RECEIPT = {"doc_id": "d", "collection": "c", "version": 1, "state": "indexed"}


@pytest.fixture(scope="module")
def running() -> Iterator[WireServer]:
    with WireServer() as server:
        yield server


@pytest.fixture
def server(running: WireServer) -> WireServer:
    running.answers.clear()
    running.seen.clear()
    running.lost.clear()
    running.default = answer(ME)
    return running


@pytest.fixture
def client(server: WireServer) -> Iterator[Mainstay]:
    with Mainstay(server.url, KEY) as made:
        yield made


def test_calls_wait_for_their_answers(server: WireServer, client: Mainstay) -> None:
    assert client.identity.whoami().tenant_id == "t"
    assert server.seen[0].target == "/v1/me"
    assert server.seen[0].headers["Authorization"] == f"Bearer {KEY}"
    server.answers.append(problem(404, "CollectionMissing"))
    with pytest.raises(CollectionMissing):
        client.knowledge.search("x", collection="none")


def test_streams(server: WireServer, client: Mainstay) -> None:
    server.answers.append(told(PIECE, PIECE, b"event: end\ndata: {}\n\n"))
    assert [piece.text for piece in client.knowledge.stream_answer("?")] == ["a", "a"]
    server.answers.append(told(PIECE, b'event: problem\ndata: {"status": 404, "code": "x"}\n\n'))
    pieces = client.knowledge.stream_answer("?")
    assert next(pieces).text == "a"
    with pytest.raises(NotFound):
        next(pieces)
    server.answers.append(told(PIECE, hold=True))
    with client.knowledge.stream_answer("?") as held:
        next(held)
    assert server.lost.wait(10)


def test_a_dropped_stream_tells_the_server(server: WireServer, client: Mainstay) -> None:
    server.answers.append(told(PIECE, hold=True))
    pieces = client.knowledge.stream_answer("?")
    next(pieces)
    del pieces
    assert server.lost.wait(10)


def test_uploads_take_paths(server: WireServer, client: Mainstay, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A")
    server.default = answer(RECEIPT)
    for given in (tmp_path / "a.md", file(tmp_path / "a.md"), b"# A"):
        assert client.knowledge.upload_document(given, "c").doc_id == "d"
        assert b"# A" in server.seen[-1].body


def test_address_and_key_from_the_environment(server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINSTAY_URL", server.url)
    monkeypatch.setenv("MAINSTAY_API_KEY", "mk_from_environment")
    with Mainstay() as client:
        client.identity.whoami()
    assert server.seen[0].headers["Authorization"] == "Bearer mk_from_environment"


def test_services_are_found_by_themselves(client: Mainstay) -> None:
    assert {"knowledge", "identity", "jobs"} <= set(dir(client))
    with pytest.raises(AttributeError, match="knowledge"):
        _ = client.nothing  # type: ignore[attr-defined]


def test_keys_do_not_show(client: Mainstay) -> None:
    assert KEY not in repr(client) + repr(client.knowledge) + repr(client.knowledge.search)


def test_from_several_threads(client: Mainstay) -> None:
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.extend(client.identity.whoami().tenant_id for _ in range(20)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == ["t"] * 160


async def test_in_a_notebook(client: Mainstay) -> None:
    assert asyncio.get_running_loop().is_running()
    assert client.identity.whoami().tenant_id == "t"


async def test_asynchronous(server: WireServer) -> None:
    async with AsyncMainstay(server.url, KEY) as client:
        assert (await client.identity.whoami()).tenant_id == "t"
        server.answers.append(told(PIECE, b"event: end\ndata: {}\n\n"))
        assert [piece.text async for piece in client.knowledge.stream_answer("?")] == ["a"]
    assert KEY not in repr(client)


def _script(server: WireServer, body: str) -> subprocess.Popen[str]:
    text = (
        f"import os, sys\nfrom mainstay.client import Mainstay\nclient = Mainstay({server.url!r}, {KEY!r})\n"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    return subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", text + body],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize(
    "body",
    [
        "print(client.identity.whoami().tenant_id)",
        "print(client.identity.whoami().tenant_id); sys.exit(0)",
        "pieces = client.knowledge.stream_answer('?'); print(next(pieces).text and 't')",
    ],
)
def test_a_program_ends_with_its_client_open(server: WireServer, body: str) -> None:
    if "stream" in body:
        server.answers.append(told(PIECE, hold=True))
    process = _script(server, body)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "t\n", "")


def test_a_client_that_is_dropped_is_closed(server: WireServer) -> None:
    dropped = Mainstay(server.url, KEY)
    identity = dropped.identity
    del dropped
    assert identity.whoami().tenant_id == "t", "a service goes on without its client"
    [(connection, session)] = [
        (weakref.ref(each), each._session)
        for each in background._connections
        if each.url == server.url and each._session is not None
    ]
    del identity
    gc.collect()
    assert connection() is None

    async def closed() -> None:
        async with asyncio.timeout(10):
            while not session.closed:
                await asyncio.sleep(0)

    background.run(closed())


def test_an_interrupt_ends_a_waiting_call(server: WireServer) -> None:
    server.answers.append(told(PIECE, hold=True))
    body = (
        "pieces = client.knowledge.stream_answer('?')\n"
        "try:\n    print(next(pieces).text, flush=True)\n    next(pieces)\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    process = _script(server, body)
    assert process.stdout is not None
    assert process.stdout.readline() == "a\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "interrupted\n", "")
    assert server.lost.wait(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_after_a_fork(server: WireServer) -> None:
    body = (
        "import warnings; warnings.simplefilter('ignore', DeprecationWarning)\n"
        "print(client.identity.whoami().tenant_id, flush=True)\n"
        "child = os.fork()\n"
        "print(client.identity.whoami().tenant_id, flush=True)\n"
        "if child:\n    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    process = _script(server, body)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "t\n" * 3, "")


def test_the_stub_is_up_to_date() -> None:
    assert STUB.read_text() == current(), "run `python -m mainstay.app.client_stub`"


_GOOD = """
from pathlib import Path
from mainstay.client import AsyncMainstay, Mainstay

def wait(client: Mainstay) -> float:
    client.knowledge.upload_document(Path("a.pdf"), "c", metadata={"year": 2026})
    for piece in client.knowledge.stream_answer("?"):
        text: str = piece.text
    return client.knowledge.search("x", top_k=3, mode="dense")[0].score

async def go(client: AsyncMainstay) -> str:
    async for piece in client.knowledge.stream_answer("?"):
        text: str = piece.text
    return (await client.jobs.get_job("j")).state
"""
_BAD = """
from mainstay.client import AsyncMainstay, Mainstay

def wait(client: Mainstay) -> None:
    client.knowledge.search(5)
    client.knowledge.search("x", mode="magic")
    client.knowledge.sarch("x")
    client.knowledge.search("x")[0].scor

async def go(client: AsyncMainstay) -> None:
    await client.knowledge.search(5)
"""


def test_types(tmp_path: Path) -> None:
    for name, text in (("good.py", _GOOD), ("bad.py", _BAD)):
        (tmp_path / name).write_text(text)
    told_types = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", "good.py", "bad.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(STUB.parent.parent)},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    ).stdout
    lines = [line for line in told_types.splitlines() if "error" in line and line.startswith(("good", "bad"))]
    assert [int(line.split(":")[1]) for line in lines] == [5, 6, 7, 8, 11], told_types
