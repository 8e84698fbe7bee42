"""Spans and moments as people type them: `90d`, `24h`, `2027-01-31`, `never`."""

import re
from datetime import UTC, datetime, timedelta

import typer

_SPAN = re.compile(r"(\d{1,6})\s*(s|m|h|d|w|y)?", re.IGNORECASE)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
NEVER = "never"


def seconds(text: str, option: str) -> int:
    """Read a span; a bare number is seconds."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise typer.BadParameter(f"{option}: write a span as 30m, 24h or 7d.")
    return int(found[1]) * _SECONDS[(found[2] or "s").lower()]


def moment(text: str, now_ms: int, option: str) -> str | None:
    """Read a moment, or a span from now on, as RFC 3339; `never` is none."""
    text = text.strip()
    if text.lower() == NEVER:
        return None
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    if _SPAN.fullmatch(text) and not text.isdigit():
        return (now + timedelta(seconds=seconds(text, option))).isoformat(timespec="seconds")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{option}: write a span as 90d, a moment as 2027-01-31T12:00:00Z, or {NEVER}."
        ) from None
    return (found if found.tzinfo else found.astimezone()).isoformat()
