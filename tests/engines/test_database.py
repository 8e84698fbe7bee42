"""What every database promises, whichever engine keeps it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from engines.databases import INTRUSIONS
from mainstay.kit.errors import Invalid
from mainstay.ports.database import SYSTEM, Database, DatabaseUnavailable, UniqueViolated


def document(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "title": f"title of {name}", **more}


async def add(database: Database, scope: str, *names: str) -> None:
    async with database.unit(scope) as unit:
        await unit.insert("documents", [document(name) for name in names])


async def ids(database: Database, scope: Any, condition: str = "1 = 1") -> list[Any]:
    rows = await database.fetch(scope, f"SELECT id FROM documents WHERE {condition} ORDER BY id")
    return [row["id"] for row in rows]


async def test_a_unit_is_seen_by_others_only_after_it_ends(database: Database) -> None:
    async with database.unit("a") as unit:
        await unit.insert("documents", [document("1", size=5, weight=0.5, body=b"\0x")])
        assert await unit.fetch("SELECT id FROM documents") == [{"id": "1"}]
        assert await ids(database, "a") == []
    rows = await database.fetch("a", "SELECT * FROM documents WHERE id = :id", {"id": "1"})
    assert rows == [{"id": "1", "title": "title of 1", "size": 5, "weight": 0.5, "body": b"\0x"}]


async def test_an_exception_undoes_the_unit(database: Database) -> None:
    async def work() -> None:
        async with database.unit("a") as unit:
            await unit.insert("documents", [document("1")])
            raise KeyError

    with pytest.raises(KeyError):
        await work()
    assert await ids(database, "a") == []
    await add(database, "a", "2")
    assert await ids(database, "a") == ["2"]


async def test_each_verb_reaches_the_own_tenant_only(database: Database) -> None:
    await add(database, "a", "1", "2")
    await add(database, "b", "1")
    async with database.unit("b") as unit:
        assert await unit.fetch("SELECT id FROM documents") == [{"id": "1"}]
        assert await unit.update("documents", {"size": 7}, {}) == 1
        assert await unit.delete("documents", {"id": "2"}) == 0
        await unit.upsert("documents", [document("1", size=8), document("2", size=9)])
    assert await ids(database, "a", "size IS NULL") == ["1", "2"]
    assert await ids(database, "b", "size IN (8, 9)") == ["1", "2"]
    async with database.unit("b") as unit:
        assert await unit.delete("documents", {}) == 2
    assert await ids(database, "a") == ["1", "2"]


async def test_one_unit_serves_several_scopes_and_each_sees_its_own(database: Database) -> None:
    await add(database, "a", "1")
    await add(database, "b", "1")
    async with database.unit("a") as unit:
        system, other = unit.within(SYSTEM), unit.within("b")
        await system.insert("accounts", [{"id": "1", "secret": "s"}])
        await other.insert("documents", [document("2")])
        assert await unit.update("documents", {"size": 5}, {}) == 1
        assert await other.fetch("SELECT id, size FROM documents ORDER BY id") == [
            {"id": "1", "size": None},
            {"id": "2", "size": None},
        ]
        with pytest.raises(UniqueViolated):
            await other.insert("documents", [document("2")])
        assert await unit.fetch("SELECT id, size FROM documents") == [{"id": "1", "size": 5}]
        with pytest.raises(ValueError, match="accounts"):
            await other.within("a").fetch("SELECT id FROM accounts")
        assert await system.fetch("SELECT count(*) AS n FROM documents") == [{"n": 3}]
        with pytest.raises(ValueError, match="empty"):
            unit.within("")
    for each in (other, system):
        with pytest.raises(RuntimeError, match="closed"):
            await each.delete("documents", {})
    assert await ids(database, "b") == ["1", "2"]


async def test_one_select_text_serves_each_tenant_its_own(database: Database) -> None:
    await add(database, "a", "1")
    await add(database, "b", "2")
    for _ in range(3):
        assert await ids(database, "a") == ["1"]
        assert await ids(database, "b") == ["2"]
        assert await ids(database, SYSTEM) == ["1", "2"]
        assert await ids(database, "nobody") == []


async def test_the_system_sees_and_writes_every_tenant(database: Database) -> None:
    async with database.unit(SYSTEM) as unit:
        await unit.insert(
            "documents", [{"tenant_id": "a", **document("1")}, {"tenant_id": "b", **document("1")}]
        )
        await unit.upsert("documents", [{"tenant_id": "b", **document("1", size=3)}])
        rows = await unit.fetch("SELECT tenant_id, size FROM documents ORDER BY tenant_id")
        assert rows == [{"tenant_id": "a", "size": None}, {"tenant_id": "b", "size": 3}]
        joined = "SELECT count(*) AS n FROM documents d, documents e JOIN documents f ON f.id = e.id"
        assert await unit.fetch(joined) == [{"n": 8}]
        assert await unit.delete("documents", {"tenant_id": "a"}) == 1
        await unit.insert("accounts", [{"id": "1", "secret": "s"}])
    assert await ids(database, "a") == []
    assert await ids(database, "b") == ["1"]
    assert await database.fetch(SYSTEM, "SELECT * FROM accounts") == [{"id": "1", "secret": "s"}]


@pytest.mark.parametrize("sql", INTRUSIONS)
async def test_a_tenants_text_reaches_nothing_else(database: Database, sql: str) -> None:
    await add(database, "a", "1")
    async with database.unit(SYSTEM) as unit:
        await unit.insert("accounts", [{"id": "1", "secret": "s"}])
    with pytest.raises(ValueError, match=r"."):
        await database.fetch("b", sql)
    with pytest.raises(ValueError, match=r"."):
        async with database.unit("b") as unit:
            await unit.fetch(sql)
    async with database.unit("b") as unit:
        with pytest.raises(ValueError, match=r"."):
            await unit.fetch(sql)
        await unit.insert("documents", [document("2")])
    assert await ids(database, "a") == ["1"]
    assert await ids(database, "b") == ["2"]
    assert await ids(database, SYSTEM) == ["1", "2"]


async def test_the_systems_text_only_reads_too(database: Database) -> None:
    await add(database, "a", "1")
    for sql in ("DELETE FROM documents", "PRAGMA query_only = OFF", "DROP TABLE documents"):
        with pytest.raises(ValueError, match=r"."):
            await database.fetch(SYSTEM, sql)
        async with database.unit(SYSTEM) as unit:
            with pytest.raises(ValueError, match=r"."):
                await unit.fetch(sql)
    assert await ids(database, "a") == ["1"]


async def test_names_are_taken_from_the_declarations_alone(database: Database) -> None:
    async with database.unit("a") as unit:
        for wrong in (
            unit.insert("nothing", [{"id": "1"}]),
            unit.insert("documents", [document("1", **{'x") VALUES (1)--': 1})]),
            unit.insert("documents", [{"id": "1"}]),
            unit.insert("documents", [document("1"), document("2", size=1)]),
            unit.insert("documents", [{"tenant_id": "b", **document("1")}]),
            unit.insert("accounts", [{"id": "1", "secret": "s"}]),
            unit.insert("events", [{"number": 1, "body": "x"}]),
            unit.upsert("events", [{"body": "x"}]),
            unit.insert("documents", [document("1", size="many")]),
            unit.insert("documents", [{"id": "1", "title": None}]),
            unit.update("documents", {"tenant_id": "b"}, {}),
            unit.update("documents", {"nothing": 1}, {}),
            unit.update("documents", {}, {}),
            unit.update("events", {"number": 3}, {}),
            unit.update("accounts", {"secret": "x"}, {}),
            unit.delete("documents", {"tenant_id": "b"}),
            unit.delete("documents", {"1=1 OR id": "b"}),
            unit.delete("documents", {"id": ("= 1 OR 1 =", 1)}),
            unit.delete("documents", {"size": ("<", None)}),
            unit.delete("accounts", {}),
        ):
            with pytest.raises(ValueError, match=r"."):
                await wrong
    assert await ids(database, SYSTEM) == []


async def test_conditions(database: Database) -> None:
    async with database.unit("a") as unit:
        await unit.insert("documents", [document(str(n), size=n if n < 5 else None) for n in range(7)])
        for where, found in [
            ({"size": None}, 2),
            ({"size": 3}, 1),
            ({"size": [1, 2, 3, 99]}, 3),
            ({"size": [1, None]}, 3),
            ({"size": [None]}, 2),
            ({"size": []}, 0),
            ({"size": ("<=", 2)}, 3),
            ({"size": ("!=", 2)}, 4),
            ({"size": ("!=", None)}, 5),
            ({"size": (">", 0), "id": ["1", "6"]}, 1),
            ({}, 7),
        ]:
            assert await unit.update("documents", {"weight": 1.0}, where) == found, where
        with pytest.raises(ValueError, match="split"):
            await unit.delete("documents", {"id": ["x"] * 30_001})
        assert await unit.delete("documents", {"id": [str(n) for n in range(3_000)]}) == 7


async def test_numbers_rise_and_are_told(database: Database) -> None:
    async with database.unit("a") as unit:
        first = await unit.insert("events", [{"body": "x"}, {"body": "y"}])
    async with database.unit("b") as unit:
        second = await unit.insert("events", [{"body": "z"}])
    async with database.unit(SYSTEM) as unit:
        await unit.delete("events", {})
    async with database.unit("a") as unit:
        third = await unit.insert("events", [{"body": "x"}])
        assert await unit.insert("documents", [document("1")]) == []
        assert await unit.insert("documents", []) == []
    numbers = [*first, *second, *third]
    assert len(numbers) == 4
    assert numbers == sorted(set(numbers))
    assert await database.fetch("a", "SELECT number, body FROM events") == [{"number": third[0], "body": "x"}]


async def test_numbers_become_visible_in_their_order(database: Database) -> None:
    seen: list[int] = []

    async def write(client: int) -> None:
        for _ in range(10):
            async with database.unit(f"tenant {client}") as unit:
                await unit.insert("events", [{"body": "x"}])

    async def watch() -> None:
        while len(seen) < 80:
            after = {"after": seen[-1] if seen else 0}
            rows = await database.fetch(
                SYSTEM, "SELECT number FROM events WHERE number > :after ORDER BY number", after
            )
            seen.extend(int(row["number"] or 0) for row in rows)
            await asyncio.sleep(0)

    await asyncio.wait_for(asyncio.gather(watch(), *(write(n) for n in range(8))), 30)
    rows = await database.fetch(SYSTEM, "SELECT number FROM events ORDER BY number")
    assert seen == [row["number"] for row in rows]


async def test_a_key_that_is_taken_can_be_survived(database: Database) -> None:
    await add(database, "a", "1")
    async with database.unit("a") as unit:
        with pytest.raises(UniqueViolated):
            await unit.insert("documents", [document("3"), document("2"), document("1")])
        with pytest.raises(UniqueViolated):
            await unit.insert(
                "documents", [{"id": "4", "title": "t", "size": 1}, {"id": "5", "title": "t", "size": 1}]
            )
        await unit.insert("documents", [document("6", size=1)])
        with pytest.raises(UniqueViolated):
            await unit.update("documents", {"id": "6"}, {"id": "1"})
    assert await ids(database, "a") == ["1", "6"]


async def test_upsert_replaces_the_given_columns_alone(database: Database) -> None:
    async with database.unit("a") as unit:
        await unit.insert("documents", [document("1", size=1, weight=2.0)])
        await unit.upsert("documents", [{"id": "1", "title": "new", "size": None}])
    rows = await database.fetch("a", "SELECT title, size, weight FROM documents")
    assert rows == [{"title": "new", "size": None, "weight": 2.0}]


async def test_a_unit_within_a_unit_is_an_error_and_no_deadlock(database: Database) -> None:
    async with database.unit("a") as unit:
        with pytest.raises(RuntimeError, match="open already"):
            async with database.unit("a"):
                pass
        await unit.insert("documents", [document("1")])
    with pytest.raises(RuntimeError, match="closed"):
        await unit.insert("documents", [document("2")])
    await add(database, "a", "3")
    assert await ids(database, "a") == ["1", "3"]


async def test_a_cancelled_unit_is_undone_alone(database: Database) -> None:
    inside = asyncio.Event()

    async def work() -> None:
        async with database.unit("a") as unit:
            await unit.insert("documents", [document("1")])
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await inside.wait()
    others = asyncio.gather(add(database, "a", "2"), add(database, "b", "3"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await others
    assert await ids(database, SYSTEM) == ["2", "3"]


async def test_many_clients_at_once(database: Database) -> None:
    async def client(number: int) -> None:
        for turn in range(5):
            async with database.unit(f"tenant {number % 4}") as unit:
                await unit.insert("documents", [document(f"{number}-{turn}")])
                await unit.insert("events", [{"body": "x"}])

    await asyncio.gather(*(client(number) for number in range(64)))
    for tenant in range(4):
        assert len(await ids(database, f"tenant {tenant}")) == 80
    assert await database.fetch(SYSTEM, "SELECT count(*) AS n FROM events") == [{"n": 320}]


@pytest.mark.parametrize("value", ["nul \0 inside", "half \ud800 a character"])
async def test_texts_that_no_database_keeps_are_refused(database: Database, value: str) -> None:
    async with database.unit("a") as unit:
        with pytest.raises(Invalid):
            await unit.insert("documents", [{"id": "1", "title": value}])
        with pytest.raises(Invalid):
            await unit.update("documents", {"title": value}, {})
        with pytest.raises(Invalid):
            await unit.delete("documents", {"title": value})
        with pytest.raises(Invalid):
            await unit.fetch("SELECT 1 AS one WHERE :value = 'x'", {"value": value})
        await unit.insert("documents", [document("1")])
    with pytest.raises(Invalid):
        await database.fetch("a", "SELECT 1 AS one WHERE :value = 'x'", {"value": value})
    with pytest.raises(Invalid):
        await database.fetch(f"tenant {value}", "SELECT 1 AS one")
    with pytest.raises(Invalid):
        database.unit(f"tenant {value}")
    with pytest.raises(ValueError, match="tenant"):
        database.unit("")


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1])
async def test_numbers_beyond_64_bits_are_refused(database: Database, value: int) -> None:
    async with database.unit("a") as unit:
        with pytest.raises(Invalid):
            await unit.insert("documents", [document("1", size=value)])
        with pytest.raises(Invalid):
            await unit.insert("documents", [document("1", weight=float("nan"))])
        await unit.insert("documents", [document("1", size=2**63 - 1), document("2", size=-(2**63))])
    assert await ids(database, "a", "size IS NOT NULL") == ["1", "2"]


async def test_selects_give_the_same_values_everywhere(database: Database) -> None:
    async with database.unit("a") as unit:
        await unit.insert(
            "documents", [document("a%", size=1), document("B", size=2), document("ä", size=True)]
        )
    sql = (
        "SELECT sum(size) AS s, avg(size) AS a, count(*) AS n, max(id) AS m, sum(size) > 3 AS big, "
        "':x' AS quoted FROM documents WHERE (:none IS NULL OR id = :none) AND id <> :text AND size < :size "
        "LIMIT :limit"
    )
    values = {"none": None, "text": "it's", "size": 9.5, "limit": 3}
    rows = await database.fetch("a", sql, values)
    assert rows == [{"s": 4, "a": pytest.approx(4 / 3), "n": 3, "m": "ä", "big": 1, "quoted": ":x"}]
    assert await ids(database, "a") == ["B", "a%", "ä"]
    assert await ids(database, "a", "id LIKE 'A%'") == []
    with pytest.raises(ValueError, match="x"):
        await database.fetch("a", "SELECT :x AS x")


async def test_a_backup_is_whole_while_others_write(database: Database, tmp_path: Path) -> None:
    await add(database, "a", *(str(n) for n in range(50)))
    done = asyncio.Event()

    async def write() -> int:
        number = 100
        while not done.is_set():
            await add(database, "a", str(number))
            number += 1
        return number

    writing = asyncio.create_task(write())
    await database.backup(str(tmp_path / "backup"))
    done.set()
    assert await writing > 100
    assert any((tmp_path / "backup").iterdir())
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "backup").iterdir())


async def test_a_closed_database_says_so(database: Database) -> None:
    await database.close()
    with pytest.raises(DatabaseUnavailable):
        await database.fetch("a", "SELECT 1 AS one")
    with pytest.raises(DatabaseUnavailable):
        await add(database, "a", "1")
    await database.open()
    await add(database, "a", "2")
    assert await ids(database, "a") == ["2"]
