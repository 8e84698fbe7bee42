"""Removing a tenant's rows, a portion in a transaction, so that others read and write in between."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import groupby

from mainstay.kernel.work import current
from mainstay.ports.database import SYSTEM, Condition, Database, Row, Scalar, Table, Unit
from mainstay.ports.keystores import Destroyed

ROWS_AT_ONCE = 500
_COUNTED = "SELECT service, kind, things FROM cleared WHERE clearance_id = :id ORDER BY service, kind"
_WAITING = f"SELECT seq FROM outbox WHERE state = 'waiting' LIMIT {ROWS_AT_ONCE}"
_RUNNING = "SELECT 1 AS one FROM outbox WHERE state = 'running' LIMIT 1"
_KNOWN = "SELECT things FROM cleared WHERE clearance_id = :id AND service = :service AND kind = :kind"


class Clearing:
    """Removes rows of tenants, and counts them in the transaction that does: a crash loses no count."""

    def __init__(self, database: Database, tables: Sequence[Table]) -> None:
        """Take the database, and all tables that there are."""
        self._database = database
        self._tables = tables

    async def clear(self, clearance_id: str, service: str, tenant_id: str, tables: Sequence[Table]) -> None:
        """Remove a tenant's rows of a service's tables, but for what is kept and what is of all tenants."""
        for table in tables:
            if table.scoped and not table.kept:
                await self._clear(clearance_id, service, tenant_id, table)

    async def sweep(self, clearance_id: str, tenant_id: str) -> None:
        """Remove what was still written of a tenant while its rows were being removed."""
        await self.clear(clearance_id, "late", tenant_id, self._tables)

    async def end_work(self, tenant_id: str) -> bool:
        """Let none of a tenant's events be taken up any more; say whether some are at this moment."""
        while rows := await self._database.fetch(tenant_id, _WAITING):
            async with self._database.unit(SYSTEM) as unit:
                numbers: Condition = {"seq": [row["seq"] for row in rows], "state": "waiting"}
                await unit.update("outbox", {"state": "cancelled"}, numbers)
        return bool(await self._database.fetch(tenant_id, _RUNNING))

    async def refuse_keys(self, tenant_id: str, gone: Sequence[Destroyed]) -> None:
        """Note which keys of a tenant must never come back."""
        async with self._database.unit(SYSTEM) as unit:
            await unit.upsert("destroyed_keys", [{**asdict(each), "tenant_id": tenant_id} for each in gone])

    async def note(self, clearance_id: str, service: str, kind: str, things: int) -> None:
        """Note how many there are of what is no row, such as files, before they go; again after a crash."""
        async with self._database.unit(SYSTEM) as unit:
            before = await _counted(unit, clearance_id, service, kind)
            await count(unit, clearance_id, service, kind, max(0, things - before))

    async def count_in_work(self, clearance_id: str, service: str, **things: int) -> None:
        """Count things that the present operation removes."""
        unit = await current().open(SYSTEM)
        for kind, number in things.items():
            await count(unit, clearance_id, service, kind, number)

    async def counts(self, clearance_id: str) -> Mapping[str, Mapping[str, int]]:
        """Give how much was removed of each kind, by service."""
        found: dict[str, dict[str, int]] = {}
        for row in await self._database.fetch(SYSTEM, _COUNTED, {"id": clearance_id}):
            found.setdefault(str(row["service"]), {})[str(row["kind"])] = int(row["things"] or 0)
        return found

    async def _clear(self, clearance_id: str, service: str, tenant_id: str, table: Table) -> None:
        after: Row | None = None
        while rows := await self._database.fetch(tenant_id, *_page(table, after)):
            async with self._database.unit(SYSTEM) as unit:
                removed = 0
                for condition in conditions(table, rows):
                    removed += await unit.delete(table.name, {"tenant_id": tenant_id, **condition})
                await count(unit, clearance_id, service, table.name, removed)
            after = rows[-1]
            await asyncio.sleep(0)  # reads of SQLite take no turn of their own


def _page(table: Table, after: Row | None) -> tuple[str, dict[str, Scalar]]:
    """Give the SELECT of the keys that follow one.

    Numbered rows of all tenants stand in one order: asked for in it, those of others would be gone through.
    """
    keys = ", ".join(table.key)
    if table.sequence is not None:
        return f"SELECT {keys} FROM {table.name} LIMIT {ROWS_AT_ONCE}", {}
    where, values = "", dict[str, Scalar]()
    if after is not None:
        values = {f"k{number}": after[name] for number, name in enumerate(table.key)}
        where = f" WHERE ({keys}) > ({', '.join(f':{name}' for name in values)})"
    return f"SELECT {keys} FROM {table.name}{where} ORDER BY {keys} LIMIT {ROWS_AT_ONCE}", values


def conditions(table: Table, rows: Sequence[Row]) -> list[Condition]:
    """Give conditions that rows in the order of their keys meet, and no others: few, whatever the key."""
    *first, last = table.key
    found: list[Condition] = []
    for _, group in groupby(rows, key=lambda row: [row[name] for name in first]):
        alike = list(group)
        found.append({**{name: alike[0][name] for name in first}, last: [row[last] for row in alike]})
    return found


async def count(unit: Unit, clearance_id: str, service: str, kind: str, things: int) -> None:
    """Count things that were removed, in the transaction that removes them."""
    before = await _counted(unit, clearance_id, service, kind)
    row: dict[str, Scalar] = {"service": service, "kind": kind, "things": before + things}
    if things:
        await unit.upsert("cleared", [{"clearance_id": clearance_id, **row}])


async def _counted(unit: Unit, clearance_id: str, service: str, kind: str) -> int:
    known = await unit.fetch(_KNOWN, {"id": clearance_id, "service": service, "kind": kind})
    return int(known[0]["things"] or 0) if known else 0
