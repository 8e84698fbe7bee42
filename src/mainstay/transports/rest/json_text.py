"""Reading JSON that strangers sent: strict, bounded in depth, and beside the event loop when it is large."""

import asyncio
import json
import math
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import jiter

from mainstay.transports.rest.problems import MessageMalformed

DEPTH_MAX = 64
_INLINE_BYTES_MAX = 64 * 1024
_WHOLE_MAX = 2**53
_NUMBER_MAX = int(sys.float_info.max)
_TOO_LARGE = "A number is too large: send one of at most 308 digits."
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _number(value: float) -> float:
    """Refuse a number beyond any machine's range; `33.0` is a whole number, as JSON Schema has it."""
    if isinstance(value, int):
        if not -_NUMBER_MAX <= value <= _NUMBER_MAX:
            raise MessageMalformed(_TOO_LARGE)
        return value
    if not math.isfinite(value):
        raise MessageMalformed(_TOO_LARGE)
    return int(value) if value.is_integer() and abs(value) < _WHOLE_MAX else value


def _tidy(container: Any, deeper: list[Any]) -> None:
    """Put a container's numbers right, and gather the containers in it."""
    items = container.items() if isinstance(container, dict) else enumerate(container)
    for key, value in items:
        if isinstance(value, float):
            container[key] = _number(value)
        elif isinstance(value, int):
            _number(value)
        elif isinstance(value, dict | list):
            deeper.append(value)


def _tidied(value: Any) -> Any:
    """Put numbers right, and refuse nesting beyond any need."""
    if isinstance(value, int | float):
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


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MessageMalformed("This is not JSON that can be read: an object has the same key twice.")
    return found


def _constant(_: str) -> NoReturn:
    raise MessageMalformed("NaN and Infinity are not JSON.")


def _float(text: str) -> float:
    return _number(float(text))


def _integer(text: str) -> int:
    # A function of our own, and not `int`, so that other threads get their turn between numbers.
    return int(text)


_PATIENT = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_integer, parse_constant=_constant
)


def _refuse_surrogates(value: Any) -> None:
    level = [value]
    while level:
        deeper: list[Any] = []
        for each in level:
            if isinstance(each, str):
                each.encode()
            elif isinstance(each, dict):
                deeper.extend(each)
                deeper.extend(each.values())
            elif isinstance(each, list):
                deeper.extend(each)
        level = deeper


def parse_patiently(data: bytes) -> Any:
    """Read JSON as `parse_json` does, several times slower, but giving other threads their turn.

    The fast parser holds the interpreter's lock from beginning to end: half a second for 17 MB of small
    objects. This one calls back into Python for each object and number, where the lock changes hands.
    """
    try:
        text = data.decode("utf-8")
        value = _tidied(_PATIENT.decode(text))
        if _SURROGATE.search(text):
            _refuse_surrogates(value)
    except UnicodeError:
        raise MessageMalformed("This is not text in UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise MessageMalformed(f"This is not JSON that can be read: {error.msg} at {where}.") from None
    except (ValueError, RecursionError):
        raise MessageMalformed("This is not JSON that can be read: too deep, or a number too long.") from None
    return value


async def read_json(data: bytes) -> Any:
    """Read JSON; a large one in a thread."""
    if len(data) <= _INLINE_BYTES_MAX:
        return parse_json(data)
    return await asyncio.to_thread(parse_patiently, data)
