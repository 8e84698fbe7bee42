"""Applies version files with Alembic, gives them their steps, and writes the next one."""

import re
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from alembic import command, op
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from mainstay.engines.database import schema
from mainstay.engines.database.inspection import Shape, declared, found_in
from mainstay.engines.database.migrate import VERSIONS, version_files
from mainstay.ports.database import Column, Index, Scalar, Table

_LINES_MAX = 300
_LOCK_TIMEOUT_S = 60.0
_UPGRADE_LOCK = 0x75706772


def upgrade_sqlite(path: Path, versions: Path = VERSIONS) -> None:
    """Apply every version that a SQLite file lacks, all in one transaction."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, isolation_level=None, timeout=_LOCK_TIMEOUT_S),
        poolclass=NullPool,
    )
    # Take the lock before the version is read, so that two processes that start together do not both migrate.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    _upgrade(engine, versions)


def upgrade_postgres(connect: Callable[[], Any], versions: Path = VERSIONS) -> None:
    """Apply every version that a PostgreSQL database lacks, all in one transaction."""
    engine = create_engine("postgresql+psycopg://", creator=connect, poolclass=NullPool)
    event.listen(
        engine,
        "begin",
        lambda connection: connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK})"),
    )
    _upgrade(engine, versions)


def _upgrade(engine: Engine, versions: Path) -> None:
    try:
        with engine.begin() as connection:
            command.upgrade(_config(connection, versions), "head")
    finally:
        engine.dispose()


def _config(connection: Connection, versions: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent).replace("%", "%%"))
    config.set_main_option("version_locations", str(versions).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config


def _engine() -> schema.Engine:
    return "sqlite" if op.get_bind().dialect.name == "sqlite" else "postgres"


def _run(statements: Sequence[str]) -> None:
    for sql in statements:
        op.get_bind().exec_driver_sql(sql)


def create_table(table: Table) -> None:
    """Create a table with its tenant column, key, indexes and policies."""
    _run(schema.create_sql(table, _engine()))


def drop_table(name: str) -> None:
    """Drop a table with everything in it."""
    _run([f'DROP TABLE "{name}"'])


def add_column(table: str, column: Column, filled: Scalar = None) -> None:
    """Add a column; present rows get the value `filled`, which a column that is not nullable needs."""
    sql = schema.column_sql(Table(table, (column,), (column.name,)), column, _engine())
    default = "" if filled is None else f" DEFAULT {_literal(filled)}"
    _run([f'ALTER TABLE "{table}" ADD COLUMN {sql}{default}'])


def fill_column(table: str, column: Column, sql: str) -> None:
    """Give a column the value of an SQL expression, in every tenant's rows.

    PostgreSQL rewrites the rows as for a new type, for an UPDATE would meet its policies.
    """
    if _engine() == "postgres":
        kind = schema.column_sql(Table(table, (column,), (column.name,)), column, "postgres").split()[1]
        _run(
            [f'ALTER TABLE "{table}" ALTER COLUMN "{column.name}" TYPE {kind} USING {sql.replace("%", "%%")}']
        )
    else:
        _run([f'UPDATE "{table}" SET "{column.name}" = {sql}'])


def random_bytes_sql() -> str:
    """Give the SQL expression for sixteen random bytes, others for each row."""
    return "uuid_send(gen_random_uuid())" if _engine() == "postgres" else "randomblob(16)"


def _literal(value: Scalar) -> str:
    if isinstance(value, bytes):
        raise TypeError("a column of bytes cannot be filled: make it nullable, then fill it in parts")
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def drop_column(table: str, name: str) -> None:
    """Drop a column; drop its indexes first."""
    _run([f'ALTER TABLE "{table}" DROP COLUMN "{name}"'])


def change_type(table: Table, name: str, convert: Callable[[Any], Scalar], postgres: str) -> None:
    """Give a column another type, with every row's value converted: by `convert`, on PostgreSQL by its SQL.

    `table` is the whole declaration as it is to be. PostgreSQL rewrites the rows past its policies.
    """
    bind = op.get_bind()
    if _engine() == "postgres":
        column = next(each for each in table.columns if each.name == name)
        kind = schema.column_sql(table, column, "postgres").split()[1]
        _run([f'ALTER TABLE "{table.name}" ALTER COLUMN "{name}" TYPE {kind} USING {postgres}'])
        return
    bind.connection.driver_connection.create_function("converted", 1, convert, deterministic=True)  # type: ignore[union-attr]  # SQLite's own connection
    _make_anew(table, converted=name)


def change_key(table: Table) -> None:
    """Give a table another key; `table` is the whole declaration as it is to be."""
    if _engine() == "sqlite":
        _make_anew(table)
        return
    _run(
        [
            f'ALTER TABLE "{table.name}" DROP CONSTRAINT "{table.name}_pkey"',
            f'ALTER TABLE "{table.name}" ADD PRIMARY KEY ({schema.quoted(schema.primary_key(table))})',
        ]
    )


def remove_rows(table: str, where: str) -> None:
    """Remove rows of every tenant; on PostgreSQL past the policies, which hold the owner too."""
    removed = f'DELETE FROM "{table}" WHERE {where}'
    if _engine() == "postgres":
        force = f'ALTER TABLE "{table}" %s ROW LEVEL SECURITY'
        _run([force % "NO FORCE", removed, force % "FORCE"])
    else:
        _run([removed])


def _make_anew(table: Table, converted: str = "") -> None:
    """Make a table of SQLite anew with all of its rows, one column's values converted."""
    before = f"{table.name}_before"
    _run([f'DROP INDEX IF EXISTS "{index.name}"' for index in schema.built_indexes(table)])
    _run([f'ALTER TABLE "{table.name}" RENAME TO "{before}"'])
    create_table(table)
    names = [*([schema.TENANT] if table.scoped else []), *(column.name for column in table.columns)]
    values = ", ".join(f'converted("{each}")' if each == converted else f'"{each}"' for each in names)
    _run(
        [
            f'INSERT INTO "{table.name}" ({schema.quoted(names)}) SELECT {values} FROM "{before}"',
            f'DROP TABLE "{before}"',
        ]
    )


def create_index(table: Table, index: Index) -> None:
    """Build an index; of the table, its name and `scoped` are needed only."""
    built = schema.built_index(table.name, index, scoped=table.scoped)
    _run([schema.index_sql(table.name, built)])


def drop_index(table: Table, index: Index) -> None:
    """Drop an index; of the table, its name and `scoped` are needed only."""
    _run([f'DROP INDEX "{schema.built_index(table.name, index, scoped=table.scoped).name}"'])


def write(tables: Sequence[Table], message: str, versions: Path = VERSIONS) -> list[Path]:
    """Write the next version files; raises ValueError for a change that must be written by hand."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migrated.db"
        upgrade_sqlite(path, versions)
        with sqlite3.connect(path) as connection:
            found = found_in("sqlite", lambda sql: connection.execute(sql).fetchall())
        connection.close()
    known = schema.checked(tables)
    new = [table for name, table in known.items() if name not in found]
    steps = [step for name, table in known.items() if name in found for step in _changes(table, found[name])]
    steps += [(f'drop_table("{name}")', "") for name in found if name not in known]
    return [_write_file(*part, message=message, versions=versions) for part in _parts(new, steps)]


def _parts(new: list[Table], steps: list[tuple[str, str]]) -> list[tuple[list[Table], list[tuple[str, str]]]]:
    """Share the work out over files that stay short enough to read."""
    parts: list[tuple[list[Table], list[tuple[str, str]]]] = []
    lines = _LINES_MAX
    for table in new:
        needed = 6 + len(table.columns) + len(table.indexes)
        if lines + needed > _LINES_MAX:
            parts.append(([], []))
            lines = 0
        parts[-1][0].append(table)
        lines += needed
    if steps and not parts:
        parts.append(([], []))
    if steps:
        parts[-1][1].extend(steps)
    return parts


def _changes(table: Table, found: Shape) -> list[tuple[str, str]]:
    wanted = declared(table)
    kept = {name: shape for name, shape in wanted.columns.items() if name in found.columns}
    different = [name for name, shape in kept.items() if shape != found.columns[name]]
    if different or wanted.key != found.key or wanted.numbered != found.numbered:
        raise ValueError(
            f"{table.name} changes its key or the type of {', '.join(different) or 'nothing else'}: "
            "write that version file by hand (a new table, a copy, a drop)"
        )
    steps: list[tuple[str, str]] = []
    name = table.name
    short = f'Table("{name}", (), (), scoped={table.scoped})'
    for columns, unique in sorted(found.indexes - wanted.indexes):
        index = repr(schema.declared_index(columns, unique=unique, scoped=table.scoped))
        steps.append((f"drop_index({short}, {index})", f"create_index({short}, {index})"))
    for column in table.columns:
        if column.name not in found.columns:
            filled = "" if column.nullable else f", filled={_FILLED[column.type]}"
            steps.append(
                (f'add_column("{name}", {column!r}{filled})', f'drop_column("{name}", "{column.name}")')
            )
    for columns, unique in sorted(wanted.indexes - found.indexes):
        index = repr(schema.declared_index(columns, unique=unique, scoped=table.scoped))
        steps.append((f"create_index({short}, {index})", f"drop_index({short}, {index})"))
    steps += [
        (f'drop_column("{name}", "{gone}")', "") for gone in found.columns if gone not in wanted.columns
    ]
    return steps


_FILLED = {"text": '""', "integer": "0", "real": "0.0", "bytes": 'b""'}


def _write_file(new: list[Table], steps: list[tuple[str, str]], *, message: str, versions: Path) -> Path:
    files = version_files(versions)
    before = f'"{files[-1].name[:4]}"' if files else "None"
    number = f"{len(files) + 1:04d}"
    slug = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:40] or "change"
    body = "\n".join(f"    {line!r}," for line in new)
    forward = ["for table in TABLES:\n        create_table(table)"] if new else []
    forward += [step for step, _ in steps]
    back = [
        undo or 'raise NotImplementedError("what was dropped is gone: restore a backup")' for _, undo in steps
    ]
    back.reverse()
    back += ["for table in reversed(TABLES):\n        drop_table(table.name)"] if new else []
    used = sorted({name for name in _STEPS if f"{name}(" in "".join(forward + back)})
    text = f'"""{message.rstrip(".")}."""\n\n'
    text += f"from mainstay.engines.database.revisions import {', '.join(used)}\n"
    text += "from mainstay.ports.database import Column, Index, Table\n\n"
    text += f'revision = "{number}"\ndown_revision = {before}\nbranch_labels = None\ndepends_on = None\n\n'
    text += f"TABLES: tuple[Table, ...] = (\n{body}\n)\n\n\n" if new else "\n"
    text += "\n    ".join(["def upgrade() -> None:", '"""Go forward."""', *forward]) + "\n\n\n"
    text += "\n    ".join(["def downgrade() -> None:", '"""Go back."""', *back]) + "\n"
    path = versions / f"{number}_{slug}.py"
    versions.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


_STEPS = ("create_table", "drop_table", "add_column", "drop_column", "create_index", "drop_index")
