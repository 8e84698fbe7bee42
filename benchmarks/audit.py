"""What the audit costs: sealing a backlog, checking it, searching it, and what a write pays.

    python benchmarks/audit.py [--rows 100000] [--postgres postgresql://…]

The peer of a write is the same write into the table without its indexes, salt and mark, in alternating
repeats. The PostgreSQL database has to be an empty one.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import uvloop

from mainstay.engines.database.postgres import PostgresDatabase
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.engines.signers.ed25519 import Ed25519Signer, verifier
from mainstay.kernel.audit import Audit
from mainstay.kernel.audit_chain import AuditChain
from mainstay.kernel.caller import Caller
from mainstay.kernel.sealing import Sealer
from mainstay.kernel.tables import AUDIT, TABLES
from mainstay.kit.clock import SystemClock
from mainstay.kit.ids import Ids
from mainstay.kit.random import SystemRandom
from mainstay.ports.database import SYSTEM, Database
from mainstay.services.observability.store import AuditStore, Wanted

_TENANT = "tenant_bench"
_AT_ONCE = 2_000
_REPEATS = 7
_WRITES = 300
_PLAIN = replace(
    AUDIT,
    name="audit_plain",
    columns=tuple(each for each in AUDIT.columns if each.name not in {"salt", "hidden", "sealed"}),
    indexes=(),
)
_EVERY_TABLE = (*TABLES, _PLAIN)


def rows(audit: Audit, count: int, begin: int = 0) -> list[dict[str, Any]]:
    """Make rows as operations do."""
    made = []
    for number in range(begin, begin + count):
        caller = Caller(_TENANT, f"key_{number % 97}", (), frozenset())
        origin = {"request_id": f"req_{number}", "door": "rest", "address": f"10.0.0.{number % 250}"}
        row = audit.row(caller, f"knowledge.operation_{number % 29}", f"doc_{number}", "ok", origin)
        made.append({**row, "tenant_id": _TENANT})
    return made


async def holding(work: Awaitable[Any]) -> tuple[Any, float, list[float]]:
    """Do something and say how long it took, and each time that the loop was held."""
    held: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            held.append(time.perf_counter() - before)
            await asyncio.sleep(0.0005)

    watching = asyncio.create_task(watch())
    began = time.perf_counter()
    done = await work
    took = time.perf_counter() - began
    watching.cancel()
    return done, took, sorted(held)


async def write(database: Database, table: str, made: list[dict[str, Any]]) -> float:
    """Write rows one transaction each, several at a time; give the rows a second."""

    async def some(part: list[dict[str, Any]]) -> None:
        for row in part:
            async with database.unit(SYSTEM) as unit:
                await unit.insert(table, [row])

    began = time.perf_counter()
    await asyncio.gather(*(some(made[start::8]) for start in range(8)))
    return len(made) / (time.perf_counter() - began)


async def _fastest(action: Callable[[], Awaitable[Any]]) -> float:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        await action()
        took.append(time.perf_counter() - began)
    return 1000 * statistics.median(took)


async def measure(name: str, database: Database, count: int) -> None:
    """Print the figures of one database."""
    clock, random = SystemClock(), SystemRandom()
    audit, signer = Audit(database, clock, random), Ed25519Signer(random.token(32))
    chain = AuditChain(database, verifier(signer.public_key))
    sealer = Sealer(database, chain, signer, clock, Ids(clock, random), kept_days=0, exclusive=False)
    for begin in range(0, count, _AT_ONCE):
        async with database.unit(SYSTEM) as unit:
            await unit.insert("audit", rows(audit, min(_AT_ONCE, count - begin), begin))
    sealed, took, held = await holding(sealer.catch_up())
    late, most, usual = sum(each > 0.01 for each in held), held[-1], held[int(len(held) * 0.99)]
    print(
        f"{name}: sealed {sealed} entries, {sealed / took:.0f} a second; the loop was held"
        f" {1000 * most:.1f} ms at most, {1000 * usual:.1f} ms in 99 of 100 rounds, over 10 ms {late} times"
    )
    verdict, took, held = await holding(chain.verify(_TENANT))
    assert not verdict.finding
    print(
        f"{name}: checked {verdict.checked / took:.0f} entries a second; the loop was held"
        f" {1000 * held[-1]:.1f} ms at most"
    )
    store, reading = AuditStore(), partial(chain.fetch, _TENANT)
    nothing = dict.fromkeys(("operation", "outcome", "target", "request_id", "door"), "")
    for label, equal in (
        ("the newest", {}),
        ("of a subject", {"subject": "key_13"}),
        ("of a target", {"target": f"doc_{count // 2}"}),
        ("of an outcome that is not there", {"outcome": "Forbidden"}),
        ("of a request", {"request_id": "req_77"}),
    ):
        wanted = Wanted({**nothing, **equal}, None, None, None)
        took_ms = await _fastest(lambda wanted=wanted: store.search(reading, wanted, 101))
        print(f"{name}: 100 entries {label} among {count}: {took_ms:.2f} ms")
    rates: dict[str, list[float]] = {"audit": [], "audit_plain": []}
    for turn in range(_REPEATS):
        for table, found in rates.items():
            made = rows(audit, _WRITES, count + turn * _WRITES)
            if table == "audit_plain":
                made = [{k: v for k, v in row.items() if k not in {"salt", "sealed"}} for row in made]
            found.append(await write(database, table, made))
    now, plain = (statistics.median(rates[table]) for table in ("audit", "audit_plain"))
    print(
        f"{name}: {now:.0f} durable rows a second, {plain:.0f} without indexes and salts: {now / plain:.2f}"
    )


async def main() -> None:
    """Measure SQLite, and PostgreSQL where one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--postgres", default="")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engines: dict[str, Database] = {
            "SQLite": SqliteDatabase(Path(folder) / "audit.db", _EVERY_TABLE, migrations=False)
        }
        if given.postgres:
            engines["PostgreSQL"] = PostgresDatabase(given.postgres, _EVERY_TABLE, migrations=False)
        for name, database in engines.items():
            await database.open()
            try:
                await measure(name, database, given.rows)
            finally:
                await database.close()


if __name__ == "__main__":
    uvloop.run(main())
