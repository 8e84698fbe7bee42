"""The shape a database really has, so that it can be held against the declarations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mainstay.engines.database.schema import TENANT, Engine, built_indexes, primary_key
from mainstay.ports.database import ColumnType, Table

Run = Callable[[str], Sequence[Sequence[Any]]]

_BOOKKEEPING = "alembic_version"
_SQLITE: dict[str, ColumnType] = {"TEXT": "text", "INTEGER": "integer", "REAL": "real", "BLOB": "bytes"}
_POSTGRES: dict[str, ColumnType] = {
    "text": "text",
    "bigint": "integer",
    "double precision": "real",
    "bytea": "bytes",
}


@dataclass
class Shape:
    """One table: columns as name → (type, nullable), its key, and its indexes as (columns, unique)."""

    columns: dict[str, tuple[ColumnType, bool]] = field(default_factory=dict)
    key: tuple[str, ...] = ()
    indexes: frozenset[tuple[tuple[str, ...], bool]] = frozenset()
    numbered: str | None = None
    guarded: bool = True


def declared(table: Table) -> Shape:
    """Give the shape a declaration asks for."""
    columns: dict[str, tuple[ColumnType, bool]] = {TENANT: ("text", False)} if table.scoped else {}
    columns |= {column.name: (column.type, column.nullable) for column in table.columns}
    return Shape(
        columns=columns,
        key=primary_key(table),
        indexes=frozenset((index.columns, index.unique) for index in built_indexes(table)),
        numbered=table.sequence,
    )


def found_in(engine: Engine, run: Run) -> dict[str, Shape]:
    """Give the shape of every table in a database, by name."""
    return _found_in_sqlite(run) if engine == "sqlite" else _found_in_postgres(run)


def _found_in_sqlite(run: Run) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    tables = run("SELECT name, sql FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    for name, sql in tables:
        if name == _BOOKKEEPING:
            continue
        shape = Shape()
        key: dict[int, str] = {}
        for _, column, kind, not_null, _, place in run(f'PRAGMA main.table_info("{name}")'):
            shape.columns[column] = (_SQLITE[kind], not not_null and not place)
            if place:
                key[place] = column
        shape.key = tuple(key[place] for place in sorted(key))
        shape.numbered = shape.key[0] if "AUTOINCREMENT" in sql else None
        indexes = [
            (tuple(row[2] for row in run(f'PRAGMA main.index_info("{row[1]}")')), bool(row[2]))
            for row in run(f'PRAGMA main.index_list("{name}")')
            if row[3] == "c"
        ]
        shape.indexes = frozenset(indexes)
        shapes[name] = shape
    return shapes


def _found_in_postgres(run: Run) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    columns = run(
        "SELECT table_name, column_name, data_type, is_nullable, is_identity FROM information_schema.columns "
        "WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
    )
    for table, column, kind, nullable, identity in columns:
        if table == _BOOKKEEPING:
            continue
        shape = shapes.setdefault(table, Shape())
        shape.columns[column] = (_POSTGRES[kind], nullable == "YES")
        if identity == "YES":
            shape.numbered = column
    indexes = run(
        "SELECT t.relname, i.indisprimary, i.indisunique, "
        "array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)) "
        "FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid "
        "JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = 'public' "
        "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (i.indkey::int2[]) "
        "GROUP BY t.relname, i.indexrelid, i.indisprimary, i.indisunique"
    )
    for table, primary, unique, names in indexes:
        if table not in shapes:
            continue
        if primary:
            shapes[table].key = tuple(names)
        else:
            shapes[table].indexes |= {(tuple(names), bool(unique))}
    for table, forced in run(
        "SELECT relname, relrowsecurity AND relforcerowsecurity AND EXISTS "
        "(SELECT 1 FROM pg_policy WHERE polrelid = c.oid) FROM pg_class c "
        "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ):
        if table in shapes:
            shapes[table].guarded = bool(forced)
    return shapes
