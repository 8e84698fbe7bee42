"""Reading what may be very much, a page at a time, until there is enough: for exports of persons."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

Found = TypeVar("Found")

EXPORTED_CHARACTERS_MAX = 32 << 20
"""How long what is exported of one kind may be, as JSON: it travels, and is sealed, in one piece."""


async def portion(
    page: Callable[[Found | None], Awaitable[Sequence[Found]]],
    told: Callable[[Found], dict[str, Any]],
    characters_max: int,
) -> list[dict[str, Any]]:
    """Tell what pages hold, as much as fits; `page` gives what follows something, nothing at the end.

    Telling opens what is sealed, so it is done in a thread.
    """

    def measured(each: Found) -> tuple[dict[str, Any], int]:
        one = told(each)
        return one, len(json.dumps(one))

    found: list[dict[str, Any]] = []
    room, last = characters_max, None
    while some := await page(last):
        last = some[-1]
        for each in some:
            one, size = await asyncio.to_thread(measured, each)
            room -= size
            if room < 0:
                return found
            found.append(one)
    return found
