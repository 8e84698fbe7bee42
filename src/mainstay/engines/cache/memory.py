"""A cache and the counters of the rate limit inside one process."""

from collections import OrderedDict
from collections.abc import Sequence

from mainstay.engines.cache.sliding import Sliding, verdict
from mainstay.kit.clock import Clock
from mainstay.ports.cache import Limit, Verdict

_ENTRY_BYTES = 250  # what the dictionaries and objects of one entry cost beside key and value
_SWEPT_PER_NEW = 2  # more than the one counter that is added, so that idle ones always go
_WEIGHED = 8  # how many counters are compared when one that is still in use has to go


class MemoryCache:
    """Values, the least recently used forgotten first, and sliding counters.

    Only when more than `counters_max` are in use at once does one go early: the emptiest of the few that
    were looked at longest ago.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        entries_max: int = 100_000,
        bytes_max: int = 64 * 1024 * 1024,
        counters_max: int = 200_000,
    ) -> None:
        """Take the clock and how much may be kept."""
        self._clock = clock
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._counters_max = counters_max
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0
        self._counters: OrderedDict[str, Sliding] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        """Give the value, or None when it is not (or no longer) there."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[1] <= self._clock.monotonic_s():
            self._forget(key)
            return None
        self._entries.move_to_end(key)
        return entry[0]

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for a while; one larger than the whole cache is not kept."""
        self._forget(key)
        size = _size(key, value)
        if ttl_s <= 0 or size > self._bytes_max:
            return
        self._entries[key] = (value, self._clock.monotonic_s() + ttl_s)
        self._bytes += size
        while self._bytes > self._bytes_max or len(self._entries) > self._entries_max:
            self._forget(next(iter(self._entries)))

    async def delete(self, key: str) -> None:
        """Forget a value."""
        self._forget(key)

    async def take(self, limits: Sequence[Limit]) -> Verdict:
        """Count one event under all limits, or under none of them; atomic, for nothing is awaited."""
        now = self._clock.monotonic_s()
        if len(limits) == 1:
            return self._take_one(limits[0], now)
        counters = [self._counter(limit, now) for limit in limits]
        allowed = True
        for limit, counter in zip(limits, counters, strict=True):
            counter.drop(now, limit.window_s)
            allowed = allowed and counter.total < limit.most
        if allowed:
            for limit, counter in zip(limits, counters, strict=True):
                counter.add(now, limit)
        totals = [counter.total for counter in counters]
        waits = [counter.wait_s(now, limit) for limit, counter in zip(limits, counters, strict=True)]
        return verdict(limits, totals, waits, allowed=allowed)

    async def state(self) -> str:
        """Say `ok`: it is in this process."""
        return "ok"

    async def close(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._counters.clear()
        self._bytes = 0

    def _forget(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= _size(key, entry[0])

    def _take_one(self, limit: Limit, now: float) -> Verdict:
        """Decide where there is nothing to hold together, as for most requests: at half the cost."""
        counter = self._counters.get(limit.key) or self._counter(limit, now)
        counter.drop(now, limit.window_s)
        allowed = counter.total < limit.most
        if allowed:
            counter.add(now, limit)
        left = limit.most - counter.total
        if left > 0:
            return Verdict(allowed, 0, left, 0.0)
        return Verdict(allowed, 0, 0, counter.wait_s(now, limit))

    def _counter(self, limit: Limit, now: float) -> Sliding:
        counter = self._counters.get(limit.key)
        if counter is None:
            self._sweep(now)
            counter = self._counters[limit.key] = Sliding(now + limit.window_s)
        return counter

    def _sweep(self, now: float) -> None:
        counters = self._counters
        for _ in range(min(_SWEPT_PER_NEW, len(counters))):
            key = next(iter(counters))
            if counters[key].idle_at <= now:
                del counters[key]
            else:
                counters.move_to_end(key)
        if len(counters) >= self._counters_max:
            oldest = [key for key, _ in zip(counters, range(_WEIGHED), strict=False)]
            del counters[min(oldest, key=lambda key: counters[key].total)]


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + _ENTRY_BYTES
