"""How much tenants and keys may use, and the tiers of tenants, in rows."""

from collections.abc import Mapping

from mainstay.ports.database import AllRows, Row, Scalar

_TIERS = "SELECT tier, name, most FROM tiers ORDER BY tier"
_ON_TIERS = "SELECT tier, CAST(count(*) AS BIGINT) AS tenants FROM tenant_tiers GROUP BY tier"


class QuotaStore:
    """Writes the limits of any tenant; the road reads them."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: the operator sets those of others."""
        self._rows = rows

    async def replace(self, tenant_id: str, limits: Mapping[str, int]) -> None:
        """Let these be a tenant's own limits, and no others."""
        await self._replace("quotas", {"tenant_id": tenant_id}, limits)

    async def replace_of_key(self, tenant_id: str, subject: str, limits: Mapping[str, int]) -> None:
        """Let these be a key's quotas, and no others."""
        await self._replace("key_quotas", {"tenant_id": tenant_id, "subject": subject}, limits)

    async def tiers(self) -> list[Row]:
        """Give the limits of every tier."""
        return await self._rows.fetch(_TIERS)

    async def on_tiers(self) -> dict[str, int]:
        """Count the tenants that were put on each tier."""
        return {str(row["tier"]): int(row["tenants"] or 0) for row in await self._rows.fetch(_ON_TIERS)}

    async def replace_tier(self, tier: str, limits: Mapping[str, int]) -> None:
        """Let these be a tier's limits, and no others."""
        await self._replace("tiers", {"tier": tier}, {"": 0, **limits})

    async def remove_tier(self, tier: str) -> int:
        """Remove a tier, and say how many tenants are on it, seeing those who are put there meanwhile."""
        await self._rows.delete("tiers", {"tier": tier})
        return (await self.on_tiers()).get(tier, 0)

    async def put_on(self, tenant_id: str, tier: str) -> bool:
        """Put a tenant on a tier and hold that until this operation ends; say whether there is that tier."""
        there = await self._rows.update("tiers", {"most": 0}, {"tier": tier, "name": ""})
        await self.take_off(tenant_id)
        await self._rows.insert("tenant_tiers", [{"tenant_id": tenant_id, "tier": tier}])
        return bool(there)

    async def take_off(self, tenant_id: str) -> None:
        """Take a tenant off the tier that it was put on."""
        await self._rows.delete("tenant_tiers", {"tenant_id": tenant_id})

    async def _replace(self, table: str, whose: dict[str, str], limits: Mapping[str, int]) -> None:
        rows: list[Mapping[str, Scalar]] = [
            {**whose, "name": name, "most": most} for name, most in limits.items()
        ]
        await self._rows.delete(table, whose)
        if rows:
            await self._rows.insert(table, rows)
