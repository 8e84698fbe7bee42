"""A unit of work on PostgreSQL, and what its errors mean."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg import AsyncConnection, errors, sql
from psycopg.pq import TransactionStatus
from psycopg_pool import PoolTimeout

from mainstay.engines.database.schema import TENANT
from mainstay.engines.database.statements import Filtered, Insertion, Statements, Values, check_scope, packed
from mainstay.kit.errors import Invalid
from mainstay.ports.database import (
    Condition,
    DatabaseUnavailable,
    Row,
    Scalar,
    Scope,
    System,
    UniqueViolated,
    Unit,
)

Link = AsyncConnection[dict[str, Any]]
T = TypeVar("T")

_open_units: ContextVar[tuple["PostgresUnit", ...]] = ContextVar("mainstay_postgres_units", default=())


_endings: set[asyncio.Task[None]] = set()


def _ended(task: asyncio.Task[None]) -> None:
    _endings.discard(task)
    if not task.cancelled():
        task.exception()  # whoever waits is told; if nobody waits any more, nobody needs to be


class Transactions(Protocol):
    """What a unit asks of its database."""

    statements: Statements

    async def begin(self, scope: Scope) -> Link:
        """Take a connection and open a transaction upon it."""
        ...

    async def end(self, link: Link, *, keep: bool) -> None:
        """Commit or undo, and give the connection back."""
        ...

    def prepared(
        self, scope: Scope, text: str, values: Mapping[str, Scalar] | None
    ) -> tuple[bytes, dict[str, Scalar]]:
        """Turn a SELECT of the port's dialect into the driver's."""
        ...


def translated(error: Exception) -> Exception:
    """Turn what the driver raises into what the port promises."""
    if isinstance(error, errors.UniqueViolation):
        return UniqueViolated(str(error.diag.message_primary))
    if isinstance(error, UnicodeEncodeError):
        return Invalid("A text holds half a character (a lone surrogate): remove it and try again.")
    if isinstance(error, errors.NumericValueOutOfRange):
        return Invalid("A number does not fit 64 bits: send a smaller one.")
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        step = next((step for kind, step in _NEXT_STEPS if isinstance(error, kind)), _UNREACHABLE)
        return DatabaseUnavailable(step, retry_after_s=1.0)
    return (
        ValueError(f"the database refuses the statement: {error}")
        if isinstance(error, psycopg.Error)
        else error
    )


_UNREACHABLE = "PostgreSQL cannot be reached: check that it runs and that its address is right."
_NEXT_STEPS: tuple[tuple[type[Exception], str], ...] = (
    (PoolTimeout, "All connections to PostgreSQL are busy: try again in a moment, or ask less at once."),
    (errors.DiskFull, "The database's disk is full: free some space, then writing goes on by itself."),
    (errors.OutOfMemory, "PostgreSQL ran out of memory: ask for less at once, or give it more."),
    (errors.TooManyConnections, "PostgreSQL has no connection left: raise its max_connections."),
    (errors.QueryCanceled, "A query took too long: ask for less."),
    (errors.DeadlockDetected, "Two changes waited for each other: try again."),
    (errors.SerializationFailure, "Another change came first: try again."),
    (errors.LockNotAvailable, "Another change held this for too long: try again in a moment."),
)


@dataclass
class _Turn:
    """What a unit of work has in common for all scopes; `scope` is whose rows the server shows now."""

    scope: Scope
    open: bool = False
    link: Link | None = None
    working: bool = False


class PostgresUnit:
    """One unit of work: a transaction on a connection of its own."""

    def __init__(self, database: Transactions, scope: Scope, turn: _Turn | None = None) -> None:
        """Belong to a database; nothing is opened yet."""
        self.database = database
        self._scope = scope
        self._statements = database.statements
        self._turn = turn or _Turn(scope)

    @property
    def open(self) -> bool:
        """Say whether it may be written through still."""
        return self._turn.open

    async def __aenter__(self) -> Unit:
        """Begin; raises DatabaseUnavailable, or RuntimeError inside another unit."""
        outer = _open_units.get()
        if any(unit.open and unit.database is self.database for unit in outer):
            raise RuntimeError("a unit of work is open already: write through it, or leave its block first")
        self._turn.link = await self.database.begin(self._scope)
        self._turn.open = True
        _open_units.set((*(unit for unit in outer if unit.open), self))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit durably, or undo; raises DatabaseUnavailable when the commit fails."""
        self._turn.open = False
        _open_units.set(tuple(unit for unit in _open_units.get() if unit.open))
        link, self._turn.link = self._entered(), None
        # The end of a transaction goes on even if whoever waits for it is cancelled.
        ending = asyncio.create_task(self.database.end(link, keep=error is None))
        _endings.add(ending)
        ending.add_done_callback(_ended)
        await asyncio.shield(ending)

    def _entered(self) -> Link:
        if self._turn.link is None:
            raise RuntimeError("the unit of work is closed: nothing can be written through it any more")
        if self._turn.working:
            raise RuntimeError("the unit of work is busy: await one call before the next")
        return self._turn.link

    async def _guarded(self, work: Callable[[Link], Awaitable[T]]) -> T:
        """Run one statement so that its failure undoes itself alone, in one round trip."""
        link = self._entered()
        self._turn.working = True
        try:
            async with link.pipeline():
                if self._turn.scope != self._scope:  # before the savepoint, whose undoing would undo it
                    await link.execute(scope_setting(self._scope))
                    self._turn.scope = self._scope
                await link.execute("SAVEPOINT i")
                done = await work(link)
                await link.execute("RELEASE i")
        except Exception as error:
            if link.info.transaction_status == TransactionStatus.INERROR:
                await link.execute("ROLLBACK TO i")
                await link.execute("RELEASE i")
            raise translated(error) from error
        else:
            return done
        finally:
            self._turn.working = False

    async def insert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> list[int]:
        """Add rows; give their sequence numbers."""
        return await self._insert(table, rows, replace=False)

    async def upsert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> None:
        """Add rows, or replace the given columns of those with the same primary key."""
        await self._insert(table, rows, replace=True)

    async def _insert(self, table: str, rows: Sequence[Mapping[str, Scalar]], *, replace: bool) -> list[int]:
        self._entered()
        if not rows:
            return []
        insertion = self._statements.insertion(self._scope, table, rows[0], replace=replace)
        values, _ = packed(insertion, rows, self._scope, scoped=self._statements.tables[table].scoped)
        plain = [_plain(one) for one in values]
        return await self._guarded(lambda link: _inserted(link, table, insertion, plain))

    async def update(self, table: str, values: Mapping[str, Scalar], where: Condition) -> int:
        """Change the rows that meet every condition; give their number."""
        self._entered()
        return await self._change(self._statements.update(self._scope, table, values, where))

    async def delete(self, table: str, where: Condition) -> int:
        """Remove the rows that meet every condition; give their number."""
        self._entered()
        return await self._change(self._statements.delete(self._scope, table, where))

    async def _change(self, change: Filtered) -> int:
        cursor = await self._guarded(lambda link: link.execute(change.sql.encode(), _plain(change.values)))
        return cursor.rowcount

    async def fetch(self, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        """Read with a SELECT, seeing what this unit has written."""
        self._entered()
        text, bound = self.database.prepared(self._scope, sql, values)
        cursor = await self._guarded(lambda link: link.execute(text, bound))
        return await rows_of(cursor, self._scope)

    def within(self, scope: Scope) -> Unit:
        """Give this same unit for another scope's rows."""
        if scope == self._scope:
            return self
        check_scope(scope)
        return PostgresUnit(self.database, scope, self._turn)


async def _inserted(link: Link, table: str, insertion: Insertion, values: list[Values]) -> list[int]:
    if not insertion.numbered:
        if len(values) == 1:
            await link.execute(insertion.sql.encode(), values[0])
        else:
            await link.cursor().executemany(insertion.sql.encode(), values)
        return []
    # Without the lock a larger number could be committed, and read, before a smaller one.
    await link.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"mainstay.{table}",))
    cursor = link.cursor()
    await cursor.executemany(insertion.sql.encode(), values, returning=True)
    numbers: list[int] = []
    async for result in cursor.results():
        numbers += [number for row in await result.fetchall() for number in row.values()]
    return numbers


def scope_setting(scope: Scope) -> sql.Composed:
    """Give the statement that says whose rows a transaction may touch from now on."""
    system = isinstance(scope, System)
    return sql.SQL(
        "SELECT set_config('mainstay.tenant', {tenant}, true), set_config('mainstay.system', {system}, true)"
    ).format(
        tenant=sql.Literal("" if isinstance(scope, System) else scope),
        system=sql.Literal("on" if system else "off"),
    )


def _plain(values: Values) -> Values:
    """Make booleans the integers they are in a table."""
    return tuple(int(value) if isinstance(value, bool) else value for value in values)


async def rows_of(cursor: psycopg.AsyncCursor[dict[str, Any]], scope: Scope) -> list[Row]:
    """Give the rows of a SELECT, without the tenant where a tenant asks."""
    rows = await cursor.fetchall()
    if not isinstance(scope, System):
        for row in rows:
            row.pop(TENANT, None)
    return list(rows)
