"""Which form of answer a client accepts (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

from mainstay.transports.rest.problems import AnswerUnacceptable

Choice = TypeVar("Choice")
_LENGTH_MAX = 2000


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0


@lru_cache(maxsize=256)
def _ranges(accept: str) -> tuple[tuple[str, float], ...]:
    found = []
    for item in accept.split(","):
        media_range, *parameters = item.split(";")
        if media_range.strip():
            found.append((media_range.strip().lower(), _weight(parameters)))
    return tuple(found)


def quality(media_type: str, accept: str | None) -> float:
    """Say from 0 to 1 how much a media type is wanted; the most specific range decides."""
    if accept is None or not accept.strip():
        return 1.0
    wanted = {media_type: 3, f"{media_type.partition('/')[0]}/*": 2, "*/*": 1}
    best, weight = 0, 0.0
    for media_range, value in _ranges(accept[:_LENGTH_MAX]):
        if wanted.get(media_range, 0) > best:
            best, weight = wanted[media_range], value
    return weight


def chosen(choices: Sequence[tuple[str, Choice]], accept: str | None) -> Choice:
    """Choose by media type what is wanted most, the first of equals; raises AnswerUnacceptable."""
    ranked = [(quality(media_type, accept), choice) for media_type, choice in choices]
    best, choice = max(ranked, key=lambda each: each[0])
    if best <= 0:
        offered = ", ".join(media_type for media_type, _ in choices)
        raise AnswerUnacceptable(f"This answers as {offered}; name one in the Accept header.")
    return choice
