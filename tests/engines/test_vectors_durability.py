"""Qdrant inside the process: kills, power cuts, damage, full disks, rebuilding while in use."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from vector_points import found, point, space, vector

from mainstay.engines.vectors import rebuilds
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors
from mainstay.engines.vectors.spaces import folder_of, read_state
from mainstay.ports.failures import VectorsUnavailable
from mainstay.ports.vectors import Equals, Leg, OneOf, Vectors

DEADLINE_S = 20.0
STALL_MAX_S = 1.0
"""Far below the seconds that optimising takes, far above what a crowded machine adds to a few milliseconds;
`benchmarks/vectors.py` measures the true figure."""

WRITER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from vector_points import point, space
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors

async def main():
    engine = QdrantEdgeVectors(Path(sys.argv[1]), optimize_points=0, sync_seconds=0.05)
    number = await engine.applied(space())
    while True:
        number += 1
        await engine.upsert(space(), [point(number)], number)
        print(number, flush=True)

asyncio.run(main())
"""


def spoil(folder: Path, part: str) -> None:
    for path in list(folder.rglob(part)):
        for file in [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]:
            file.write_bytes(os.urandom(64))


def names(folder: Path, pattern: str = "*") -> list[str]:
    return sorted(path.name for path in folder.glob(pattern))


def start_writer(folder: Path) -> "subprocess.Popen[str]":
    here = str(Path(__file__).parent)
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", WRITER, str(folder), here], stdout=subprocess.PIPE, text=True
    )


async def until(true: object, why: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not await true():  # type: ignore[operator]
        assert time.monotonic() < deadline, why
        await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def opened(folder: Path, **settings: float) -> AsyncIterator[QdrantEdgeVectors]:
    engine = QdrantEdgeVectors(folder, **({"optimize_points": 0} | settings))  # type: ignore[arg-type]
    try:
        yield engine
    finally:
        await engine.close()
    assert not psutil.Process().children()


async def fill(engine: Vectors, count: int, first: int = 1, step: int = 100) -> None:
    for start in range(first, first + count, step):
        numbers = range(start, min(start + step, first + count))
        await engine.upsert(space(), [point(number) for number in numbers], numbers[-1])


async def test_reopening_keeps_everything(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await fill(engine, 500)
        await engine.index_field(space(), "n", "integer")
        await engine.delete(space(), OneOf("n", (3, 4)), 501)
    async with opened(tmp_path) as engine:
        assert await engine.applied(space()) == 501
        assert await engine.count(space()) == 498
        [[match]] = await engine.search(space(), [Leg(vector(9), 1)])
        assert match.id == 9


async def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path) -> None:
    for seconds in (0.3, 0.15):
        child = start_writer(tmp_path)
        assert child.stdout is not None
        first = child.stdout.readline()
        assert first, "the writer did not start"
        time.sleep(seconds)  # noqa: ASYNC251 - when the blow falls is the point
        child.send_signal(signal.SIGKILL)
        acknowledged = [int(first), *map(int, child.stdout.read().split())]
        child.wait()
        child.stdout.close()
        async with opened(tmp_path) as engine:
            present = await found(engine, OneOf("n", tuple(acknowledged)), limit=10_000)
            assert present == set(acknowledged)
            assert await engine.applied(space()) <= acknowledged[-1] + 1


async def test_applied_is_never_ahead_of_what_a_power_cut_keeps(tmp_path: Path) -> None:
    """At random moments the folder is copied as it is; each copy must hold everything it claims."""
    random = np.random.default_rng(3)
    source, claims = tmp_path / "live", []
    async with opened(source, sync_seconds=0.01, flush_points=150) as engine:
        for change in range(1, 400):
            await engine.upsert(space(), [point(change)], change)
            if random.random() < 0.02:
                await asyncio.sleep(0.03)
            if random.random() < 0.04:
                shutil.copytree(source, tmp_path / f"cut-{change}")
                claims.append(change)
    assert len(claims) > 6
    ahead = 0
    for change in claims:
        async with opened(tmp_path / f"cut-{change}") as engine:
            applied = await engine.applied(space())
            assert applied <= change
            assert set(range(1, applied + 1)) <= await found(engine, None, limit=10_000)
            ahead = max(ahead, applied)
    assert ahead > 100


async def test_applied_moves_on_by_itself(tmp_path: Path) -> None:
    async with opened(tmp_path, sync_seconds=0.02) as engine:
        await engine.upsert(space(), [point(1)], 41)
        await engine.delete(space(), Equals("n", 99), 42)

        async def arrived() -> bool:
            return await engine.applied(space()) == 42

        await until(arrived, "the change was not made durable")
        state = read_state(folder_of(tmp_path, space()))
        assert state is not None
        assert state.applied == 42


async def test_a_change_that_failed_is_durable_when_it_comes_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`test_vectors_power_cuts` looks at what the disk has then."""
    async with opened(tmp_path) as engine:
        await engine.upsert(space(), [point(1)], 1)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "_free_min", 1 << 62)
            with pytest.raises(VectorsUnavailable, match="free"):
                await engine.upsert(space(), [point(2)], 2)
        await engine.upsert(space(), [point(3)], 3)
        await engine.flush()
        assert await engine.applied(space()) == 3
        assert await found(engine, None) == {1, 3}
        [living] = engine._opening.living()
        for changes in ((4,), (2, 4), (0,), (3,)):
            await engine.upsert(space(), [point(changes[0])], *changes)
            assert living.unsynced == (min(changes) not in {2, 3})
        await engine.delete(space(), Equals("n", 3), 2)
        assert not living.unsynced
        assert await found(engine, None) == {0, 1, 2, 4}


async def test_a_cancelled_upsert_is_not_counted(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        task = asyncio.create_task(engine.upsert(space(), [point(n) for n in range(1, 2_000)], 1))
        async with asyncio.timeout(DEADLINE_S):
            while not await engine.count(space()):
                await asyncio.sleep(0)  # a longer pause could see all of it done
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await engine.flush()
        assert 0 < await engine.count(space()) < 1_999
        assert await engine.applied(space()) == 0


@pytest.mark.parametrize("part", ["edge_config.json", "segments", "wal"])
async def test_a_damaged_shard_is_set_aside_and_begun_anew(
    tmp_path: Path, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(tmp_path) as engine:
        await fill(engine, 200)
    spoil(tmp_path, part)
    with caplog.at_level(logging.ERROR):
        async with opened(tmp_path) as engine:
            assert await engine.applied(space()) == 0
            assert "damaged" in caplog.text
            assert await engine.count(space()) == 0
            await fill(engine, 200)
            assert await engine.count(space()) == 200
    assert names(tmp_path, "*.damaged-1")


async def test_an_unreadable_pointer_is_damage(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await fill(engine, 10)
    (folder_of(tmp_path, space()) / "state.json").write_text("{")
    async with opened(tmp_path) as engine:
        assert await engine.applied(space()) == 0
        await fill(engine, 10)
    async with opened(tmp_path) as engine:
        assert await engine.applied(space()) == 10


async def test_another_process_may_not_use_the_folder(tmp_path: Path) -> None:
    async with opened(tmp_path):
        with pytest.raises(VectorsUnavailable, match="Another process"):
            QdrantEdgeVectors(tmp_path)


async def test_a_dropped_space_is_erased(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await fill(engine, 10)
        await engine.drop(space())
        assert await engine.count(space()) == 0
        assert names(tmp_path) == ["lock"]
        await fill(engine, 3)
        assert await engine.count(space()) == 3


async def longest_stall(stop: asyncio.Event, engine: Vectors, answers: list[int]) -> float:
    """Search without pause; give the longest time in seconds between two turns of the loop."""
    longest, last = 0.0, time.perf_counter()
    while not stop.is_set():
        [matches] = await engine.search(space(), [Leg(vector(len(answers)), 5)])
        answers.append(len(matches))
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest


async def test_optimizing_stops_neither_searches_nor_changes(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await fill(engine, 6_000)
        stop, answers = asyncio.Event(), list[int]()
        watch = asyncio.create_task(longest_stall(stop, engine, answers))
        optimizing = asyncio.create_task(engine.optimize(space()))
        change, gone = 6_000, set[int]()
        while not optimizing.done():
            change += 2
            await engine.upsert(space(), [point(change)], change - 1)
            # By an indexed field: with a look through all points a change, there would be few changes.
            await engine.delete(space(), Equals("doc_id", f"d{change // 2 - 2_000}"), change)
            gone.add(change // 2 - 2_000)
            await asyncio.sleep(0.002)
        await optimizing
        stop.set()
        longest = await watch
        assert set(answers) == {5}
        assert len(gone) > 20
        assert longest < STALL_MAX_S, f"the loop stood still for {longest * 1e3:.0f} ms"
        kept = set(range(1, 6_001)) | set(range(6_002, change + 1, 2))
        assert await found(engine, None, limit=10_000) == kept - gone
        state = read_state(folder_of(tmp_path, space()))
        assert state is not None
        assert state.shard.startswith("shard-00000002-")
        await engine.flush()
        assert await engine.applied(space()) == change
        assert len(list(folder_of(tmp_path, space()).glob("shard-*"))) == 1
    async with opened(tmp_path) as engine:
        assert await found(engine, None, limit=10_000) == kept - gone


async def test_a_space_is_optimized_by_itself_when_it_has_grown(tmp_path: Path) -> None:
    async with opened(tmp_path, optimize_points=1_000) as engine:
        await fill(engine, 999, step=333)
        assert not engine._rebuilds
        await fill(engine, 1, first=1_000)

        async def swapped() -> bool:
            state = read_state(folder_of(tmp_path, space()))
            return state is not None and "-00000002-" in state.shard and not engine._rebuilds

        await until(swapped, "the space was not optimised")
        await fill(engine, 50, first=1_001)
        assert not engine._rebuilds
        assert await engine.count(space()) == 1_050


async def test_closing_and_dropping_end_a_rebuild(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        for end in (engine.drop, lambda _: engine.close()):
            await fill(engine, 2_000)
            optimizing = asyncio.create_task(engine.optimize(space()))

            async def running() -> bool:
                return bool(psutil.Process().children())

            await until(running, "no child was started")
            await end(space())
            with pytest.raises(VectorsUnavailable):
                await optimizing
            assert not psutil.Process().children()
    async with opened(tmp_path) as engine:
        assert await engine.count(space()) == 2_000
        assert len(list(folder_of(tmp_path, space()).glob("shard-*"))) == 1


@pytest.mark.parametrize("step", ["_copy", "_optimise_in_child", "_load", "_catch_up"])
async def test_a_rebuild_that_fails_changes_nothing(
    tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async with opened(tmp_path) as engine:
        await fill(engine, 600)
        with monkeypatch.context() as patch:
            patch.setattr(rebuilds, step, fail)
            with pytest.raises(OSError, match="No space"):
                await engine.optimize(space())
        assert len(list(folder_of(tmp_path, space()).glob("shard-*"))) == 1
        await fill(engine, 10, first=601)
        assert await engine.count(space()) == 610
        await engine.optimize(space())
        assert await engine.count(space()) == 610


async def test_leftovers_of_a_killed_rebuild_are_removed(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await fill(engine, 50)
    folder = folder_of(tmp_path, space())
    [living] = names(folder, "shard-*")
    for left in ("shard-00000002", "shard-00000002-0a1b2c3d"):
        shutil.copytree(folder / living, folder / left)
    async with opened(tmp_path) as engine:
        assert await engine.count(space()) == 50
        assert names(folder, "shard-*") == [living]


async def test_a_large_delete_does_not_hold_the_loop(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        for start in range(1, 11_001, 500):
            points = [
                point(n, {"doc_id": "big" if n > 1_000 else "small"}) for n in range(start, start + 500)
            ]
            await engine.upsert(space(), points, start)
        stop, answers = asyncio.Event(), list[int]()
        watch = asyncio.create_task(longest_stall(stop, engine, answers))
        await engine.delete(space(), Equals("doc_id", "big"), 20_000)
        stop.set()
        longest = await watch
        assert longest < STALL_MAX_S, f"the loop stood still for {longest * 1e3:.0f} ms"
        assert len(answers) > 20
        assert await engine.count(space()) == 1_000
        assert await found(engine, Equals("doc_id", "big")) == set()


async def test_an_index_on_a_large_space_is_built_beside_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as engine:
        await fill(engine, 2_000)
        await engine.index_field(space(), "n", "integer")
        state = read_state(folder_of(tmp_path, space()))
        assert state is not None
        assert state.shard.startswith("shard-00000002-")
        assert await found(engine, Equals("n", 700)) == {700}
        [matches] = await engine.search(space(), [Leg(vector(700), 1)])
        assert matches.ids[0] == 700
