"""One sliding counter: an exact log of few events, sub-windows of many; and the verdict over several."""

from array import array
from collections.abc import Sequence

from mainstay.ports.cache import SUB_WINDOWS, Limit, Verdict

_STALE = 32


class Sliding:
    """Counts events so that no window of time ever holds more than its limit.

    An entry is the time of its last event, and how many events it has. Under a limit of up to SUB_WINDOWS
    every event has an entry of its own, which is exact. Under a larger one the events of a sub-window share
    an entry, and go when its last one goes: never too early, and late by less than a sub-window. So a counter
    keeps 16 bytes for each of at most SUB_WINDOWS + 1 entries, whatever its limit.
    """

    __slots__ = ("_counts", "_first", "_stamps", "idle_at", "total")

    def __init__(self, idle_at: float) -> None:
        """Begin without events; it may be given up from `idle_at` on if none comes."""
        self._stamps = array("d")
        self._counts = array("q")
        self._first = 0
        self.total = 0
        self.idle_at = idle_at

    @property
    def entries(self) -> int:
        """Give how many entries are in use."""
        return len(self._stamps) - self._first

    def drop(self, now: float, window_s: float) -> None:
        """Forget what is older than the window; while the clock runs backwards, no time passes."""
        stamps, first = self._stamps, self._first
        end = len(stamps)
        if end and stamps[-1] > now:
            back_s = stamps[-1] - now
            self._stamps = stamps = array("d", [stamp - back_s for stamp in stamps])
            self.idle_at -= back_s
        while first < end and stamps[first] + window_s <= now:
            self.total -= self._counts[first]
            first += 1
        if first == end or (first > _STALE and first * 2 > end):
            del stamps[:first]
            del self._counts[:first]
            first = 0
        self._first = first

    def add(self, now: float, limit: Limit) -> None:
        """Count an event."""
        stamps = self._stamps
        width = limit.window_s / SUB_WINDOWS
        if limit.most > SUB_WINDOWS and stamps and stamps[-1] // width == now // width:
            stamps[-1] = now
            self._counts[-1] += 1
        else:
            stamps.append(now)
            self._counts.append(1)
        self.total += 1
        self.idle_at = max(self.idle_at, now + limit.window_s)

    def wait_s(self, now: float, limit: Limit) -> float:
        """Say in how many seconds another event would be admitted, if none comes until then."""
        if self.total < limit.most:
            return 0.0
        if limit.most < 1:
            return limit.window_s
        over = self.total - limit.most
        place = self._first
        while over >= self._counts[place]:
            over -= self._counts[place]
            place += 1
        return self._stamps[place] + limit.window_s - now


def verdict(
    limits: Sequence[Limit], totals: Sequence[int], waits: Sequence[float], *, allowed: bool
) -> Verdict:
    """Tell of the tightest limit, after the event was counted or refused."""
    if len(limits) == 1:
        return Verdict(allowed, 0, max(limits[0].most - totals[0], 0), waits[0])
    left = [max(limit.most - total, 0) for limit, total in zip(limits, totals, strict=True)]
    tightest = min(range(len(limits)), key=lambda place: (left[place], -waits[place]))
    return Verdict(allowed, tightest, left[tightest], waits[tightest])
