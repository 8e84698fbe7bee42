"""What is done again and again: it goes on after failures, and once more at the end."""

import asyncio

from mainstay.kernel.rounds import Rounds
from mainstay.ports.database import DatabaseUnavailable


async def test_rounds_go_on_after_failures_and_end_with_one_more() -> None:
    went: list[int] = []
    enough = asyncio.Event()

    async def go() -> None:
        went.append(len(went))
        if len(went) == 1:
            raise DatabaseUnavailable
        if len(went) == 2:
            raise ZeroDivisionError
        enough.set()

    rounds = Rounds("rounds", 0.001, go)
    rounds.start()
    async with asyncio.timeout(10):
        await enough.wait()
        before = len(went)
        await rounds.stop()
    assert len(went) > before
    after = len(went)
    await asyncio.sleep(0.01)
    assert len(went) == after


async def test_a_cancellation_that_is_told_as_a_failure_ends_the_rounds_too() -> None:
    went: list[int] = []
    begun = asyncio.Event()

    async def go() -> None:
        went.append(len(went))
        if len(went) > 1:
            return
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise DatabaseUnavailable from None

    rounds = Rounds("rounds", 0.001, go)
    rounds.start()
    async with asyncio.timeout(10):
        await begun.wait()
        await rounds.stop()
    assert went == [0, 1]
