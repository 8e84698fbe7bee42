"""Version files: what they build is what is declared, and they write themselves."""

import asyncio
import importlib.util
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from engines.databases import TABLES
from mainstay.engines.database import migrate, sqlite
from mainstay.engines.database.inspection import Shape, declared, found_in
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.ports.database import Column, Index, Table

CHANGED = (
    Table(
        "documents",
        (*TABLES[0].columns, Column("language", "text"), Column("seen_ms", "integer", nullable=True)),
        key=("id",),
        indexes=(Index(("language",)), TABLES[0].indexes[1], Index(("language", "tenant_id"), across=True)),
    ),
    *TABLES[1:3],
    Table("notes", (Column("id", "text"),), key=("id",)),
)


def sqlite_shapes(path: Path) -> dict[str, Shape]:
    connection = sqlite3.connect(path)
    try:
        return found_in("sqlite", lambda sql: connection.execute(sql).fetchall())
    finally:
        connection.close()


def postgres_shapes(url: str) -> dict[str, Shape]:
    with psycopg.connect(url) as link:
        return found_in("postgres", lambda sql: link.execute(sql.encode()).fetchall())


@pytest.fixture(params=["sqlite", "postgres"])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Path], dict[str, Shape]]:
    """Apply version files to one database of each engine, and give the shapes that come out."""
    url: str = request.getfixturevalue("empty_postgres") if request.param == "postgres" else ""

    def upgrade(versions: Path) -> dict[str, Shape]:
        if url:
            migrate.upgrade_postgres(lambda: psycopg.connect(url), versions)
            return postgres_shapes(url)
        migrate.upgrade_sqlite(tmp_path / "a%20b.db", versions)
        return sqlite_shapes(tmp_path / "a%20b.db")

    return upgrade


def test_what_is_written_builds_what_is_declared(
    upgraded: Callable[[Path], dict[str, Shape]], tmp_path: Path
) -> None:
    versions = tmp_path / "versions"
    (first,) = migrate.write(TABLES, "Create the first tables", versions)
    assert first.name == "0001_create_the_first_tables.py"
    assert migrate.write(TABLES, "Change nothing", versions) == []
    assert upgraded(versions) == {table.name: declared(table) for table in TABLES}
    (second,) = migrate.write(CHANGED, "Add languages", versions)
    assert migrate.newest_version(versions) == "0002"
    assert upgraded(versions) == {table.name: declared(table) for table in CHANGED}
    assert "outbox" in second.read_text()
    assert migrate.write(CHANGED, "Change nothing", versions) == []


def test_many_tables_are_shared_out_over_files(
    upgraded: Callable[[Path], dict[str, Shape]], tmp_path: Path
) -> None:
    columns = tuple(Column(f"c{m}", "text") for m in range(20))
    many = [Table(f"t{n}", columns, key=("c0",), indexes=(Index(("c1",)),)) for n in range(40)]
    written = migrate.write(many, "Create many tables", tmp_path)
    assert len(written) > 1
    assert upgraded(tmp_path) == {table.name: declared(table) for table in many}


def test_changes_that_need_thought_are_refused(tmp_path: Path) -> None:
    migrate.write(TABLES, "Create", tmp_path)
    other = Table("documents", (Column("id", "integer"), *TABLES[0].columns[1:]), key=("id",))
    with pytest.raises(ValueError, match="by hand"):
        migrate.write([other], "Change a type", tmp_path)


def test_a_failed_version_leaves_the_one_before(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    migrate.write(TABLES, "Create", versions)
    migrate.upgrade_sqlite(tmp_path / "x.db", versions)
    (broken,) = migrate.write(CHANGED, "Break", versions)
    broken.write_text(broken.read_text().replace("create_index(", "drop_table('nothing'); create_index("))
    broken.write_text(broken.read_text().replace("import add_column", "import drop_table, add_column"))
    with pytest.raises(Exception, match="nothing"):
        migrate.upgrade_sqlite(tmp_path / "x.db", versions)
    assert sqlite_shapes(tmp_path / "x.db") == {table.name: declared(table) for table in TABLES}


async def test_opening_applies_what_is_missing_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = tmp_path / "versions"
    migrate.write(TABLES, "Create", versions)
    applied: list[Path] = []

    def upgrade(path: Path) -> None:
        applied.append(path)
        migrate.upgrade_sqlite(path, versions)

    monkeypatch.setattr(sqlite, "newest_version", lambda: migrate.newest_version(versions))
    monkeypatch.setattr(sqlite, "upgrade_sqlite", upgrade)
    for _ in range(2):
        database = SqliteDatabase(tmp_path / "x.db", TABLES)
        await database.open()
        async with database.unit("a") as unit:
            await unit.upsert("documents", [{"id": "1", "title": "x"}])
        await database.close()
    assert len(applied) == 1


async def test_two_that_start_together_migrate_once(tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    migrate.write(TABLES, "Create", versions)
    path = tmp_path / "x.db"
    code = (
        "import sys; from pathlib import Path; from mainstay.engines.database import migrate; "
        "migrate.upgrade_sqlite(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, str(path), str(versions)]
    running = [await asyncio.create_subprocess_exec(*command) for _ in range(2)]
    assert [await child.wait() for child in running] == [0, 0]
    assert sqlite_shapes(path) == {table.name: declared(table) for table in TABLES}


def test_the_migrating_library_is_imported_only_when_needed() -> None:
    code = "import sys; import mainstay.engines.database.sqlite; print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own text
    assert done.stdout.strip() == "False"


def test_the_projects_version_files_build_the_projects_tables(
    upgraded: Callable[[Path], dict[str, Shape]],
) -> None:
    if importlib.util.find_spec("mainstay.app.tables") is None or migrate.newest_version() is None:
        pytest.skip("the project's tables are not all declared yet")
    tables: Any = importlib.import_module("mainstay.app.tables").TABLES
    assert upgraded(migrate.VERSIONS) == {table.name: declared(table) for table in tables}
