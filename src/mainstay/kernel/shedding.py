"""How many requests are answered at once: when more come than can be, the rest is refused before it costs."""

import logging
import math
from dataclasses import dataclass

from mainstay.kit.clock import Clock
from mainstay.kit.errors import Unavailable

logger = logging.getLogger("mainstay.shedding")

CALM_S = 2.0
"""How long nobody may have been refused until the limit is what it was."""

_STEP_S = 0.05
_LEAST = 2
_MOST = 10_000
_SHRINK_MIN = 0.5  # a step at most halves the limit, so that one odd moment does not close the door
_GROWTH = 1.1
_LEARNED = 0.1  # how much one request without load moves what its operation is known to take
_UNLOADED = 2  # in progress at once, itself included
_RETRY_SPREAD = 8


class Overloaded(Unavailable):
    """More requests come than can be answered in time; this one was refused unread."""

    title = "The server is overloaded"


@dataclass(frozen=True)
class SheddingSettings:
    """What an operator may set.

    Up to `at_once` requests in progress nobody is refused (0: nobody ever is). `slowdown` is how many times
    as long as without load answers may take while somebody is refused.
    """

    at_once: int = 32
    slowdown: float = 1.5


class Shedding:
    """A limit on requests in progress that finds itself.

    While fewer than `at_once` requests are in progress, everybody is admitted: short crowds are served,
    however late, as CoDel (RFC 8289) lets bursts pass and acts on standing queues only. Once somebody had to
    be refused, the limit follows the gradient of Netflix's concurrency-limits
    (github.com/Netflix/concurrency-limits, Gradient2): every 50 ms it is multiplied by how much faster
    answers should have been, judged by what the same operation takes without load, or grows by a tenth if
    they are as quick as that. Slow operations are thus no overload as long as they are no slower than alone.
    After two seconds without a refusal all is as it was. Time that a client takes to send its body, streams
    after their first piece, uploads, and those who ask to wait neither hold a place nor count as slow; but
    while others are refused, so are they.
    """

    def __init__(self, clock: Clock, settings: SheddingSettings) -> None:
        """Take the clock; nothing is known yet of how long operations take."""
        self._clock = clock
        self._calm = float(settings.at_once) if settings.at_once else math.inf
        self._slowdown = settings.slowdown
        self.limit = self._calm
        self.running = 0
        self.refused = 0
        self._usual_s: dict[str, float] = {}
        self._quickest_s: dict[str, float] = {}
        self._ratios = 0.0
        self._count = 0
        self._refused_before = 0
        self._stepped_s = 0.0
        self._refused_s = -math.inf
        self._shedding = False

    def admit(self, operation: str, *, waits: bool = False) -> "Place":
        """Give a place to a request, or raise Overloaded; whoever `waits` on purpose holds none."""
        now = self._clock.monotonic_s()
        if self._shedding and now - self._stepped_s >= _STEP_S:
            self._step(now)
        if self.running >= self.limit:
            self._refuse(now)
        if waits:
            return Place(self, operation, now, 0)
        self.running += 1
        return Place(self, operation, now, self.running)

    def learn(self, operation: str, began_s: float, apart_s: float, crowd: int) -> None:
        """Take in when an answer began that is done now and was one of a crowd."""
        took_s = self._clock.monotonic_s() - began_s - apart_s
        if self._shedding:
            usual_s = self._usual_s.get(operation)
            if usual_s is None:  # never seen without load: as quick as the quickest
                usual_s = min(took_s, self._quickest_s.get(operation, took_s))
                self._quickest_s[operation] = usual_s
            self._ratios += took_s / max(usual_s, 1e-6)
            self._count += 1
        elif crowd <= _UNLOADED:
            usual_s = self._usual_s.get(operation, took_s)
            self._usual_s[operation] = usual_s + _LEARNED * (took_s - usual_s)

    def now_s(self) -> float:
        """Give the time by which places are measured."""
        return self._clock.monotonic_s()

    def _refuse(self, now: float) -> None:
        if not self._shedding:
            self._shedding = True
            self._stepped_s = now
            self._refused_before = self.refused
            self._ratios, self._count = 0.0, 0
            logger.warning("Overloaded: %d requests are in progress; more are refused.", self.running)
        self._refused_s = now
        self.refused += 1
        # Those who are refused together should not all come back together.
        wait_s = 1.0 + 2.0 * (self.refused % _RETRY_SPREAD) / _RETRY_SPREAD
        raise Overloaded(
            f"More requests come than can be answered in time. Try again in {wait_s:.1f} s.",
            retry_after_s=wait_s,
        )

    def _step(self, now: float) -> None:
        if now - self._refused_s >= CALM_S and self.running < self._calm:
            self._shedding = False
            self.limit = self._calm
            logger.warning("No longer overloaded; requests refused since the start: %d.", self.refused)
            return
        ratio = self._ratios / self._count if self._count else self._slowdown  # nothing known: as it is
        if ratio > self._slowdown:
            self.limit = max(self.limit * max(_SHRINK_MIN, self._slowdown / ratio), _LEAST)
        elif self.refused > self._refused_before and ratio * ratio < self._slowdown:
            self.limit = min(self.limit * _GROWTH, _MOST)
        self._stepped_s, self._refused_before = now, self.refused
        self._ratios, self._count = 0.0, 0


class Place:
    """One request's place among those in progress; leave it in the end, as often as you like."""

    __slots__ = ("_began_s", "_crowd", "_operation", "_shedding", "held")

    def __init__(self, shedding: Shedding, operation: str, began_s: float, crowd: int) -> None:
        """Take whose place it is, and which of how many in progress; 0: it holds none."""
        self._shedding = shedding
        self._operation = operation
        self._began_s = began_s
        self._crowd = crowd
        self.held = crowd > 0

    def begin(self, operation: str) -> None:
        """Say what it is, where that is known only now; until here it was the client's time."""
        self._operation = operation
        self._began_s = self._shedding.now_s()

    def done(self, apart_s: float = 0.0) -> None:
        """Leave with success; the time without what was spent `apart`, on the client's side, is taken in."""
        if self.held:
            self.held = False
            self._shedding.running -= 1
            self._shedding.learn(self._operation, self._began_s, apart_s, self._crowd)

    def leave(self) -> None:
        """Give the place back; what happens from now on is not counted."""
        if self.held:
            self.held = False
            self._shedding.running -= 1
