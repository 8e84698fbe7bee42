"""The full log of requests and answers, for tenants that turn it on; written in the background, sealed."""

import asyncio
import json
import logging
from collections import deque
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mainstay.kernel.caller import Caller
from mainstay.kernel.redacting import HIDDEN, Copying
from mainstay.kernel.rounds import Rounds
from mainstay.kernel.tables import logged_place
from mainstay.kernel.tidying import DAY_MS
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.ports.ciphers import Cipher, KeyDestroyed
from mainstay.ports.database import SYSTEM, Database, Row, Scalar

logger = logging.getLogger("mainstay.requests")

WAITING_MAX = 5_000
CHARACTERS_WAITING_MAX = 16 * 1024 * 1024
NEVER = frozenset({"observability.search_requests", "observability.get_request"})
"""Reading the log is not logged: it would hold itself. The audit has who read it."""

_ROUND_S = 1.0
_FORGET_EVERY_S = 3600.0
_ROWS_AT_ONCE = 100
_FORGOTTEN_AT_ONCE = 500
_SETTINGS = "SELECT * FROM request_settings"
_OLD = "SELECT seq FROM request_log WHERE at_ms < :before ORDER BY at_ms, seq LIMIT :limit"


@dataclass(frozen=True)
class Wishes:
    """What a tenant wants logged; no operations are all."""

    on: bool
    sample: float
    operations: frozenset[str]
    hidden: frozenset[str]
    characters_max: int
    kept_days: int


def wishes_of(row: Row) -> Wishes:
    """Read a tenant's settings."""
    return Wishes(
        on=bool(row["log_requests"]),
        sample=float(row["sample"] or 0),
        operations=frozenset(json.loads(str(row["operations"]))),
        hidden=frozenset(name.casefold() for name in json.loads(str(row["hidden_fields"]))),
        characters_max=int(row["characters_max"] or 0),
        kept_days=int(row["kept_days"] or 1),
    )


class Unrecorded:
    """A request that nobody wants to have logged: it costs nothing."""

    def asked(self, values: Mapping[str, Any], known: Container[str]) -> None:
        """Take what was asked for, before it is validated, and which fields there are.

        What stands in another field may be a secret whose name was mistyped.
        """

    def answered(self, value: object) -> None:
        """Take what was answered, or a piece of it."""

    def end(self, origin: Mapping[str, str], outcome: str, took_s: float) -> None:
        """Take how it ended."""


UNRECORDED = Unrecorded()


@dataclass
class _Recorded(Unrecorded):
    """A request on its way into the log: what of it is kept is copied at once."""

    log: "Recording"
    wishes: Wishes
    caller: Caller
    operation: str
    at_ms: int
    request: Any = None
    pieces: list[Any] = field(default_factory=list)
    cut: bool = False
    _answer: Copying | None = None

    def asked(self, values: Mapping[str, Any], known: Container[str]) -> None:
        copying = self._copying()
        self.request = copying.copy(
            {name: value if name in known else HIDDEN for name, value in values.items()}
        )
        self.cut = copying.cut

    def answered(self, value: object) -> None:
        self._answer = self._answer or self._copying()
        if self._answer.left > 0:
            self.pieces.append(self._answer.copy(value))
        self.cut = self.cut or self._answer.cut or self._answer.left <= 0

    def end(self, origin: Mapping[str, str], outcome: str, took_s: float) -> None:
        response = self.pieces[0] if len(self.pieces) == 1 else self.pieces or None
        told = {"request": self.request, "response": response, "cut": self.cut}
        row: dict[str, Scalar] = {
            "tenant_id": self.caller.tenant_id,
            "at_ms": self.at_ms,
            "request_id": origin["request_id"],
            "subject": self.caller.subject,
            "operation": self.operation,
            "outcome": outcome,
            "door": origin["door"],
            "origin": origin["address"],
            "took_ms": took_s * 1000,
        }
        self.log.take(row, json.dumps(told, ensure_ascii=False))

    def _copying(self) -> Copying:
        return Copying(self.wishes.hidden, self.wishes.characters_max)


class Recording:
    """Logs requests for whoever wants it, in bounded memory: what does not fit is counted, and lost."""

    def __init__(self, database: Database, cipher: Cipher, clock: Clock, random: Random) -> None:
        """Take the parts."""
        self._database = database
        self._cipher = cipher
        self._clock = clock
        self._random = random
        self._wishes: Mapping[str, Wishes] = {}
        self._waiting: deque[tuple[dict[str, Scalar], str]] = deque()
        self._characters = 0
        self._writing = asyncio.Lock()
        self._lost = 0
        self._forgotten_s = float("-inf")
        self._rounds = Rounds("request log", _ROUND_S, self._go)

    async def start(self) -> None:
        """Learn who wants what, and begin writing in the background."""
        await self.refresh()
        self._rounds.start()

    async def stop(self) -> None:
        """Write what waits, and end."""
        await self._rounds.stop()

    async def refresh(self) -> None:
        """Learn who wants what now."""
        rows = await self._database.fetch(SYSTEM, _SETTINGS)
        self._wishes = {str(row["tenant_id"]): wishes_of(row) for row in rows}

    def begin(self, caller: Caller, operation: str) -> Unrecorded:
        """Give what takes down one request, or does nothing."""
        wishes = self._wishes.get(caller.tenant_id)
        if wishes is None or not wishes.on or operation in NEVER:
            return UNRECORDED
        if wishes.operations and operation not in wishes.operations:
            return UNRECORDED
        if wishes.sample < 1 and int.from_bytes(self._random.token(4)) >= wishes.sample * 2**32:
            return UNRECORDED
        return _Recorded(self, wishes, caller, operation, self._clock.now_ms())

    def take(self, row: dict[str, Scalar], told: str) -> None:
        """Write an entry soon."""
        if len(self._waiting) >= WAITING_MAX or self._characters + len(told) > CHARACTERS_WAITING_MAX:
            self._lost += 1
            return
        self._waiting.append((row, told))
        self._characters += len(told)

    async def flush(self) -> None:
        """Write what waits now, and what is being written already."""
        async with self._writing:
            await self._write()

    async def _write(self) -> None:
        while self._waiting:
            some = [self._waiting.popleft() for _ in range(min(len(self._waiting), _ROWS_AT_ONCE))]
            try:
                rows = await asyncio.to_thread(self._sealed, some)
                if rows:
                    async with self._database.unit(SYSTEM) as unit:
                        await unit.insert("request_log", rows)
            except BaseException:
                self._waiting.extendleft(reversed(some))
                raise
            self._characters -= sum(len(told) for _, told in some)
        if self._lost:
            logger.error("%d requests could not be logged: more came than the database took", self._lost)
            self._lost = 0

    async def forget(self) -> int:
        """Remove entries that are older than their tenants keep them; give their number."""
        removed = 0
        for tenant_id, wishes in self._wishes.items():
            old: dict[str, Scalar] = {
                "before": self._clock.now_ms() - wishes.kept_days * DAY_MS,
                "limit": _FORGOTTEN_AT_ONCE,
            }
            while rows := await self._database.fetch(tenant_id, _OLD, old):
                async with self._database.unit(SYSTEM) as unit:
                    numbers = [row["seq"] for row in rows]
                    removed += await unit.delete("request_log", {"tenant_id": tenant_id, "seq": numbers})
                await asyncio.sleep(0)
        return removed

    async def _go(self) -> None:
        await self.flush()
        await self.refresh()
        if self._clock.monotonic_s() >= self._forgotten_s + _FORGET_EVERY_S:
            await self.forget()
            self._forgotten_s = self._clock.monotonic_s()

    def _sealed(self, some: Sequence[tuple[dict[str, Scalar], str]]) -> list[dict[str, Scalar]]:
        """Seal each entry for whoever asked; what somebody asks who was erased is not kept."""
        rows = []
        for row, told in some:
            name, *more = logged_place(str(row["request_id"]), int(row["at_ms"] or 0))
            tenant_id, content = str(row["tenant_id"]), told.encode("utf-8", "surrogatepass")
            owner = f"{tenant_id}/{row['subject']!s}"
            try:
                sealed = self._cipher.seal(content, (name, tenant_id, *more), owner=owner)
            except KeyDestroyed:
                continue
            rows.append({**row, "told": sealed})
        return rows
