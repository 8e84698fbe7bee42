"""The first moments of an overload, and who goes before whom in it, in a time that is made."""

import asyncio
import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from mainstay.kernel import turns
from mainstay.kernel.caller import Caller
from mainstay.kernel.shedding import Overloaded, Place, Shedding, SheddingSettings, Throttled
from mainstay.kernel.sources import BEYOND, INVALID_WEIGHT, Source, Sources

SERVICE_S = 0.005
WORKERS = 2
CAPACITY = WORKERS / SERVICE_S
SETTINGS = SheddingSettings(at_once=32, slowdown=1.5)
FLOOD, STEADY = Source("tenant_flood", "key_flood"), Source("tenant_steady", "key_steady")


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def now_ms(self) -> int:
        return int(self.time * 1000)

    def monotonic_s(self) -> float:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(turns, "WAIT_S", 3600)  # by the loop's own clock, which is not the test's
    return Clock()


@dataclass
class Told:
    """Seconds of each answer by whom it was for, accepted and refused."""

    accepted: dict[Source, list[float]] = field(default_factory=dict)
    refused: dict[Source, list[float]] = field(default_factory=dict)
    throttled: int = 0

    def p99_s(self, source: Source = FLOOD) -> float:
        taken = sorted(self.accepted[source])
        return taken[int(0.99 * (len(taken) - 1))]


class Server:
    """A few workers and one queue without end; requests come at rates, whatever becomes of the others."""

    def __init__(self, clock: Clock, settings: SheddingSettings = SETTINGS, *, in_turns: bool = True) -> None:
        self.clock, self.in_turns = clock, in_turns
        self.shedding = Shedding(clock, settings)
        self.chance = random.Random(7)  # noqa: S311 - a fixed seed, so that a failure comes again
        self.busy = 0
        self.queue: deque[asyncio.Future[None]] = deque()
        self.ends: list[tuple[float, int, asyncio.Future[None]]] = []
        self.number = 0

    async def run(self, seconds: float, **rates: float) -> Told:
        """Let requests come for a while, and all of them end."""
        sources = {"flood": FLOOD, "steady": STEADY}
        told, began, tasks = Told(), self.clock.time, set()
        coming = [(self.chance.expovariate(rate), name) for name, rate in rates.items()]
        while coming or self.ends:
            due = began + min(coming)[0] if coming else float("inf")
            if coming and (not self.ends or due <= self.ends[0][0]):
                self.clock.time = due
                at, name = heapq.heappop(coming) if coming == sorted(coming) else coming.pop(_first(coming))
                tasks.add(asyncio.create_task(self._ask(told, sources[name])))
                following = at + self.chance.expovariate(rates[name])
                if following < seconds:
                    coming.append((following, name))
            else:
                self.clock.time, _, end = heapq.heappop(self.ends)
                self.busy -= 1
                end.set_result(None)
            await self._settle()
        await asyncio.gather(*tasks)
        return told

    async def _ask(self, told: Told, source: Source) -> None:
        came = self.clock.time
        place: Place | None = None
        try:
            place = self.shedding.admit("search", source)
            if self.in_turns:
                await place.turn()
            await self._served()
            place.done()
            told.accepted.setdefault(source, []).append(self.clock.time - came)
        except (Overloaded, Throttled) as refusal:
            told.throttled += isinstance(refusal, Throttled)
            told.refused.setdefault(source, []).append(self.clock.time - came)
        finally:
            if place is not None:
                place.leave()

    async def _served(self) -> None:
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.queue.append(end)
        self._work()
        await end

    def _work(self) -> None:
        while self.queue and self.busy < WORKERS:
            self.busy += 1
            self.number += 1
            took = SERVICE_S * self.chance.uniform(0.7, 1.3)
            heapq.heappush(self.ends, (self.clock.time + took, self.number, self.queue.popleft()))

    async def _settle(self) -> None:
        """Let everybody go on who can."""
        for _ in range(4):
            await asyncio.sleep(0)
        self._work()


def _first(coming: list[tuple[float, str]]) -> int:
    return min(range(len(coming)), key=lambda place: coming[place])


async def known(server: Server) -> Told:
    """Let a server see what it takes alone, and in a crowd."""
    calm = await server.run(20, flood=CAPACITY / 10)
    for _ in range(5):
        await server.run(0.01, flood=1000)
    return calm


async def test_from_the_first_second_of_an_overload_on_what_is_accepted_is_in_time(clock: Clock) -> None:
    server = Server(clock)
    calm = await known(server)
    assert calm.refused == {}
    crowd = await server.run(1, flood=CAPACITY * 10)
    assert crowd.p99_s() <= 2 * calm.p99_s()
    assert max(crowd.refused[FLOOD]) <= 0.05
    assert len(crowd.accepted[FLOOD]) >= 0.6 * CAPACITY
    after = await server.run(5, flood=CAPACITY / 10)
    assert len(after.refused.get(FLOOD, [])) <= 5
    assert after.p99_s() <= 1.2 * calm.p99_s()
    assert (server.shedding.running, server.shedding.turns.begun, server.shedding.turns.waiting) == (0, 0, 0)


async def test_without_turns_the_first_ones_are_late(clock: Clock) -> None:
    server = Server(clock, in_turns=False)
    calm = await known(server)
    crowd = await server.run(1, flood=CAPACITY * 10)
    assert crowd.p99_s() > 4 * calm.p99_s()


async def test_a_short_crowd_waits_for_its_turns_and_is_served_whole(clock: Clock) -> None:
    server = Server(clock)
    await known(server)
    began = clock.time
    told = Told()
    asked = [asyncio.create_task(server._ask(told, FLOOD)) for _ in range(SETTINGS.at_once)]
    await server._settle()
    assert 2 <= server.shedding.turns.begun <= 6
    while server.ends:
        clock.time, _, end = heapq.heappop(server.ends)
        server.busy -= 1
        end.set_result(None)
        await server._settle()
    await asyncio.gather(*asked)
    assert told.refused == {}
    assert clock.time - began <= 1.2 * SETTINGS.at_once / CAPACITY  # the workers were never idle


async def test_what_waits_elsewhere_never_waits_for_a_turn(clock: Clock) -> None:
    """Thirty people wait for a language model, which is as quick for all of them as for one."""
    shedding = Shedding(clock, SETTINGS)
    for crowd in (1, 1, 30, 30):
        places = [shedding.admit("answer", FLOOD) for _ in range(crowd)]
        for place in places:
            await place.turn()
        assert shedding.turns.begun == crowd
        clock.time += 2.0
        for place in places:
            place.done()


async def test_a_flood_of_one_tenant_does_not_starve_another(clock: Clock) -> None:
    server = Server(clock)
    calm = await known(server)
    await server.run(5, steady=CAPACITY / 10)
    told = await server.run(10, flood=CAPACITY * 10, steady=CAPACITY / 10)
    refused = len(told.refused.get(STEADY, []))
    assert refused <= 0.02 * len(told.accepted[STEADY])
    assert told.p99_s(STEADY) <= 3 * calm.p99_s()
    assert len(told.refused[FLOOD]) > 0.8 * 10 * CAPACITY * 10


async def test_a_key_far_above_its_history_gives_way_to_another_of_its_tenant(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(clock)
    monkeypatch.setitem(globals(), "FLOOD", Source("tenant", "flood"))
    monkeypatch.setitem(globals(), "STEADY", Source("tenant", "steady"))
    await known(server)
    clock.time += 3600
    await server.run(60, steady=CAPACITY / 10)
    told = await server.run(5, flood=CAPACITY * 10, steady=CAPACITY / 10)
    assert told.throttled > 0
    shares = {
        source: len(told.accepted[source]) / (len(told.accepted[source]) + len(told.refused.get(source, [])))
        for source in (FLOOD, STEADY)
    }
    assert shares[STEADY] > 0.5
    assert shares[STEADY] > 5 * shares[FLOOD]


async def test_nobody_gives_way_on_an_idle_house_or_when_nobody_else_asks(clock: Clock) -> None:
    shedding = Shedding(clock, SETTINGS)
    for _ in range(5000):
        shedding.admit("search", FLOOD).done()
    assert shedding.refused == 0
    alone = Server(clock)
    await known(alone)
    assert (await alone.run(2, flood=CAPACITY * 10)).throttled == 0


def times(clock: Clock, ask: Callable[[Sources], None]) -> float:
    sources = Sources(clock)
    ask(sources)
    return sources.times_usual(FLOOD)


def at(clock: Clock, per_s: float, seconds: float, weight: float = 1.0) -> Callable[[Sources], None]:
    def ask(sources: Sources) -> None:
        for _ in range(round(per_s * seconds)):
            clock.time += 1 / per_s
            sources.note(FLOOD, weight)

    return ask


def test_history_is_what_somebody_asked_in_the_last_hour(clock: Clock) -> None:
    def suddenly(sources: Sources) -> None:
        at(clock, 5, 3600)(sources)
        at(clock, 50, 20)(sources)

    assert times(clock, at(clock, 5, 3600)) < BEYOND / 4
    assert times(clock, suddenly) > BEYOND
    assert times(clock, at(clock, 7, 60)) < BEYOND  # without a history, some are nobody's harm
    assert times(clock, at(clock, 20, 60)) > BEYOND
    assert times(clock, at(clock, 4, 60, INVALID_WEIGHT)) > BEYOND
    assert times(clock, lambda _: None) == 0


def test_credentials_are_a_hint_and_a_stranger_is_a_household(clock: Clock) -> None:
    sources = Sources(clock)
    caller = Caller("tenant_a", "key_a", (), frozenset())
    assert sources.of(b"Bearer one", "2001:db8::1") == Source("", "2001:db8::/64")
    sources.learn(b"Bearer one", caller)
    assert sources.of(b"Bearer one", "2001:db8::1") == Source("tenant_a", "key_a")
    assert sources.of(b"Bearer two", "2001:db8::2") == Source("", "2001:db8::/64")
    assert "Bearer" not in repr(vars(sources))
