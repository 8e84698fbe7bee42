"""What SQLite promises beyond the port: groups, a disk that fails, a process that dies."""

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from engines.databases import TABLES
from mainstay.engines.database import sqlite_writer
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.engines.database.sqlite_connections import Connection
from mainstay.ports.database import DatabaseUnavailable


async def add(database: SqliteDatabase, name: str, tenant: str = "a") -> None:
    async with database.unit(tenant) as unit:
        await unit.insert("documents", [{"id": name, "title": name}])


async def ids(database: SqliteDatabase, tenant: str = "a") -> list[object]:
    return [row["id"] for row in await database.fetch(tenant, "SELECT id FROM documents ORDER BY id")]


def writer_of(database: SqliteDatabase) -> sqlite_writer.Writer:
    assert database._writer is not None
    return database._writer


class Disk:
    """Stands between the writer and its COMMIT: holds it, or makes it fail."""

    def __init__(self, database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
        self.writer = writer_of(database)
        self.loop = asyncio.get_running_loop()
        self.reached = asyncio.Event()
        self.free = threading.Event()
        self.failure: Exception | None = None
        self._sync = self.writer._sync
        monkeypatch.setattr(self.writer, "_sync", self.sync)

    def sync(self) -> None:
        self.loop.call_soon_threadsafe(self.reached.set)
        assert self.free.wait(10)
        if self.failure is not None:
            raise self.failure
        self._sync()


def failure(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("injected")
    error.sqlite_errorcode = code
    return error


async def test_units_share_commits(sqlite: SqliteDatabase) -> None:
    await asyncio.gather(*(add(sqlite, f"{n:03}") for n in range(640)))
    writer = writer_of(sqlite)
    assert writer.units == 640
    assert writer.commits <= 640 // 8
    assert len(await ids(sqlite)) == 640


async def test_units_that_wait_for_the_disk_form_the_next_group(
    sqlite: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(sqlite, monkeypatch)
    first = asyncio.create_task(add(sqlite, "1"))
    await disk.reached.wait()
    others = [asyncio.create_task(add(sqlite, str(n))) for n in range(2, 30)]
    assert await ids(sqlite) == []
    disk.free.set()
    await asyncio.gather(first, *others)
    assert writer_of(sqlite).commits == 2


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR])
async def test_a_failed_commit_fails_its_whole_group_and_nothing_else(
    sqlite: SqliteDatabase, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    disk = Disk(sqlite, monkeypatch)
    disk.free.set()
    disk.failure = failure(code)
    outcomes = await asyncio.gather(*(add(sqlite, str(n)) for n in range(20)), return_exceptions=True)
    assert all(isinstance(outcome, DatabaseUnavailable) for outcome in outcomes)
    assert len({id(outcome) for outcome in outcomes}) == 20
    assert await ids(sqlite) == []
    disk.failure = None
    await add(sqlite, "later")
    assert await ids(sqlite) == ["later"]


async def test_a_transaction_that_sqlite_gave_up_fails_all_of_its_units(
    sqlite: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite itself rolls a whole transaction back at some errors of the disk; so does this trigger.
    writer_of(sqlite).connection.run(
        "CREATE TEMP TRIGGER gone BEFORE INSERT ON main.documents WHEN NEW.id = '2' "
        "BEGIN SELECT RAISE(ROLLBACK, 'gone'); END"
    )

    async def breaks() -> None:
        async with sqlite.unit("a") as unit:
            with pytest.raises(ValueError, match="gone"):
                await unit.insert("documents", [{"id": "2", "title": "2"}])
            with pytest.raises(DatabaseUnavailable):
                await unit.insert("documents", [{"id": "3", "title": "3"}])

    disk = Disk(sqlite, monkeypatch)
    held = asyncio.create_task(add(sqlite, "0"))
    await disk.reached.wait()  # what comes while the disk is waited for is one group
    group = [asyncio.create_task(each) for each in (add(sqlite, "1"), breaks(), add(sqlite, "4"))]
    await asyncio.sleep(0.01)
    disk.free.set()
    await held
    outcomes = await asyncio.gather(*group, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [DatabaseUnavailable, DatabaseUnavailable, type(None)]
    assert await ids(sqlite) == ["0", "4"]


async def test_a_connection_that_breaks_is_replaced(
    sqlite: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(sqlite, monkeypatch)
    disk.free.set()
    disk.failure = failure(sqlite3.SQLITE_IOERR)
    writer, broken = writer_of(sqlite), writer_of(sqlite).connection
    reopen, run = writer._reopen, broken.run

    def no_disk(*_: object) -> Connection:
        raise DatabaseUnavailable("no disk")

    def fails_to_roll_back(sql: str, *_: object) -> list[object]:
        if sql == "ROLLBACK":
            raise failure(sqlite3.SQLITE_IOERR)
        return list(run(sql))

    monkeypatch.setattr(broken, "run", fails_to_roll_back)
    monkeypatch.setattr(writer, "_reopen", no_disk)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            await add(sqlite, "1")
    assert await ids(sqlite) == []
    disk.failure = None
    monkeypatch.setattr(writer, "_reopen", reopen)
    await add(sqlite, "2")
    assert writer.connection is not broken
    assert await ids(sqlite) == ["2"]


async def test_a_full_disk_stops_writing_and_reading_goes_on(sqlite: SqliteDatabase) -> None:
    await add(sqlite, "1")
    connection = writer_of(sqlite).connection
    connection.run("PRAGMA max_page_count = 1")  # SQLite answers SQLITE_FULL once it needs another page
    with pytest.raises(DatabaseUnavailable, match="full"):
        async with sqlite.unit("a") as unit:
            await unit.insert("documents", [{"id": str(n), "title": f"{n}" * 3_000} for n in range(2, 9)])
    assert await ids(sqlite) == ["1"]
    connection.run("PRAGMA max_page_count = 1000000")
    await add(sqlite, "2")
    assert await ids(sqlite) == ["1", "2"]


async def test_whoever_is_cancelled_while_waiting_for_the_disk_holds_up_nobody(
    sqlite: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(sqlite, monkeypatch)
    tasks = [asyncio.create_task(add(sqlite, str(n))) for n in range(3)]
    await disk.reached.wait()
    waiting = [asyncio.create_task(add(sqlite, str(n))) for n in range(3, 6)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    waiting[1].cancel()
    disk.free.set()
    outcomes = await asyncio.gather(*tasks, *waiting, return_exceptions=True)
    assert [isinstance(outcome, asyncio.CancelledError) for outcome in outcomes] == [
        False,
        True,
        False,
        False,
        True,
        False,
    ]
    # The commit of a cancelled unit goes on; a unit that never began leaves nothing.
    assert await ids(sqlite) == ["0", "1", "2", "3", "5"]


async def test_cancellations_at_every_moment_leave_the_writer_free(sqlite: SqliteDatabase) -> None:
    tasks: list[asyncio.Task[None]] = []
    for turn in range(120):
        tasks.append(asyncio.create_task(add(sqlite, f"{turn:03}")))
        if turn % 3 == 0:
            await asyncio.sleep(0)
        if turn % 2 == 0:
            tasks[turn // 2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.wait_for(add(sqlite, "last"), 5)
    kept = set(await ids(sqlite))
    for turn, task in enumerate(tasks):
        assert task.cancelled() or f"{turn:03}" in kept


async def test_closing_undoes_open_units_and_tells_those_that_wait(sqlite: SqliteDatabase) -> None:
    inside = asyncio.Event()
    go_on = asyncio.Event()

    async def holds() -> None:
        async with sqlite.unit("a") as unit:
            await unit.insert("documents", [{"id": "1", "title": "1"}])
            inside.set()
            await go_on.wait()
            await unit.insert("documents", [{"id": "2", "title": "2"}])

    held = asyncio.create_task(holds())
    await inside.wait()
    waits = asyncio.create_task(add(sqlite, "3"))
    await asyncio.sleep(0)
    await sqlite.close()
    go_on.set()
    for task in (held, waits):
        with pytest.raises(DatabaseUnavailable):
            await task
    await sqlite.open()
    assert await ids(sqlite) == []


SLOW = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) "
    "SELECT count(*) AS n FROM n WHERE i % 7 = 3"
)


async def longest_stall(work: "asyncio.Task[object]") -> float:
    longest = 0.0
    while not work.done():
        before = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - before)
    await work
    return longest


async def test_long_reads_and_writes_leave_the_loop_free(sqlite: SqliteDatabase) -> None:
    async def read() -> object:
        return await sqlite.fetch("a", SLOW)

    async def work() -> object:
        async with sqlite.unit("a") as unit:
            await unit.insert(
                "documents", [{"id": f"{n:06}", "title": "t" * 20, "size": n} for n in range(20_000)]
            )
            await unit.fetch(SLOW)
            assert await unit.update("documents", {"weight": 1.0}, {"size": (">", 10)}) == 19_989
            return await unit.delete("documents", {})

    # On the loop, each would stop it for nearly its whole length; the bound leaves room for a busy machine.
    for long in (read, work):
        started = time.perf_counter()
        stalled = await longest_stall(asyncio.create_task(long()))
        assert stalled < (time.perf_counter() - started) / 2


async def test_a_commit_waits_for_another_process(tmp_path: Path) -> None:
    one = SqliteDatabase(tmp_path / "mainstay.db", TABLES, migrations=False)
    two = SqliteDatabase(tmp_path / "mainstay.db", TABLES, migrations=False)
    await asyncio.gather(one.open(), two.open())
    try:
        await asyncio.gather(*(add(base, f"{n}-{id(base)}") for n in range(20) for base in (one, two)))
        assert len(await ids(one)) == len(await ids(two)) == 40
        async with one.unit("a") as unit:
            await unit.insert("documents", [{"id": "held", "title": "x"}])
            waiting = asyncio.create_task(add(two, "waited"))
            await asyncio.sleep(0)
            assert not waiting.done()
        await waiting
        assert {"held", "waited"} <= set(await ids(one))
    finally:
        await one.close()
        await two.close()


CHILD = """
    import asyncio, sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from engines.databases import TABLES
    from mainstay.engines.database.sqlite import SqliteDatabase

    async def client(database, number):
        turn = 0
        while True:
            async with database.unit("a") as unit:
                await unit.insert("documents", [{"id": f"{number}-{turn}", "title": "t"}])
                await unit.insert("events", [{"body": f"{number}-{turn}"}])
            print(f"{number}-{turn}", flush=True)
            turn += 1

    async def main():
        database = SqliteDatabase(Path(sys.argv[1]), TABLES, migrations=False)
        await database.open()
        await asyncio.gather(*(client(database, number) for number in range(8)))

    asyncio.run(main())
"""


def killed(path: Path, after: int) -> set[str]:
    """Run a child that writes, kill it after some acknowledgements, and give all that it acknowledged."""
    code = [sys.executable, "-c", textwrap.dedent(CHILD), str(path), str(Path(__file__).parent.parent)]
    with subprocess.Popen(code, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own text
        assert child.stdout is not None
        told = [child.stdout.readline() for _ in range(after)]
        child.kill()
        told += child.stdout.readlines()
    return {line.strip() for line in told if line.endswith("\n")}


async def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    for turn, after in enumerate((40, 111, 203)):
        path = tmp_path / f"{turn}.db"
        acknowledged = await asyncio.to_thread(killed, path, after)
        assert len(acknowledged) >= after
        database = SqliteDatabase(path, TABLES, migrations=False)
        await database.open()
        documents = set(await ids(database))
        events = await database.fetch("a", "SELECT body FROM events")
        await database.close()
        assert acknowledged <= documents
        assert sorted(str(row["body"]) for row in events) == sorted(map(str, documents))


async def test_a_backup_is_a_database_that_opens(sqlite: SqliteDatabase, tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        await add(sqlite, name)
    folder = tmp_path / "backup"
    await sqlite.backup(str(folder))
    await add(sqlite, "4")
    copy = SqliteDatabase(folder / "mainstay.db", TABLES, migrations=False)
    await copy.open()
    assert await ids(copy) == ["1", "2", "3"]
    await copy.close()
    with pytest.raises(DatabaseUnavailable):
        await sqlite.backup("/proc/nowhere")


async def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    path = tmp_path / "data" / "mainstay.db"
    path.parent.mkdir()
    path.touch(0o666)
    database = SqliteDatabase(path, TABLES, migrations=False)
    await database.open()
    await add(database, "1")
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}
    await database.close()


async def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 1000)
    for path in (tmp_path / "x.db", tmp_path, Path("/proc/x.db")):
        with pytest.raises(DatabaseUnavailable):
            await SqliteDatabase(path, TABLES, migrations=False).open()
