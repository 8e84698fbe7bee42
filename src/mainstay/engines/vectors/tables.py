"""The tables of the pgvector engine: made when an encoder is first used."""

import hashlib
from dataclasses import dataclass
from typing import Final

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from mainstay.engines.vectors.sql_filters import SCHEMA
from mainstay.ports.vectors import Space

_LOCK: Final = 7_302_114_066_281  # any constant of our own: makers of tables take turns
_VECTOR_INDEX_MAX: Final = 2_000
_HALFVEC_INDEX_MAX: Final = 4_000


@dataclass(frozen=True)
class Tables:
    """The names of the tables that hold one encoder's vectors of one size, and the dense distance in SQL."""

    points: str
    terms: str
    distance: str


def tables_of(space: Space) -> Tables:
    """Give a space's tables; names are hashes, so that no user text becomes SQL."""
    key = hashlib.sha256(f"{space.dimensions}:{space.encoder}".encode()).hexdigest()[:24]
    dimensions = space.dimensions
    if _VECTOR_INDEX_MAX < dimensions <= _HALFVEC_INDEX_MAX:
        distance = f"p.dense::halfvec({dimensions}) <=> %s::halfvec({dimensions})"
    else:
        distance = f"p.dense <=> %s::vector({dimensions})"
    return Tables(f"{SCHEMA}.points_{key}", f"{SCHEMA}.terms_{key}", distance)


async def make_schema(connection: AsyncConnection[TupleRow]) -> None:
    """Make what all spaces share: the extension, the list of spaces and the functions of filters."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        await _drop_uuids(connection)
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {SCHEMA}.spaces ("
            "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant text NOT NULL, "
            "encoder text NOT NULL, dimensions integer NOT NULL, applied bigint NOT NULL DEFAULT 0, "
            "worded bigint NOT NULL DEFAULT 0, UNIQUE (tenant, encoder, dimensions))"
        )
        await connection.execute(
            f"CREATE OR REPLACE FUNCTION {SCHEMA}.moment(v jsonb) RETURNS timestamptz "
            "LANGUAGE sql STABLE AS $$ "
            r"SELECT CASE WHEN jsonb_typeof(v) = 'string' AND (v #>> '{}') ~ '^\d{4}-\d\d-\d\d' "
            "AND pg_input_is_valid(v #>> '{}', 'timestamptz') THEN (v #>> '{}')::timestamptz END $$"
        )
        collation = await _collation(connection)
        await connection.execute(
            f"CREATE OR REPLACE FUNCTION {SCHEMA}.words(v jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$ "
            "SELECT CASE WHEN jsonb_typeof(v) = 'string' THEN "
            f"regexp_split_to_array(lower((v #>> '{{}}') COLLATE {collation}), '[^[:alnum:]]+') END $$"
        )


async def _drop_uuids(connection: AsyncConnection[TupleRow]) -> None:
    """Drop an index that named points by UUIDs, as this engine once did: it is filled again."""
    cursor = await connection.execute(
        "SELECT 1 FROM information_schema.columns WHERE table_schema = %s AND column_name = 'id'"
        " AND data_type = 'uuid' LIMIT 1",
        (SCHEMA,),
    )
    if await cursor.fetchone() is not None:
        await connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


async def _collation(connection: AsyncConnection[TupleRow]) -> str:
    """Give a collation that knows all scripts' letters, whatever the database's own does."""
    cursor = await connection.execute(
        "SELECT collname FROM pg_collation WHERE collname IN ('pg_c_utf8', 'und-x-icu') ORDER BY 1 LIMIT 1"
    )
    row = await cursor.fetchone()
    return '"default"' if row is None else f'"{row[0]}"'


async def make_tables(connection: AsyncConnection[TupleRow], space: Space) -> None:
    """Make the tables of a space's encoder, unless they are there."""
    tables = tables_of(space)
    suffix = tables.points.rpartition("_")[2]
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {tables.points} ("
            "number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, space bigint NOT NULL "
            f"REFERENCES {SCHEMA}.spaces ON DELETE CASCADE, id bigint NOT NULL, "
            f"dense vector({space.dimensions}) NOT NULL, worded boolean NOT NULL, payload jsonb NOT NULL, "
            "UNIQUE (space, id))"
        )
        await connection.execute(
            f"CREATE TABLE IF NOT EXISTS {tables.terms} (space bigint NOT NULL, term bigint NOT NULL, "
            f"number bigint NOT NULL REFERENCES {tables.points} ON DELETE CASCADE, weight real NOT NULL, "
            "PRIMARY KEY (space, term, number) INCLUDE (weight))"
        )
        await connection.execute(
            f"CREATE INDEX IF NOT EXISTS terms_{suffix}_number ON {tables.terms} (number)"
        )
        await connection.execute(
            f"CREATE INDEX IF NOT EXISTS points_{suffix}_payload ON {tables.points} "
            "USING gin (payload jsonb_path_ops)"
        )
        await _index_dense(connection, tables, suffix, space.dimensions)


async def _index_dense(
    connection: AsyncConnection[TupleRow], tables: Tables, suffix: str, dimensions: int
) -> None:
    if dimensions <= _VECTOR_INDEX_MAX:
        column = "dense vector_cosine_ops"
    elif dimensions <= _HALFVEC_INDEX_MAX:
        column = f"(dense::halfvec({dimensions})) halfvec_cosine_ops"
    else:
        return  # beyond what an index can hold: searched exactly
    await connection.execute(
        f"CREATE INDEX IF NOT EXISTS points_{suffix}_dense ON {tables.points} USING hnsw ({column}) "
        "WITH (m = 16, ef_construction = 128)"
    )
