"""How SQLite reads: by which index, through what it has prepared already."""

import math
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.databases import TABLES
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.engines.database.sqlite_connections import Connection, TooLong, opened
from mainstay.engines.database.statements import qualified, tokens


@pytest.fixture
def guarded(tmp_path: Path) -> Connection:
    database = SqliteDatabase(tmp_path / "plan.db", TABLES, migrations=False)
    return opened(tmp_path / "plan.db", TABLES, "secret", writes=True, setup=database._set_up)


def test_views_use_the_tenants_index(guarded: Connection) -> None:
    for sql, index in (
        ("SELECT * FROM documents WHERE id = '1'", "(tenant_id=? AND id=?)"),
        ("SELECT * FROM documents WHERE size > 3", "(tenant_id=? AND size>?)"),
        ("SELECT * FROM events ORDER BY number", "(tenant_id=?)"),
    ):
        plan = " ".join(str(row[3]) for row in guarded.run(f"EXPLAIN QUERY PLAN {sql}"))
        assert index in plan
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan
    guarded.close()


def test_the_systems_selects_name_the_tables_themselves() -> None:
    tables = frozenset(table.name for table in TABLES)
    change: Callable[[str], str] = lambda sql: qualified(sql, tables)  # noqa: E731 - short for the list below
    assert change("SELECT documents.id FROM documents") == "SELECT documents.id FROM main.documents"
    assert change("select 1 from events e, documents") == "select 1 from main.events e, main.documents"
    assert change("SELECT ':documents' /* FROM documents */") == "SELECT ':documents' /* FROM documents */"
    assert change("SELECT a, events FROM (SELECT b, events FROM x)").count("main.") == 0
    assert change('SELECT 1 FROM x LEFT JOIN "events" ON events.a = x.b') == (
        'SELECT 1 FROM x LEFT JOIN main."events" ON events.a = x.b'
    )
    for sql in ("SELECT 'it''s' :: text, :a -- x", "'open", "/* open", ":", "a::b:c"):
        assert "".join(text for _, text in tokens(sql)) == sql


def test_a_statement_that_was_cut_off_is_prepared_once_more_only(
    guarded: Connection,
) -> None:
    for number in range(3_000):
        guarded.run("INSERT INTO main.documents (tenant_id, id, title) VALUES ('a', ?, 't')", [f"d{number}"])
    asked: list[int] = []

    def counting(action: int, *_: object) -> int:
        asked.append(action)
        return sqlite3.SQLITE_OK

    sql = "SELECT id FROM documents WHERE id > :after"
    with pytest.raises(TooLong):
        guarded.select("a", sql, {"after": "d"}, -math.inf)
    guarded.raw.set_authorizer(counting)
    for prepares in (True, False, False):
        asked.clear()
        assert len(guarded.select("a", sql, {"after": "d"}, None)) == 3_000
        assert bool(asked) == prepares
