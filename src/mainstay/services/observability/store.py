"""The rows of the audit, searched."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from mainstay.ports.database import Row, Rows, Scalar

_SEARCH = (
    "SELECT seq, at_ms, request_id, subject, operation, target, outcome, door, origin, salt, sealed,"
    " before_hash, after_hash,"
    " (SELECT l.place FROM audit_links l WHERE l.seq = audit.seq) AS place FROM audit"
)
_REQUESTS = (
    "SELECT seq, at_ms, request_id, subject, operation, outcome, door, origin, took_ms FROM request_log"
)
_ALL = "requests"


Reading = Callable[[str, Mapping[str, Scalar]], Awaitable[list[Row]]]
"""Reads one tenant's rows of the audit with a SELECT."""


@dataclass(frozen=True)
class Wanted:
    """Which rows are looked for; empty texts and None bound nothing."""

    equal: Mapping[str, str]
    since_ms: int | None
    until_ms: int | None
    before: tuple[int, int] | None


class AuditStore:
    """Searches audits, of whichever tenant a reading is of."""

    async def any(self, reading: Reading) -> bool:
        """Say whether there are entries."""
        return bool(await reading("SELECT 1 AS one FROM audit LIMIT :limit", {"limit": 1}))

    async def search(self, reading: Reading, wanted: Wanted, limit: int) -> list[Row]:
        """Find rows, newest first."""
        sql, values = _newest_first(_SEARCH, wanted, limit)
        return await reading(sql, values)


class RequestStore:
    """Searches the log of requests, and keeps how it is set."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def settings(self) -> Row | None:
        """Give how the log is set."""
        rows = await self._rows.fetch("SELECT * FROM request_settings WHERE name = :name", {"name": _ALL})
        return rows[0] if rows else None

    async def set(self, settings: Mapping[str, Scalar]) -> None:
        """Set the log."""
        await self._rows.upsert("request_settings", [{"name": _ALL, **settings}])

    async def search(self, wanted: Wanted, limit: int) -> list[Row]:
        """Find requests, newest first."""
        sql, values = _newest_first(_REQUESTS, wanted, limit)
        return await self._rows.fetch(sql, values)

    async def request(self, number: int) -> Row | None:
        """Find a request, with what it said, sealed."""
        sql = "SELECT * FROM request_log WHERE seq = :seq"
        rows = await self._rows.fetch(sql, {"seq": number})
        return rows[0] if rows else None


def _newest_first(select: str, wanted: Wanted, limit: int) -> tuple[str, dict[str, Scalar]]:
    """Give a SELECT of what is wanted, with its values."""
    values: dict[str, Scalar] = {name: value for name, value in wanted.equal.items() if value}
    conditions = [f"{name} = :{name}" for name in values]
    if wanted.since_ms is not None:
        conditions.append("at_ms >= :since")
        values["since"] = wanted.since_ms
    if wanted.until_ms is not None:
        conditions.append("at_ms < :until")
        values["until"] = wanted.until_ms
    if wanted.before is not None:
        conditions.append("(at_ms, seq) < (:at, :seq)")
        values["at"], values["seq"] = wanted.before
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"{select}{where} ORDER BY at_ms DESC, seq DESC LIMIT :limit", {**values, "limit": limit}
