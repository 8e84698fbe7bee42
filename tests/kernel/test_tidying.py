"""Jobs are forgotten some time after they ended, a little at a time, in both databases."""

from contextlib import AbstractAsyncContextManager

import pytest

from mainstay.kernel.idempotency import KEEP_MS
from mainstay.kernel.tidying import DAY_MS, Tidying
from mainstay.ports.database import SYSTEM, Database, Scalar, Scope, Unit
from makers import FrozenClock

OLD, YOUNG = 8 * DAY_MS, 6 * DAY_MS


def step(clock: FrozenClock, job: str, state: str, ended: int = OLD, **more: Scalar) -> dict[str, Scalar]:
    """Describe a step that was created ten days ago."""
    now = clock.now_ms()
    return {
        "tenant_id": "t1",
        "event_id": f"event_{job}",
        "event": "Happened",
        "reaction": "test.note",
        "body": "{}",
        "job_id": job,
        "subject": "",
        "caller": "key",
        "state": state,
        "attempts": 0,
        "created_ms": now - 10 * DAY_MS,
        "due_ms": now - ended,
        "lease_ms": 0,
        "worker": "",
        "reason": "",
        "promised": 0,
        "weight": 0,
        "interrupted": 0,
        **more,
    }


async def left(database: Database) -> list[tuple[str, str]]:
    rows = await database.fetch(SYSTEM, "SELECT job_id, state FROM outbox ORDER BY seq")
    return [(str(row["job_id"]), str(row["state"])) for row in rows]


@pytest.mark.parametrize("at_once", [1, 4, 500])
async def test_jobs_that_ended_long_ago_are_forgotten(
    database: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("mainstay.kernel.tidying._STEPS_AT_ONCE", at_once)
    gone = [
        step(clock, "done", "done"),
        step(clock, "failed", "done"),
        step(clock, "failed", "dead"),
        step(clock, "cancelled", "cancelled"),
        step(clock, "", "done"),
        step(clock, "", "dead"),
    ]
    kept = [
        step(clock, "waits", "done"),
        step(clock, "waits", "waiting"),
        step(clock, "runs", "done"),
        step(clock, "runs", "running"),
        step(clock, "recent", "done"),
        step(clock, "recent", "dead", YOUNG),
        step(clock, "erasure", "done"),
        step(clock, "erasure", "dead", promised=1),
        step(clock, "", "dead", promised=1),
        step(clock, "new", "done", YOUNG, created_ms=clock.now_ms() - YOUNG),
    ]
    mixed = [each for pair in zip(kept, gone, strict=False) for each in pair]
    async with database.unit(SYSTEM) as unit:
        await unit.insert("outbox", [*mixed, *kept[len(gone) :]])
    tidying = Tidying(database, clock, kept_ms=7 * DAY_MS)
    await tidying.tidy()
    assert await left(database) == [(row["job_id"], row["state"]) for row in kept]
    clock.move(2 * DAY_MS / 1000)
    await tidying.tidy()
    assert {job for job, _ in await left(database)} == {"waits", "runs", "erasure", ""}


async def test_many_are_forgotten_in_small_portions(
    database: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mainstay.kernel.tidying._STEPS_AT_ONCE", 20)
    monkeypatch.setattr("mainstay.kernel.tidying._JOBS_KNOWN_MAX", 30)
    async with database.unit(SYSTEM) as unit:
        for tenant in ("t1", "t2"):
            rows = [step(clock, f"job_{n % 70}", "done", tenant_id=tenant) for n in range(140)]
            await unit.insert("outbox", rows)
        await unit.insert("outbox", [step(clock, "job_69", "waiting", tenant_id="t2")])
    units = counted(database, monkeypatch)
    await Tidying(database, clock, kept_ms=7 * DAY_MS).tidy()
    assert await left(database) == [("job_69", "done"), ("job_69", "done"), ("job_69", "waiting")]
    assert len(units) == 280 / 20


async def test_kept_answers_are_forgotten_in_small_portions(
    database: Database, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mainstay.kernel.tidying._ANSWERS_AT_ONCE", 20)
    old, young = clock.now_ms() - KEEP_MS - 1, clock.now_ms() - KEEP_MS + 1
    async with database.unit(SYSTEM) as unit:
        await unit.insert("idempotency", [answer(f"old {n}", old - n) for n in range(90)])
        await unit.insert("idempotency", [answer("new", young)])
    units = counted(database, monkeypatch)
    await Tidying(database, clock, kept_ms=7 * DAY_MS).tidy()
    assert [row["key"] for row in await database.fetch(SYSTEM, "SELECT key FROM idempotency")] == ["new"]
    assert len(units) == 5


def answer(key: str, created_ms: int) -> dict[str, Scalar]:
    texts = {"tenant_id": "t1", "subject": "s", "key": key, "request_hash": ""}
    return {**texts, "answer": b"", "created_ms": created_ms}


def counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[Scope]:
    """Give a list that grows with every unit that is opened."""
    units, opened = list[Scope](), database.unit

    def noted(scope: Scope) -> AbstractAsyncContextManager[Unit]:
        units.append(scope)
        return opened(scope)

    monkeypatch.setattr(database, "unit", noted)
    return units
