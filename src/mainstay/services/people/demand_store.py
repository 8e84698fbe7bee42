"""What a tenant demands of whoever signs in, in rows."""

from mainstay.ports.database import AllRows, Scalar

_ALL = "all"


class DemandStore:
    """Reads and writes the settings of signing in."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: who signs in has none yet."""
        self._rows = rows

    async def second_factor(self, tenant_id: str) -> str:
        """Give what a tenant has set, empty if nothing."""
        rows = await self._rows.fetch(
            "SELECT second_factor FROM sign_in_settings WHERE tenant_id = :tenant", {"tenant": tenant_id}
        )
        return str(rows[0]["second_factor"]) if rows else ""

    async def set(self, tenant_id: str, second_factor: str) -> None:
        """Store what a tenant has set."""
        row: dict[str, Scalar] = {"tenant_id": tenant_id, "name": _ALL, "second_factor": second_factor}
        await self._rows.upsert("sign_in_settings", [row])
