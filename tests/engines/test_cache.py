"""Every cache behind ports.cache."""

import random

import pytest

from engines.caches import ENGINES, Frozen, Timed, here, timed
from mainstay.engines.cache.memory import MemoryCache
from mainstay.ports.cache import SUB_WINDOWS, Limit, Verdict

__all__ = ["here"]

WINDOW_S = 60
RUNS = 12
TICK_S = 1 / 64
"""A step of time that floats and microseconds both tell exactly."""


@pytest.fixture
def clock() -> Frozen:
    return Frozen()


async def test_a_value_can_be_replaced_and_forgotten(here: Timed) -> None:
    cache, key = here.cache, here.room
    assert await cache.get(key) is None
    await cache.set(key, b"1", 10)
    await cache.set(key, b"2", 10)
    assert await cache.get(key) == b"2"
    await cache.delete(key)
    await cache.delete(key)
    assert await cache.get(key) is None
    await cache.set(key, b"3", 10)
    await cache.set(key, b"4", 0)
    assert await cache.get(key) is None
    assert await cache.state() == "ok"


async def test_a_burst_up_to_the_limit_then_one_at_a_time(here: Timed) -> None:
    one, other = Limit(here.room + "a", 5, 60), Limit(here.room + "b", 5, 60)
    for left in range(4, -1, -1):
        assert await here.cache.take([one]) == Verdict(True, 0, left, 0 if left else 60)
    await here.move(20)
    assert await here.cache.take([one]) == Verdict(False, 0, 0, 40)
    assert await here.cache.take([other]) == Verdict(True, 0, 4, 0)
    await here.move(40)
    assert await here.cache.take([one]) == Verdict(True, 0, 4, 0)


async def test_no_limit_means_none(here: Timed) -> None:
    assert await here.cache.take([Limit(here.room, 0, 60)]) == Verdict(False, 0, 0, 60)


async def test_all_limits_count_or_none_does(here: Timed) -> None:
    key, tenant = Limit(here.room + "k", 10, 60), Limit(here.room + "t", 3, 60)
    for left in (2, 1, 0):
        assert await here.cache.take([key, tenant]) == Verdict(True, 1, left, 0 if left else 60)
    for _ in range(20):
        assert await here.cache.take([key, tenant]) == Verdict(False, 1, 0, 60)
    assert (await here.cache.take([key])).left == 6
    await here.move(30)
    for _ in range(6):
        await here.cache.take([key])
    assert await here.cache.take([key, tenant]) == Verdict(False, 0, 0, 30)
    # Both are used up: what lasts longest is told, and waiting that long is enough.
    told = await here.cache.take([Limit(key.key, 4, 60), tenant])
    assert (told.allowed, told.tightest, told.wait_s) == (False, 0, 60)
    await here.move(60)
    assert (await here.cache.take([key, tenant])).allowed


async def test_a_limit_that_was_lowered_says_when_it_is_met(here: Timed) -> None:
    for _ in range(6):
        await here.cache.take([Limit(here.room, 6, 60)])
        await here.move(5)
    told = await here.cache.take([Limit(here.room, 2, 60)])
    assert told == Verdict(False, 0, 0, 50)
    await here.move(49)
    assert not (await here.cache.take([Limit(here.room, 2, 60)])).allowed
    await here.move(1)
    assert (await here.cache.take([Limit(here.room, 2, 60)])).allowed


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [1, 7, 100])
async def test_few_events_are_counted_exactly(engine: str, count: int) -> None:
    chance = random.Random(count)  # noqa: S311 - a fixed seed, so that a failure comes again
    async with timed(engine) as here:
        for run in range(RUNS):
            limits = [
                Limit(f"{here.room}{run}{name}", count + more, WINDOW_S)
                for name, more in (("a", 0), ("b", 2))
            ]
            taken: dict[str, list[float]] = {limit.key: [] for limit in limits}
            for _ in range(150):
                await here.move(chance.choice((0, 0, 0, 1, 3, 20)) * round(640 / count) * TICK_S)
                asked = chance.choice((limits[:1], limits[1:], limits))
                now = here.clock.time
                live = [sum(stamp > now - WINDOW_S for stamp in taken[limit.key]) for limit in asked]
                within = all(held < limit.most for held, limit in zip(live, asked, strict=True))
                told = await here.cache.take(asked)
                assert told.allowed == within
                for limit in asked if within else []:
                    taken[limit.key].append(now)
                left = [limit.most - held - within for held, limit in zip(live, asked, strict=True)]
                assert told.left == (min(left) if within else 0)
                assert (told.wait_s > 0) == (told.left == 0)


@pytest.mark.parametrize("engine", ENGINES)
async def test_many_events_are_never_too_many_and_hardly_too_few(engine: str) -> None:
    chance = random.Random(4711)  # noqa: S311 - a fixed seed, so that a failure comes again
    late_s = WINDOW_S / SUB_WINDOWS
    async with timed(engine) as here:
        limit = Limit(here.room, 600, WINDOW_S)
        taken: list[float] = []
        for _ in range(4000):
            await here.move(chance.choice((0, 0, 0, 0, 1, 3, 19)) * TICK_S)
            now = here.clock.time
            told = await here.cache.take([limit])
            exact = sum(stamp > now - WINDOW_S for stamp in taken)
            if told.allowed:
                assert exact < limit.most
                taken.append(now)
            else:
                assert sum(stamp > now - WINDOW_S - late_s for stamp in taken) >= limit.most
                assert 0 < told.wait_s <= WINDOW_S
        assert len(taken) > 2 * limit.most
        fullest = max(sum(start - WINDOW_S < stamp <= start for stamp in taken) for start in taken)
        assert limit.most * 0.99 <= fullest <= limit.most


async def test_a_limit_may_change_its_size(here: Timed) -> None:
    for count in (3, 1000, 3, 100_000):
        for _ in range(5):
            await here.cache.take([Limit(here.room, count, 60)])
            await here.move(0.01)
    assert (await here.cache.take([Limit(here.room, 14, 60)])).allowed is True
    assert (await here.cache.take([Limit(here.room, 14, 60)])).allowed is False


async def test_a_clock_that_jumps_frees_nobody_early_and_locks_nobody_out(here: Timed) -> None:
    limit = Limit(here.room, 3, 60)
    for _ in range(3):
        assert (await here.cache.take([limit])).allowed
        await here.move(1)
    await here.move(-3600)
    assert await here.cache.take([limit]) == Verdict(False, 0, 0, 58)
    await here.move(57)
    assert not (await here.cache.take([limit])).allowed
    await here.move(1)
    assert (await here.cache.take([limit])).allowed
    await here.move(3600)
    assert await here.cache.take([limit]) == Verdict(True, 0, 2, 0)


async def test_keeps_until_the_time_is_over(clock: Frozen) -> None:
    cache = MemoryCache(clock)
    await cache.set("a", b"1", 10)
    clock.time += 9.99
    assert await cache.get("a") == b"1"
    clock.time += 0.02
    assert await cache.get("a") is None


async def test_the_least_recently_used_goes_first(clock: Frozen) -> None:
    cache = MemoryCache(clock, entries_max=3)
    for key in "abc":
        await cache.set(key, key.encode(), 10)
    assert await cache.get("a") == b"a"
    await cache.set("d", b"d", 10)
    assert [await cache.get(key) for key in "abcd"] == [b"a", None, b"c", b"d"]


async def test_bytes_are_bounded(clock: Frozen) -> None:
    cache = MemoryCache(clock, bytes_max=100_000)
    for number in range(1000):
        await cache.set(str(number), bytes(10_000), 10)
    assert cache._bytes <= 100_000
    assert len(cache._entries) == 9
    await cache.set("999", bytes(200_000), 10)
    assert await cache.get("999") is None
    for number in range(1000):
        await cache.delete(str(number))
    assert cache._bytes == 0


async def test_idle_counters_go(clock: Frozen) -> None:
    cache = MemoryCache(clock)
    for number in range(10_000):
        clock.time += 1
        await cache.take([Limit(str(number), 5, 60)])
    assert len(cache._counters) < 130


@pytest.mark.parametrize("count", [SUB_WINDOWS, 1_000_000])
async def test_a_counter_is_bounded(clock: Frozen, count: int) -> None:
    cache = MemoryCache(clock)
    for _ in range(20_000):
        clock.time += 0.01
        await cache.take([Limit("a", count, 60)])
    assert cache._counters["a"].entries <= SUB_WINDOWS + 1
    assert len(cache._counters["a"]._stamps) <= 2 * SUB_WINDOWS + 2


async def test_a_flood_of_keys_does_not_free_the_one_that_is_used_up(clock: Frozen) -> None:
    cache = MemoryCache(clock, counters_max=100)
    for _ in range(5):
        await cache.take([Limit("a", 5, 60)])
    for number in range(1000):
        await cache.take([Limit(str(number), 5, 60)])
    assert len(cache._counters) <= 100
    assert not (await cache.take([Limit("a", 5, 60)])).allowed


async def test_close_forgets(clock: Frozen) -> None:
    cache = MemoryCache(clock)
    await cache.set("a", b"1", 10)
    await cache.close()
    assert await cache.get("a") is None
