"""Many connections at once, while each turn of the loop takes its time."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack

import pytest

from mainstay.app.server import doubled, listening

CROWD = 64


class Counted(asyncio.Protocol):
    """Notes in which turn of the loop each connection was accepted."""

    def __init__(self, turn: Callable[[], int], accepted: list[int]) -> None:
        self._turn, self._accepted = turn, accepted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._accepted.append(self._turn())
        transport.close()


def turns_for_a_crowd(sockets: list[socket.socket]) -> int:
    """Let a crowd connect, and count the turns of a busy loop until all of it is accepted."""
    uvloop = pytest.importorskip("uvloop")
    turns, accepted = 0, list[int]()

    async def busy() -> None:
        nonlocal turns
        loop = asyncio.get_running_loop()
        servers = [
            await loop.create_server(lambda: Counted(lambda: turns, accepted), sock=sock) for sock in sockets
        ]
        with ExitStack() as stack:
            for _ in range(CROWD):
                stack.enter_context(socket.create_connection(sockets[0].getsockname()))
            async with asyncio.timeout(20):
                while len(accepted) < CROWD:
                    turns += 1
                    time.sleep(0.001)  # noqa: ASYNC251 - a turn that takes its time is what this is about
                    await asyncio.sleep(0)
        for server in servers:
            server.close()
            await server.wait_closed()

    uvloop.run(busy())
    return max(accepted) - min(accepted) + 1


def test_a_crowd_is_accepted_several_at_a_turn() -> None:
    assert turns_for_a_crowd(doubled(listening("127.0.0.1", 0))) <= CROWD // 4
