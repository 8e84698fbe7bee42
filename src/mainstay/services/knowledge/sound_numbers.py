"""Which numbers facts about documents may hold: those that every database and index can compare."""

import math

from pydantic import JsonValue


def with_sound_numbers(value: JsonValue) -> JsonValue:
    """Give the value back; raises ValueError for NaN, the infinities, and whole numbers beyond any float."""
    level: list[JsonValue] = [value]
    while level:
        deeper: list[JsonValue] = []
        for each in level:
            if isinstance(each, dict):
                deeper.extend(each.values())
            elif isinstance(each, list):
                deeper.extend(each)
            elif isinstance(each, int | float) and not _sound(each):
                raise ValueError("Write a number of at most 308 digits; infinity and NaN are none.")
        level = deeper
    return value


def _sound(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:
        return False
