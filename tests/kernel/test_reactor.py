"""Reactions: in portions, retried, isolated, buried with their reason."""

import asyncio
from collections.abc import Sequence

import pytest

from kernel.benches import Bench, Slow, noting, running
from mainstay.kernel.leases import ATTEMPTS_MAX
from mainstay.kernel.reactor import ASKED_MOST
from mainstay.kernel.tidying import DAY_MS, Tidying
from mainstay.kit.errors import Conflict, Invalid, Unavailable
from mainstay.ports.database import SYSTEM


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


async def test_it_stops_though_a_cancellation_is_told_as_a_failure(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def tidy(_: Tidying) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:  # as a driver does that gives up its statement
            raise Unavailable("The statement was cancelled.") from None

    monkeypatch.setattr(Tidying, "tidy", tidy)
    async with asyncio.timeout(10), running(bench):
        await begun.wait()


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


class Overtaken(Conflict):
    """Somebody else did something at the same moment."""

    passes = True


async def test_a_conflict_that_passes_is_tried_again_and_another_is_buried_and_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    failures = iter([Overtaken("a moment"), Conflict("for ever")])

    def conflicting(_: Sequence[int]) -> None:
        raise next(failures)

    bench.reactions.behave = conflicting
    await bench.emit(1)
    async with running(bench):
        await bench.tried(1, waiting=1)
        assert "given up" not in caplog.text
        await bench.later(10)
        await bench.until(dead=1)
    assert "given up after attempt 2" in caplog.text
    assert "for ever" in caplog.text


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
            await bench.later(10)
        await bench.until(done=2)


async def test_a_bug_is_buried_after_some_attempts(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Sequence[int]) -> None:
        raise ZeroDivisionError

    bench.reactions.behave = broken
    await bench.emit(1)
    async with running(bench):
        async with asyncio.timeout(60):
            while (await bench.states()).get("dead") != 1:
                await bench.later(400)
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
        await bench.later(1)
        await bench.tried(3, waiting=4)
        assert bench.reactions.batches[1:] == [[1, 2, 3, 4], [1]]  # one asks again, and waits for longer
        bench.reactions.batches.clear()
        out = False
        await bench.later(1)
        await bench.until(waiting=1, done=6)
        assert bench.reactions.batches == [[2, 3, 4]]
        await bench.later(1)
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
            while await bench.states() != {"waiting": len(poison), "done": 4}:
                bench.clock.move(0.5)
                await asyncio.sleep(0.02)
    assert bench.reactions.followed == [10, 11]


async def test_an_event_wakes_the_reactor_without_a_tick(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mainstay.kernel.reactor._TICK_S", 3600)
    async with running(bench):
        await asyncio.sleep(0.05)  # the first tick has passed
        await bench.emit(1)
        await bench.until(done=2)


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


async def test_only_some_portions_are_handled_at_once(bench: Bench) -> None:
    slow = Slow()
    for tenant in range(7):
        await bench.emit(tenant, tenant=f"t{tenant}")
    reactor = bench.reactor()
    await reactor.start(noting(slow))
    await bench.until(waiting=3, running=4)
    async with asyncio.timeout(20):
        while slow.most < 4:  # what is leased has not begun yet
            await asyncio.sleep(0.01)
    slow.free.set()
    await bench.until(done=7, waiting=7)
    assert slow.most == 4
    await reactor.stop()
