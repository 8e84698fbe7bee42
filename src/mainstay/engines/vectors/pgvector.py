"""PostgreSQL with pgvector: for those who keep everything in one server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout

from mainstay.engines.vectors.checks import check_leg, check_points, is_empty
from mainstay.engines.vectors.conditions import steps
from mainstay.engines.vectors.rows import Row, advance, put, rank, to_row
from mainstay.engines.vectors.sql_filters import SCHEMA, compile_filter
from mainstay.engines.vectors.tables import make_schema, make_tables, tables_of
from mainstay.ports.failures import VectorsUnavailable
from mainstay.ports.vectors import NO_MATCHES, FieldType, Filter, Leg, Matches, Point, Space

_CHUNK: Final = 200
_SESSION: Final = (
    "SET TimeZone = 'UTC'",
    "SET synchronous_commit = on",
    "SET hnsw.ef_search = 120",
    # Goes on through the graph until the limit is full, however narrow the filter.
    "SET hnsw.iterative_scan = strict_order",
    "SET hnsw.max_scan_tuples = 2147483647",
)


class PgvectorVectors:
    """Spaces as rows of one table for each encoder, with `applied` in the transaction of the change.

    The sparse leg scores like Qdrant's: Σ weight × weight × ln((N − df + 0.5) / (df + 0.5) + 1), N and df
    counted over the space's points that have words (deleted points leave the count at once). One GIN
    index serves equality on every payload field; ranges, dates and words are tested on the candidates.
    """

    def __init__(self, url: str, *, connections_max: int = 8, wait_seconds: float = 10.0) -> None:
        """Take the URL of a database in which this user may create a schema and the extension."""
        self._wait_s = wait_seconds
        self._pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=connections_max,
            open=False,
            configure=_configure,
            timeout=wait_seconds,
            # Plans are made for the values at hand: a filter's width decides between graph and index.
            kwargs={"prepare_threshold": None},
        )
        self._turn = asyncio.Lock()
        self._ready = False
        self._spaces: dict[Space, int] = {}
        self._locks: dict[Space, asyncio.Lock] = {}

    async def upsert(self, space: Space, points: Sequence[Point], *changes: int) -> None:
        """Add or replace the points of some changes in one transaction.

        Raises ValueError for a wrong dimension, number, id or a payload that PostgreSQL cannot hold.
        """
        latest: dict[int, Row] = {}
        for start in range(0, len(points), _CHUNK):
            chunk = points[start : start + _CHUNK]
            check_points(chunk, space.dimensions)
            latest |= {row.id: row for row in map(to_row, chunk)}
            await asyncio.sleep(0)
        rows = list(latest.values())
        await self._make(space)
        async with self._changing(space) as connection:
            number = self._spaces[space]
            worded = 0
            for start in range(0, len(rows), _CHUNK):
                worded += await put(connection, space, number, rows[start : start + _CHUNK])
            await advance(connection, number, max(changes), worded)

    async def delete(self, space: Space, where: Filter, change: int) -> None:
        """Remove the points that match."""
        chosen = compile_filter(where, "p.payload")
        if await self._find(space) is None:
            return
        async with self._changing(space) as connection:
            number = self._spaces[space]
            cursor = await connection.execute(
                f"WITH gone AS (DELETE FROM {tables_of(space).points} p WHERE p.space = %s AND {chosen.sql} "
                "RETURNING p.worded) SELECT count(*) FILTER (WHERE worded) FROM gone",
                (number, *chosen.parameters),
            )
            row = await cursor.fetchone()
            await advance(connection, number, change, -int(row[0]) if row else 0)

    async def search(self, space: Space, legs: Sequence[Leg]) -> list[Matches]:
        """Fetch each leg's nearest points, best first. Raises ValueError for a wrong dimension or limit."""
        for leg in legs:
            check_leg(leg, space.dimensions)
        if await self._find(space) is None:
            return [NO_MATCHES for _ in legs]
        return list(await asyncio.gather(*(self._search_leg(space, leg) for leg in legs)))

    async def count(self, space: Space, where: Filter | None = None) -> int:
        """Count points exactly."""
        chosen = compile_filter(where, "p.payload")
        if await self._find(space) is None:
            return 0
        async with self._connection() as connection:
            cursor = await connection.execute(
                f"SELECT count(*) FROM {tables_of(space).points} p WHERE p.space = %s AND {chosen.sql}",
                (self._spaces[space], *chosen.parameters),
            )
            row = await cursor.fetchone()
            return int(row[0]) if row else 0

    async def applied(self, space: Space) -> int:
        """Give the number of the last change that a crash cannot undo (0 for an empty space)."""
        if await self._find(space) is None:
            return 0
        async with self._connection() as connection:
            cursor = await connection.execute(
                f"SELECT applied FROM {SCHEMA}.spaces WHERE id = %s", (self._spaces[space],)
            )
            row = await cursor.fetchone()
            return int(row[0]) if row else 0

    async def index_field(self, space: Space, field: str, kind: FieldType) -> None:
        """Check the field's name; the payload's one index already serves every field."""
        del kind
        steps(field)
        await self._make(space)

    async def optimize(self, space: Space) -> None:
        """Clear away dead rows and renew the planner's statistics."""
        if await self._find(space) is None:
            return
        tables = tables_of(space)
        async with self._connection() as connection:
            await connection.set_autocommit(True)
            try:
                await connection.execute(f"VACUUM (ANALYZE) {tables.points}")
                await connection.execute(f"VACUUM (ANALYZE) {tables.terms}")
            finally:
                await connection.set_autocommit(False)

    async def flush(self) -> None:
        """Do nothing: each change was committed durably."""

    async def drop(self, space: Space) -> None:
        """Forget a space."""
        if await self._find(space) is None:
            return
        async with self._locks[space], self._connection() as connection:
            await connection.execute(f"DELETE FROM {SCHEMA}.spaces WHERE id = %s", (self._spaces[space],))
        del self._spaces[space]

    async def forget(self, tenant: str) -> None:
        """Drop every space of a tenant."""
        async with self._connection() as connection:
            cursor = await connection.execute(
                f"SELECT encoder, dimensions FROM {SCHEMA}.spaces WHERE tenant = %s", (tenant,)
            )
            rows = await cursor.fetchall()
        for encoder, dimensions in rows:
            await self.drop(Space(tenant, str(encoder), int(dimensions)))

    async def close(self) -> None:
        """Give the connections back; a second call does nothing."""
        if not self._pool.closed:
            await self._pool.close(self._wait_s)

    async def _search_leg(self, space: Space, leg: Leg) -> Matches:
        if is_empty(leg):
            return NO_MATCHES
        async with self._connection() as connection:
            return await rank(connection, space, self._spaces[space], leg)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Lend a connection whose transaction is committed when the block ends."""
        try:
            await self._open()
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.DataError as error:
            raise ValueError(f"PostgreSQL cannot hold this: {error}") from error
        except (psycopg.Error, PoolTimeout, PoolClosed) as error:
            raise VectorsUnavailable(
                f"The search index in PostgreSQL cannot answer ({error}). Check that it runs.",
                retry_after_s=5,
            ) from error

    async def _open(self) -> None:
        if self._ready:
            return
        async with self._turn:
            if not self._ready:
                await self._pool.open()
                async with self._pool.connection() as connection:
                    await make_schema(connection)
                self._ready = True

    async def _find(self, space: Space) -> int | None:
        """Give the space's number in the database, None where it was never written to."""
        if space not in self._spaces:
            async with self._connection() as connection:
                cursor = await connection.execute(
                    f"SELECT id FROM {SCHEMA}.spaces WHERE tenant = %s AND encoder = %s AND dimensions = %s",
                    (space.tenant, space.encoder, space.dimensions),
                )
                row = await cursor.fetchone()
            if row is None:
                return None
            self._spaces[space] = int(row[0])
            self._locks.setdefault(space, asyncio.Lock())
        return self._spaces[space]

    async def _make(self, space: Space) -> None:
        if await self._find(space) is not None:
            return
        async with self._connection() as connection:
            await make_tables(connection, space)
            await connection.execute(
                f"INSERT INTO {SCHEMA}.spaces (tenant, encoder, dimensions) VALUES (%s, %s, %s) "
                "ON CONFLICT DO NOTHING",
                (space.tenant, space.encoder, space.dimensions),
            )
        await self._find(space)

    @contextlib.asynccontextmanager
    async def _changing(self, space: Space) -> AsyncIterator[AsyncConnection[TupleRow]]:
        """Lend a connection to the only writer of a space."""
        async with self._locks[space], self._connection() as connection:
            await connection.execute(
                f"SELECT 1 FROM {SCHEMA}.spaces WHERE id = %s FOR UPDATE", (self._spaces[space],)
            )
            yield connection


async def _configure(connection: AsyncConnection[TupleRow]) -> None:
    """Set up a new connection; the extension's settings exist once it is loaded."""
    cursor = await connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'vector'")
    if await cursor.fetchone() is None:
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    await connection.execute("SELECT '[1]'::vector")
    for setting in _SESSION:
        await connection.execute(setting)
    await connection.commit()
