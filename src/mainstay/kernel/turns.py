"""Whose turn it is of those who were admitted: as many at once as do not make each other late."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

AHEAD_S = 0.002
"""How much work of others may be ahead of somebody who begins, or as much as he takes alone."""
BATCHED_TIMES = 8
"""How many times as much work of others may be ahead of what is computed in batches with it."""
WAIT_S = 0.1
"""How long anybody waits for his turn; then he begins whatever is ahead of him."""

_LEARNED = 0.1
_ALONE = 2  # in progress at once, itself included


class Turn(Protocol):
    """One who was admitted."""

    operation: str
    batched: bool
    tenant_id: str


@dataclass
class _Crowd:
    """How long an operation took on average in crowds of how many on average."""

    number: float
    took_s: float


class Turns:
    """Lets those who were admitted begin, and learns how late they make each other.

    An operation that takes longer in a crowd than alone costs the others time: that difference for each
    other one of the same operation in progress is its work. Whoever finds more work ahead than `AHEAD_S`,
    and than he takes alone, waits for his turn: so many begin as keep the house busy, and hardly one more.
    What waits for others elsewhere, as for a language model, has no work in that sense, and never waits
    here; nor does what is not known yet. What is computed in batches may have more work ahead, for a batch
    that is full makes everybody of it quicker than turns would.
    """

    def __init__(self, alone_s: Mapping[str, float]) -> None:
        """Take how long operations take alone, as it comes to be known."""
        self._alone_s = alone_s
        self._crowded: dict[str, _Crowd] = {}
        self._begun: Counter[str] = Counter()
        self._of: Counter[str] = Counter()
        self._ahead_s: dict[Turn, float] = {}
        self._crowds: dict[Turn, int] = {}
        self._waiting: dict[Turn, asyncio.Future[None]] = {}

    @property
    def begun(self) -> int:
        """Give how many have begun."""
        return len(self._ahead_s)

    @property
    def waiting(self) -> int:
        """Give how many wait for their turn."""
        return len(self._waiting)

    async def wait(self, turn: Turn) -> None:
        """Wait for one's turn; raises what `send_away` makes."""
        if not self._waiting and self._fits(turn):
            self.begin(turn)
            return
        loop = asyncio.get_running_loop()
        future = self._waiting[turn] = loop.create_future()
        late = loop.call_later(WAIT_S, self._call, turn)
        try:
            await future
        finally:
            late.cancel()
            self._waiting.pop(turn, None)

    def end(self, turn: Turn) -> None:
        """Leave, begun or not; others may begin."""
        if turn in self._ahead_s:
            del self._ahead_s[turn]
            del self._crowds[turn]
            self._less(self._begun, turn.operation)
            self._less(self._of, turn.tenant_id)
        while self._waiting:
            # Of those who wait, the tenant with the fewest in progress goes first, and the oldest of it.
            first = min(self._waiting, key=lambda each: self._of[each.tenant_id])
            if not self._fits(first):
                return
            self._call(first)

    def learn(self, turn: Turn, took_s: float) -> None:
        """Take in how long somebody took who ends now, from when he began."""
        number = max(self._crowds.get(turn, 1), self._begun[turn.operation])
        if number <= _ALONE:
            return
        crowd = self._crowded.setdefault(turn.operation, _Crowd(number, took_s))
        crowd.number += _LEARNED * (number - crowd.number)
        crowd.took_s += _LEARNED * (took_s - crowd.took_s)

    def work_s(self, operation: str) -> float:
        """Give by how much one of these makes others late; nothing until it was seen alone and in a crowd."""
        crowd, alone_s = self._crowded.get(operation), self._alone_s.get(operation)
        if crowd is None or alone_s is None:
            return 0.0
        return max(0.0, (crowd.took_s - alone_s) / (crowd.number - 1))

    def send_away(self, refusal: Callable[[], Exception]) -> int:
        """Refuse those who wait; give how many they were."""
        away = list(self._waiting.values())
        self._waiting.clear()
        for future in away:
            if not future.done():
                future.set_exception(refusal())
        return len(away)

    def begin(self, turn: Turn) -> None:
        """Begin without waiting."""
        self._ahead_s[turn] = self.work_s(turn.operation)
        self._begun[turn.operation] += 1
        self._of[turn.tenant_id] += 1
        self._crowds[turn] = self._begun[turn.operation]

    def _fits(self, turn: Turn) -> bool:
        if not self.work_s(turn.operation):
            return True
        times = BATCHED_TIMES if turn.batched else 1
        return sum(self._ahead_s.values()) <= max(AHEAD_S, times * self._alone_s[turn.operation])

    def _call(self, turn: Turn) -> None:
        future = self._waiting.pop(turn, None)
        if future is not None and not future.done():
            self.begin(turn)
            future.set_result(None)

    def _less(self, counter: Counter[str], name: str) -> None:
        counter[name] -= 1
        if not counter[name]:
            del counter[name]
