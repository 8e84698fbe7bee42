"""The engines that the database suite runs through, and the tables it uses."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from mainstay.app import tables as house_tables
from mainstay.engines.database.postgres import PostgresDatabase
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.ports.database import Column, Database, Index, Table

TABLES = (
    Table(
        "documents",
        (
            Column("id", "text"),
            Column("title", "text"),
            Column("size", "integer", nullable=True),
            Column("weight", "real", nullable=True),
            Column("body", "bytes", nullable=True),
        ),
        key=("id",),
        indexes=(
            Index(("size",)),
            Index(("title", "size"), unique=True),
            Index(("weight", "tenant_id"), across=True),
        ),
    ),
    Table(
        "events", (Column("number", "integer"), Column("body", "text")), key=("number",), sequence="number"
    ),
    Table("accounts", (Column("id", "text"), Column("secret", "text")), key=("id",), scoped=False),
    Table(
        "outbox",
        (Column("position", "integer"), Column("what", "text")),
        key=("position",),
        scoped=False,
        sequence="position",
    ),
)
INTRUSIONS = [
    "SELECT * FROM main.documents",
    "WITH documents AS (SELECT * FROM main.documents) SELECT * FROM documents",
    "SELECT id FROM documents UNION ALL SELECT secret FROM accounts",
    "SELECT id FROM documents WHERE id IN (SELECT secret FROM accounts)",
    "SELECT count(*) FROM accounts",
    'SELECT * FROM "accounts"',
    "SELECT (SELECT secret FROM accounts LIMIT 1)",
    "SELECT id FROM documents, accounts",
    "SELECT tenant_id FROM documents",
    "SELECT name FROM sqlite_master",
    "SELECT * FROM sqlite_temp_master",
    "SELECT * FROM pragma_table_info('documents')",
    "SELECT * FROM pg_class",
    "SELECT * FROM information_schema.tables",
    "SELECT set_config('mainstay.tenant', 'a', true)",
    "SELECT \"set_config\"('mainstay.system', 'on', true)",
    "SELECT U&\"set\\005fconfig\"('mainstay.system', 'on', true)",
    "SELECT load_extension('x')",
    "SELECT pg_read_file('/etc/passwd')",
    "ATTACH DATABASE ':memory:' AS other",
    "PRAGMA query_only = OFF",
    "SET mainstay.system = 'on'",
    "DELETE FROM documents",
    "INSERT INTO documents (id, title) VALUES ('9', 'x')",
    "WITH gone AS (DELETE FROM documents RETURNING id) SELECT * FROM gone",
    "SELECT * INTO other FROM documents",
    "CREATE TABLE other (id TEXT)",
    "DROP TABLE documents",
    "COMMIT",
    "SELECT 1; DELETE FROM documents",
    "SELECT $1 FROM documents",
]
DEFAULT_URL = "postgresql://postgres@127.0.0.1:5432/postgres"


def missing(what: str) -> None:
    """Skip by name, or fail where every service must be there."""
    if os.environ.get("MAINSTAY_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} is needed")
    pytest.skip(what)


@contextmanager
def _own_postgres() -> Iterator[str]:
    """Make a database for this run alone, and drop it afterwards."""
    address = os.environ.get("MAINSTAY_TEST_POSTGRES", DEFAULT_URL)
    name = f"mainstay_test_{secrets.token_hex(6)}"
    try:
        with psycopg.connect(address, autocommit=True, connect_timeout=3) as link:
            link.execute(f"CREATE DATABASE {name}".encode())
    except psycopg.OperationalError:
        missing("a PostgreSQL server (MAINSTAY_TEST_POSTGRES)")
    # Nobody here asks whether a commit outlives a power cut, so nobody waits for the disk.
    yield psycopg.conninfo.make_conninfo(address, dbname=name, options="-c synchronous_commit=off")
    with psycopg.connect(address, autocommit=True) as link:
        link.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with _own_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres() -> Iterator[str]:
    """Make a database with every table of the house, once: migrating takes longer than most tests."""

    async def migrate(url: str) -> None:
        engine = PostgresDatabase(url, house_tables.TABLES)
        await engine.open()
        await engine.close()

    with _own_postgres() as url:
        asyncio.run(migrate(url))
        yield url


@pytest.fixture
def house_postgres(migrated_postgres: str) -> str:
    """Give the run's database with every table of the house, and nothing in them.

    Rows are deleted, for to truncate so many tables, or to make a database of a template, takes far longer.
    """
    erase = [f'DELETE FROM "{table.name}"' for table in house_tables.TABLES]
    begin = [
        f'ALTER TABLE "{table.name}" ALTER COLUMN "{table.sequence}" RESTART'
        for table in house_tables.TABLES
        if table.sequence
    ]
    keys = "DROP SCHEMA IF EXISTS mainstay_keys CASCADE"
    # Without row security it rather fails than leaves rows that cannot be seen.
    every = "; ".join(["SET row_security = off", keys, *erase, *begin])
    with psycopg.connect(migrated_postgres) as link:
        link.execute(every.encode())
    return migrated_postgres


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest) -> dict[str, str]:
    """Give a house's setting of each database."""
    return {"database": request.getfixturevalue("house_postgres")} if request.param == "postgres" else {}


@pytest.fixture
def empty_postgres(postgres_url: str) -> str:
    """Give the run's database with nothing in it."""
    with psycopg.connect(postgres_url, autocommit=True) as link:
        link.execute("DROP SCHEMA IF EXISTS mainstay_keys CASCADE")
        link.execute("DROP SCHEMA public CASCADE")
        link.execute("CREATE SCHEMA public")
    return postgres_url


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Give each engine, open and empty."""
    engine: Database
    if request.param == "sqlite":
        engine = SqliteDatabase(tmp_path / "data" / "mainstay.db", TABLES, migrations=False)
    else:
        engine = PostgresDatabase(request.getfixturevalue("empty_postgres"), TABLES, migrations=False)
    await engine.open()
    yield engine
    await engine.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """Give the SQLite engine alone, open and empty."""
    engine = SqliteDatabase(tmp_path / "data" / "mainstay.db", TABLES, migrations=False)
    await engine.open()
    yield engine
    await engine.close()
