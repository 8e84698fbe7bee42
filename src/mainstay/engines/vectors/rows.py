"""What the pgvector engine says in SQL: points put in, legs ranked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from mainstay.engines.vectors.sql_filters import SCHEMA, compile_filter
from mainstay.engines.vectors.tables import tables_of
from mainstay.ports.vectors import Leg, Matches, Point, Space, Sparse, Vector


@dataclass(frozen=True)
class Row:
    """A point as PostgreSQL takes it."""

    id: int
    dense: str
    payload: str
    terms: list[int]
    weights: list[float]


def to_row(point: Point) -> Row:
    """Put a checked point into the form of a row; raises ValueError for a payload that jsonb cannot hold."""
    payload = json.dumps(dict(point.payload), allow_nan=False)
    if "\\u0000" in payload.replace("\\\\", ""):
        raise ValueError("a payload in PostgreSQL must not hold the character U+0000")
    sparse = point.sparse
    return Row(
        point.id,
        vector_text(point.dense),
        payload,
        sparse.indices.tolist(),
        sparse.weights.tolist(),
    )


def vector_text(vector: Vector) -> str:
    """Write a vector the way pgvector reads it, every float in full."""
    return "[" + ",".join(map(repr, vector.tolist())) + "]"


async def put(connection: AsyncConnection[TupleRow], space: Space, number: int, rows: Sequence[Row]) -> int:
    """Add or replace points; gives by how many the space's points with words have grown."""
    tables = tables_of(space)
    cursor = await connection.execute(
        f"SELECT count(*) FILTER (WHERE worded) FROM {tables.points} "
        "WHERE space = %s AND id = ANY(%s::bigint[])",
        (number, [row.id for row in rows]),
    )
    before = await cursor.fetchone()
    cursor = await connection.execute(
        f"INSERT INTO {tables.points} AS p (space, id, dense, worded, payload) "
        f"SELECT %s, r.id, r.dense::vector({space.dimensions}), r.worded, r.payload::jsonb "
        "FROM unnest(%s::bigint[], %s::text[], %s::boolean[], %s::text[]) r(id, dense, worded, payload) "
        "ON CONFLICT (space, id) DO UPDATE SET dense = excluded.dense, worded = excluded.worded, "
        "payload = excluded.payload RETURNING p.id, p.number",
        (
            number,
            [row.id for row in rows],
            [row.dense for row in rows],
            [bool(row.terms) for row in rows],
            [row.payload for row in rows],
        ),
    )
    numbers = {int(found): int(place) for found, place in await cursor.fetchall()}
    await connection.execute(
        f"DELETE FROM {tables.terms} WHERE number = ANY(%s::bigint[])", (list(numbers.values()),)
    )
    await connection.execute(
        f"INSERT INTO {tables.terms} (space, term, number, weight) "
        "SELECT %s, t.term, t.number, t.weight FROM unnest(%s::bigint[], %s::bigint[], %s::real[]) "
        "t(term, number, weight)",
        (
            number,
            [term for row in rows for term in row.terms],
            [numbers[row.id] for row in rows for _ in row.terms],
            [weight for row in rows for weight in row.weights],
        ),
    )
    return sum(1 for row in rows if row.terms) - (int(before[0]) if before else 0)


async def advance(connection: AsyncConnection[TupleRow], number: int, applied: int, worded: int) -> None:
    """Write how far the space has come, and how many points have words, with the change itself."""
    await connection.execute(
        f"UPDATE {SCHEMA}.spaces SET applied = greatest(applied, %s), worded = worded + %s WHERE id = %s",
        (applied, worded, number),
    )


async def rank(connection: AsyncConnection[TupleRow], space: Space, number: int, leg: Leg) -> Matches:
    """Fetch one leg, best first."""
    sql, parameters = (
        _by_terms(space, number, leg, leg.by)
        if isinstance(leg.by, Sparse)
        else _by_dense(space, number, leg, leg.by)
    )
    cursor = await connection.execute(sql, parameters)
    rows = await cursor.fetchall()
    return Matches(
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.float64),
        () if leg.fields == () else [_chosen(row[2], leg.fields) for row in rows],
        [np.array(json.loads(row[3]), np.float32) for row in rows] if leg.vectors else (),
    )


def _chosen(payload: Mapping[str, object], fields: Sequence[str] | None) -> Mapping[str, object]:
    return payload if fields is None else {name: payload[name] for name in fields if name in payload}


def _by_dense(space: Space, number: int, leg: Leg, vector: Vector) -> tuple[str, list[object]]:
    tables, chosen, text = tables_of(space), compile_filter(leg.where, "p.payload"), vector_text(vector)
    sql = (
        f"SELECT p.id, 1 - (p.dense <=> %s::vector), p.payload, {_dense(leg)} FROM {tables.points} p "
        f"WHERE p.space = %s AND {chosen.sql} ORDER BY {tables.distance} LIMIT %s"
    )
    return sql, [text, number, *chosen.parameters, text, leg.limit]


def _by_terms(space: Space, number: int, leg: Leg, sparse: Sparse) -> tuple[str, list[object]]:
    tables, chosen = tables_of(space), compile_filter(leg.where, "p.payload")
    # The document frequency is counted over the whole space, before the filter narrows the candidates.
    sql = (
        "WITH asked AS (SELECT * FROM unnest(%s::bigint[], %s::float8[]) a(term, weight)), "
        "weighed AS (SELECT asked.term, "
        "asked.weight * ln((s.worded - f.df + 0.5) / (f.df + 0.5) + 1) AS weight "
        f"FROM asked JOIN {SCHEMA}.spaces s ON s.id = %s CROSS JOIN LATERAL (SELECT count(*)::float8 AS df "
        f"FROM {tables.terms} t WHERE t.space = s.id AND t.term = asked.term) f), "
        "scored AS (SELECT t.number, sum(t.weight * weighed.weight) AS score "
        f"FROM weighed JOIN {tables.terms} t ON t.space = %s AND t.term = weighed.term GROUP BY t.number) "
        f"SELECT p.id, scored.score, p.payload, {_dense(leg)} FROM scored "
        f"JOIN {tables.points} p ON p.number = scored.number "
        f"WHERE {chosen.sql} ORDER BY scored.score DESC, p.id LIMIT %s"
    )
    words, weights = sparse.indices.tolist(), sparse.weights.tolist()
    return sql, [words, weights, number, number, *chosen.parameters, leg.limit]


def _dense(leg: Leg) -> str:
    return "p.dense::text" if leg.vectors else "NULL::text"
