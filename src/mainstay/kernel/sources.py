"""Who a request seems to come from, before its credentials are checked, and whether that is like him."""

import math
from collections import OrderedDict
from typing import NamedTuple, TypeVar

from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import household
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, Invalid, Unauthenticated

RECENT_S = 10.0
LONG_S = 3600.0
USUAL_PER_S = 1.0
"""What anybody may be used to ask, whose history is shorter or quieter."""
BEYOND = 8.0
"""From how many times his usual rate on somebody asks for unusually much."""
INVALID_WEIGHT = 3.0
UNKNOWN_WEIGHT = 10.0

Key = TypeVar("Key")
Value = TypeVar("Value")

_KNOWN_MAX = 20_000
_FADED_S = 0.05  # what is newer has hardly faded


class Source(NamedTuple):
    """A tenant and who of it; without a tenant it is a household whose credentials nobody knows yet."""

    tenant_id: str
    who: str


NOWHERE = Source("", "")


class _Habit:
    """How often somebody asked: two sums that fade, a fast one and a slow one."""

    __slots__ = ("at_s", "long", "recent")

    def __init__(self, at_s: float) -> None:
        self.at_s, self.recent, self.long = at_s, 0.0, 0.0

    def fade(self, now: float) -> None:
        passed_s = now - self.at_s
        if 0 <= passed_s < _FADED_S:
            return
        passed_s = max(0.0, passed_s)
        self.recent *= math.exp(-passed_s / RECENT_S)
        self.long *= math.exp(-passed_s / LONG_S)
        self.at_s = now


class _Recent(OrderedDict[Key, Value]):
    """What was used most recently: who comes all the time is not forgotten for many who come once."""

    def use(self, key: Key) -> Value | None:
        found = self.get(key)
        if found is not None:
            self.move_to_end(key)
        return found

    def keep(self, key: Key, value: Value) -> Value:
        self[key] = value
        if len(self) > _KNOWN_MAX:
            self.popitem(last=False)
        return value


class Sources:
    """Remembers, for a while, whose credentials were recognised, and how often whoever came asked.

    It is a hint for the door, which has to choose whom to refuse before it checks credentials; it admits
    nobody. What is kept of a credential is Python's keyed hash of it, which other processes cannot compute.
    The rate of the last ten seconds is set against that of the last hour, both as exponentially fading sums.
    A request that is not valid counts three times, one with unknown credentials ten times. Of each, whose
    credentials were recognised and households, the 20,000 that came last are remembered: strangers cost
    nobody who is known his history.
    """

    def __init__(self, clock: Clock) -> None:
        """Begin without knowing anybody."""
        self._clock = clock
        self._known: _Recent[int, Source] = _Recent()
        self._habits: _Recent[Source, _Habit] = _Recent()
        self._strangers: _Recent[Source, _Habit] = _Recent()

    def of(self, credential: bytes | None, address: str) -> Source:
        """Say who seems to come with a credential."""
        known = self._known.use(hash(credential)) if credential else None
        return known or Source("", household(address))

    def learn(self, credential: bytes | None, caller: Caller) -> None:
        """Remember whom a credential was recognised as."""
        if credential:
            self._known.keep(hash(credential), Source(caller.tenant_id, caller.subject))

    def note(self, source: Source, weight: float = 1.0) -> None:
        """Count a request, or how much heavier it turned out."""
        now = self._clock.monotonic_s()
        habits = self._habits_like(source)
        habit = habits.use(source) or habits.keep(source, _Habit(now))
        habit.fade(now)
        habit.recent += weight
        habit.long += weight

    def weigh(self, source: Source, failure: Failure) -> None:
        """Let a request that was noted weigh heavier, if it was refused for what it is."""
        if isinstance(failure, Unauthenticated):
            self.note(source, UNKNOWN_WEIGHT - 1)
        elif isinstance(failure, Invalid):
            self.note(source, INVALID_WEIGHT - 1)

    def times_usual(self, source: Source) -> float:
        """Say how many times as often somebody asks now as he is used to."""
        habit = self._habits_like(source).get(source)
        if habit is None:
            return 0.0
        habit.fade(self._clock.monotonic_s())
        return (habit.recent / RECENT_S) / max(habit.long / LONG_S, USUAL_PER_S)

    def _habits_like(self, source: Source) -> _Recent[Source, _Habit]:
        return self._habits if source.tenant_id else self._strangers
