"""Rows of earlier versions are kept and mean the same after an upgrade, on both engines."""

import json
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mainstay.engines.database import migrate
from mainstay.services.knowledge.naming import opinion_id, passage_id

_PASSAGES = (
    "INSERT INTO passages (tenant_id, point_id, doc_id, collection, version, ordinal, starts, ends, headings,"
    " kind, content_hash, text, dense)"
    " VALUES ('t', '{name}', '{doc}', 'c', 1, {ordinal}, 0, 1, '[]', 'text', 'h', '', '')"
)
_FAQS = (
    "INSERT INTO faqs (tenant_id, faq_id, point_id, collection, question, answer, dense, created_ms)"
    " VALUES ('t', 'faq_1', '{name}', 'c', '', '', '', 1)"
)
_FEEDBACK = (
    "INSERT INTO feedback (tenant_id, feedback_id, point_id, doc_id, collection, helpful, query, comment,"
    " dense, subject, created_ms) VALUES ('t', 'feedback_1', '{name}', 'd', 'c', 1, '', '', '', 's', 1)"
)
_OUTBOX = (
    "INSERT INTO outbox (tenant_id, event_id, event, reaction, body, job_id, subject, caller, state,"
    " attempts, created_ms, due_ms, lease_ms, worker, reason)"
    " VALUES ('t', '{event_id}', '{event}', 'r', '{body}', 'j', 's', 'c', 'waiting', 0, 1, 1, 0, '-', '-')"
)
Old = tuple[Callable[[Path], None], Callable[[str], Any]]
_NAMESPACE = uuid.UUID("6d61696e-7374-6179-0000-6b6e6f776c65")


def named(*parts: object) -> str:
    """Give the name that a point had."""
    return str(uuid.uuid5(_NAMESPACE, "\0".join(str(part) for part in parts)))


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Old:
    """Give how to upgrade a database of each engine, and how to ask it."""
    if request.param == "postgres":
        url: str = request.getfixturevalue("empty_postgres")

        def ask_postgres(sql: str) -> Any:
            with psycopg.connect(url) as link:
                found = link.execute(sql.encode())
                return found.fetchall() if found.description else None

        return lambda versions: migrate.upgrade_postgres(lambda: psycopg.connect(url), versions), ask_postgres
    path = tmp_path / "x.db"

    def ask_sqlite(sql: str) -> Any:
        with sqlite3.connect(path) as link:
            return link.execute(sql.replace("''", "x''") if "INSERT" in sql else sql).fetchall()

    return lambda versions: migrate.upgrade_sqlite(path, versions), ask_sqlite


def versions_before(number: str, folder: Path) -> Path:
    """Give a folder of the versions below a number."""
    before = folder / "versions"
    before.mkdir()
    for file in migrate.version_files(migrate.VERSIONS):
        if file.name < number:
            shutil.copy(file, before)
    return before


def test_every_name_becomes_the_number_that_is_computed_now(database: Old, tmp_path: Path) -> None:
    upgrade, ask = database
    upgrade(versions_before("0004", tmp_path))
    places = [(f"d{number}", number % 3) for number in range(300)]
    for doc, ordinal in places:
        ask(_PASSAGES.format(name=named(doc, 1, ordinal), doc=doc, ordinal=ordinal))
    ask(_FAQS.format(name=named("faq_1")))
    ask(_FEEDBACK.format(name=named("feedback_1")))

    upgrade(migrate.VERSIONS)

    found = ask("SELECT doc_id, ordinal, point_id FROM passages")
    assert {(doc, ordinal): number for doc, ordinal, number in found} == {
        (doc, ordinal): passage_id(doc, 1, ordinal) for doc, ordinal in places
    }
    assert ask("SELECT point_id FROM faqs") == [(opinion_id("faq_1"),)]
    assert ask("SELECT point_id FROM feedback") == [(opinion_id("feedback_1"),)]


def test_keys_and_tenants_of_before_are_as_they_were(database: Old, tmp_path: Path) -> None:
    upgrade, ask = database
    upgrade(versions_before("0009", tmp_path))
    ask("INSERT INTO tenants (tenant_id, name, operator, created_ms) VALUES ('t', 'n', 1, 5)")
    ask(
        "INSERT INTO api_keys (tenant_id, key_id, hash, name, role, groups, start, created_ms)"
        " VALUES ('t', 'key_1', 'h', 'n', 'user', '[\"g\"]', 'mk_', 6)"
    )

    upgrade(migrate.VERSIONS)

    assert ask("SELECT role, groups, permissions, expires_ms, created_by, old_hash FROM api_keys") == [
        ("user", '["g"]', None, None, "", None)
    ]
    assert ask("SELECT name, suspended, limit_per_minute FROM tenants") == [("n", 0, None)]


def test_erasures_that_wait_count_as_promised(database: Old, tmp_path: Path) -> None:
    upgrade, ask = database
    upgrade(versions_before("0005", tmp_path))
    kinds = ("document", "deleted", "replaced", "collection_deleted", "faq", "feedback", "rebuild")
    events = [("IndexChanged", f'{{"kind":"{kind}","subject":"d"}}') for kind in kinds]
    odd = '{"doc_id":"\\"kind\\":\\"deleted\\""}'
    for number, (event, body) in enumerate([*events, ("DocumentStored", odd)]):
        ask(_OUTBOX.format(event_id=f"event_{number}", event=event, body=body))

    upgrade(migrate.VERSIONS)

    promised = ask("SELECT body FROM outbox WHERE promised = 1 ORDER BY event_id")
    assert [json.loads(body)["kind"] for (body,) in promised] == [
        "deleted",
        "collection_deleted",
        "faq",
        "feedback",
    ]
    assert len(ask("SELECT body FROM outbox WHERE promised = 0")) == 4


def test_entries_of_the_audit_get_salts_of_their_own_and_wait_to_be_sealed(
    database: Old, tmp_path: Path
) -> None:
    upgrade, ask = database
    upgrade(versions_before("0008", tmp_path))
    for number in range(20):
        ask(
            "INSERT INTO audit"
            " (tenant_id, at_ms, request_id, subject, operation, target, outcome, door, origin)"
            f" VALUES ('t', {number}, 'r', 's', 'o', 't', 'ok', 'd', 'a')"
        )

    upgrade(migrate.VERSIONS)

    rows = ask("SELECT salt, sealed, hidden FROM audit")
    assert len({bytes(salt) for salt, _, _ in rows}) == len(rows) == 20
    assert {(len(salt), sealed, hidden) for salt, sealed, hidden in rows} == {(16, 0, None)}
