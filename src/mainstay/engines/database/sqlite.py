"""SQLite as the database: one file, one writer with group commit, readers that see one tenant."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from mainstay.engines.database.migrate import CURRENT, newest_version, upgrade_sqlite
from mainstay.engines.database.schema import create_sql
from mainstay.engines.database.sqlite_connections import (
    BUSY_TIMEOUT_MS,
    INLINE_MAX_S,
    Connection,
    TooLong,
    copied,
    opened,
    translated,
)
from mainstay.engines.database.sqlite_writer import Group, Writer, told
from mainstay.engines.database.statements import Filtered, Insertion, Statements, Values, check_scope, packed
from mainstay.kit.random import Random, SystemRandom
from mainstay.ports.database import (
    Condition,
    Database,
    DatabaseUnavailable,
    Row,
    Scalar,
    Scope,
    Table,
    Unit,
)

INLINE_ROWS_MAX = 200
INLINE_BYTES_MAX = 256 * 1024
READ_MAX_S = 30.0
_READ_THREADS = 4
_SLOW_SKIPS = 20
_SLOW_MAX = 1_000

T = TypeVar("T")

_open_units: ContextVar[tuple["SqliteUnit", ...]] = ContextVar("mainstay_sqlite_units", default=())


@dataclass
class _Turn:
    """What a unit of work has in common for all scopes."""

    open: bool = False
    group: Group | None = None
    working: bool = False


class SqliteUnit:
    """One unit of work: a savepoint inside the transaction of its group."""

    def __init__(
        self, database: "SqliteDatabase", writer: Writer, scope: Scope, turn: _Turn | None = None
    ) -> None:
        """Belong to a database; nothing is opened yet."""
        self.database = database
        self._writer = writer
        self._scope = scope
        self._statements = database.statements
        self._turn = turn or _Turn()

    @property
    def open(self) -> bool:
        """Say whether it may be written through still."""
        return self._turn.open

    async def __aenter__(self) -> Unit:
        """Wait for the writer; raises DatabaseUnavailable, or RuntimeError inside another unit."""
        outer = _open_units.get()
        if any(unit.open and unit.database is self.database for unit in outer):
            raise RuntimeError("a unit of work is open already: write through it, or leave its block first")
        self._turn.group = await self._writer.enter()
        self._turn.open = True
        _open_units.set((*(unit for unit in outer if unit.open), self))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit durably, or undo; raises DatabaseUnavailable when the commit fails."""
        self._turn.open = False
        _open_units.set(tuple(unit for unit in _open_units.get() if unit.open))
        group = self._entered()
        if error is None:
            await self._writer.keep(group)
        else:
            self._writer.undo(group)

    def _entered(self) -> Group:
        if self._turn.group is None:
            raise RuntimeError("the unit of work is not open: use `async with`")
        return self._turn.group

    def _ready(self) -> Connection:
        """Give the connection, if this unit may still use it."""
        group = self._entered()
        if not self.open:
            raise RuntimeError("the unit of work is closed: nothing can be written through it any more")
        if self._turn.working:
            raise RuntimeError("the unit of work is busy: await one call before the next")
        if group.broken is not None:
            raise told(group.broken)
        return self._writer.connection

    async def _write(self, work: Callable[[], "list[int]"], *, inline: bool) -> list[int]:
        """Run a write on the event loop, or in the writer's thread if it may take long."""
        try:
            return work() if inline else await self._in_thread(work)
        except sqlite3.Error as error:
            self._writer.judge(self._entered(), error)
            raise translated(error) from error
        except (UnicodeEncodeError, OverflowError) as error:
            raise translated(error) from error

    async def insert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> list[int]:
        """Add rows; give their sequence numbers."""
        return await self._insert(table, rows, replace=False)

    async def upsert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> None:
        """Add rows, or replace the given columns of those with the same primary key."""
        await self._insert(table, rows, replace=True)

    async def _insert(self, table: str, rows: Sequence[Mapping[str, Scalar]], *, replace: bool) -> list[int]:
        raw = self._ready().raw
        if not rows:
            return []
        insertion = self._statements.insertion(self._scope, table, rows[0], replace=replace)
        values, size = packed(insertion, rows, self._scope, scoped=self._statements.tables[table].scoped)
        inline = len(values) <= INLINE_ROWS_MAX and size <= INLINE_BYTES_MAX
        if len(values) == 1:
            return await self._write(lambda: _insert_one(raw, insertion, values[0]), inline=inline)
        return await self._write(lambda: self._insert_many(insertion, values), inline=inline)

    def _insert_many(self, insertion: Insertion, values: list[Values]) -> list[int]:
        """Add all rows or none."""
        connection = self._writer.connection
        connection.run("SAVEPOINT i")
        try:
            if insertion.numbered:
                numbers = [number for one in values for number in _insert_one(connection.raw, insertion, one)]
            else:
                numbers = []
                connection.raw.executemany(insertion.sql, values)
        except BaseException:
            if connection.raw.in_transaction:
                connection.run("ROLLBACK TO i")
                connection.run("RELEASE i")
            raise
        connection.run("RELEASE i")
        return numbers

    async def update(self, table: str, values: Mapping[str, Scalar], where: Condition) -> int:
        """Change the rows that meet every condition; give their number."""
        self._ready()
        return await self._change(table, self._statements.update(self._scope, table, values, where))

    async def delete(self, table: str, where: Condition) -> int:
        """Remove the rows that meet every condition; give their number."""
        self._ready()
        return await self._change(table, self._statements.delete(self._scope, table, where))

    async def _change(self, table: str, change: Filtered) -> int:
        raw = self._writer.connection.raw
        inline = change.points is not None and change.points <= INLINE_ROWS_MAX
        if change.points is None:
            # An interrupted update takes the whole transaction with it, so the work is measured first.
            inline = self._is_small(table, change)

        def work() -> list[int]:
            return [raw.execute(change.sql, change.values).rowcount]

        return (await self._write(work, inline=inline))[0]

    def _is_small(self, table: str, change: Filtered) -> bool:
        connection = self._writer.connection
        probe = self._statements.probe(table, change.where, INLINE_ROWS_MAX + 1)
        try:
            (found,) = connection.probe(probe, change.where_values, INLINE_MAX_S)
        except TooLong:
            return False
        return isinstance(found, int) and found <= INLINE_ROWS_MAX

    async def fetch(self, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        """Read with a SELECT, seeing what this unit has written."""
        connection = self._ready()
        try:
            return connection.select(self._scope, sql, values, INLINE_MAX_S)
        except TooLong:
            return await self._in_thread(lambda: connection.select(self._scope, sql, values, None))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        self._turn.working = True
        try:
            return await self._writer.in_thread(work)
        finally:
            self._turn.working = False

    def within(self, scope: Scope) -> Unit:
        """Give this same unit for another scope's rows."""
        if scope == self._scope:
            return self
        check_scope(scope)
        return SqliteUnit(self.database, self._writer, scope, self._turn)


def _insert_one(raw: sqlite3.Connection, insertion: Insertion, values: Values) -> list[int]:
    cursor = raw.execute(insertion.sql, values)
    return [cursor.lastrowid] if insertion.numbered and cursor.lastrowid is not None else []


class SqliteDatabase:
    """A database in one SQLite file (WAL, synchronous=FULL); see `Database` for what it promises.

    Reads run on the event loop for at most a few milliseconds; what takes longer starts again in a
    thread. Several processes may open the same file: writers wait for each other.
    """

    def __init__(
        self, path: Path, tables: Sequence[Table], *, migrations: bool = True, random: Random | None = None
    ) -> None:
        """Take the file's path and the declared tables; nothing is opened yet.

        With `migrations` off, or before there is a version file, the tables are made as they are declared.
        """
        self._path = path
        self._tables = tuple(tables)
        self._migrations = migrations
        self._secret = "m" + (random or SystemRandom()).token(16).hex()
        self.statements = Statements(self._tables, "?", prefix=f"/*{self._secret}*/", schema="main.")
        self._writer: Writer | None = None
        self._near: Connection | None = None
        self._openings = 0
        self._far: list[Connection] = []
        self._slow: dict[str, int] = {}
        self._threads = ThreadPoolExecutor(_READ_THREADS, "mainstay-database-read")

    async def open(self) -> None:
        """Open the file, making it if need be, with every table in its present shape."""
        if self._writer is not None:
            return
        loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(_READ_THREADS, "mainstay-database-read")
        connection = await loop.run_in_executor(self._threads, self._open_writer)
        self._near = await loop.run_in_executor(self._threads, self._open_reader)
        self._openings += 1  # another connection counts from the beginning
        self._writer = Writer(connection, self._open_writer)

    def _open_writer(self) -> Connection:
        return opened(self._path, self._tables, self._secret, writes=True, setup=self._set_up)

    def _open_reader(self) -> Connection:
        return opened(self._path, self._tables, self._secret, writes=False, setup=None)

    def _set_up(self, connection: Connection) -> None:
        if self._migrations and newest_version() is not None:
            self._migrate(connection)
            return
        connection.run("BEGIN IMMEDIATE")
        for table in self._tables:
            for sql in create_sql(table, "sqlite"):
                connection.run(sql)
        connection.run("COMMIT")

    def _migrate(self, connection: Connection) -> None:
        newest = newest_version()
        known = connection.run("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")
        if not known or connection.run(CURRENT) != [(newest,)]:
            upgrade_sqlite(self._path)

    async def close(self) -> None:
        """Give everything back; what is not committed is undone."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        await writer.close()
        if self._near is not None:
            self._near.close()
            self._near = None
        self._threads.shutdown()
        while self._far:
            self._far.pop().close()

    def _opened(self) -> Writer:
        if self._writer is None:
            raise DatabaseUnavailable("The database is not open: the server is starting or shutting down.")
        return self._writer

    async def fetch(self, scope: Scope, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        """Read committed rows with a SELECT; in a tenant's scope only its own rows exist."""
        check_scope(scope)
        if self._near is None:
            raise DatabaseUnavailable("The database is not open: the server is starting or shutting down.")
        skips = self._slow.get(sql, 0)
        if not skips:
            try:
                return self._near.select(scope, sql, values, INLINE_MAX_S)
            except TooLong:
                skips = _SLOW_SKIPS
        # A text that took too long goes to a thread at once for a while: it would only stop the loop again.
        self._note_slow(sql, skips - 1)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._read_far, scope, sql, values)

    def version(self) -> int | None:
        """Give the number by which SQLite tells a connection that another one has committed."""
        if self._near is None:
            return None
        try:
            (number,) = self._near.probe("PRAGMA data_version", (), INLINE_MAX_S)
        except TooLong:
            return None
        return self._openings << 32 | int(number or 0)

    def _note_slow(self, sql: str, skips: int) -> None:
        if len(self._slow) >= _SLOW_MAX:
            self._slow.clear()
        self._slow[sql] = skips

    def _read_far(self, scope: Scope, sql: str, values: Mapping[str, Scalar] | None) -> list[Row]:
        """Read in a thread, however long it takes."""
        try:
            connection = self._far.pop()
        except IndexError:
            connection = self._open_reader()
            connection.wait_for_locks(BUSY_TIMEOUT_MS)
        try:
            return connection.select(scope, sql, values, READ_MAX_S)
        except TooLong as error:
            raise DatabaseUnavailable(
                f"A query took longer than {READ_MAX_S:.0f} s: ask for less."
            ) from error
        finally:
            self._far.append(connection)

    def unit(self, scope: Scope) -> AbstractAsyncContextManager[Unit]:
        """Open a unit of work; leaving the block commits durably, an exception undoes it."""
        check_scope(scope)
        return SqliteUnit(self, self._opened(), scope)

    async def backup(self, folder: str) -> None:
        """Write a consistent copy to `<folder>/mainstay.db` while the database goes on serving."""
        self._opened()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._threads, copied, self._path, Path(folder))


def _fits(database: SqliteDatabase) -> Database:
    return database
