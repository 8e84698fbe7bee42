"""How many requests are answered at once: when more come than can be, the rest is refused before it costs."""

import logging
import math
from collections import Counter
from dataclasses import dataclass

from mainstay.kernel.sources import BEYOND, NOWHERE, Source, Sources
from mainstay.kernel.turns import Turns
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, TooMany, Unavailable

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
_OTHERS_S = 1.0  # how lately somebody else must have asked to go before whoever asks unusually much


class Overloaded(Unavailable):
    """More requests come than can be answered in time; this one was refused unread."""

    title = "The server is overloaded"


class Throttled(TooMany):
    """The server is overloaded, and this caller asks for far more than he is used to: others go first."""

    title = "Others go first"


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
    in turns (`Turns`), as CoDel (RFC 8289) lets bursts pass and acts on standing queues only. Once somebody
    had to be refused, those who still wait for their turn are refused too, and the limit is what had begun;
    from there it follows the gradient of Netflix's concurrency-limits
    (github.com/Netflix/concurrency-limits, Gradient2): every 50 ms it is multiplied by how much faster
    answers should have been, judged by what the same operation takes without load, or grows by a tenth if
    they are as quick as that. Slow operations are thus no overload as long as they are no slower than alone.
    After two seconds without a refusal all is as it was. Time that a client takes to send its body, streams
    after their first piece, uploads, and those who ask to wait neither hold a place nor count as slow; but
    while others are refused, so are they.

    A tenant that has less in progress than its equal share of the limit is admitted beyond it: who floods the
    house refuses himself. While requests are refused and others ask too, whoever asks for many times as much
    as he is used to (`Sources`), and for more times than the other, has half of the limit at most.
    """

    def __init__(self, clock: Clock, settings: SheddingSettings) -> None:
        """Take the clock; nothing is known yet of how long operations take, or who comes."""
        self._clock = clock
        self._calm = float(settings.at_once) if settings.at_once else math.inf
        self._slowdown = settings.slowdown
        self.limit = self._calm
        self.running = 0
        self.refused = 0
        self.sources = Sources(clock)
        self._usual_s: dict[str, float] = {}
        self._quickest_s: dict[str, float] = {}
        self.turns = Turns(self._usual_s)
        self._held: Counter[str] = Counter()
        self._asked: tuple[Source, float] = (NOWHERE, -math.inf)
        self._another: tuple[Source, float] = (NOWHERE, -math.inf)
        self._ratios = 0.0
        self._count = 0
        self._refused_before = 0
        self._stepped_s = 0.0
        self._refused_s = -math.inf
        self._shedding = False
        self._spread = 0

    @property
    def shedding(self) -> bool:
        """Say whether somebody was refused lately."""
        return self._shedding

    def admit(self, operation: str, source: Source = NOWHERE, *, waits: bool = False) -> "Place":
        """Give a place to a request; whoever `waits` on purpose holds none.

        Raises Overloaded, and Throttled.
        """
        refusal = self._refusal(source, now := self._clock.monotonic_s())
        self.sources.note(source)
        if refusal is not None:
            raise refusal
        if waits:
            return Place(self, operation, source, now, 0)
        self.running += 1
        self._held[source.tenant_id] += 1
        return Place(self, operation, source, now, self.running)

    def turned_away(self, source: Source) -> Failure | None:
        """Say why somebody is refused now, and count it; None: he would be admitted, and is not yet."""
        refusal = self._refusal(source, self._clock.monotonic_s())
        if refusal is not None:
            self.sources.note(source)
        return refusal

    def release(self, place: "Place") -> None:
        """Take back a place; others may begin."""
        self.running -= 1
        self._held[place.tenant_id] -= 1
        if not self._held[place.tenant_id]:
            del self._held[place.tenant_id]
        self.turns.end(place)

    def learn(self, place: "Place", took_s: float) -> None:
        """Take in how long an answer took that is done now."""
        operation = place.operation
        if self._shedding:
            usual_s = self._usual_s.get(operation)
            if usual_s is None:  # never seen without load: as quick as the quickest
                usual_s = min(took_s, self._quickest_s.get(operation, took_s))
                self._quickest_s[operation] = usual_s
            self._ratios += took_s / max(usual_s, 1e-6)
            self._count += 1
            return
        self.turns.learn(place, took_s)
        if place.crowd <= _UNLOADED:
            usual_s = self._usual_s.get(operation, took_s)
            self._usual_s[operation] = usual_s + _LEARNED * (took_s - usual_s)

    def now_s(self) -> float:
        """Give the time by which places are measured."""
        return self._clock.monotonic_s()

    def _refusal(self, source: Source, now: float) -> Failure | None:
        """Say whether somebody is refused now, and count it if he is."""
        if source != self._asked[0]:
            self._another = self._asked
        self._asked = (source, now)
        refusal: Failure | None = None
        if self._shedding:
            if now - self._stepped_s >= _STEP_S:
                self._step(now)
            refusal = self._others_first(source, now)
        if refusal is None and self.running >= self.limit and not self._below_share(source):
            self._begin_shedding(now)
            refusal = self._overloaded()
        if refusal is not None:
            self._refused_s = now
            self.refused += 1
        return refusal

    def _below_share(self, source: Source) -> bool:
        """Say whether a tenant has less in progress than if all who have something had the same."""
        held = self._held.get(source.tenant_id, 0)
        tenants = len(self._held) + (held == 0)
        return tenants > 1 and held < self.limit // tenants

    def _others_first(self, source: Source, now: float) -> Throttled | None:
        """Refuse whoever asks for far more than he is used to while others ask."""
        other, asked_s = self._another
        if now - asked_s > _OTHERS_S or other == source or self.running < self.limit / 2:
            return None
        times = self.sources.times_usual(source)
        if times <= max(BEYOND, self.sources.times_usual(other)):
            return None
        return Throttled(
            f"The server is overloaded, and of late you ask {times:.0f} times as often as you are used "
            f"to, so that others go first. Ask at most {BEYOND:.0f} times as often, or try again in 2 s.",
            retry_after_s=2.0,
        )

    def _begin_shedding(self, now: float) -> None:
        if self._shedding:
            return
        self._shedding = True
        self._stepped_s = now
        self._refused_before = self.refused
        self._ratios, self._count = 0.0, 0
        logger.warning("Overloaded: %d requests are in progress; more are refused.", self.running)
        if self.turns.waiting:  # what had begun is what can be answered in time
            self.limit = float(max(self.turns.begun, _LEAST))
            self.refused += self.turns.send_away(self._overloaded)

    def _overloaded(self) -> Overloaded:
        # Those who are refused together should not all come back together.
        self._spread = (self._spread + 1) % _RETRY_SPREAD
        wait_s = 1.0 + 2.0 * self._spread / _RETRY_SPREAD
        return Overloaded(
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

    __slots__ = ("_began_s", "_shedding", "batched", "crowd", "held", "operation", "tenant_id")

    def __init__(
        self, shedding: Shedding, operation: str, source: Source, began_s: float, crowd: int
    ) -> None:
        """Take whose place it is, and which of how many in progress; 0: it holds none."""
        self._shedding = shedding
        self._began_s = began_s
        self.operation = operation
        self.batched = False
        self.tenant_id = source.tenant_id
        self.crowd = crowd
        self.held = crowd > 0

    async def turn(self, operation: str = "", *, batched: bool = False) -> None:
        """Wait for one's turn; until here it was others' time. `operation` says what it is, if only now.

        What is `batched` is computed together with others of its kind.

        Raises Overloaded when it cannot come in time.
        """
        self.operation = operation or self.operation
        self.batched = batched
        if not self.held:
            return
        if self._shedding.shedding:
            self._shedding.turns.begin(self)
        else:
            await self._shedding.turns.wait(self)
        self._began_s = self._shedding.now_s()

    def done(self, apart_s: float = 0.0) -> None:
        """Leave with success; the time without what was spent `apart`, on the client's side, is taken in."""
        if self.held:
            self._shedding.learn(self, self._shedding.now_s() - self._began_s - apart_s)
            self.leave()

    def leave(self) -> None:
        """Give the place back; what happens from now on is not counted."""
        if self.held:
            self.held = False
            self._shedding.release(self)
