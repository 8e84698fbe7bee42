"""What bots remember is kept when the people of a key are told apart, and goes back without theirs."""

import importlib.util
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from engines.test_database_upgrades import versions_before
from mainstay.engines.database import migrate

_CHOICE = (
    "INSERT INTO assistant_memories (tenant_id, bot_id, subject, choice, content, chosen_ms{more})"
    " VALUES ('t', 'b', 'key', '{choice}', {content}, 1{value})"
)
_FACT = (
    "INSERT INTO assistant_facts (tenant_id, fact_id, bot_id, subject, content, created_ms, expires_ms{more})"
    " VALUES ('t', '{fact}', 'b', 'key', {content}, 1, 2{value})"
)


class Database:
    """A database of one engine, whatever version it has."""

    def __init__(self, connect: Callable[[], Any], dialect: str, empty: str) -> None:
        """Take how to connect."""
        self.connect = connect
        self.dialect = dialect
        self.empty = empty

    def ask(self, sql: str, **given: str) -> Any:
        """Run a statement."""
        with closing(self.connect()) as link:
            found = link.execute(sql.format(content=self.empty, **given))
            rows = [tuple(row) for row in found.fetchall()] if found.description else None
            link.commit()
            return rows

    def step(self, name: str) -> None:
        """Go one version back, or forward."""
        [path] = [file for file in migrate.version_files(migrate.VERSIONS) if file.name.startswith("0043")]
        spec = importlib.util.spec_from_file_location("step", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        engine = create_engine(self.dialect, creator=self.connect, poolclass=NullPool)
        with engine.begin() as link, Operations.context(MigrationContext.configure(link)):
            getattr(module, name)()


@pytest.fixture(params=["sqlite", "postgres"])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Give a database of the version before."""
    versions = versions_before("0043", tmp_path)
    if request.param == "postgres":
        url: str = request.getfixturevalue("empty_postgres")
        migrate.upgrade_postgres(lambda: psycopg.connect(url), versions)
        return Database(lambda: psycopg.connect(url), "postgresql+psycopg://", "''::bytea")
    path = tmp_path / "x.db"
    migrate.upgrade_sqlite(path, versions)
    return Database(lambda: sqlite3.connect(path), "sqlite://", "x''")


def test_what_was_remembered_by_now_is_the_keys_own(before: Database) -> None:
    before.ask(_CHOICE, choice="yes", more="", value="")
    before.ask(_FACT, fact="fact_1", more="", value="")
    before.step("upgrade")
    named = {"more": ", end_user", "value": ", 'alice'"}
    before.ask(_CHOICE, choice="no", **named)
    before.ask(_FACT, fact="fact_2", **named)
    choices = "SELECT choice, end_user FROM assistant_memories ORDER BY end_user"
    assert before.ask(choices) == [("yes", ""), ("no", "alice")]
    with pytest.raises((sqlite3.IntegrityError, psycopg.errors.UniqueViolation)):
        before.ask(_CHOICE, choice="no", **named)
    before.step("downgrade")
    assert before.ask("SELECT choice FROM assistant_memories") == [("yes",)]
    assert before.ask("SELECT fact_id FROM assistant_facts") == [("fact_1",)]
    before.step("upgrade")
    assert before.ask(choices) == [("yes", "")]
