"""Ending tasks that run in the background, whatever they were in the middle of."""

import asyncio
from collections.abc import Iterable
from typing import Any

_AGAIN_S = 0.5


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until they have ended.

    Once is not enough: a statement that is cancelled can come back as the database's own refusal, which a
    loop that goes on whatever happens takes for one of its bad rounds.
    """
    every = list(tasks)
    left = {task for task in every if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=_AGAIN_S)
    await asyncio.gather(*every, return_exceptions=True)
