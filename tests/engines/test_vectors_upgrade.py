"""An index of an earlier form, whose points had names, counts as never made, and is filled anew."""

import json
from pathlib import Path

import psycopg
from vector_points import found, point, space

from mainstay.engines.vectors.pgvector import PgvectorVectors
from mainstay.engines.vectors.qdrant_edge import QdrantEdgeVectors
from mainstay.engines.vectors.spaces import folder_of


async def test_a_folder_of_an_earlier_form_is_begun_anew(tmp_path: Path) -> None:
    engine = QdrantEdgeVectors(tmp_path)
    await engine.upsert(space(), [point(1), point(2)], 5)
    await engine.close()
    state = folder_of(tmp_path, space()) / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | {"version": 1}))

    engine = QdrantEdgeVectors(tmp_path)
    assert await engine.applied(space()) == 0
    assert await found(engine, None) == set()
    await engine.upsert(space(), [point(3)], 6)
    assert await found(engine, None) == {3}
    await engine.close()
    assert json.loads(state.read_text())["version"] == 2


async def test_tables_of_an_earlier_form_are_made_anew(postgres: str) -> None:
    engine = PgvectorVectors(postgres)
    await engine.upsert(space("named"), [point(1)], 5)
    await engine.close()
    with psycopg.connect(postgres) as link:
        [(table,)] = link.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'mainstay_vectors'"
            " AND table_name LIKE 'points_%'"
        ).fetchall()[:1]
        link.execute(
            f"ALTER TABLE mainstay_vectors.{table} ALTER COLUMN id TYPE uuid".encode()
            + b" USING lpad(to_hex(id), 32, '0')::uuid"
        )

    engine = PgvectorVectors(postgres)
    assert await engine.applied(space("named")) == 0
    await engine.upsert(space("named"), [point(3)], 6)
    assert await found(engine, None, space("named")) == {3}
    await engine.drop(space("named"))
    await engine.close()
