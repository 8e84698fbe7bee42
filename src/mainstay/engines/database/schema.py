"""What a declared table becomes in each database: its tenant column, key, indexes and policies."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mainstay.ports.database import Column, ColumnType, Index, Table

TENANT = "tenant_id"
Engine = Literal["sqlite", "postgres"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
_RESERVED = ("sqlite_", "pg_", "pragma_", "temp_", "mainstay_")
_TYPES: dict[Engine, dict[ColumnType, str]] = {
    "sqlite": {"text": "TEXT", "integer": "INTEGER", "real": "REAL", "bytes": "BLOB"},
    "postgres": {
        "text": 'TEXT COLLATE "C"',
        "integer": "BIGINT",
        "real": "DOUBLE PRECISION",
        "bytes": "BYTEA",
    },
}
_TENANT_TYPE: dict[Engine, str] = {"sqlite": "TEXT", "postgres": 'TEXT COLLATE "C"'}

POLICY = (
    f"{TENANT} = current_setting('mainstay.tenant', true) OR current_setting('mainstay.system', true) = 'on'"
)
SYSTEM_POLICY = "current_setting('mainstay.system', true) = 'on'"


@dataclass(frozen=True)
class BuiltIndex:
    """An index as the database holds it: the tenant already stands in front."""

    name: str
    columns: tuple[str, ...]
    unique: bool


def checked(tables: Sequence[Table]) -> dict[str, Table]:
    """Give the tables by name; raises ValueError where a declaration contradicts itself."""
    found: dict[str, Table] = {}
    for table in tables:
        _check(table)
        if table.name in found:
            raise ValueError(f"the table {table.name} is declared twice")
        found[table.name] = table
    return found


def _check(table: Table) -> None:
    names = [column.name for column in table.columns]
    for name in (table.name, *names):
        if not _NAME.fullmatch(name) or name.startswith(_RESERVED):
            raise ValueError(
                f"{name!r} cannot be a name in {table.name!r}: use lower-case words with underscores"
            )
    if table.scoped and TENANT in names:
        raise ValueError(f"{table.name} lists {TENANT}: the engine adds it by itself")
    if len(set(names)) != len(names):
        raise ValueError(f"{table.name} lists a column twice")
    if not table.key:
        raise ValueError(f"{table.name} has no primary key")
    if len({(index.columns, index.across) for index in table.indexes}) != len(table.indexes):
        raise ValueError(f"{table.name} lists an index twice")
    _check_columns(table, table.key, names)
    for index in table.indexes:
        _check_columns(table, index.columns, [*names, TENANT] if table.scoped and index.across else names)
    _check_key(table)


def _check_columns(table: Table, columns: tuple[str, ...], known: Sequence[str]) -> None:
    unknown = set(columns) - set(known)
    if unknown or not columns or len(set(columns)) != len(columns):
        raise ValueError(
            f"{table.name} has an index or key over no, double or unknown columns {sorted(unknown)}"
        )


def _check_key(table: Table) -> None:
    if any(column.nullable for column in table.columns if column.name in table.key):
        raise ValueError(f"{table.name} has a nullable column in its key")
    types = {column.name: column.type for column in table.columns}
    if table.sequence is not None and (table.key != (table.sequence,) or types[table.sequence] != "integer"):
        raise ValueError(f"{table.name}: the sequence must be an integer and the whole primary key")


def primary_key(table: Table) -> tuple[str, ...]:
    """Give the columns of the primary key as the database holds it."""
    if table.scoped and table.sequence is None:
        return (TENANT, *table.key)
    return table.key


def built_indexes(table: Table) -> list[BuiltIndex]:
    """Give every index besides the primary key, with names and the tenant in front."""
    declared = list(table.indexes)
    if table.scoped and table.sequence is not None:
        # The key alone does not begin with the tenant, so each tenant's rows need an index of their own.
        declared.insert(0, Index(columns=(table.sequence,)))
    return [built_index(table.name, index, scoped=table.scoped) for index in declared]


def built_index(table: str, index: Index, *, scoped: bool) -> BuiltIndex:
    """Give an index as the database holds it."""
    kind = "uq" if index.unique else "ix"
    columns = (TENANT, *index.columns) if scoped and not index.across else index.columns
    return BuiltIndex(_short(f"{kind}_{table}_{'_'.join(columns)}"), columns, index.unique)


def declared_index(columns: tuple[str, ...], *, unique: bool, scoped: bool) -> Index:
    """Give the declaration that builds an index over these columns."""
    if scoped and columns[:1] == (TENANT,):
        return Index(columns[1:], unique=unique)
    return Index(columns, unique=unique, across=scoped)


def _short(name: str) -> str:
    """Keep a name within PostgreSQL's 63 letters without letting two collide."""
    if len(name) <= 60:  # noqa: PLR2004 - PostgreSQL's limit less a margin
        return name
    total = 0
    for letter in name:
        total = (total * 131 + ord(letter)) % 0xFFFF_FFFF
    return f"{name[:51]}_{total:08x}"


def quoted(names: Sequence[str]) -> str:
    """Join names as SQL identifiers."""
    return ", ".join(f'"{name}"' for name in names)


def column_sql(table: Table, column: Column, engine: Engine) -> str:
    """Give the definition of one declared column."""
    if column.name == table.sequence:
        if engine == "sqlite":
            return f'"{column.name}" INTEGER PRIMARY KEY AUTOINCREMENT'
        return f'"{column.name}" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY'
    null = "" if column.nullable else " NOT NULL"
    return f'"{column.name}" {_TYPES[engine][column.type]}{null}'


def index_sql(table: str, index: BuiltIndex) -> str:
    """Give the statement that builds an index."""
    unique = "UNIQUE " if index.unique else ""
    return f'CREATE {unique}INDEX IF NOT EXISTS "{index.name}" ON "{table}" ({quoted(index.columns)})'


def create_sql(table: Table, engine: Engine) -> list[str]:
    """Give the statements that create a table with its indexes and, on PostgreSQL, its policies."""
    parts = [f'"{TENANT}" {_TENANT_TYPE[engine]} NOT NULL'] if table.scoped else []
    parts += [column_sql(table, column, engine) for column in table.columns]
    if table.sequence is None:
        parts.append(f"PRIMARY KEY ({quoted(primary_key(table))})")
    # STRICT keeps SQLite as particular about types as PostgreSQL. WITHOUT ROWID was measured: with rows of
    # 2,000 bytes it writes three times as long and takes twice the space, with 50 bytes it gains nothing.
    tail = " STRICT" if engine == "sqlite" else ""
    statements = [f'CREATE TABLE IF NOT EXISTS "{table.name}" ({", ".join(parts)}){tail}']
    statements += [index_sql(table.name, index) for index in built_indexes(table)]
    if engine == "postgres":
        statements += policy_sql(table)
    return statements


def policy_sql(table: Table) -> list[str]:
    """Give the statements that force row-level security upon a table in PostgreSQL."""
    rule = POLICY if table.scoped else SYSTEM_POLICY
    return [
        f'ALTER TABLE "{table.name}" ENABLE ROW LEVEL SECURITY',
        f'ALTER TABLE "{table.name}" FORCE ROW LEVEL SECURITY',
        f'DROP POLICY IF EXISTS mainstay_scope ON "{table.name}"',
        f'CREATE POLICY mainstay_scope ON "{table.name}" USING ({rule}) WITH CHECK ({rule})',
    ]
