"""What a tenant demands of whoever signs in, in rows."""

from mainstay.ports.database import AllRows, Scalar

_ALL = "all"


class DemandStore:
    """Reads and writes the settings of signing in."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: what one demands is asked before who signs in is its caller."""
        self._rows = rows

    async def second_factor(self, tenant_id: str) -> str:
        """Give what a tenant has set, empty if nothing."""
        rows = await self._rows.of(tenant_id).fetch("SELECT second_factor FROM sign_in_settings")
        return str(rows[0]["second_factor"]) if rows else ""

    async def set(self, tenant_id: str, second_factor: str) -> None:
        """Store what a tenant has set."""
        row: dict[str, Scalar] = {"name": _ALL, "second_factor": second_factor}
        await self._rows.of(tenant_id).upsert("sign_in_settings", [row])
