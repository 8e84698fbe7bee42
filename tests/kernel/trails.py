"""An audit with its sealer over each database, and a raw link for whoever tampers with it."""

import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mainstay.engines.database.postgres import PostgresDatabase
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.engines.signers.ed25519 import Ed25519Signer, verifier
from mainstay.kernel.audit import Audit
from mainstay.kernel.audit_chain import AuditChain, Verdict
from mainstay.kernel.caller import Caller
from mainstay.kernel.chain import Checkpoint
from mainstay.kernel.changing import UNCHANGED
from mainstay.kernel.erasing import Eraser
from mainstay.kernel.sealing import Sealer
from mainstay.kernel.tables import TABLES
from mainstay.kit.ids import Ids
from mainstay.kit.random import SystemRandom
from mainstay.ports.database import SYSTEM, Database
from makers import FrozenClock

SEED = 20_261_129
TENANT, OTHER = "tenant_a", "tenant_b"
Ask = Callable[..., list[Any]]


@dataclass
class Trail:
    """Everything around one audit."""

    database: Database
    ask: Ask
    clock: FrozenClock
    audit: Audit
    chain: AuditChain
    signer: Ed25519Signer
    sealer: Sealer
    eraser: Eraser

    def another_sealer(self, *, kept_days: int = 0, exclusive: bool = False) -> Sealer:
        ids = Ids(self.clock, SystemRandom())
        return Sealer(
            self.database,
            self.chain,
            self.signer,
            self.clock,
            ids,
            kept_days=kept_days,
            exclusive=exclusive,
        )

    async def note(self, count: int, tenant: str = TENANT, subject: str = "") -> None:
        """Write rows as operations do."""
        rows = []
        for number in range(count):
            self.clock.move(1)
            caller = Caller(tenant, subject or f"key_{number % 7}", (), frozenset())
            origin = {"request_id": f"req_{number}", "door": "rest", "address": f"10.0.0.{number % 200}"}
            operation = ("knowledge.search", "identity.create_key", "jobs.list_jobs")[number % 3]
            changed = UNCHANGED if number % 3 == 0 else UNCHANGED.and_then({"was": number}, {"is": number})
            row = self.audit.row(caller, operation, f"target_{number}", "ok", origin, changed)
            rows.append({**row, "tenant_id": tenant})
        async with self.database.unit(SYSTEM) as unit:
            await unit.insert("audit", rows)

    async def verify(self, anchor: Checkpoint | None = None, tenant: str = TENANT, **more: Any) -> Verdict:
        return await self.chain.verify(tenant, anchor=anchor, **more)

    @property
    def is_postgres(self) -> bool:
        return isinstance(self.database, PostgresDatabase)

    async def newest(self, tenant: str = TENANT) -> Checkpoint:
        return (await self.chain.newest(tenant))[0]


def made(database: Database, ask: Ask, clock: FrozenClock) -> Trail:
    signer = Ed25519Signer(random.Random(SEED).randbytes(32))  # noqa: S311 - the same key in each run
    chance = SystemRandom()
    chain = AuditChain(database, verifier(signer.public_key))
    return Trail(
        database,
        ask,
        clock,
        Audit(database, clock, chance),
        chain,
        signer,
        Sealer(database, chain, signer, clock, Ids(clock, chance), kept_days=30, exclusive=False),
        Eraser(database, signer, clock, chance),
    )


@contextmanager
def asking_sqlite(path: Path) -> Iterator[Ask]:
    link = sqlite3.connect(path, isolation_level=None, timeout=10)
    link.execute("PRAGMA synchronous = OFF")
    yield lambda sql, *values: link.execute(sql, values).fetchall()
    link.close()


@contextmanager
def asking_postgres(url: str) -> Iterator[Ask]:
    with psycopg.connect(url, autocommit=True) as link:

        def ask(sql: str, *values: Any) -> list[Any]:
            found = link.execute(sql.replace("?", "%s").encode(), values)
            return found.fetchall() if found.description else []

        yield ask


@asynccontextmanager
async def opened(kind: str, folder: Path, url: Callable[[], str]) -> AsyncIterator[tuple[Database, Ask]]:
    """Open an empty database of a kind."""
    database: Database
    if kind == "sqlite":
        path = folder / "audit.db"
        database, asking = SqliteDatabase(path, TABLES, migrations=False), asking_sqlite(path)
    else:
        address = url()
        database, asking = PostgresDatabase(address, TABLES, migrations=False), asking_postgres(address)
    await database.open()
    try:
        with asking as ask:
            yield database, ask
    finally:
        await database.close()


@pytest.fixture(params=["sqlite", "postgres"])
async def trail(request: pytest.FixtureRequest, tmp_path: Path, clock: FrozenClock) -> AsyncIterator[Trail]:
    async with opened(
        request.param, tmp_path, lambda: str(request.getfixturevalue("empty_postgres"))
    ) as parts:
        yield made(*parts, clock)
