"""After how many days a tenant's things are removed, in rows."""

from collections.abc import Mapping, Sequence

from mainstay.ports.database import Column, Rows, Scalar, Table

POLICIES = Table(
    name="retention_policies",
    columns=(Column("kind", "text"), Column("days", "integer"), Column("changed_ms", "integer")),
    key=("kind",),
    exported=("kind", "days", "changed_ms"),
)


class RetentionStore:
    """Reads and writes the policies of the caller's tenant."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def policies(self) -> tuple[Mapping[str, int], int]:
        """Give the days by kind, and when they were set."""
        rows = await self._rows.fetch("SELECT kind, days, changed_ms FROM retention_policies")
        changed = max((int(row["changed_ms"] or 0) for row in rows), default=0)
        return {str(row["kind"]): int(row["days"] or 0) for row in rows}, changed

    async def replace(self, policies: Mapping[str, int], before: Sequence[str], now_ms: int) -> None:
        """Set all policies anew."""
        if before:
            await self._rows.delete("retention_policies", {"kind": list(before)})
        rows: list[Mapping[str, Scalar]] = [
            {"kind": kind, "days": days, "changed_ms": now_ms} for kind, days in policies.items()
        ]
        if rows:
            await self._rows.insert("retention_policies", rows)

    async def old_exports(self, before_ms: int, limit: int) -> list[str]:
        """List exports of persons that are older than a moment."""
        rows = await self._rows.fetch(
            "SELECT request_id FROM privacy_requests WHERE kind = 'export' AND asked_ms < :before"
            " ORDER BY request_id LIMIT :limit",
            {"before": before_ms, "limit": limit},
        )
        return [str(row["request_id"]) for row in rows]

    async def remove_exports(self, ids: Sequence[str]) -> None:
        """Erase exports of persons."""
        await self._rows.delete("privacy_parts", {"request_id": list(ids)})
        await self._rows.delete("privacy_requests", {"request_id": list(ids)})

    async def certify(self, row: Mapping[str, Scalar]) -> None:
        """Add an entry to the audit."""
        await self._rows.insert("audit", [row])
