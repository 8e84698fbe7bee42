"""Who did what: one row for every change in its own transaction, and for every read soon after."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping

from mainstay.kernel.caller import Caller
from mainstay.kernel.chain import SALT_BYTES
from mainstay.kernel.changing import UNCHANGED, Changed
from mainstay.kernel.endings import end
from mainstay.kernel.gathering import Gathering
from mainstay.kernel.guard import NOBODYS
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Unavailable
from mainstay.kit.random import Random
from mainstay.ports.database import SYSTEM, Database, Scalar

logger = logging.getLogger("mainstay.audit")

_WRITE_EVERY_S = 0.5
_ROWS_AT_ONCE = 500
_ROWS_WAITING_MAX = 100_000


class Audit:
    """Writes audit rows; those of reads and refusals are gathered and written together."""

    def __init__(self, database: Database, clock: Clock, random: Random) -> None:
        """Take where the rows go, and where their salts come from."""
        self._database = database
        self._clock = clock
        self._random = random
        self._gathering = Gathering(clock)
        self._waiting: deque[dict[str, Scalar]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self._lost = 0

    def row(
        self,
        caller: Caller,
        operation: str,
        target: str,
        outcome: str,
        origin: Mapping[str, str],
        changed: Changed = UNCHANGED,
    ) -> dict[str, Scalar]:
        """Describe one operation; `origin` has the request id, the door and the address."""
        salt = self._random.token(SALT_BYTES)
        before, after = changed.salted(salt)
        return {
            "at_ms": self._clock.now_ms(),
            "request_id": origin["request_id"],
            "subject": caller.subject,
            "operation": operation,
            "target": target,
            "outcome": outcome,
            "door": origin["door"],
            "origin": origin["address"],
            "sealed": 0,
            "salt": salt,
            "before_hash": before,
            "after_hash": after,
        }

    def note(self, tenant_id: str, row: dict[str, Scalar], *, stranger: bool = False) -> None:
        """Write a row soon, or count it with others like it; for what changes nothing.

        A `stranger` asked for it, in whichever tenant it is audited.
        """
        if not self._gathering.passes(tenant_id, row, stranger=stranger):
            return
        if len(self._waiting) >= _ROWS_WAITING_MAX:
            self._lost += 1
            return
        self._waiting.append({**row, "tenant_id": tenant_id})

    def tell(
        self,
        caller: Caller,
        operation: str,
        origin: Mapping[str, str],
        outcome: str,
        target: str = "",
        asker: Caller | None = None,
    ) -> None:
        """Note how asking for an operation ended; `asker` asked for it where `caller` is whom he became."""
        row = self.row(caller, operation, target, outcome, origin)
        self.note(caller.tenant_id, row, stranger=(asker or caller).tenant_id == NOBODYS)

    def start(self) -> None:
        """Begin writing in the background."""
        self._task = asyncio.create_task(self._write_on(), name="audit")

    async def stop(self) -> None:
        """Write what waits, and end."""
        if self._task is not None:
            await end([self._task])
            self._task = None
        self._waiting.extend(self._gathering.due(ends=True))
        await self.flush()

    async def flush(self) -> None:
        """Write what waits now, and what is being written already."""
        async with self._writing:
            self._waiting.extend(self._gathering.due())
            await self._write()

    async def _write(self) -> None:
        while self._waiting:
            size = min(len(self._waiting), _ROWS_AT_ONCE)
            rows = [self._waiting.popleft() for _ in range(size)]
            try:
                async with self._database.unit(SYSTEM) as unit:
                    await unit.insert("audit", rows)
            except BaseException:
                self._waiting.extendleft(reversed(rows))
                raise
        if self._lost:
            logger.error("%d audit rows of reads were lost: the database could not take them", self._lost)
            self._lost = 0

    async def _write_on(self) -> None:
        while True:
            await asyncio.sleep(_WRITE_EVERY_S)
            try:
                await self.flush()
            except Unavailable as failure:
                logger.warning("Audit rows of reads wait: %s", failure.detail)
            except Exception:
                logger.exception("Audit rows of reads could not be written; they are tried again")
