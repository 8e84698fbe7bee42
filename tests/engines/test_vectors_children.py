"""Children that work on the index's files: they end with the server, and touch nothing of the next one."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

from mainstay.engines.vectors.finishing import in_child
from mainstay.engines.vectors.spaces import State, first_state, next_shard

PARENT = """
import asyncio
from mainstay.engines.vectors.finishing import in_child

asyncio.run(in_child("sleep", "600"))
"""


async def test_a_child_tells_its_status_and_what_went_wrong() -> None:
    assert await in_child("true") == (0, "")
    status, told = await in_child("cp", "-R", "/no/such/folder", "/no/such/place")
    assert status == 1
    assert told.startswith("cp: ")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel of Linux is asked")
def test_a_child_ends_with_its_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT]) as parent:  # noqa: S603 - our own script
        deadline = time.monotonic() + 20
        while not any(child.name() == "sleep" for child in psutil.Process(parent.pid).children()):
            assert time.monotonic() < deadline
            time.sleep(0.01)  # no event tells of another process's child
        [child] = psutil.Process(parent.pid).children()
        parent.send_signal(signal.SIGKILL)
        child.wait(timeout=20)


def test_no_shard_is_named_like_one_before() -> None:
    for make in (lambda: first_state().shard, lambda: next_shard(State("shard-00000001", 0, 0))):
        assert len({make() for _ in range(3)}) == 3
    assert next_shard(State(next_shard(first_state()), 0, 0)).startswith("shard-00000003-")
