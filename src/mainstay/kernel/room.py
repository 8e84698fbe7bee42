"""Whether there is room for what a tenant wants to store: asked before it is stored."""

from collections.abc import Collection
from dataclasses import dataclass

from mainstay.kernel.holdings import Holder
from mainstay.kernel.quotas import Quotas
from mainstay.kernel.work import caller
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Forbidden

STORED = ("documents", "storage_bytes")
_FRESH_S = 60.0


class QuotaFull(Forbidden):
    """The tenant has stored what it may; nothing of this request was stored."""

    title = "A storage quota is full"


@dataclass
class _Stock:
    """What a tenant has stored, as it was counted once, with what was let in since."""

    documents: int
    bytes: int
    until_s: float


class Room:
    """Keeps tenants within what they may store.

    What a tenant has is counted at most once a minute, and before anybody is refused, so that a refusal
    is never out of date. What other processes stored within that minute may come on top, and so does what
    services of other processes have.
    """

    def __init__(self, quotas: Quotas, clock: Clock) -> None:
        """Take the limits."""
        self._quotas = quotas
        self._clock = clock
        self._stocks: dict[str, _Stock] = {}
        self._holders: Collection[Holder] = ()

    def stand(self, holders: Collection[Holder]) -> None:
        """Take the services that store something."""
        self._holders = holders

    async def limited(self) -> bool:
        """Say whether the present caller's tenant may store only so much."""
        return bool(await self._limits())

    async def take(self, documents: int, size: int) -> None:
        """Take room for more documents and bytes; raises QuotaFull."""
        tenant_id = caller().tenant_id
        wanted = await self._limits()
        stock = self._stocks.get(tenant_id)
        if (
            stock is None
            or self._clock.monotonic_s() >= stock.until_s
            or _full(stock, documents, size, wanted)
        ):
            stock = await self._counted(tenant_id)
            full = _full(stock, documents, size, wanted)
            if full:
                raise QuotaFull(full)
        stock.documents += documents
        stock.bytes += size

    async def _limits(self) -> list[tuple[str, int]]:
        standing = await self._quotas.standing(caller())
        if standing.soft:
            return []
        return [(name, standing.limits[name]) for name in STORED if name in standing.limits]

    async def _counted(self, tenant_id: str) -> _Stock:
        found = [await holder.holding() for holder in self._holders]
        documents, size = sum(each.documents for each in found), sum(each.bytes for each in found)
        stock = _Stock(documents, size, self._clock.monotonic_s() + _FRESH_S)
        self._stocks[tenant_id] = stock
        return stock


def _full(stock: _Stock, documents: int, size: int, wanted: list[tuple[str, int]]) -> str:
    """Say which quota has no room, in words; empty when all have."""
    for name, most in wanted:
        has, more = (stock.documents, documents) if name == "documents" else (stock.bytes, size)
        if more > 0 and has + more > most:
            return (
                f"The quota {name} of your tenant is {most:,}; {has:,} are used, this takes {more:,} more. "
                "It does not renew: delete what is not needed, or ask the operator of this installation for "
                "a higher one."
            )
    return ""
