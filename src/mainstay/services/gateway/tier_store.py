"""The tiers of this installation, and which tenant is on which, in rows."""

from collections.abc import Mapping

from mainstay.ports.database import AllRows, Row
from mainstay.services.gateway.quota_store import QuotaStore, replace

_TIERS = "SELECT tier, name, most FROM tiers ORDER BY tier"
_ON_TIERS = "SELECT tier, CAST(count(*) AS BIGINT) AS tenants FROM tenant_tiers GROUP BY tier"


class TierStore:
    """Writes what the operator sets for tenants; the road reads it."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: the operator sets those of others."""
        self._rows = rows

    def quotas_of(self, tenant_id: str) -> QuotaStore:
        """Give the limits of a tenant, whoever asks."""
        return QuotaStore(self._rows.of(tenant_id))

    async def all(self) -> list[Row]:
        """Give the limits of every tier."""
        return await self._rows.fetch(_TIERS)

    async def tenants(self) -> dict[str, int]:
        """Count the tenants that were put on each tier."""
        return {str(row["tier"]): int(row["tenants"] or 0) for row in await self._rows.fetch(_ON_TIERS)}

    async def replace(self, tier: str, limits: Mapping[str, int]) -> None:
        """Let these be a tier's limits, and no others."""
        await replace(self._rows, "tiers", {"tier": tier}, {"": 0, **limits})

    async def remove(self, tier: str) -> int:
        """Remove a tier, and say how many tenants are on it, seeing those who are put there meanwhile."""
        await self._rows.delete("tiers", {"tier": tier})
        return (await self.tenants()).get(tier, 0)

    async def put_on(self, tenant_id: str, tier: str) -> bool:
        """Put a tenant on a tier and hold that until this operation ends; say whether there is that tier."""
        there = await self._rows.update("tiers", {"most": 0}, {"tier": tier, "name": ""})
        await self.take_off(tenant_id)
        await self._rows.of(tenant_id).insert("tenant_tiers", [{"tier": tier}])
        return bool(there)

    async def take_off(self, tenant_id: str) -> None:
        """Take a tenant off the tier that it was put on."""
        await self._rows.of(tenant_id).delete("tenant_tiers", {})
