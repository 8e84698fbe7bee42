"""When keys expire: moments as people write them (RFC 3339), and as they are stored."""

from datetime import UTC, datetime

from mainstay.services.identity.failures import ExpiryInvalid

DAY_MS = 24 * 3600 * 1000
EXPIRY_DAYS_MAX = 3653
"""Ten years, leap days included."""


def expiry_ms(text: str | None, now_ms: int) -> int | None:
    """Give the time of an RFC 3339 moment; raises ExpiryInvalid when it is past, or too far ahead."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        found = int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise _refused("Write a day and a time that exist, as `2027-01-31T12:00:00Z`.") from None
    if found <= now_ms:
        raise _refused("Write a moment that is not past.")
    if found > now_ms + EXPIRY_DAYS_MAX * DAY_MS:
        raise _refused("Write a moment within ten years, or null for a key that does not expire.")
    return found


def _refused(problem: str) -> ExpiryInvalid:
    return ExpiryInvalid(problem, problems=[{"field": "expires_at", "problem": problem}])


def written(at_ms: int | None) -> str | None:
    """Write a stored time as RFC 3339, in UTC."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
