"""Reading the times and places that callers write."""

import re
from datetime import UTC, datetime

from mainstay.services.observability.interface import CursorUnreadable, MomentUnreadable

_CURSOR = re.compile(r"^(\d{1,16})\.(\d{1,18})$", re.ASCII)
_MS = re.compile(r"^\d{1,16}$", re.ASCII)


def moment_ms(text: str) -> int | None:
    """Read milliseconds since 1970, or RFC 3339; None for an empty text; raises MomentUnreadable."""
    if not text:
        return None
    if _MS.match(text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise MomentUnreadable(
            "Write milliseconds since 1970, or a date and time with its offset, as 2026-11-29T21:00:00Z."
        )
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def cursor(at_ms: int, seq: int) -> str:
    """Write where a page ends."""
    return f"{at_ms}.{seq}"


def cursor_of(text: str) -> tuple[int, int] | None:
    """Read where a page ends; None for an empty text; raises CursorUnreadable."""
    if not text:
        return None
    found = _CURSOR.match(text)
    if found is None:
        raise CursorUnreadable("Give `before` as the `next` of the page before.")
    return int(found[1]), int(found[2])
