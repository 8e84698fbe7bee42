"""Work that is brought to its end even when whoever waits for it is cancelled."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

from mainstay.engines.vectors import tethered

T = TypeVar("T")
P = ParamSpec("P")

_TOLD_MAX = 4_000


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


async def in_child(*command: str) -> tuple[int, str]:
    """Run a child process to its end, or to that of this one; give its status and its last complaints.

    For work on many files: a thread would wait for the interpreter's lock at each, and beside searches that
    follow each other closely a few megabytes would take a hundred seconds.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", tethered.__name__, str(os.getpid())),
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, told = await child.communicate()
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    return child.returncode or 0, told.decode(errors="replace")[-_TOLD_MAX:]
