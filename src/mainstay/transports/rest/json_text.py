"""Reading JSON that strangers sent: strict, bounded in depth, and off the event loop when it is large."""

import asyncio
import math
from typing import Any

import jiter

from mainstay.transports.rest.problems import MessageMalformed

DEPTH_MAX = 64
_INLINE_BYTES_MAX = 64 * 1024


def _refuse_unfit(value: Any) -> None:
    """Refuse numbers beyond any machine's range and nesting beyond any need."""
    level = [value]
    for _ in range(DEPTH_MAX):
        deeper: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                deeper.extend(each.values())
            elif isinstance(each, list):
                deeper.extend(each)
            elif isinstance(each, float) and not math.isfinite(each):
                raise MessageMalformed("A number is too large.")
        if not deeper:
            return
        level = deeper
    raise MessageMalformed(f"The JSON is nested more than {DEPTH_MAX} levels deep.")


def parse_json(data: bytes) -> Any:
    """Read JSON in UTF-8; raises MessageMalformed on anything a standard reader would have to guess at.

    Refused: NaN and Infinity, duplicate keys, lone surrogates, numbers out of range, deep nesting.
    """
    try:
        value = jiter.from_json(data, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        raise MessageMalformed(f"This is not JSON that can be read: {_without_values(str(error))}.") from None
    _refuse_unfit(value)
    return value


def _without_values(told: str) -> str:
    """Take the sent key out of the parser's words; the position stays."""
    if told.startswith("Detected duplicate key"):
        return "an object has the same key twice" + told[told.rfind(" at line") :]
    return told


async def read_json(data: bytes) -> Any:
    """Read JSON; a large one in a thread."""
    if len(data) <= _INLINE_BYTES_MAX:
        return parse_json(data)
    return await asyncio.to_thread(parse_json, data)
