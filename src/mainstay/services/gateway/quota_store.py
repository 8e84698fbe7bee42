"""How much tenants may use, in rows."""

from collections.abc import Mapping

from mainstay.ports.database import AllRows, Scalar


class QuotaStore:
    """Writes the limits of any tenant; the road reads them."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: the operator sets those of others."""
        self._rows = rows

    async def replace(self, tenant_id: str, limits: Mapping[str, int]) -> None:
        """Let these be a tenant's limits, and no others."""
        rows: list[Mapping[str, Scalar]] = [
            {"tenant_id": tenant_id, "name": name, "most": most} for name, most in limits.items()
        ]
        await self._rows.delete("quotas", {"tenant_id": tenant_id})
        if rows:
            await self._rows.insert("quotas", rows)
