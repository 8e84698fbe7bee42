"""How it is told that an operation or a parameter should be used no longer (RFC 9745, RFC 8594)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from email.utils import format_datetime
from urllib.parse import quote

from mainstay.kernel.interface import Deprecated, Route


def retirement(deprecated: Deprecated) -> dict[str, str]:
    """Give the headers that say since when, and until when it works."""
    headers = {"Deprecation": f"@{int(_midnight(deprecated.since).timestamp())}"}
    if deprecated.until is not None:
        headers["Sunset"] = format_datetime(_midnight(deprecated.until), usegmt=True)
    return headers


def successor(base: str, route: Route, texts: Mapping[str, str]) -> dict[str, str]:
    """Give the header that leads to the successor; none if its path needs what this one's has not."""
    if not route.names <= texts.keys():
        return {}
    path = route.path
    for name in route.names:
        path = path.replace(f"{{{name}}}", quote(texts[name], safe=""))
    return {"Link": f'<{base}{path}>; rel="successor-version"'}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
