"""What a tenant takes along: its rows as lines of JSON, opened, a portion at a time."""

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mainstay.ports.ciphers import Cipher, KeyDestroyed
from mainstay.ports.database import SYSTEM, Column, Database, Joined, Row, Scalar, Table

PORTION_BYTES = 4 * 1024 * 1024
ROWS_AT_ONCE = 200
SEALED_AT_ONCE = 10
"""Sealed texts may be of some millions of characters each."""


@dataclass(frozen=True)
class Cursor:
    """How far a takeout has come: in which table, behind which key; the number of the next file of lines."""

    table: int = 0
    after: tuple[Scalar, ...] = ()
    file: int = 1

    def written(self) -> str:
        """Write it down."""
        return json.dumps([self.table, list(self.after), self.file])

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """Read what was written down."""
        table, after, file = json.loads(text)
        return cls(table, tuple(after), file)


@dataclass
class Portion:
    """Some files of an archive by name, how many lines of each table they have, and where it goes on."""

    files: list[tuple[str, bytes]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    following: Cursor | None = None
    size: int = 0


class Takeout:
    """Reads what tables say that is exported; what was sealed by a key that was destroyed is null."""

    def __init__(self, database: Database, tables: Sequence[Table], cipher: Cipher) -> None:
        """Take the database with its tables, and the cipher that opens what any tenant sealed."""
        self._database = database
        self._tables = [table for table in tables if table.exported]
        self._cipher = cipher

    def columns(self) -> Mapping[str, Sequence[str]]:
        """Give the columns of each table that is exported."""
        return {table.name: [column.name for column in _columns(table)] for table in self._tables}

    async def portion(self, tenant_id: str, cursor: Cursor) -> Portion:
        """Read some megabytes; each row is as it was when it was read."""
        found = Portion()
        number, after, file = cursor.table, cursor.after, cursor.file
        while number < len(self._tables) and found.size < PORTION_BYTES:
            table = self._tables[number]
            lines: list[bytes] = []
            ended = False
            while not ended and found.size < PORTION_BYTES:
                rows = await self._database.fetch(SYSTEM, *_page(table, tenant_id, after))
                fresh = await asyncio.to_thread(lambda: list(self._lines(table, tenant_id, rows)))  # noqa: B023 - awaited here
                lines += fresh
                found.size += sum(map(len, fresh))
                ended = len(rows) < _at_once(table)
                after = () if ended else tuple(rows[-1][f"k{place}"] for place in range(len(table.key)))
                await asyncio.sleep(0)
            if lines:
                found.files.append((f"tables/{table.name}/{file:06}.jsonl", b"".join(lines)))
                found.counts[table.name] = found.counts.get(table.name, 0) + len(lines)
            number, file = (number + 1, 1) if ended else (number, file + 1)
        found.following = Cursor(number, after, file) if number < len(self._tables) else None
        return found

    def _lines(self, table: Table, tenant_id: str, rows: Sequence[Row]) -> Iterator[bytes]:
        for row in rows:
            told = {column.name: self._opened(table, column, tenant_id, row) for column in _columns(table)}
            yield json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"

    def _opened(self, table: Table, column: Column, tenant_id: str, row: Row) -> Any:
        value = row[column.name]
        if column.sealed is None or not isinstance(value, bytes) or not value:
            return value if not isinstance(value, bytes) else None
        kind, *place = column.sealed.place(*(row[name] for name in column.sealed.columns))
        context = (kind, *place) if column.sealed.across else (kind, tenant_id, *place)
        try:
            return self._cipher.open(value, context).decode("utf-8", "surrogatepass")
        except KeyDestroyed:
            return None


def _columns(table: Table) -> list[Column]:
    """Give the columns that are exported; a text names one of the table's own."""
    own = {column.name: column for column in table.columns}
    return [each.column if isinstance(each, Joined) else own[each] for each in table.exported]


def _at_once(table: Table) -> int:
    return SEALED_AT_ONCE if any(column.sealed for column in _columns(table)) else ROWS_AT_ONCE


def _page(table: Table, tenant_id: str, after: Sequence[Scalar]) -> tuple[str, dict[str, Scalar]]:
    """Give the SELECT of the rows that follow a key, with what opening them needs."""
    own = [each for each in table.exported if not isinstance(each, Joined)]
    needed = [name for column in _columns(table) if column.sealed for name in column.sealed.columns]
    wanted = [f"t.{name}" for name in dict.fromkeys([*own, *needed])]
    wanted += [f"t.{name} AS k{place}" for place, name in enumerate(table.key)]
    wanted += [_joined(each) for each in table.exported if isinstance(each, Joined)]
    keys = ", ".join(f"t.{name}" for name in table.key)
    where, values = "t.tenant_id = :tenant", dict[str, Scalar](tenant=tenant_id)
    if after:
        values |= {f"a{place}": value for place, value in enumerate(after)}
        where += f" AND ({keys}) > ({', '.join(f':a{place}' for place in range(len(after)))})"
    select = f"SELECT {', '.join(wanted)} FROM {table.name} t WHERE {where} ORDER BY {keys}"
    return f"{select} LIMIT {_at_once(table)}", values


def _joined(each: Joined) -> str:
    name = each.column.name
    return f"(SELECT j.{name} FROM {each.table} j WHERE j.{each.by} = t.{each.by}) AS {name}"
