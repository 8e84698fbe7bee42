"""Work on texts that may be long, off the loop where that is worth the way."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_LARGE = 100_000
"""Characters or bytes that take about a millisecond to hash, to encrypt or to decrypt."""


async def beside(size: int, call: Callable[[], T]) -> T:
    """Run a call in a thread when it works on much; short work is done at once."""
    return await asyncio.to_thread(call) if size > _LARGE else call()
