"""Who works on what: leased, renewed, given back, taken over from workers that are gone, in order."""

import asyncio
from itertools import chain

import pytest

from kernel.benches import Bench, Slow, noting, running
from mainstay.kernel.events import reactions_of
from mainstay.kernel.leases import INTERRUPTED_MAX, LEASE_MS, Leases
from mainstay.kit.errors import Invalid
from mainstay.ports.database import SYSTEM


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
        await bench.later(0)
        await bench.asks(claim=1)
        [row] = await bench.database.fetch(SYSTEM, "SELECT worker FROM outbox")
        assert (row["worker"], bench.reactions.batches) == ("other", [])
        bench.clock.move(LEASE_MS / 1000 + 1)
        await bench.until(done=2)


async def test_what_another_worker_took_over_is_undone_here(bench: Bench) -> None:
    slow = bench.reactions = Slow()
    await bench.emit(1)
    async with running(bench):
        await bench.until(running=1)
        async with bench.database.unit(SYSTEM) as unit:
            await unit.update("outbox", {"worker": "other"}, {"state": "running"})
        slow.free.set()
        await bench.asks(claim=1)  # the next portion
        assert slow.at_once == 0
        assert await bench.states() == {"running": 1}  # nothing was done, and nothing followed


async def test_a_lane_keeps_its_order_over_processes(bench: Bench) -> None:
    await bench.emit(*range(8))
    one, other = Slow(), Slow()
    first, second = bench.reactor(exclusive=False), bench.reactor(exclusive=False)
    await first.start(noting(one))
    await bench.until(waiting=4, running=4)
    await second.start(noting(other))
    other.free.set()
    await bench.emit(8)
    await bench.asks(claim=1)  # the second, for the first is at work
    assert await bench.states() == {"running": 4, "waiting": 5}
    assert (one.batches, other.batches) == ([[0, 1, 2, 3]], [])
    one.free.set()
    await bench.until(done=9, waiting=9)
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
        await bench.asks(renew=2, take_over=4)  # one may have begun before, and both take over
    one.free.set()
    await bench.until(done=1, waiting=1)
    assert (one.batches, other.batches) == ([[1]], [])
    await first.stop()
    await second.stop()


async def test_a_worker_does_not_take_over_from_itself(bench: Bench) -> None:
    await bench.emit(1)
    [note] = noting(bench.reactions)
    leases = Leases(bench.database, bench.clock, bench.ids)
    assert len(await leases.claim("t1", note)) == 1
    bench.clock.move(LEASE_MS / 1000 + 1)  # its heartbeat was held up
    await leases.take_over([note.name], everything=False)
    assert await bench.states() == {"running": 1}
    other = Leases(bench.database, bench.clock, bench.ids)
    await other.take_over([note.name], everything=False)
    assert await bench.states() == {"waiting": 1}


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
