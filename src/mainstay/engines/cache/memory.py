"""A cache and the counters of the rate limit inside one process."""

from array import array
from collections import OrderedDict

from mainstay.kit.clock import Clock

_ENTRY_BYTES = 250  # what the dictionaries and objects of one entry cost beside key and value
_SWEPT_PER_HIT = 2  # more than the one counter that a hit may add, so that idle ones always go
_WEIGHED = 8  # how many counters are compared when one that is still in use has to go
_STALE_STAMPS = 32


class MemoryCache:
    """Values, the least recently used forgotten first, and an exact sliding log of each counter.

    A counter costs 8 bytes for each event in its window. Only when more than `counters_max` are in use at
    once does one go early: the emptiest of the few that were looked at longest ago.
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
        self._counters: OrderedDict[str, _Counter] = OrderedDict()

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

    async def hit(self, key: str, limit: int, window_s: float) -> tuple[bool, int, float]:
        """Count one event against at most `limit` in any `window_s` seconds (sliding log)."""
        now = self._clock.monotonic_s()
        counter = self._counters.get(key)
        if counter is None:
            self._sweep(now)
            counter = self._counters[key] = _Counter()
        return counter.hit(now, limit, window_s)

    async def close(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._counters.clear()
        self._bytes = 0

    def _forget(self, key: str) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= _size(key, entry[0])

    def _sweep(self, now: float) -> None:
        counters = self._counters
        for _ in range(min(_SWEPT_PER_HIT, len(counters))):
            key = next(iter(counters))
            if counters[key].idle_at <= now:
                del counters[key]
            else:
                counters.move_to_end(key)
        if len(counters) >= self._counters_max:
            oldest = [key for key, _ in zip(counters, range(_WEIGHED), strict=False)]
            del counters[min(oldest, key=lambda key: counters[key].count)]


class _Counter:
    __slots__ = ("_first", "_stamps", "idle_at")

    def __init__(self) -> None:
        self._stamps = array("d")
        self._first = 0
        self.idle_at = 0.0

    @property
    def count(self) -> int:
        return len(self._stamps) - self._first

    def hit(self, now: float, limit: int, window_s: float) -> tuple[bool, int, float]:
        stamps = self._stamps
        self._drop(now, window_s)
        count = len(stamps) - self._first
        within = count < limit
        if within:
            stamps.append(now)
            count += 1
            self.idle_at = max(self.idle_at, now + window_s)
        left = max(limit - count, 0)
        if left:
            return within, left, 0.0
        if limit < 1:
            return False, 0, window_s
        return within, 0, stamps[-limit] + window_s - now

    def _drop(self, now: float, window_s: float) -> None:
        stamps, first = self._stamps, self._first
        end = len(stamps)
        while first < end and stamps[first] + window_s <= now:
            first += 1
        if first == end or (first > _STALE_STAMPS and first * 2 > end):
            del stamps[:first]
            first = 0
        self._first = first


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + _ENTRY_BYTES
