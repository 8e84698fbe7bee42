"""Reading JSON that strangers sent: strict, bounded in depth, and off the event loop when it is large."""

import asyncio
import math
from typing import Any

import jiter

from mainstay.transports.rest.problems import MessageMalformed

DEPTH_MAX = 64
_INLINE_BYTES_MAX = 64 * 1024
_WHOLE_MAX = 2**53


def _number(value: float) -> float:
    """Refuse a number beyond any machine's range; `33.0` is a whole number, as JSON Schema has it."""
    if not math.isfinite(value):
        raise MessageMalformed("A number is too large.")
    return int(value) if value.is_integer() and abs(value) < _WHOLE_MAX else value


def _tidy(container: Any, deeper: list[Any]) -> None:
    """Put a container's numbers right, and gather the containers in it."""
    items = container.items() if isinstance(container, dict) else enumerate(container)
    for key, value in list(items):
        if isinstance(value, float):
            container[key] = _number(value)
        elif isinstance(value, dict | list):
            deeper.append(value)


def _tidied(value: Any) -> Any:
    """Put numbers right, and refuse nesting beyond any need."""
    if isinstance(value, float):
        return _number(value)
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEPTH_MAX):
        deeper: list[Any] = []
        for container in level:
            _tidy(container, deeper)
        if not deeper:
            return value
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
    return _tidied(value)


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
