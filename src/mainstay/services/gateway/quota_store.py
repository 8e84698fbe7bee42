"""How much a tenant and its keys may use, in rows."""

from collections.abc import Mapping

from mainstay.ports.database import AnyRows, Rows, Scalar


class QuotaStore:
    """Writes the limits of a tenant; the road reads them."""

    def __init__(self, rows: Rows) -> None:
        """Take the rows of the asking tenant."""
        self._rows = rows

    async def replace(self, limits: Mapping[str, int]) -> None:
        """Let these be the tenant's own limits, and no others."""
        await replace(self._rows, "quotas", {}, limits)

    async def replace_of_key(self, subject: str, limits: Mapping[str, int]) -> None:
        """Let these be a key's quotas, and no others."""
        await replace(self._rows, "key_quotas", {"subject": subject}, limits)


async def replace(rows: AnyRows, table: str, whose: Mapping[str, str], limits: Mapping[str, int]) -> None:
    """Let these be somebody's limits, and no others."""
    wanted: list[Mapping[str, Scalar]] = [
        {**whose, "name": name, "most": most} for name, most in limits.items()
    ]
    await rows.delete(table, whose)
    if wanted:
        await rows.insert(table, wanted)
