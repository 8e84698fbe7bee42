"""A stand-in at a scripted server: its key, its connection, and waiting that takes no time."""

from collections.abc import AsyncIterator, Iterator

import pytest

from mainstay.kernel.connection import Connection, Patience
from mainstay.kernel.remote import over
from wire_server import Notes, WireServer

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
