"""What PostgreSQL promises beyond the port: roles that cannot bypass it, connections that break."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from engines.databases import TABLES
from mainstay.engines.database import postgres
from mainstay.engines.database.postgres import PostgresDatabase
from mainstay.engines.database.postgres_shapes import translated_select
from mainstay.engines.database.postgres_units import translated
from mainstay.ports.database import SYSTEM, DatabaseUnavailable, Scope


@pytest.fixture
def owner_url(empty_postgres: str) -> Iterator[str]:
    """Log in as a plain role that owns the schema, as a hosted database gives it."""
    name = f"mainstay_owner_{secrets.token_hex(4)}"
    with psycopg.connect(empty_postgres, autocommit=True) as link:
        link.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'".encode())
        link.execute(f"GRANT ALL ON SCHEMA public TO {name}".encode())
    yield psycopg.conninfo.make_conninfo(empty_postgres, user=name, password="x")
    with psycopg.connect(empty_postgres, autocommit=True) as link:
        link.execute(f"DROP OWNED BY {name} CASCADE".encode())
        link.execute(f"DROP ROLE {name}".encode())


@pytest.fixture(params=["empty_postgres", "owner_url"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[PostgresDatabase]:
    """Open the engine as a superuser, and as a plain owner."""
    engine = PostgresDatabase(request.getfixturevalue(request.param), TABLES, migrations=False)
    await engine.open()
    async with engine.unit(SYSTEM) as unit:
        await unit.insert("documents", [{"tenant_id": name, "id": "1", "title": name} for name in ("a", "b")])
        await unit.insert("accounts", [{"id": "1", "secret": "s"}])
    yield engine
    await engine.close()


async def test_the_server_itself_hides_what_is_not_the_tenants(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread(text: str, tables: object, scope: Scope) -> None:
        """Let every text through, to see what the server alone refuses."""

    monkeypatch.setattr(postgres, "reviewed", unread)
    assert await database.fetch("b", "SELECT id, title FROM documents") == [{"id": "1", "title": "b"}]
    assert await database.fetch("b", "SELECT count(*) AS n FROM accounts") == [{"n": 0}]
    async with database.unit("b") as unit:
        assert await unit.fetch("UPDATE documents SET size = 1 RETURNING id") == [{"id": "1"}]
        for refused in (
            "INSERT INTO documents (tenant_id, id, title) VALUES ('a', '2', 'x') RETURNING 1",
            "UPDATE documents SET tenant_id = 'a' RETURNING 1",
            "INSERT INTO accounts VALUES ('2', 'x') RETURNING 1",
        ):
            with pytest.raises(ValueError, match="row-level security"):
                await unit.fetch(refused)
        assert await unit.fetch("DELETE FROM documents RETURNING title") == [{"title": "b"}]
    with pytest.raises(ValueError, match="read-only"):
        await database.fetch("b", "DELETE FROM documents RETURNING title")
    assert await database.fetch(SYSTEM, "SELECT title FROM documents") == [{"title": "a"}]


async def test_a_superuser_works_in_a_role_that_owns_nothing(empty_postgres: str) -> None:
    engine = PostgresDatabase(empty_postgres, TABLES, migrations=False)
    await engine.open()
    try:
        assert await engine.fetch(SYSTEM, "SELECT current_user AS role") == [{"role": postgres.ROLE}]
    finally:
        await engine.close()


async def test_a_commit_waits_for_the_disk_whatever_the_server_is_told(empty_postgres: str) -> None:
    url = psycopg.conninfo.make_conninfo(empty_postgres, options="")
    name = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    with psycopg.connect(url, autocommit=True) as link:
        link.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())
    engine = PostgresDatabase(url, TABLES, migrations=False)
    await engine.open()
    try:
        link = await engine.begin(SYSTEM)
        found = await (await link.execute("SHOW synchronous_commit")).fetchall()
        await engine.end(link, keep=False)
        assert found == [{"synchronous_commit": "on"}]
    finally:
        await engine.close()
        with psycopg.connect(url, autocommit=True) as link:
            link.execute(f"ALTER DATABASE {name} RESET synchronous_commit".encode())


async def cut_off(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as link:
        await link.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def test_a_connection_that_breaks_is_told_and_replaced(empty_postgres: str) -> None:
    engine = PostgresDatabase(empty_postgres, TABLES, migrations=False)
    await engine.open()

    async def broken() -> None:
        async with engine.unit("a") as unit:
            await unit.insert("documents", [{"id": "1", "title": "x"}])
            await cut_off(empty_postgres)

    async def broken_within() -> None:
        async with engine.unit("a") as unit:
            await cut_off(empty_postgres)
            await unit.insert("documents", [{"id": "2", "title": "x"}])

    try:
        for work in (broken, broken_within):
            with pytest.raises(DatabaseUnavailable):
                await work()
        async with asyncio.timeout(20):
            while True:
                try:
                    async with engine.unit("a") as unit:
                        await unit.insert("documents", [{"id": "3", "title": "x"}])
                    break
                except DatabaseUnavailable:
                    continue
        assert await engine.fetch("a", "SELECT id FROM documents") == [{"id": "3"}]
    finally:
        await engine.close()


async def test_an_address_without_a_server_is_told() -> None:
    engine = PostgresDatabase("postgresql://nobody@127.0.0.1:1/nothing", TABLES)
    with pytest.raises(DatabaseUnavailable, match="reached"):
        await engine.open()


@asynccontextmanager
async def opened(url: str, **options: str) -> AsyncIterator[PostgresDatabase]:
    """Open the engine with one document in it and settings of PostgreSQL's for its sessions."""
    told = " ".join(f"-c {name}={value}" for name, value in options.items())
    engine = PostgresDatabase(psycopg.conninfo.make_conninfo(url, options=told), TABLES, migrations=False)
    await engine.open()
    try:
        async with engine.unit("a") as unit:
            await unit.insert("documents", [{"id": "1", "title": "x"}])
        yield engine
    finally:
        await engine.close()


async def test_busy_connections_are_not_told_as_a_server_that_is_gone(
    owner_url: str, empty_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "CONNECTIONS_MAX", 2)
    monkeypatch.setattr(postgres, "CONNECT_TIMEOUT_S", 0.3)
    async with opened(owner_url) as engine:
        lent, done = asyncio.Semaphore(0), asyncio.Event()

        async def hold() -> None:
            async with engine.unit("a"):
                lent.release()
                await done.wait()

        holders = [asyncio.create_task(hold()) for _ in range(2)]
        for _ in holders:
            await lent.acquire()
        with pytest.raises(DatabaseUnavailable, match="busy"):
            await engine.fetch("a", "SELECT id FROM documents")
        with pytest.raises(DatabaseUnavailable, match="busy"):
            await hold()
        done.set()
        await asyncio.gather(*holders)
        assert await engine.fetch("a", "SELECT id FROM documents") == [{"id": "1"}]
        async with await psycopg.AsyncConnection.connect(empty_postgres, autocommit=True) as link:
            user = psycopg.conninfo.conninfo_to_dict(owner_url)["user"]
            await link.execute(f"ALTER ROLE {user} NOLOGIN".encode())
            await cut_off(empty_postgres)
        for _ in range(4):
            with pytest.raises(DatabaseUnavailable, match="reached"):
                await engine.fetch("a", "SELECT id FROM documents")


async def test_a_change_that_another_holds_up_is_told_to_try_again(empty_postgres: str) -> None:
    async with opened(empty_postgres, lock_timeout="100") as engine:
        changed, done = asyncio.Event(), asyncio.Event()

        async def change() -> None:
            async with engine.unit("a") as unit:
                await unit.update("documents", {"title": "y"}, {"id": "1"})
                changed.set()
                await done.wait()

        task = asyncio.create_task(change())
        await changed.wait()
        with pytest.raises(DatabaseUnavailable, match="held this for too long"):
            await change()
        done.set()
        await task


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (psycopg.errors.OutOfMemory(), "out of memory"),
        (psycopg.errors.TooManyConnections(), "max_connections"),
        (psycopg.errors.SerializationFailure(), "came first"),
        (psycopg.errors.AdminShutdown(), "reached"),
    ],
)
def test_each_failure_of_the_server_has_its_own_next_step(error: psycopg.Error, told: str) -> None:
    failure = translated(error)
    assert isinstance(failure, DatabaseUnavailable)
    assert told in failure.detail


def test_parameters_are_found_where_they_are_meant() -> None:
    text, values = translated_select(
        "SELECT ':a', \":b\", x::text, :a -- :c\n FROM t WHERE y LIKE '%x' AND z = :d AND e = :a",
        {"a": 1, "d": None},
    )
    assert text == (
        b"SELECT ':a', \":b\", x::text, %(a)s::bigint -- :c\n FROM t "
        b"WHERE y LIKE '%%x' AND z = NULL AND e = %(a)s::bigint"
    )
    assert values == {"a": 1, "d": None}
    with pytest.raises(ValueError, match=":x"):
        translated_select("SELECT :x", {})
