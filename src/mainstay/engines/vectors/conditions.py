"""What a filter's parts mean to both engines: paths, numbers and dates, checked once."""

import math
import re
from datetime import UTC, datetime

from mainstay.ports.failures import FilterInvalid

FIELD_LENGTH_MAX = 512
_STEP = re.compile(r"^(?P<name>.+?)(?P<each>\[\])?$", re.DOTALL)
_NOT_IN_WORDS = re.compile(r"[\W_]+")


def steps(field: str) -> list[tuple[str, bool]]:
    """Split a dotted path into (name, goes through each element of a list): `a.b[].c` has three steps.

    Raises FilterInvalid for an empty step, a quotation mark or an over-long path.
    """
    if not field or len(field) > FIELD_LENGTH_MAX or '"' in field or "\0" in field:
        raise FilterInvalid(
            f"A field is a dotted path of 1 to {FIELD_LENGTH_MAX} characters without quotation marks."
        )
    found = []
    for part in field.split("."):
        match = _STEP.match(part)
        if match is None or match["name"] == "[]":
            raise FilterInvalid(f"The field {field!r} has an empty step; write it like metadata.author.")
        found.append((match["name"], match["each"] is not None))
    return found


def words(text: str) -> list[str]:
    """Split a text into lower-case words, at whatever is neither letter nor digit.

    Raises FilterInvalid if there is none.
    """
    found = [word for word in _NOT_IN_WORDS.split(text.lower()) if word]
    if not found:
        raise FilterInvalid("The text to look for holds no word.")
    return found


def finite(number: float) -> float:
    """Give the number back; raises FilterInvalid for NaN and the infinities."""
    if not math.isfinite(number):
        raise FilterInvalid("A number in a filter must be finite.")
    return number


def instant(text: str) -> datetime:
    """Read an RFC 3339 date; one without a zone is UTC. Raises FilterInvalid for anything else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise FilterInvalid(
            f"{text[:40]!r} is not an RFC 3339 date; write it like 2026-01-31T12:00:00Z."
        ) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
