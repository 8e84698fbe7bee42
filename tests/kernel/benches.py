"""A reactor with its parts, over each database, and reactions that note what they were given."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from mainstay.engines.bus.memory import MemoryBus
from mainstay.engines.database.postgres import PostgresDatabase
from mainstay.engines.database.sqlite import SqliteDatabase
from mainstay.kernel.caller import house
from mainstay.kernel.events import Reaction, Reactions, declared_reactions, reactions_of, reacts_to
from mainstay.kernel.interface import Event
from mainstay.kernel.leases import Leases
from mainstay.kernel.outbox import WAKE, Outbox
from mainstay.kernel.reactor import Reactor
from mainstay.kernel.tables import TABLES
from mainstay.kernel.tidying import DAY_MS, Tidying
from mainstay.kernel.usage import Usage
from mainstay.kernel.work import Work, emit, entered
from mainstay.kit.ids import Ids
from mainstay.kit.random import SystemRandom
from mainstay.ports.database import SYSTEM, Database, Row
from makers import FrozenClock

Behaviour = Callable[[Sequence[int]], None]


class Happened(Event):
    number: int


class Followed(Event):
    number: int


class Recording(Reactions):
    """Notes what it was given; `behave` may raise."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.followed: list[int] = []
        self.behave: Behaviour = lambda _: None

    @reacts_to(Happened, batch=4, heavy=10)
    async def note(self, events: Sequence[Happened]) -> None:
        numbers = [event.number for event in events]
        self.batches.append(numbers)
        self.behave(numbers)
        for event in events:
            emit(Followed(number=event.number), job_id="job_1")

    @reacts_to(Followed, batch=4)
    async def follow(self, events: Sequence[Followed]) -> None:
        self.followed += [event.number for event in events]


class Counted(Leases):
    """Leases that count what was asked of them, when they have answered."""

    def __init__(self, bench: "Bench") -> None:
        super().__init__(bench.database, bench.clock, bench.ids)
        self._asked = bench.asked

    async def claim(self, tenant: str, reaction: Reaction) -> list[Row]:
        found = await super().claim(tenant, reaction)
        self._asked["claim"] += 1
        return found

    async def renew(self) -> None:
        await super().renew()
        self._asked["renew"] += 1

    async def take_over(self, reactions: Collection[str], *, everything: bool) -> None:
        await super().take_over(reactions, everything=everything)
        self._asked["take_over"] += 1


class Bench:
    """A reactor with its parts."""

    def __init__(self, database: Database) -> None:
        self.clock = FrozenClock()
        self.database = database
        self.bus = MemoryBus()
        self.ids = Ids(self.clock, SystemRandom())
        subscribers: dict[str, list[str]] = {}
        self._names = list(declared_reactions(Recording))
        for name, marked in declared_reactions(Recording).items():
            subscribers.setdefault(marked.event.name(), []).append(name)
        self.outbox = Outbox(self.bus, self.clock, self.ids, subscribers)
        self.reactions = Recording()
        self.asked: Counter[str] = Counter()

    def reactor(self, *, exclusive: bool = True) -> Reactor:
        tidying = Tidying(self.database, self.clock, kept_ms=7 * DAY_MS)
        return Reactor(
            self.database,
            self.bus,
            self.outbox,
            Counted(self),
            tidying,
            Usage(self.database, self.clock, self.ids, kept_ms=7 * DAY_MS),
            exclusive=exclusive,
        )

    async def emit(self, *numbers: int, weight: int = 0, tenant: str = "t1") -> None:
        work = Work(house(tenant, "test"), self.database, "req")
        with entered(work):
            for number in numbers:
                emit(Happened(number=number), job_id="job_1", subject=f"n{number}", weight=weight)
            await self.outbox.write(await work.open(), work)
            await work.commit()
            await self.outbox.committed(work)

    async def later(self, seconds: float, tenant: str = "t1") -> None:
        """Let time pass, and the reactor look at once what is due now; by itself it looks each second."""
        self.clock.move(seconds)
        for name in self._names:
            await self.bus.publish(WAKE, f"{tenant}/{name}")

    async def states(self) -> dict[str, int]:
        rows = await self.database.fetch(SYSTEM, "SELECT state, count(*) AS n FROM outbox GROUP BY state")
        return {str(row["state"]): int(row["n"] or 0) for row in rows}

    async def until(self, **states: int) -> None:
        async with asyncio.timeout(20):
            while await self.states() != states:
                await asyncio.sleep(0.01)

    async def asks(self, **times: int) -> None:
        """Wait until the reactors have asked so often for something of their leases, from now on."""
        wanted = self.asked + Counter(times)
        async with asyncio.timeout(20):
            while not self.asked >= wanted:
                await asyncio.sleep(0.005)

    async def tried(self, times: int, **states: int) -> None:
        async with asyncio.timeout(20):
            while len(self.reactions.batches) < times:
                await asyncio.sleep(0.01)
        await self.until(**states)


@asynccontextmanager
async def running(bench: Bench, *, exclusive: bool = True) -> AsyncIterator[Reactor]:
    reactor = bench.reactor(exclusive=exclusive)
    await reactor.start(reactions_of(bench.reactions))
    try:
        yield reactor
    finally:
        await reactor.stop()


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    engine: Database
    if request.param == "sqlite":
        engine = SqliteDatabase(tmp_path / "db", TABLES, migrations=False)
    else:
        engine = PostgresDatabase(request.getfixturevalue("empty_postgres"), TABLES, migrations=False)
    await engine.open()
    yield engine
    await engine.close()


@pytest.fixture
async def bench(database: Database) -> AsyncIterator[Bench]:
    made = Bench(database)
    yield made
    await made.bus.close()


class Slow(Recording):
    """Takes its time: until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()
        self.at_once = self.most = 0

    @reacts_to(Happened, batch=4)
    async def note(self, events: Sequence[Happened]) -> None:
        self.batches.append([event.number for event in events])
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await self.free.wait()
        self.at_once -= 1
        for event in events:
            emit(Followed(number=event.number), job_id="job_1")


def noting(reactions: Reactions) -> list[Reaction]:
    return [each for each in reactions_of(reactions) if each.name.endswith("note")]
