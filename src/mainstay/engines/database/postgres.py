"""PostgreSQL as the database: forced row-level security, the tenant set for each transaction."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from mainstay.engines.database.migrate import CURRENT, newest_version, upgrade_postgres
from mainstay.engines.database.postgres_shapes import adapted, reviewed, translated_select
from mainstay.engines.database.postgres_units import Link, PostgresUnit, rows_of, scope_setting, translated
from mainstay.engines.database.schema import create_sql
from mainstay.engines.database.statements import Statements, check_scope, check_values
from mainstay.ports.database import Database, DatabaseUnavailable, Row, Scalar, Scope, Table, Unit

ROLE = "mainstay_app"
CONNECTIONS_MAX = 10
CONNECT_TIMEOUT_S = 10.0
STATEMENT_MAX_MS = 60_000
_BACKUP_PIECE = 1 << 20
_OPEN_LOCK = 0x6D61696E  # "main": processes that start together create their tables one after another


def stored_version(url: str) -> str | None:
    """Give the version that a database has, without changing it; raises DatabaseUnavailable."""
    try:
        with psycopg.connect(url, connect_timeout=int(CONNECT_TIMEOUT_S)) as link:
            rows = link.execute(CURRENT).fetchall()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.Error as error:
        raise translated(error) from error
    return str(rows[0][0]) if rows else None


class PostgresDatabase:
    """A database on a PostgreSQL server; see `Database` for what it promises.

    Row-level security is forced upon every table. A login role that would bypass it (a superuser, or
    one with BYPASSRLS) only creates the tables; statements then run in the role `mainstay_app`, which
    owns nothing. If the connection breaks during COMMIT, DatabaseUnavailable is raised although the
    server may have kept the change: nobody can know.
    """

    def __init__(self, url: str, tables: Sequence[Table], *, migrations: bool = True) -> None:
        """Take the server's address and the declared tables; nothing is opened yet.

        With `migrations` off, or before there is a version file, the tables are made as they are declared.
        """
        self._url = url
        self._tables = tuple(tables)
        self._migrations = migrations
        self._restricted = False
        self.statements = Statements(self._tables, "%s")
        self._pool: AsyncConnectionPool[Link] | None = None
        self._taken = 0

    async def open(self) -> None:
        """Connect and bring every table into its present shape; raises DatabaseUnavailable."""
        if self._pool is not None:
            return
        try:
            async with await AsyncConnection.connect(self._url, autocommit=True, connect_timeout=10) as link:
                await self._set_up(link)
            pool: AsyncConnectionPool[Link] = AsyncConnectionPool(
                self._url,
                # A statement the driver prepares in a pipeline that then fails is lost to the server but not
                # to the driver (and poolers between them lose others), so nothing is prepared.
                kwargs={"autocommit": True, "row_factory": dict_row, "prepare_threshold": None},
                min_size=2,
                max_size=CONNECTIONS_MAX,
                timeout=CONNECT_TIMEOUT_S,
                configure=self._configure,
                check=None,
                open=False,
            )
            await pool.open(wait=True, timeout=CONNECT_TIMEOUT_S)
        except psycopg.Error as error:
            raise translated(error) from error
        self._pool = pool

    async def _set_up(self, link: AsyncConnection[Any]) -> None:
        await link.execute("SELECT pg_advisory_lock(%s)", (_OPEN_LOCK,))
        if self._migrations and newest_version() is not None:
            await self._migrate(link)
        else:
            for table in self._tables:
                for text in create_sql(table, "postgres"):
                    await link.execute(text.encode())
        found = await link.execute(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        row = await found.fetchone()
        self._restricted = bool(row and row[0])
        if self._restricted:
            await self._make_role(link)

    async def _migrate(self, link: AsyncConnection[Any]) -> None:
        newest = newest_version()
        known = await link.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL")
        if await known.fetchone() == (True,):
            stored = await link.execute(CURRENT)
            if await stored.fetchall() == [(newest,)]:
                return
        await asyncio.to_thread(upgrade_postgres, lambda: psycopg.connect(self._url))

    async def _make_role(self, link: AsyncConnection[Any]) -> None:
        known = await link.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (ROLE,))
        if await known.fetchone() is None:
            await link.execute(f"CREATE ROLE {ROLE} NOLOGIN NOSUPERUSER NOBYPASSRLS")
        await link.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
        tables = ", ".join(f'"{name}"' for name in self.statements.tables)
        await link.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {ROLE}".encode())

    async def _configure(self, link: Link) -> None:
        adapted(link)
        await link.execute(f"SET statement_timeout = {STATEMENT_MAX_MS}")
        if "synchronous_commit" not in self._url:  # whatever the server does: what is acknowledged is kept
            await link.execute("SET synchronous_commit = on")
        if self._restricted:
            await link.execute(f"SET ROLE {ROLE}")

    async def close(self) -> None:
        """Give everything back; what is not committed is undone."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    def _opened(self) -> "AsyncConnectionPool[Link]":
        if self._pool is None:
            raise DatabaseUnavailable("The database is not open: the server is starting or shutting down.")
        return self._pool

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Link]:
        """Lend a connection; raises DatabaseUnavailable for whatever the driver raises of that kind."""
        pool = self._opened()
        try:
            async with pool.connection() as link:
                self._taken += 1
                try:
                    yield link
                finally:
                    self._taken -= 1
        except (psycopg.Error, UnicodeEncodeError) as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> Exception:
        """Say what an error means: none comes free while all are lent, or because none can be made."""
        if isinstance(error, PoolTimeout) and not self._taken:
            return translated(psycopg.OperationalError(str(error)))
        return translated(error)

    async def begin(self, scope: Scope) -> Link:
        """Take a connection and open a transaction in a scope upon it; raises DatabaseUnavailable."""
        pool = self._opened()
        try:
            link = await pool.getconn()
        except psycopg.Error as error:
            raise self._told(error) from error
        self._taken += 1
        try:
            await link.execute(_beginning(scope, "BEGIN"))
        except BaseException as error:
            self._taken -= 1
            await pool.putconn(link)
            if isinstance(error, psycopg.Error):
                raise translated(error) from error
            raise
        return link

    async def end(self, link: Link, *, keep: bool) -> None:
        """Commit or undo, and give the connection back; raises DatabaseUnavailable."""
        try:
            if not keep:
                await link.execute("ROLLBACK")
                return
            done = await link.execute("COMMIT")
            if done.statusmessage != "COMMIT":
                raise DatabaseUnavailable("The database undid the change: try again.", retry_after_s=1.0)
        except psycopg.Error as error:
            await link.close()
            if keep:
                raise DatabaseUnavailable(
                    "PostgreSQL could not keep the change: try again.", retry_after_s=1.0
                ) from error
        finally:
            self._taken -= 1
            if self._pool is not None:
                await self._pool.putconn(link)
            else:
                await link.close()

    def prepared(
        self, scope: Scope, text: str, values: Mapping[str, Scalar] | None
    ) -> tuple[bytes, dict[str, Scalar]]:
        """Turn a SELECT of the port's dialect into the driver's; raises ValueError."""
        given = dict(values or {})
        check_values(list(given.values()))
        reviewed(text, self.statements.tables, scope)
        return translated_select(text, given)

    async def fetch(self, scope: Scope, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        """Read committed rows with a SELECT; in a tenant's scope only its own rows exist."""
        text, bound = self.prepared(scope, sql, values)
        check_scope(scope)
        async with self._connection() as link:
            await link.execute(_beginning(scope, "BEGIN READ ONLY"))
            async with link.pipeline():
                cursor = await link.execute(text, bound)
                await link.execute("COMMIT")
            return await rows_of(cursor, scope)

    def version(self) -> int | None:
        """Give none: to ask the server is as long a way as to read."""
        return None

    def unit(self, scope: Scope) -> AbstractAsyncContextManager[Unit]:
        """Open a unit of work; leaving the block commits durably, an exception undoes it."""
        check_scope(scope)
        self._opened()
        return PostgresUnit(self, scope)

    async def backup(self, folder: str) -> None:
        """Write every table's rows, of one moment, as `<folder>/<table>.copy` (as COPY … BINARY does)."""
        try:
            async with self._connection() as link:
                await link.execute("BEGIN READ ONLY, ISOLATION LEVEL REPEATABLE READ")
                await link.execute("SELECT set_config('mainstay.system', 'on', true)")
                await link.execute("SET LOCAL statement_timeout = 0")
                for name in self.statements.tables:
                    await _copy_out(link, name, Path(folder))
                await link.execute("COMMIT")
        except OSError as error:
            raise DatabaseUnavailable(
                f"The backup cannot be written ({error.strerror}): check the folder and its free space."
            ) from error


async def _copy_out(link: Link, table: str, folder: Path) -> None:
    """Write one table's rows to a file that only its owner can read, and wait for the disk."""
    file = await asyncio.to_thread(_new_file, folder, f"{table}.copy.partial")
    try:
        pending = bytearray()
        text = f'COPY (SELECT * FROM "{table}") TO STDOUT (FORMAT binary)'
        async with link.cursor().copy(text.encode()) as copy:
            async for piece in copy:
                pending += piece
                if len(pending) >= _BACKUP_PIECE:
                    await asyncio.to_thread(os.write, file, bytes(pending))
                    pending.clear()
        await asyncio.to_thread(os.write, file, bytes(pending))
        await asyncio.to_thread(os.fsync, file)
    finally:
        os.close(file)
    await asyncio.to_thread((folder / f"{table}.copy.partial").replace, folder / f"{table}.copy")


def _new_file(folder: Path, name: str) -> int:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _beginning(scope: Scope, verb: str) -> sql.Composed:
    """Give the statements that open a transaction and say whose rows it may touch, in one round trip."""
    opening = sql.SQL("BEGIN" if verb == "BEGIN" else "BEGIN READ ONLY,")
    return opening + sql.SQL(" ISOLATION LEVEL READ COMMITTED; ") + scope_setting(scope)


def _fits(database: PostgresDatabase) -> Database:
    return database
