"""Errands: done once for all who ask, as the house itself, whoever of them gives up."""

import asyncio
from pathlib import Path

import pytest

from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.kernel.caller import Caller
from mainstay.kernel.errands import Errands, HouseCloses
from mainstay.kernel.work import Work, current, entered
from mainstay.kit.errors import Unavailable

ASKING = Caller("t1", "key_1", ("user",), frozenset({"documents:read"}))


class Asking:
    """An operation of a tenant that asks for an errand; the errand waits until it is let."""

    def __init__(self, errands: Errands, database: SqliteDatabase) -> None:
        self.errands = errands
        self.work = Work(ASKING, database, "req_1")
        self.seen: list[Work] = []
        self.free = asyncio.Event()
        self.failure: Exception | None = None

    async def action(self) -> None:
        self.seen.append(current())
        await self.free.wait()
        if self.failure is not None:
            raise self.failure

    async def ask(self, subject: str = "index") -> None:
        with entered(self.work):
            await self.errands.run("filling", subject, self.action)

    async def begun(self, subject: str = "index") -> "asyncio.Task[None]":
        task = asyncio.create_task(self.ask(subject))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return task


@pytest.fixture
def asking(tmp_path: Path) -> Asking:
    return Asking(Errands(), SqliteDatabase(tmp_path / "db", (), migrations=False))


async def test_an_errand_is_run_once_for_all_in_a_work_of_its_own(asking: Asking) -> None:
    waiting = [await asking.begun() for _ in range(3)] + [await asking.begun("another")]
    assert len(asking.seen) == 2
    work = asking.seen[0]
    assert work is not asking.work
    assert (work.caller.tenant_id, work.caller.subject) == ("t1", "house:errand")
    asking.free.set()
    await asyncio.gather(*waiting)
    await asking.ask()
    assert len(asking.seen) == 3


async def test_an_errand_goes_on_when_all_who_asked_have_given_up(asking: Asking) -> None:
    for _ in range(2):
        task = await asking.begun()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    asking.free.set()
    await asking.ask()
    assert len(asking.seen) == 1


async def test_a_failure_reaches_all_and_the_next_begins_anew(asking: Asking) -> None:
    waiting = [await asking.begun() for _ in range(2)]
    asking.failure = Unavailable("full")
    asking.free.set()
    for task in waiting:
        with pytest.raises(Unavailable, match="full"):
            await task
    asking.failure = None
    await asking.ask()
    assert len(asking.seen) == 2


async def test_closing_breaks_off_and_lets_nothing_begin(asking: Asking) -> None:
    task = await asking.begun()
    await asking.errands.close()
    with pytest.raises(HouseCloses):
        await task
    with pytest.raises(HouseCloses):
        await asking.ask()
    assert len(asking.seen) == 1


async def test_nobody_waits_for_an_errand_with_a_unit_of_work_open(asking: Asking) -> None:
    asking.work.unit = object()  # type: ignore[assignment]  # only that there is one counts
    with pytest.raises(RuntimeError, match="Compute first"):
        await asking.ask()
    assert not asking.seen
