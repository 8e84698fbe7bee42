"""Exports of a tenant, in rows; their content is in files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from mainstay.ports.database import Column, Row, Rows, Scalar, Table

TENANT_EXPORTS = Table(
    name="tenant_exports",
    columns=(
        Column("export_id", "text"),
        Column("state", "text"),
        Column("job_id", "text"),
        Column("asked_ms", "integer"),
        Column("done_ms", "integer", nullable=True),
        Column("expires_ms", "integer", nullable=True),
        Column("parts", "integer"),
        Column("size", "integer"),
        Column("counts", "text"),
        Column("cursor", "text"),
    ),
    key=("export_id",),
)

State = Literal["running", "done", "expired"]
_EXPORT = (
    "SELECT export_id, state, job_id, asked_ms, done_ms, expires_ms, parts, size, counts, cursor"
    " FROM tenant_exports"
)


@dataclass(frozen=True)
class ExportRow:
    """An export as it is stored; `size` is in bytes, `cursor` how far it has come."""

    export_id: str
    state: State
    job_id: str
    asked_ms: int
    done_ms: int | None = None
    expires_ms: int | None = None
    parts: int = 0
    size: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    cursor: str = ""


class TakeoutStore:
    """Reads and writes exports of the caller's tenant."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def add(self, row: ExportRow) -> None:
        """Store a new export."""
        await self._rows.insert("tenant_exports", [_values(row)])

    async def replace(self, row: ExportRow) -> None:
        """Store what has become of an export."""
        await self._rows.upsert("tenant_exports", [_values(row)])

    async def export(self, export_id: str) -> ExportRow | None:
        """Find an export."""
        rows = await self._rows.fetch(f"{_EXPORT} WHERE export_id = :id", {"id": export_id})
        return _row(rows[0]) if rows else None

    async def exports(self) -> Sequence[ExportRow]:
        """List the exports, newest first."""
        return [_row(row) for row in await self._rows.fetch(f"{_EXPORT} ORDER BY export_id DESC LIMIT 50")]


def _values(row: ExportRow) -> dict[str, Scalar]:
    return {**vars(row), "counts": json.dumps(row.counts)}


def _row(row: Row) -> ExportRow:
    return ExportRow(
        export_id=str(row["export_id"]),
        state=cast("State", row["state"]),
        job_id=str(row["job_id"]),
        asked_ms=int(row["asked_ms"] or 0),
        done_ms=None if row["done_ms"] is None else int(row["done_ms"]),
        expires_ms=None if row["expires_ms"] is None else int(row["expires_ms"]),
        parts=int(row["parts"] or 0),
        size=int(row["size"] or 0),
        counts=json.loads(str(row["counts"])),
        cursor=str(row["cursor"]),
    )
