"""Which spaces of the engine inside the process are open, and what opening and closing them costs."""

import asyncio
import contextlib
import shutil
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from vector_points import found, point, space, vector

from mainstay.engines.vectors import living, opening
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors
from mainstay.engines.vectors.spaces import folder_of, read_ahead, read_state
from mainstay.ports.vectors import Leg

OPEN_MAX = 3
TENANTS = [f"t{number}" for number in range(OPEN_MAX + 2)]
SLOW_DISK_S = 0.5


@contextlib.asynccontextmanager
async def opened(folder: Path, shards_open_max: int) -> AsyncIterator[QdrantEdgeVectors]:
    made = QdrantEdgeVectors(folder, shards_open_max=shards_open_max, optimize_points=0)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[QdrantEdgeVectors]:
    """An engine with more spaces than may be open, a point in each."""
    async with opened(tmp_path, OPEN_MAX) as made:
        for tenant in TENANTS:
            await made.upsert(space(tenant), [point(1)], 1)
        yield made


def flushes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note each flush and each sync of a log."""
    seen = list[str]()
    for name in ("sync_files", "write_state"):
        true: Callable[..., None] = getattr(living, name)

        def noted(*given: object, name: str = name, true: Callable[..., None] = true) -> None:
            seen.append(name)
            true(*given)

        monkeypatch.setattr(living, name, noted)
    return seen


def open_now(engine: QdrantEdgeVectors) -> set[str]:
    return {each.space.tenant for each in engine._opening.living()}


async def search(engine: QdrantEdgeVectors, tenant: str) -> None:
    [matches] = await engine.search(space(tenant), [Leg(vector(1), 1)])
    assert matches.ids.tolist() == [1]


async def test_spaces_that_are_only_searched_are_closed_without_a_flush(
    engine: QdrantEdgeVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tenant in TENANTS:  # those that were written to are flushed as they are closed
        await search(engine, tenant)
    seen = flushes(monkeypatch)
    for _ in range(2):
        for tenant in TENANTS:
            await search(engine, tenant)
    assert not seen
    for _ in range(10):  # nor when nobody searches for a while
        for each in engine._opening.living():
            await engine._tend(each, whole=False)
    assert not seen
    await engine.upsert(space(TENANTS[-1]), [point(2)], 2)
    for tenant in TENANTS[:OPEN_MAX]:
        await search(engine, tenant)
    assert seen == ["sync_files", "write_state"]
    assert await engine.applied(space(TENANTS[-1])) == 2
    assert await found(engine, None, space(TENANTS[-1])) == {1, 2}


async def test_what_the_log_gives_back_is_flushed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, copy = tmp_path / "live", tmp_path / "killed"
    engine = QdrantEdgeVectors(source, sync_seconds=0.01, optimize_points=0)
    await engine.upsert(space(), [point(1)], 1)
    while await engine.applied(space()) < 1:
        await asyncio.sleep(0.01)
    shutil.copytree(source, copy)
    await engine.close()
    for expected in (["sync_files", "write_state"], []):
        with monkeypatch.context() as patch:
            seen = flushes(patch)
            engine = QdrantEdgeVectors(copy, optimize_points=0)
            assert await found(engine, None) == {1}
            await engine.close()
            assert seen == expected


async def test_the_longest_unused_space_is_closed_first(engine: QdrantEdgeVectors) -> None:
    for tenant in ("t0", "t1", "t2", "t0"):
        await search(engine, tenant)
    await search(engine, "t3")
    assert open_now(engine) == {"t0", "t2", "t3"}


async def test_a_slow_disk_does_not_hold_the_loop_while_a_space_is_opened(
    engine: QdrantEdgeVectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library itself does holds the interpreter's lock; the disk it need not wait for."""
    place = list[object]()

    def slow(folder: Path) -> None:
        place.append(threading.current_thread())
        time.sleep(SLOW_DISK_S)  # as a thread waits for a disk
        read_ahead(folder)

    monkeypatch.setattr(opening, "read_ahead", slow)
    closed, usable = TENANTS[0], TENANTS[-1]
    task = asyncio.create_task(search(engine, closed))
    longest, last = 0.0, time.perf_counter()
    while not task.done():
        await search(engine, usable)
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    await task
    assert len(place) == 1
    assert place != [threading.main_thread()]
    assert longest < SLOW_DISK_S


async def test_a_search_that_is_cancelled_while_its_space_is_opened_leaves_it_open(
    engine: QdrantEdgeVectors,
) -> None:
    task = asyncio.create_task(search(engine, "t0"))
    while not engine._opening._turn.locked():
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "t0" in open_now(engine)
    assert not any(each.users for each in engine._opening.living())


async def test_a_state_of_an_earlier_release_says_nothing_of_the_log(engine: QdrantEdgeVectors) -> None:
    await engine.close()
    folder = folder_of(engine._folder, space("t0"))
    file = folder / "state.json"
    file.write_text(file.read_text().replace(', "flushed": true', ""))
    state = read_state(folder)
    assert state is not None
    assert (state.applied, state.flushed) == (1, False)


async def test_more_spaces_than_may_be_open(tmp_path: Path) -> None:
    async with opened(tmp_path, shards_open_max=3) as engine:
        for turn in (1, 2):
            for tenant in range(7):
                await engine.upsert(space(f"t{tenant}"), [point(turn * 100 + tenant)], turn)
                assert len(engine._opening.living()) <= 3

        async def look(tenant: int) -> None:
            got = await found(engine, None, space(f"t{tenant}"))
            assert got == {100 + tenant, 200 + tenant}

        await asyncio.gather(*(look(tenant) for tenant in (*range(7), *range(7))))
        assert [await engine.applied(space(f"t{tenant}")) for tenant in range(7)] == [2] * 7
        assert len(engine._opening.living()) <= 3


async def test_a_cancelled_search_leaves_no_space_shut(tmp_path: Path) -> None:
    async with opened(tmp_path, shards_open_max=1) as engine:
        for tenant in ("a", "b"):
            await engine.upsert(space(tenant), [point(1)], 1)
        for _ in range(10):
            for tenant in ("a", "b"):
                task = asyncio.create_task(engine.count(space(tenant)))
                await asyncio.sleep(0)
                task.cancel()
                await asyncio.wait([task])
        assert await engine.count(space("a")) == await engine.count(space("b")) == 1
