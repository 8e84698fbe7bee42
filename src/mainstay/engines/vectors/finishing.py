"""Work that is brought to its end even when whoever waits for it is cancelled."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


async def finished(work: Coroutine[Any, Any, T]) -> T:
    """Await work; a cancellation is passed on only when the work has ended.

    Half a swap, or a thread still writing where the next one begins, is worse than a late cancellation.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                continue
        if not task.cancelled():
            task.exception()  # seen: the cancellation is what the caller asked for
        raise


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a call in a thread, to its end."""
    return await finished(asyncio.to_thread(call, *args, **kwargs))
