"""Turns of what is computed in batches: full batches are quicker for everybody, so more begin at once."""

import asyncio
from collections import deque

import pytest

from mainstay.kernel import turns
from mainstay.kernel.interface import operations_of
from mainstay.kernel.shedding import Overloaded, Shedding, SheddingSettings
from mainstay.kernel.sources import NOWHERE
from mainstay.services.assistant.interface import Assistant
from mainstay.services.language.interface import Language
from mainstay.transports.compatible.openai import embeddings, moderations
from makers import FrozenClock

ALONE_S, EACH_S, BATCH = 0.004, 0.002, 12
CROWD = 32


class Model:
    """One worker that takes what waits, up to a batch: a batch costs something, and each text in it less."""

    def __init__(self, clock: FrozenClock, *, batched: bool) -> None:
        self.clock, self.batched = clock, batched
        self.shedding = Shedding(clock, SheddingSettings(at_once=CROWD))
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.batches: list[int] = []

    async def ask(self) -> None:
        place = self.shedding.admit("analyze")
        try:
            await place.turn(batched=self.batched)
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self.waiting.append(done)
            await done
            place.done()
        finally:
            place.leave()

    async def serve(self, asked: list[asyncio.Task[None]]) -> float:
        """Work until all are served; give the seconds that it took."""
        began = self.clock.monotonic_s()
        while not all(task.done() for task in asked):
            for _ in range(4):
                await asyncio.sleep(0)
            batch = [self.waiting.popleft() for _ in range(min(BATCH, len(self.waiting)))]
            self.clock.move((ALONE_S - EACH_S) + EACH_S * len(batch))
            self.batches.append(len(batch))
            for each in batch:
                each.set_result(None)
            for _ in range(4):
                await asyncio.sleep(0)
        await asyncio.gather(*asked)
        return self.clock.monotonic_s() - began

    async def crowd(self, number: int) -> float:
        return await self.serve([asyncio.create_task(self.ask()) for _ in range(number)])


async def known(model: Model) -> Model:
    for number in (1, 8, 8, *[1] * 40):
        await model.crowd(number)
    model.batches.clear()
    return model


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FrozenClock:
    monkeypatch.setattr(turns, "WAIT_S", 3600)  # by the loop's own clock, which is not the test's
    return FrozenClock()


async def test_a_crowd_of_what_is_batched_fills_batches_and_is_served_sooner(clock: FrozenClock) -> None:
    alone = await (await known(Model(clock, batched=False))).crowd(CROWD)
    model = await known(Model(clock, batched=True))
    together = await model.crowd(CROWD)
    assert max(model.batches) == BATCH
    assert together <= 0.85 * alone


async def test_beyond_its_share_what_is_batched_waits_and_is_refused_like_everything(
    clock: FrozenClock,
) -> None:
    model = await known(Model(clock, batched=True))
    asked = [asyncio.create_task(model.ask()) for _ in range(CROWD)]
    for _ in range(4):
        await asyncio.sleep(0)
    begun = model.shedding.turns.begun
    assert BATCH < begun < CROWD
    with pytest.raises(Overloaded):
        model.shedding.admit("analyze", NOWHERE)
    assert model.shedding.limit == begun
    await model.serve(asked[:begun])
    refused = [task for task in asked if isinstance(task.exception(), Overloaded)]
    assert len(refused) == CROWD - begun


def test_what_takes_one_pass_of_the_model_says_so() -> None:
    batched = {
        each.name for interface in (Language, Assistant) for each in operations_of(interface) if each.batched
    }
    assert batched == {
        "analyze",
        "classify",
        "embed",
        "find_personal_data",
        "moderate",
        "compare_texts",
        "understand",
    }
    endpoints = [*embeddings.ENDPOINTS, *moderations.ENDPOINTS]
    assert all(each.batched for each in endpoints)
