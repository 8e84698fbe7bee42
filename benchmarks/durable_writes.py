"""Durable units of three inserts a second through the SQLite engine, against bare `sqlite3`.

    python benchmarks/durable_writes.py [--units 20000] [--clients 64] [--repeats 5]

Bare: one loop without clients, the same three inserts in savepoints, 64 of them in each COMMIT, the same
settings (WAL, synchronous=FULL); it is what the file and the disk can do when nobody waits for anybody. Both
run in turn, in this process, on files in the same folder. Medians over the repeats.
"""

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from mainstay.engines.database.schema import create_sql
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.ports.database import Column, Index, Table

TABLES = (
    Table(
        "documents",
        (Column("id", "text"), Column("title", "text"), Column("size", "integer")),
        key=("id",),
        indexes=(Index(("size",)),),
    ),
    Table(
        "outbox", (Column("number", "integer"), Column("body", "text")), key=("number",), sequence="number"
    ),
    Table("audit", (Column("id", "text"), Column("what", "text")), key=("id",)),
)
TITLE = "A title of some sixty letters, as documents usually have one"
BODY = json.dumps({"event": "DocumentAdded", "tenant": "acme", "document": "doc_01k9", "note": "x" * 100})


async def engine_run(path: Path, units: int, clients: int) -> tuple[float, list[float], float]:
    """Give units per second, each unit's latency in seconds, and units per commit."""
    database = SqliteDatabase(path, TABLES, migrations=False)
    await database.open()
    taken: list[float] = []

    async def client(number: int) -> None:
        for turn in range(units // clients):
            started = time.perf_counter()
            name = f"{number:04}-{turn:06}"
            async with database.unit("acme") as unit:
                await unit.insert("documents", [{"id": name, "title": TITLE, "size": turn}])
                await unit.insert("outbox", [{"body": BODY}])
                await unit.insert("audit", [{"id": name, "what": "add_document"}])
            taken.append(time.perf_counter() - started)

    started = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(clients)))
    elapsed = time.perf_counter() - started
    assert database._writer is not None  # noqa: SLF001 - the number of commits is not part of the port
    grouped = database._writer.units / max(database._writer.commits, 1)  # noqa: SLF001 - as above
    await database.close()
    return len(taken) / elapsed, taken, grouped


def bare_run(path: Path, units: int, group: int) -> float:
    """Give units per second of a plain loop."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    for table in TABLES:
        for sql in create_sql(table, "sqlite"):
            connection.execute(sql)
    started = time.perf_counter()
    for number in range(units):
        if number % group == 0:
            connection.execute("BEGIN IMMEDIATE")
        name = f"{number % group:04}-{number // group:06}"
        connection.execute("SAVEPOINT u")
        connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?)", ("acme", name, TITLE, number // group)
        )
        connection.execute("INSERT INTO outbox (tenant_id, body) VALUES (?, ?)", ("acme", BODY))
        connection.execute("INSERT INTO audit VALUES (?, ?, ?)", ("acme", name, "add_document"))
        connection.execute("RELEASE u")
        if number % group == group - 1:
            connection.execute("COMMIT")
    if connection.in_transaction:
        connection.execute("COMMIT")
    elapsed = time.perf_counter() - started
    connection.close()
    return units / elapsed


def main() -> None:
    """Run both in turn and print the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None, help="where the files lie")
    given = parser.parse_args()
    engines, bares, ratios, middles, tails, groups = [], [], [], [], [], []
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for turn in range(given.repeats):
            bare = bare_run(Path(folder) / f"bare{turn}.db", given.units, given.clients)
            run = engine_run(Path(folder) / f"engine{turn}.db", given.units, given.clients)
            engine, taken, grouped = asyncio.run(run)
            taken.sort()
            bares.append(bare)
            engines.append(engine)
            ratios.append(engine / bare)
            middles.append(1000 * taken[len(taken) // 2])
            tails.append(1000 * taken[int(len(taken) * 0.99)])
            groups.append(grouped)
    median = statistics.median
    print(f"bare sqlite3, {given.clients} units a commit: {median(bares):9,.0f} tx/s")
    print(f"engine, {given.clients} clients:              {median(engines):9,.0f} tx/s")
    print(f"engine / bare: {median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")
    print(f"latency p50 {median(middles):.1f} ms, p99 {median(tails):.1f} ms")
    print(f"{median(groups):.0f} units a commit")


if __name__ == "__main__":
    main()
