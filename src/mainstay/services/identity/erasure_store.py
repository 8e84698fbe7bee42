"""Erasures of tenants, in rows; they outlive their tenants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from mainstay.ports.database import AllRows, Scalar

State = Literal["waiting", "running", "done", "called_off"]
_ERASURE = (
    "SELECT erasure_id, tenant_id, state, job_id, operator_id, asked_ms, due_ms, done_ms FROM tenant_erasures"
)


@dataclass(frozen=True)
class ErasureRow:
    """An erasure as it is stored; `parts` are the services, and whether each has removed what it had."""

    erasure_id: str
    tenant_id: str
    state: State
    job_id: str
    operator_id: str
    asked_ms: int
    due_ms: int
    done_ms: int | None = None
    parts: tuple[tuple[str, bool], ...] = ()


class ErasureStore:
    """Reads and writes erasures."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants."""
        self._rows = rows

    async def newest_of(self, tenant_id: str) -> ErasureRow | None:
        """Find the last erasure of a tenant, whatever became of it."""
        return await self._one("tenant_id", tenant_id)

    async def erasure(self, erasure_id: str) -> ErasureRow | None:
        """Find an erasure."""
        return await self._one("erasure_id", erasure_id)

    async def add(self, row: ErasureRow) -> None:
        """Store a new erasure."""
        await self._rows.insert("tenant_erasures", [_values(row)])

    async def change(self, row: ErasureRow, state: State, done_ms: int | None = None) -> bool:
        """Go from the state that was read to another; say whether it still was in that."""
        changed: Mapping[str, Scalar] = {"state": state, "done_ms": done_ms}
        where: Mapping[str, Scalar] = {"erasure_id": row.erasure_id, "state": row.state}
        return await self._rows.update("tenant_erasures", changed, where) > 0

    async def end_job(self, job_id: str, now_ms: int) -> None:
        """Let what a job still waits for be."""
        where: Mapping[str, Scalar] = {"job_id": job_id, "state": "waiting"}
        await self._rows.update("outbox", {"state": "cancelled", "due_ms": now_ms}, where)

    async def await_parts(self, erasure_id: str, services: Sequence[str]) -> None:
        """Note which services have to remove what they have."""
        rows: list[dict[str, Scalar]] = [
            {"erasure_id": erasure_id, "service": service, "done": 0} for service in services
        ]
        await self._rows.upsert("tenant_erasure_parts", rows)

    async def part_done(self, erasure_id: str, service: str) -> None:
        """Note that a service has."""
        part: Mapping[str, Scalar] = {"erasure_id": erasure_id, "service": service}
        await self._rows.update("tenant_erasure_parts", {"done": 1}, part)

    async def remove_tenant(self, tenant_id: str) -> None:
        """Forget a tenant; its name is free again."""
        await self._rows.delete("tenants", {"tenant_id": tenant_id})

    async def certify(self, row: Mapping[str, Scalar], tenant_id: str) -> None:
        """Add an entry to the audit of a tenant."""
        await self._rows.of(tenant_id).insert("audit", [row])

    async def _one(self, column: str, value: str) -> ErasureRow | None:
        rows = await self._rows.fetch(
            f"{_ERASURE} WHERE {column} = :value ORDER BY erasure_id DESC LIMIT 1", {"value": value}
        )
        if not rows:
            return None
        row = rows[0]
        found = ErasureRow(
            erasure_id=str(row["erasure_id"]),
            tenant_id=str(row["tenant_id"]),
            state=cast("State", row["state"]),
            job_id=str(row["job_id"]),
            operator_id=str(row["operator_id"]),
            asked_ms=int(row["asked_ms"] or 0),
            due_ms=int(row["due_ms"] or 0),
            done_ms=None if row["done_ms"] is None else int(row["done_ms"]),
        )
        parts = await self._rows.fetch(
            "SELECT service, done FROM tenant_erasure_parts WHERE erasure_id = :id ORDER BY service",
            {"id": found.erasure_id},
        )
        return replace(found, parts=tuple((str(part["service"]), bool(part["done"])) for part in parts))


def _values(row: ErasureRow) -> dict[str, Scalar]:
    return {name: value for name, value in vars(row).items() if name != "parts"}
