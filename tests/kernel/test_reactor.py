"""Reactions: leased, retried, isolated, buried with their reason, taken up after a crash."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path

import pytest

from mainstay.engines.bus.memory import MemoryBus
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.kernel.caller import house
from mainstay.kernel.events import Reaction, Reactions, declared_reactions, reactions_of, reacts_to
from mainstay.kernel.interface import Event
from mainstay.kernel.leases import ATTEMPTS_MAX, INTERRUPTED_MAX, LEASE_MS, Leases
from mainstay.kernel.outbox import Outbox
from mainstay.kernel.reactor import ASKED_MOST, Reactor
from mainstay.kernel.tables import TABLES
from mainstay.kernel.tidying import DAY_MS, Tidying
from mainstay.kernel.work import Work, emit, entered
from mainstay.kit.errors import Invalid, Unavailable
from mainstay.kit.ids import Ids
from mainstay.kit.random import SystemRandom
from mainstay.ports.database import SYSTEM
from makers import FrozenClock


class Happened(Event):
    number: int


class Followed(Event):
    number: int


Behaviour = Callable[[Sequence[int]], None]


class Recording(Reactions):
    """Notes what it was given; `behave` may raise."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.followed: list[int] = []
        self.behave: Behaviour = lambda _: None

    @reacts_to(Happened, batch=4, heavy=10)
    async def note(self, events: Sequence[Happened]) -> None:
        numbers = [event.number for event in events]
        self.batches.append(numbers)
        self.behave(numbers)
        for event in events:
            emit(Followed(number=event.number), job_id="job_1")

    @reacts_to(Followed, batch=4)
    async def follow(self, events: Sequence[Followed]) -> None:
        self.followed += [event.number for event in events]


class Bench:
    """A reactor with its parts."""

    def __init__(self, folder: Path) -> None:
        self.clock = FrozenClock()
        self.database = SqliteDatabase(folder / "db", TABLES, migrations=False)
        self.bus = MemoryBus()
        self.ids = Ids(self.clock, SystemRandom())
        subscribers: dict[str, list[str]] = {}
        for name, marked in declared_reactions(Recording).items():
            subscribers.setdefault(marked.event.name(), []).append(name)
        self.outbox = Outbox(self.bus, self.clock, self.ids, subscribers)
        self.reactions = Recording()

    def reactor(self, *, exclusive: bool = True) -> Reactor:
        tidying = Tidying(self.database, self.clock, kept_ms=7 * DAY_MS)
        return Reactor(
            self.database,
            self.bus,
            self.outbox,
            Leases(self.database, self.clock, self.ids),
            tidying,
            exclusive=exclusive,
        )

    async def emit(self, *numbers: int, weight: int = 0, tenant: str = "t1") -> None:
        work = Work(house(tenant, "test"), self.database, "req", tenant)
        with entered(work):
            for number in numbers:
                emit(Happened(number=number), job_id="job_1", subject=f"n{number}", weight=weight)
            await self.outbox.write(await work.open(), work)
            await work.commit()
            await self.outbox.committed(work)

    async def states(self) -> dict[str, int]:
        rows = await self.database.fetch(SYSTEM, "SELECT state, count(*) AS n FROM outbox GROUP BY state")
        return {str(row["state"]): int(row["n"] or 0) for row in rows}

    async def until(self, **states: int) -> None:
        async with asyncio.timeout(20):
            while await self.states() != states:
                await asyncio.sleep(0.01)

    async def tried(self, times: int, **states: int) -> None:
        async with asyncio.timeout(20):
            while len(self.reactions.batches) < times:
                await asyncio.sleep(0.01)
        await self.until(**states)


@asynccontextmanager
async def running(bench: Bench, *, exclusive: bool = True) -> AsyncIterator[Reactor]:
    reactor = bench.reactor(exclusive=exclusive)
    await reactor.start(reactions_of(bench.reactions))
    try:
        yield reactor
    finally:
        await reactor.stop()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    await made.database.open()
    yield made
    await made.bus.close()
    await made.database.close()


async def test_events_come_in_order_in_batches_and_lead_to_others(bench: Bench) -> None:
    await bench.emit(*range(10))
    async with running(bench):
        await bench.until(done=20)
    assert bench.reactions.batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert bench.reactions.followed == list(range(10))


async def test_an_event_wakes_the_reactor(bench: Bench) -> None:
    async with running(bench):
        await bench.emit(1)
        await bench.until(done=2)


async def test_one_bad_event_does_not_hold_up_its_neighbours(bench: Bench) -> None:
    def poisoned(numbers: Sequence[int]) -> None:
        if 2 in numbers:
            raise Invalid("number two is bad")

    bench.reactions.behave = poisoned
    await bench.emit(1, 2, 3)
    async with running(bench):
        await bench.until(done=4, dead=1)
    assert sorted(bench.reactions.followed) == [1, 3]
    [dead] = await bench.database.fetch(SYSTEM, "SELECT subject, reason FROM outbox WHERE state = 'dead'")
    assert dead["subject"] == "n2"
    assert "number two is bad" in str(dead["reason"])


async def test_what_is_unavailable_is_tried_again_later(bench: Bench) -> None:
    failures = iter([True, True, False])

    def flaky(_: Sequence[int]) -> None:
        if next(failures):
            raise Unavailable("down")

    bench.reactions.behave = flaky
    await bench.emit(1)
    async with running(bench):
        for attempts in (1, 2):
            await bench.tried(attempts, waiting=1)
            bench.clock.move(10)
        await bench.until(done=2)


async def test_a_bug_is_buried_after_some_attempts(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Sequence[int]) -> None:
        raise ZeroDivisionError

    bench.reactions.behave = broken
    await bench.emit(1)
    async with running(bench):
        async with asyncio.timeout(60):
            while (await bench.states()).get("dead") != 1:
                bench.clock.move(400)
                await asyncio.sleep(0.02)
    assert len(bench.reactions.batches) == ATTEMPTS_MAX
    assert "ZeroDivisionError" in caplog.text


async def test_a_portion_ends_before_it_is_too_heavy(bench: Bench) -> None:
    await bench.emit(1, 2, 3, weight=4)
    await bench.emit(4, weight=50)
    await bench.emit(5, 6, weight=5)
    async with running(bench):
        await bench.until(done=12)
    assert bench.reactions.batches == [[1, 2], [3], [4], [5, 6]]


async def test_a_part_that_is_out_is_asked_for_a_few_of_the_events(bench: Bench) -> None:
    out = True

    def unplugged(_: Sequence[int]) -> None:
        if out:
            raise Unavailable("down")

    bench.reactions.behave = unplugged
    await bench.emit(1, 2, 3, 4)
    async with running(bench):
        await bench.tried(1, waiting=4)
        assert bench.reactions.batches == [[1, 2, 3, 4]]  # then all of them wait as one
        bench.clock.move(1)
        await bench.tried(3, waiting=4)
        assert bench.reactions.batches[1:] == [[1, 2, 3, 4], [1]]  # one asks again, and waits for longer
        bench.reactions.batches.clear()
        out = False
        bench.clock.move(1)
        await bench.until(waiting=1, done=6)
        assert bench.reactions.batches == [[2, 3, 4]]
        bench.clock.move(1)
        await bench.until(done=8)


async def test_events_that_are_at_fault_do_not_hold_up_the_others_for_ever(bench: Bench) -> None:
    def poisoned(numbers: Sequence[int]) -> None:
        if min(numbers) <= ASKED_MOST + 1:
            raise Unavailable("this text brings the encoder down")

    bench.reactions.behave = poisoned
    poison = list(range(1, ASKED_MOST + 2))
    await bench.emit(*poison, 10, 11)
    async with running(bench):
        async with asyncio.timeout(60):
            while len(bench.reactions.followed) < 2:
                bench.clock.move(0.5)
                await asyncio.sleep(0.02)
    assert bench.reactions.followed == [10, 11]
    assert await bench.states() == {"waiting": len(poison), "done": 4}


async def test_what_ends_the_server_is_taken_up_alone_and_buried_at_last(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.emit(1, 2, 3)
    alone: list[int] = []
    for _ in range(INTERRUPTED_MAX):
        async with bench.database.unit(SYSTEM) as unit:  # as a killed server leaves them
            lease = {"state": "running", "worker": "gone", "lease_ms": bench.clock.now_ms() + LEASE_MS}
            await unit.update("outbox", lease, {"state": "waiting"})
        leases = Leases(bench.database, bench.clock, bench.ids)
        [note] = [each for each in reactions_of(bench.reactions) if each.name.endswith("note")]
        await leases.take_over([note.name], everything=True)
        alone.append(len(await leases.claim("t1", note)))
        await leases.give_back()
    assert alone == [3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]
    assert await bench.states() == {"dead": 3}
    [dead] = await bench.database.fetch(SYSTEM, "SELECT reason FROM outbox WHERE subject = 'n1'")
    assert "Interrupted" in str(dead["reason"])
    assert "The server ended 12 times" in caplog.text


async def test_a_stop_counts_as_no_interruption(bench: Bench) -> None:
    class Slow(Recording):
        @reacts_to(Happened)
        async def note(self, events: Sequence[Happened]) -> None:
            await asyncio.sleep(3600)

    bench.reactions = Slow()
    await bench.emit(1)
    async with running(bench):
        await bench.until(running=1)
    assert await bench.states() == {"waiting": 1}
    [row] = await bench.database.fetch(SYSTEM, "SELECT interrupted, attempts FROM outbox")
    assert (row["interrupted"], row["attempts"]) == (0, 0)


async def test_what_a_crash_interrupted_is_taken_up_at_once(bench: Bench) -> None:
    await bench.emit(1)
    async with bench.database.unit(SYSTEM) as unit:
        lease = {"state": "running", "worker": "gone", "lease_ms": bench.clock.now_ms() + LEASE_MS}
        await unit.update("outbox", lease, {"state": "waiting"})
    async with running(bench):
        await bench.until(done=2)


async def test_another_workers_lease_is_respected_until_it_ends(bench: Bench) -> None:
    await bench.emit(1)
    async with bench.database.unit(SYSTEM) as unit:
        lease = {"state": "running", "worker": "other", "lease_ms": bench.clock.now_ms() + LEASE_MS}
        await unit.update("outbox", lease, {"state": "waiting"})
    async with running(bench, exclusive=False):
        await asyncio.sleep(0.2)
        assert bench.reactions.batches == []
        bench.clock.move(LEASE_MS / 1000 + 1)
        await bench.until(done=2)


async def test_an_event_wakes_the_reactor_without_a_tick(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mainstay.kernel.reactor._TICK_S", 3600)
    async with running(bench):
        await asyncio.sleep(0.05)  # the first tick has passed
        await bench.emit(1)
        await bench.until(done=2)


async def test_what_another_worker_took_over_is_undone_here(bench: Bench) -> None:
    async def takes_over() -> None:
        async with bench.database.unit(SYSTEM) as unit:
            await unit.update("outbox", {"worker": "other"}, {"state": "running"})

    takeover = takes_over()

    class Slow(Recording):
        @reacts_to(Happened)
        async def note(self, events: Sequence[Happened]) -> None:
            await takeover
            emit(Followed(number=events[0].number), job_id="job_1")

    bench.reactions = Slow()
    await bench.emit(1)
    reactor = bench.reactor()
    await reactor.start([each for each in reactions_of(bench.reactions) if each.name.endswith("note")])
    await asyncio.sleep(0.3)
    await reactor.stop()
    assert await bench.states() == {"running": 1}  # nothing was done, and nothing followed


async def test_what_waited_for_long_is_kept_after_its_end(bench: Bench) -> None:
    await bench.emit(1)
    bench.clock.move(30 * DAY_MS / 1000)
    async with running(bench):
        await bench.until(done=2)
        await Tidying(bench.database, bench.clock, kept_ms=DAY_MS).tidy()
        assert await bench.states() == {"done": 2}
        bench.clock.move(DAY_MS / 1000 + 1)
        await Tidying(bench.database, bench.clock, kept_ms=DAY_MS).tidy()
        assert await bench.states() == {}


class Slow(Recording):
    """Takes its time: until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()
        self.at_once = self.most = 0

    @reacts_to(Happened, batch=4)
    async def note(self, events: Sequence[Happened]) -> None:
        self.batches.append([event.number for event in events])
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.free.wait()
        self.at_once -= 1


def noting(reactions: Reactions) -> list[Reaction]:
    return [each for each in reactions_of(reactions) if each.name.endswith("note")]


async def test_a_lane_keeps_its_order_over_processes(bench: Bench) -> None:
    await bench.emit(*range(8))
    one, other = Slow(), Slow()
    first, second = bench.reactor(exclusive=False), bench.reactor(exclusive=False)
    await first.start(noting(one))
    await bench.until(waiting=4, running=4)
    await second.start(noting(other))
    other.free.set()
    await bench.emit(8)
    await asyncio.sleep(0.2)
    assert (one.batches, other.batches) == ([[0, 1, 2, 3]], [])
    one.free.set()
    await bench.until(done=9)
    assert sorted(chain(*one.batches, *other.batches)) == list(range(9))
    await first.stop()
    await second.stop()


async def test_a_step_that_takes_longer_than_a_lease_is_not_taken_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mainstay.kernel.reactor._HEARTBEAT_S", 0.01)
    monkeypatch.setattr("mainstay.kernel.reactor._TICK_S", 0.01)
    one, other = Slow(), Slow()
    await bench.emit(1)
    first, second = bench.reactor(exclusive=False), bench.reactor(exclusive=False)
    await first.start(noting(one))
    await bench.until(running=1)
    await second.start(noting(other))
    for _ in range(6):
        bench.clock.move(LEASE_MS / 1000 / 2)
        await asyncio.sleep(0.1)
    one.free.set()
    await bench.until(done=1)
    assert (one.batches, other.batches) == ([[1]], [])
    await first.stop()
    await second.stop()


async def test_a_failure_is_not_noted_on_what_another_worker_has_taken_over(bench: Bench) -> None:
    await bench.emit(1)
    [note] = noting(bench.reactions)
    late = Leases(bench.database, bench.clock, bench.ids)
    rows = await late.claim("t1", note)
    async with bench.database.unit(SYSTEM) as unit:
        await unit.update("outbox", {"worker": "other"}, {"state": "running"})
    await late.put_off(rows, Invalid("bad"), lasting=True, later=False)
    assert await bench.states() == {"running": 1}
    await late.give_back()
    assert await bench.states() == {"running": 1}


async def test_what_is_leased_is_leased_once(bench: Bench) -> None:
    await bench.emit(*range(4))
    [note] = noting(bench.reactions)
    one, other = (Leases(bench.database, bench.clock, bench.ids) for _ in range(2))
    claims = await asyncio.gather(one.claim("t1", note), other.claim("t1", note))
    assert sorted(map(len, claims)) == [0, 4]
    assert await other.claim("t1", note) == []


async def test_only_some_portions_are_handled_at_once(bench: Bench) -> None:
    slow = Slow()
    for tenant in range(7):
        await bench.emit(tenant, tenant=f"t{tenant}")
    reactor = bench.reactor()
    await reactor.start(noting(slow))
    await bench.until(waiting=3, running=4)
    slow.free.set()
    await bench.until(done=7)
    assert slow.most == 4
    await reactor.stop()
