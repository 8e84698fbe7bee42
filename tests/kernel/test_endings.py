"""Background tasks end even when what they are in the middle of swallows their cancellation."""

import asyncio

import pytest

from mainstay.kernel.endings import end


async def test_a_task_that_goes_on_whatever_happens_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mainstay.kernel.endings._AGAIN_S", 0.01)
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 2:
                    raise

    async def failing() -> None:
        raise ValueError

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(failing())]
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(tasks)
    assert swallowed == 3
    assert all(task.done() for task in tasks)
    await end([])
