"""Removing what is old: by what tables say of themselves, a portion in a transaction."""

import asyncio
from collections.abc import Mapping, Sequence

from mainstay.kernel.clearing import ROWS_AT_ONCE, conditions
from mainstay.ports.database import SYSTEM, Aged, Database, Table


class Ageing:
    """Knows which kinds of things a tenant may have removed by their age."""

    def __init__(self, database: Database, tables: Sequence[Table]) -> None:
        """Take the database, and all tables that there are."""
        self._database = database
        self._tables = {table.aged.kind: table for table in tables if table.aged is not None}

    @property
    def kinds(self) -> Mapping[str, Aged]:
        """Give the kinds by name."""
        return {kind: table.aged for kind, table in sorted(self._tables.items()) if table.aged is not None}

    async def count(self, tenant_id: str, kind: str, before_ms: int) -> int:
        """Count what is older than a moment."""
        table = self._tables[kind]
        sql = f"SELECT count(*) AS n FROM {table.name} WHERE {_old(table)}"
        rows = await self._database.fetch(tenant_id, sql, {"before": before_ms})
        return int(rows[0]["n"] or 0)

    async def remove(self, tenant_id: str, kind: str, before_ms: int) -> int:
        """Remove what is older than a moment; count it."""
        table, removed = self._tables[kind], 0
        keys = ", ".join(table.key)
        sql = f"SELECT {keys} FROM {table.name} WHERE {_old(table)} ORDER BY {keys} LIMIT {ROWS_AT_ONCE}"
        while rows := await self._database.fetch(tenant_id, sql, {"before": before_ms}):
            async with self._database.unit(SYSTEM) as unit:
                for condition in conditions(table, rows):
                    removed += await unit.delete(table.name, {"tenant_id": tenant_id, **condition})
            await asyncio.sleep(0)  # reads of SQLite take no turn of their own
        return removed


def _old(table: Table) -> str:
    aged = table.aged
    if aged is None:
        raise TypeError(f"{table.name} does not say how it ages")
    return f"{aged.column} < :before" + (f" AND {aged.where}" if aged.where else "")
