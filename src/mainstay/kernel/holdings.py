"""How much each tenant has stored: told by the services that store it, noted once in a while."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from mainstay.kernel.caller import house
from mainstay.kernel.usage import DAY_MS, HOUR_MS
from mainstay.kernel.work import Work, entered
from mainstay.kit.clock import Clock
from mainstay.ports.database import SYSTEM, Database

ROUND_S = 300.0
_ACTIVE = "SELECT DISTINCT tenant_id FROM usage WHERE span = 'hour' AND begins_ms >= :since"


@dataclass(frozen=True)
class Holding:
    """What a tenant has stored; bytes are those on disk, but for the index."""

    documents: int
    bytes: int


@runtime_checkable
class Holder(Protocol):
    """A service that stores what tenants give it."""

    async def holding(self) -> Holding:
        """Count what the present caller's tenant has stored."""
        ...


class Stocktaking:
    """Writes down what tenants have stored, one row for each day; the day's last count stays.

    Only who asked for anything in this hour or the one before is counted: others store what they stored.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take where it is written."""
        self._database = database
        self._clock = clock
        self._holders: Mapping[str, Holder] = {}

    def stand(self, holders: Mapping[str, Holder]) -> None:
        """Take the services that store something, by name."""
        self._holders = holders

    async def take(self) -> None:
        """Count now."""
        since = self._clock.now_ms() // HOUR_MS * HOUR_MS - HOUR_MS
        for row in await self._database.fetch(SYSTEM, _ACTIVE, {"since": since}):
            for name, holder in self._holders.items():
                await self._count(str(row["tenant_id"]), name, holder)

    async def _count(self, tenant_id: str, name: str, holder: Holder) -> None:
        work = Work(house(tenant_id, "stocktaking"), self._database, "stocktaking")
        with entered(work):
            found = await holder.holding()
        now = self._clock.now_ms()
        async with self._database.unit(tenant_id) as unit:
            await unit.upsert(
                "holdings",
                [
                    {
                        "begins_ms": now // DAY_MS * DAY_MS,
                        "service": name,
                        "documents": found.documents,
                        "bytes": found.bytes,
                        "at_ms": now,
                    }
                ],
            )
