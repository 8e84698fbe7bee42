"""Every cache behind ports.cache."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainstay.engines.cache.memory import MemoryCache


class Frozen:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now_ms(self) -> int:
        return int(self.time * 1000)

    def monotonic_s(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Frozen:
    return Frozen()


@pytest.fixture
def cache(clock: Frozen) -> MemoryCache:
    return MemoryCache(clock)


async def test_keeps_until_the_time_is_over(cache: MemoryCache, clock: Frozen) -> None:
    assert await cache.get("a") is None
    await cache.set("a", b"1", 10)
    clock.time += 9.99
    assert await cache.get("a") == b"1"
    clock.time += 0.02
    assert await cache.get("a") is None


async def test_a_value_can_be_replaced_and_forgotten(cache: MemoryCache) -> None:
    await cache.set("a", b"1", 10)
    await cache.set("a", b"2", 10)
    assert await cache.get("a") == b"2"
    await cache.delete("a")
    await cache.delete("a")
    assert await cache.get("a") is None
    await cache.set("a", b"3", 10)
    await cache.set("a", b"4", 0)
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


async def test_a_burst_up_to_the_limit_then_one_at_a_time(cache: MemoryCache, clock: Frozen) -> None:
    for left in range(4, -1, -1):
        assert await cache.hit("a", 5, 60) == (True, left, 0 if left else 60)
    clock.time += 20
    assert await cache.hit("a", 5, 60) == (False, 0, 40)
    assert await cache.hit("b", 5, 60) == (True, 4, 0)
    clock.time += 40
    assert await cache.hit("a", 5, 60) == (True, 4, 0)


async def test_no_limit_means_none(cache: MemoryCache) -> None:
    assert await cache.hit("a", 0, 60) == (False, 0, 60)


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 40)), max_size=200),
    st.integers(1, 8),
    st.integers(1, 60),
)
async def test_hits_agree_with_brute_force(hits: list[tuple[str, int]], limit: int, window: int) -> None:
    clock = Frozen()
    cache = MemoryCache(clock)
    taken: dict[str, list[float]] = {"a": [], "b": []}
    for key, pause in hits:
        clock.time += pause
        now = clock.time
        live = [stamp for stamp in taken[key] if stamp > now - window]
        within = len(live) < limit
        if within:
            taken[key].append(now)
            live.append(now)
        left = limit - len(live)
        wait = 0.0 if left else live[0] + window - now
        assert await cache.hit(key, limit, window) == (within, left, wait)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8), st.integers(1, 40)), max_size=100))
async def test_a_limit_that_changes_is_obeyed(hits: list[tuple[int, int, int]]) -> None:
    clock = Frozen()
    cache = MemoryCache(clock)
    for pause, limit, window in hits:
        clock.time += pause
        within, left, wait = await cache.hit("a", limit, window)
        assert left >= 0
        assert (wait > 0) == (left == 0)
        clock.time += wait
        if limit and not within:
            assert (await cache.hit("a", limit, window))[0]


async def test_idle_counters_go(cache: MemoryCache, clock: Frozen) -> None:
    for number in range(10_000):
        clock.time += 1
        await cache.hit(str(number), 5, 60)
    assert len(cache._counters) < 130


async def test_a_counter_keeps_at_most_twice_its_limit(cache: MemoryCache, clock: Frozen) -> None:
    for _ in range(10_000):
        clock.time += 1
        await cache.hit("a", 1000, 500)
    assert len(cache._counters["a"]._stamps) <= 1002


async def test_a_flood_of_keys_does_not_free_the_one_that_is_used_up(clock: Frozen) -> None:
    cache = MemoryCache(clock, counters_max=100)
    for _ in range(5):
        await cache.hit("a", 5, 60)
    for number in range(1000):
        await cache.hit(str(number), 5, 60)
    assert len(cache._counters) <= 100
    assert (await cache.hit("a", 5, 60))[0] is False


async def test_close_forgets(cache: MemoryCache) -> None:
    await cache.set("a", b"1", 10)
    await cache.close()
    assert await cache.get("a") is None
