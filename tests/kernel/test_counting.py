"""Counting: several processes are added, failures lose nothing, old counts go, and it costs little."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from mainstay.kernel import usage as module
from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import stranger
from mainstay.kernel.usage import DAY_MS, Usage
from mainstay.kit.ids import Ids
from mainstay.kit.random import SystemRandom
from mainstay.ports.database import SYSTEM, Database, DatabaseUnavailable
from makers import FrozenClock

Make = Callable[[], Usage]


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
async def make(database: Database, clock: FrozenClock) -> AsyncIterator[Make]:
    return lambda: Usage(database, clock, Ids(clock, SystemRandom()), kept_ms=60 * DAY_MS)


def caller(subject: str = "key_1") -> Caller:
    return Caller("t1", subject, (), frozenset())


def count(usage: Usage, times: int = 1, subject: str = "key_1", outcome: str = "ok") -> None:
    for _ in range(times):
        usage.count(caller(subject), "notes.read", outcome, writes=False, tokens=2)


async def counted(database: Database, span: str = "day") -> dict[str, int]:
    rows = await database.fetch(
        SYSTEM,
        "SELECT subject, CAST(sum(requests) AS BIGINT) AS n FROM usage WHERE span = :span GROUP BY subject",
        {"span": span},
    )
    return {str(row["subject"]): int(row["n"] or 0) for row in rows}


async def test_processes_are_added(database: Database, make: Make) -> None:
    one, other = make(), make()
    for turn in range(1, 4):
        count(one, 2)
        count(other)
        await one.write()
        await other.write()
        assert await counted(database) == {"key_1": 3 * turn}
    assert await counted(database, "hour") == {"key_1": 9}


async def test_hours_that_ended_unwritten_are_written(
    database: Database, make: Make, clock: FrozenClock
) -> None:
    usage = make()
    clock.ms = 1_790_027_940_000  # 21:19 UTC
    for _ in range(5):
        count(usage)
        clock.move(3600)
    await usage.write()
    rows = await database.fetch(SYSTEM, "SELECT span, requests FROM usage ORDER BY begins_ms, span")
    assert [(row["span"], row["requests"]) for row in rows if row["span"] == "hour"] == [("hour", 1)] * 5
    assert [row["requests"] for row in rows if row["span"] == "day"] == [3, 2]


async def test_a_write_of_unknown_outcome_counts_once(
    database: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage, unit = make(), database.unit
    count(usage, 3)

    class Torn:
        """Commits, and then tells that it could not."""

        def __init__(self, scope: Any) -> None:
            self._unit = unit(scope)

        async def __aenter__(self) -> Any:
            return await self._unit.__aenter__()

        async def __aexit__(self, *told: object) -> None:
            await self._unit.__aexit__(*told)
            raise DatabaseUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(database, "unit", Torn)
        with pytest.raises(DatabaseUnavailable):
            await usage.write()
    count(usage)
    await usage.write()
    assert await counted(database) == {"key_1": 4}


async def test_old_counts_go(database: Database, make: Make, clock: FrozenClock) -> None:
    usage = make()
    count(usage)
    await usage.write()
    clock.move(36 * 24 * 3600)
    await usage.write()
    assert (await counted(database), await counted(database, "hour")) == ({"key_1": 1}, {})
    clock.move(25 * 24 * 3600)
    await usage.write()
    assert await counted(database) == {}


async def test_neither_addresses_nor_floods_of_keys_grow_without_end(
    database: Database, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KEYS_MAX", 3)
    usage = make()
    for number in range(5):
        usage.count(stranger(f"10.0.0.{number}", 1), "auth.sign_in", "ok", writes=True, tokens=0)
        count(usage, 1, f"key_{number}")
    await usage.write()
    assert await counted(database) == {"": 8, "key_0": 1, "key_1": 1}


async def test_a_clock_that_goes_back_loses_nothing(
    database: Database, make: Make, clock: FrozenClock
) -> None:
    usage = make()
    count(usage)
    clock.move(-7200)
    count(usage)
    await usage.write()
    assert await counted(database, "hour") == {"key_1": 2}


async def test_outcomes_are_told_apart(database: Database, make: Make) -> None:
    usage = make()
    for outcome in ("ok", "left", "RateLimited", "JobMissing", "bug:KeyError"):
        usage.count(caller(), "notes.write", outcome, writes=True, tokens=1)
    usage.spent(caller(), "notes.write", 7)
    await usage.write()
    (row,) = await database.fetch(SYSTEM, "SELECT * FROM usage WHERE span = 'day'")
    found = {name: row[name] for name in module.COUNTED}
    assert found == {"requests": 5, "refused": 1, "failed": 2, "writes": 2, "tokens": 12, "cost_micros": 0}
