"""Engines that fail once, at the n-th call, as their ports say they may."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainstay.kit.errors import Unavailable
from mainstay.ports.database import Condition, Database, Row, Scalar, Scope, Unit
from mainstay.ports.encoder import Lane, Role
from makers import WordEncoder

NEVER = 1 << 40


class Fault:
    """Counts calls once it is armed, and raises at one of them."""

    def __init__(self, failure: Callable[[], Unavailable]) -> None:
        self._failure = failure
        self._at = NEVER
        self._lasting = 1
        self.calls = 0
        self.fired = False

    def arm(self, at: int, lasting: int = 1) -> None:
        """Fail at a call from now on, and at those that follow for as long as it lasts."""
        self.calls, self._at, self._lasting, self.fired = 0, at, lasting, False

    def disarm(self) -> None:
        self._at = NEVER

    def pass_by(self) -> None:
        """Count a call; raises the failure if it is its turn."""
        self.calls += 1
        if self._at <= self.calls < self._at + self._lasting:
            self.fired = True
            raise self._failure()


class FaultyUnit:
    """A unit of work whose calls may fail."""

    def __init__(self, unit: Unit, fault: Fault) -> None:
        self._unit, self._fault = unit, fault

    async def fetch(self, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        self._fault.pass_by()
        return await self._unit.fetch(sql, values)

    async def insert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> list[int]:
        self._fault.pass_by()
        return await self._unit.insert(table, rows)

    async def upsert(self, table: str, rows: Sequence[Mapping[str, Scalar]]) -> None:
        self._fault.pass_by()
        await self._unit.upsert(table, rows)

    async def update(self, table: str, values: Mapping[str, Scalar], where: Condition) -> int:
        self._fault.pass_by()
        return await self._unit.update(table, values, where)

    async def delete(self, table: str, where: Condition) -> int:
        self._fault.pass_by()
        return await self._unit.delete(table, where)

    def within(self, scope: Scope) -> Unit:
        return FaultyUnit(self._unit.within(scope), self._fault)


class FaultyDatabase:
    """A database whose reads, writes, beginnings and commits may fail."""

    def __init__(self, database: Database, fault: Fault) -> None:
        self._database, self._fault = database, fault

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()

    async def fetch(self, scope: Scope, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        self._fault.pass_by()
        return await self._database.fetch(scope, sql, values)

    def version(self) -> int | None:
        return self._database.version()

    @asynccontextmanager
    async def unit(self, scope: Scope) -> AsyncIterator[Unit]:
        self._fault.pass_by()
        async with self._database.unit(scope) as unit:
            yield FaultyUnit(unit, self._fault)
            self._fault.pass_by()  # the commit: nothing of the unit is kept

    async def backup(self, folder: str) -> None:
        await self._database.backup(folder)


class FaultyEncoder(WordEncoder):
    """An encoder that may be out for a moment, and that breaks on one text for as long as `poison` is set."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self._fault = fault
        self.poison = ""
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def embed(
        self, texts: Sequence[str], *, role: Role = "passage", lane: Lane = "query"
    ) -> NDArray[np.float32]:
        self._fault.pass_by()
        if lane == "ingest" and self.poison and any(self.poison in text for text in texts):
            raise RuntimeError("this text breaks the encoder")
        meanwhile, self.meanwhile = (self.meanwhile, None) if lane == "ingest" else (None, self.meanwhile)
        if meanwhile is not None:
            await meanwhile()
        return await super().embed(texts, role=role, lane=lane)


class FaultyVectors:
    """A vector index whose calls may fail before they have done anything."""

    def __init__(self, vectors: Any, fault: Fault) -> None:
        self._vectors, self._fault = vectors, fault

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._vectors, name)
        if name == "close":
            return method

        async def called(*args: Any, **named: Any) -> Any:
            self._fault.pass_by()
            return await method(*args, **named)

        return called
