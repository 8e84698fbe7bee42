"""What each key asked for: counted in memory, written in the background, never on the way of an answer."""

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import islice

from mainstay.kernel.at_once import TooManyAtOnce
from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import NOBODYS, QuotaUsedUp, RateLimited
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.database import SYSTEM, Database, Scalar

ROUND_S = 10.0
"""How often is written; a crash loses what was counted since."""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HOURS_KEPT_MS = 35 * DAY_MS
COUNTED = ("requests", "refused", "failed", "writes", "tokens", "cost_micros")

_REFUSED = frozenset({RateLimited.code(), QuotaUsedUp.code(), TooManyAtOnce.code()})
_FINE = frozenset({"ok", "left"})
_ROWS_AT_ONCE = 500
_KEYS_MAX = 100_000

Key = tuple[str, str, str]
"""Tenant, subject and operation."""


class Usage:
    """Counts by tenant, key and operation, for each hour and each day of the calendar in UTC.

    A process writes rows of its own, whole each time: what several processes counted is added when it is
    read, and a row that is written again after a commit of unknown outcome counts once. What strangers ask
    for is counted without their addresses. Were there ever more than 100,000 different keys and operations
    in an hour, the rest would be counted by tenant and operation.
    """

    def __init__(self, database: Database, clock: Clock, ids: Ids, *, kept_ms: int) -> None:
        """Take where it is written, and for how long days are kept."""
        self._database = database
        self._clock = clock
        self._kept_ms = kept_ms
        self.writer = ids.new("process")
        self._hour: dict[Key, list[int]] = {}
        self._day: dict[Key, list[int]] = {}
        self._tokens: dict[tuple[str, str], int] = {}
        self._changed: set[Key] = set()
        self._waiting: deque[Mapping[str, Scalar]] = deque()
        self._begins_ms = clock.now_ms() // HOUR_MS * HOUR_MS
        self._tidied_ms = 0

    def count(
        self,
        caller: Caller,
        operation: str,
        outcome: str,
        *,
        writes: bool,
        tokens: int,
        cost_micros: int = 0,
    ) -> None:
        """Count a request that ended with this outcome."""
        counts = self._counts(caller, operation)
        counts[0] += 1
        if outcome in _REFUSED:
            counts[1] += 1
        elif outcome not in _FINE:
            counts[2] += 1
        elif writes:
            counts[3] += 1
        counts[5] += cost_micros
        if tokens:
            self._add_tokens(caller, counts, tokens)

    def spent(self, caller: Caller, operation: str, tokens: int, cost_micros: int = 0) -> None:
        """Count the tokens of what was part of another request, or was done after it, and their cost."""
        if tokens or cost_micros:
            counts = self._counts(caller, operation)
            counts[5] += cost_micros
            self._add_tokens(caller, counts, tokens)

    def tokens(self, tenant_id: str, subject: str = "") -> int:
        """Give the tokens that a tenant, or one of its keys, spent today, as far as this process knows."""
        today = self._clock.now_ms() // DAY_MS == self._begins_ms // DAY_MS
        return self._tokens.get((tenant_id, subject), 0) if today else 0

    def _add_tokens(self, caller: Caller, counts: list[int], tokens: int) -> None:
        counts[4] += tokens
        subjects = ("", caller.subject) if caller.tenant_id != NOBODYS else ("",)
        for subject in subjects:
            who = (caller.tenant_id, subject)
            self._tokens[who] = self._tokens.get(who, 0) + tokens

    def _counts(self, caller: Caller, operation: str) -> list[int]:
        """Give what is counted of a key and an operation in this hour, to be counted on."""
        now = self._clock.now_ms()
        if now - self._begins_ms >= HOUR_MS:
            self._turn(now)
        key = (caller.tenant_id, caller.subject if caller.tenant_id != NOBODYS else "", operation)
        counts = self._hour.get(key)
        if counts is None:
            key, counts = self._begun(key)
        self._changed.add(key)
        return counts

    async def write(self) -> None:
        """Write what was counted since the last time, and forget what is old."""
        now = self._clock.now_ms()
        if now - self._begins_ms >= HOUR_MS:
            self._turn(now)
        changed, self._changed = self._changed, set()
        self._waiting.extend(self._rows(changed))
        while self._waiting:
            rows = list(islice(self._waiting, _ROWS_AT_ONCE))
            async with self._database.unit(SYSTEM) as unit:
                await unit.upsert("usage", rows)
            for _ in rows:
                self._waiting.popleft()
        await self._forget(now)

    def _begun(self, key: Key) -> tuple[Key, list[int]]:
        if len(self._hour) >= _KEYS_MAX:
            key = (key[0], "", key[2])
        return key, self._hour.setdefault(key, [0] * len(COUNTED))

    def _turn(self, now_ms: int) -> None:
        """End the hour: what was not written of it waits, and a new one begins."""
        self._waiting.extend(self._rows(self._changed))
        for key, counts in self._hour.items():
            self._day[key] = _sum(self._day.get(key), counts)
        before, self._begins_ms = self._begins_ms, now_ms // HOUR_MS * HOUR_MS
        if before // DAY_MS != self._begins_ms // DAY_MS:
            self._day, self._tokens = {}, {}
        self._hour, self._changed = {}, set()

    def _rows(self, keys: Iterable[Key]) -> Iterable[Mapping[str, Scalar]]:
        for key in keys:
            counts = self._hour[key]
            yield self._row("hour", self._begins_ms, key, counts)
            day_ms = self._begins_ms // DAY_MS * DAY_MS
            yield self._row("day", day_ms, key, _sum(self._day.get(key), counts))

    def _row(self, span: str, begins_ms: int, key: Key, counts: list[int]) -> Mapping[str, Scalar]:
        return {
            "tenant_id": key[0],
            "span": span,
            "begins_ms": begins_ms,
            "subject": key[1],
            "operation": key[2],
            "writer": self.writer,
            **dict(zip(COUNTED, counts, strict=True)),
        }

    async def _forget(self, now_ms: int) -> None:
        """Erase once an hour what is kept no longer."""
        if now_ms - self._tidied_ms < HOUR_MS:
            return
        self._tidied_ms = now_ms
        async with self._database.unit(SYSTEM) as unit:
            for span, kept_ms in (("hour", min(HOURS_KEPT_MS, self._kept_ms)), ("day", self._kept_ms)):
                await unit.delete("usage", {"span": span, "begins_ms": ("<", now_ms - kept_ms)})
            await unit.delete("holdings", {"begins_ms": ("<", now_ms - self._kept_ms)})


def _sum(some: list[int] | None, more: list[int]) -> list[int]:
    return list(more) if some is None else [one + other for one, other in zip(some, more, strict=True)]
