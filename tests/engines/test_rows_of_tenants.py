"""Whose rows a store sees, whatever else its operation touches."""

import pytest

from mainstay.engines.database.postgres import PostgresDatabase
from mainstay.kernel.caller import Caller
from mainstay.kernel.work import Work, WorkAllRows, WorkRows, become, entered
from mainstay.ports.database import SYSTEM, AllRows, Database, Rows

_IDS = "SELECT id FROM documents ORDER BY id"


def _rows(database: Database) -> tuple[Rows, AllRows]:
    return WorkRows(), WorkAllRows(database)


def _somebody_of(tenant_id: str) -> Caller:
    return Caller(tenant_id, "key_1", (), frozenset())


@pytest.fixture
async def stocked(database: Database) -> Database:
    """Give a database in which two tenants have a document of the same id."""
    async with database.unit(SYSTEM) as unit:
        await unit.insert("documents", [{"tenant_id": name, "id": "1", "title": name} for name in ("a", "b")])
    return database


async def test_a_tenants_rows_stay_its_own_after_all_rows_were_written(stocked: Database) -> None:
    mine, everybodys = _rows(stocked)
    work = Work(_somebody_of("a"), stocked, "req_1")
    with entered(work):
        await everybodys.insert("accounts", [{"id": "1", "secret": "s"}])
        assert await mine.update("documents", {"size": 7}, {"id": "1"}) == 1
        assert await mine.fetch("SELECT id, size FROM documents") == [{"id": "1", "size": 7}]
        await mine.insert("documents", [{"id": "2", "title": "second"}])
        assert await everybodys.of("b").fetch(_IDS) == [{"id": "1"}]
        assert await everybodys.of("b").delete("documents", {}) == 1
        assert await everybodys.fetch("SELECT tenant_id, id FROM documents ORDER BY id") == [
            {"tenant_id": "a", "id": "1"},
            {"tenant_id": "a", "id": "2"},
        ]
        with pytest.raises(ValueError, match="accounts"):
            await mine.delete("accounts", {})
        await work.commit()
    assert await everybodys.fetch("SELECT tenant_id FROM documents WHERE id = '1'") == [{"tenant_id": "a"}]
    assert await everybodys.of("b").fetch(_IDS) == []


async def test_a_tenants_rows_may_be_written_before_all_rows(stocked: Database) -> None:
    mine, everybodys = _rows(stocked)
    work = Work(_somebody_of("a"), stocked, "req_1")
    with entered(work):
        assert await mine.delete("documents", {}) == 1
        await everybodys.insert("accounts", [{"id": "1", "secret": "s"}])
        assert await everybodys.fetch("SELECT tenant_id FROM documents") == [{"tenant_id": "b"}]
        await work.undo(KeyError())
    assert await stocked.fetch("a", _IDS) == [{"id": "1"}]
    assert await stocked.fetch(SYSTEM, "SELECT id FROM accounts") == []


async def test_who_becomes_known_has_his_tenants_rows(stocked: Database) -> None:
    mine, everybodys = _rows(stocked)
    work = Work(_somebody_of("nobody"), stocked, "req_1")
    with entered(work):
        await everybodys.insert("accounts", [{"id": "1", "secret": "s"}])
        assert await mine.fetch("SELECT title FROM documents") == []
        become(_somebody_of("b"))
        assert await mine.fetch("SELECT title FROM documents") == [{"title": "b"}]
        await work.commit()


async def test_the_house_itself_has_no_rows_of_its_own(stocked: Database) -> None:
    mine, _ = _rows(stocked)
    with entered(Work(_somebody_of(""), stocked, "start")), pytest.raises(ValueError, match="empty"):
        await mine.fetch("SELECT title FROM documents")


async def test_rows_need_an_operation_unless_they_say_whose(stocked: Database) -> None:
    mine, everybodys = _rows(stocked)
    with pytest.raises(RuntimeError, match="outside of any operation"):
        await mine.fetch(_IDS)
    assert await everybodys.of("a").fetch("SELECT title FROM documents") == [{"title": "a"}]
    with pytest.raises(RuntimeError, match="outside of any operation"):
        await everybodys.of("a").delete("documents", {})


async def test_the_version_is_another_after_each_commit(stocked: Database) -> None:
    everybodys = WorkAllRows(stocked)
    before = everybodys.version()
    assert everybodys.version() == before
    if isinstance(stocked, PostgresDatabase):
        assert before is None  # to ask would be as long a way as to read
        return
    async with stocked.unit("a") as unit:
        await unit.insert("documents", [{"id": "9", "title": "new"}])
        assert everybodys.version() == before  # nobody else sees it yet
    after = everybodys.version()
    assert after != before
    work = Work(_somebody_of("a"), stocked, "req_1")
    with entered(work):
        assert everybodys.version() == after
        await WorkRows().update("documents", {"size": 7}, {"id": "9"})
        assert everybodys.version() is None  # whoever asks sees what he has written
        await work.undo(KeyError())
