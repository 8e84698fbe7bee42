"""What was counted, read back: whoever counted it, it is added up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mainstay.kernel.usage import COUNTED
from mainstay.ports.database import Database, Row, Scalar

_SUMS = ", ".join(f"CAST(coalesce(sum({name}), 0) AS BIGINT) AS {name}" for name in COUNTED)
_STORED = (
    "SELECT begins_ms, CAST(sum(documents) AS BIGINT) AS documents, CAST(sum(bytes) AS BIGINT) AS bytes,"
    " max(at_ms) AS at_ms FROM holdings"
    " WHERE begins_ms >= :since AND begins_ms < :until"
    " GROUP BY begins_ms ORDER BY begins_ms"
)

_NEWEST = (
    "SELECT CAST(coalesce(sum(documents), 0) AS BIGINT) AS documents,"
    " CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes FROM holdings h WHERE begins_ms ="
    " (SELECT max(begins_ms) FROM holdings o WHERE o.service = h.service)"
)


@dataclass(frozen=True)
class Wanted:
    """Whose usage is looked for, of when, and what tells one line from another."""

    tenant_id: str
    span: str
    since_ms: int
    until_ms: int
    told_apart: Sequence[str]
    equal: Mapping[str, str]


class UsageBook:
    """Adds up what was counted; each process that counts has rows of its own."""

    def __init__(self, database: Database) -> None:
        """Take where the rows are."""
        self._database = database

    async def totals(self, wanted: Wanted) -> Row:
        """Add up everything."""
        where, values = _where(wanted)
        return (await self._database.fetch(wanted.tenant_id, f"SELECT {_SUMS} FROM usage{where}", values))[0]

    async def lines(self, wanted: Wanted, after: Sequence[Scalar], limit: int) -> list[Row]:
        """Add up each line, oldest first; `after` are the columns of the last line before, or nothing."""
        columns = ("begins_ms", *wanted.told_apart)
        named = ", ".join(columns)
        where, values = _where(wanted)
        if after:
            where += f" AND ({named}) > ({', '.join(f':after_{name}' for name in columns)})"
            values |= {f"after_{name}": value for name, value in zip(columns, after, strict=True)}
        return await self._database.fetch(
            wanted.tenant_id,
            f"SELECT {named}, {_SUMS} FROM usage{where} GROUP BY {named} ORDER BY {named} LIMIT :limit",
            {**values, "limit": limit},
        )

    async def stored(self, wanted: Wanted) -> list[Row]:
        """Give what was stored on each day, over all services."""
        return await self._database.fetch(
            wanted.tenant_id, _STORED, {"since": wanted.since_ms, "until": wanted.until_ms}
        )

    async def newest(self, tenant_id: str) -> dict[str, int]:
        """Give the documents and bytes that a tenant had stored when it was counted last."""
        (row,) = await self._database.fetch(tenant_id, _NEWEST)
        return {name: int(row[name] or 0) for name in ("documents", "bytes")}


def _where(wanted: Wanted) -> tuple[str, dict[str, Scalar]]:
    values: dict[str, Scalar] = {
        "span": wanted.span,
        "since": wanted.since_ms,
        "until": wanted.until_ms,
        **wanted.equal,
    }
    conditions = "span = :span AND begins_ms >= :since AND begins_ms < :until"
    return f" WHERE {conditions}" + "".join(f" AND {name} = :{name}" for name in wanted.equal), values
