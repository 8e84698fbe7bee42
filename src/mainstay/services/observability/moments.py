"""Reading the times and places that callers write, whose form was checked already."""

from datetime import UTC, datetime

from mainstay.services.observability.interface import MomentUnreadable


def moment_ms(text: str) -> int | None:
    """Read milliseconds since 1970, or RFC 3339; None for an empty text; raises MomentUnreadable."""
    if not text:
        return None
    if text.isdecimal():
        return int(text)
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise MomentUnreadable(
            "There is no such date and time; write milliseconds since 1970, or as 2026-11-29T21:00:00Z."
        ) from None
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def cursor(at_ms: int, seq: int) -> str:
    """Write where a page ends."""
    return f"{at_ms}.{seq}"


def cursor_of(text: str) -> tuple[int, int] | None:
    """Read where a page ends; None for an empty text."""
    at_ms, _, seq = text.partition(".")
    return (int(at_ms), int(seq)) if text else None
