"""Widgets and visits in rows."""

import json
from dataclasses import dataclass
from typing import cast

from mainstay.ports.database import AllRows, Condition, Row, Rows
from mainstay.services.widgets import tables
from mainstay.services.widgets.records import Look

TABLES = (tables.WIDGETS, tables.VISITS)

_WIDGET = "SELECT widget_id, bot_id, name, origins, look, created_ms, changed_ms FROM widgets"


@dataclass(frozen=True)
class WidgetRow:
    """A widget as it is stored."""

    widget_id: str
    bot_id: str
    name: str
    origins: tuple[str, ...]
    look: Look
    created_ms: int
    changed_ms: int


@dataclass(frozen=True)
class VisitRow:
    """A token of a visitor as it is stored: who she is, since when, and when it was given out."""

    hash: str
    widget_id: str
    visitor_id: str
    begun_ms: int
    issued_ms: int


class WidgetStore:
    """Reads and writes the widgets of the caller's tenant, and ends its visits."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def widget(self, widget_id: str) -> WidgetRow | None:
        """Find a widget."""
        rows = await self._rows.fetch(f"{_WIDGET} WHERE widget_id = :id", {"id": widget_id})
        return next(map(_widget, rows), None)

    async def widgets(self, bot_id: str) -> list[WidgetRow]:
        """List a bot's widgets, oldest first."""
        rows = await self._rows.fetch(
            f"{_WIDGET} WHERE bot_id = :bot_id ORDER BY widget_id", {"bot_id": bot_id}
        )
        return [_widget(row) for row in rows]

    async def keep(self, row: WidgetRow) -> None:
        """Store a widget, anew if there is one with this id."""
        written = {
            **vars(row),
            "origins": json.dumps(row.origins),
            "look": row.look.model_dump_json(),
        }
        await self._rows.upsert("widgets", [written])

    async def remove(self, widget_id: str) -> int:
        """Forget a widget, and let its visitors in no more; give the number of their tokens."""
        await self._rows.delete("widgets", {"widget_id": widget_id})
        return await self._rows.delete("visits", {"widget_id": widget_id})

    async def end_visits(self, visitor_id: str) -> int:
        """Let a visitor in no more; give the number of her tokens."""
        return await self._rows.delete("visits", {"visitor_id": visitor_id})


class VisitStore:
    """Finds widgets and visitors before it is known whose they are."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants."""
        self._rows = rows

    async def placed(self, widget_id: str) -> tuple[str, WidgetRow] | None:
        """Find a widget, and its tenant."""
        sql = _WIDGET.replace("SELECT ", "SELECT tenant_id, ", 1)
        rows = await self._rows.fetch(f"{sql} WHERE widget_id = :id", {"id": widget_id})
        return next(((str(row["tenant_id"]), _widget(row)) for row in rows), None)

    async def visit(self, hashed: str) -> tuple[str, VisitRow] | None:
        """Find what was given out with a token of this hash, and its tenant."""
        rows = await self._rows.fetch(
            "SELECT tenant_id, hash, widget_id, visitor_id, begun_ms, issued_ms FROM visits"
            " WHERE hash = :hash",
            {"hash": hashed},
        )
        return next(((str(row["tenant_id"]), _visit(row)) for row in rows), None)

    async def add(self, tenant_id: str, row: VisitRow) -> None:
        """Store a visit."""
        await self._rows.of(tenant_id).insert("visits", [vars(row)])

    async def any_before(self, issued_ms: int) -> bool:
        """Say whether there are tokens that were given out before a time."""
        sql = "SELECT 1 AS one FROM visits WHERE issued_ms < :before LIMIT 1"
        return bool(await self._rows.fetch(sql, {"before": issued_ms}))

    async def forget_before(self, issued_ms: int) -> None:
        """Forget tokens that were given out before a time."""
        await self._rows.delete("visits", cast("Condition", {"issued_ms": ("<", issued_ms)}))


def _widget(row: Row) -> WidgetRow:
    return WidgetRow(
        widget_id=str(row["widget_id"]),
        bot_id=str(row["bot_id"]),
        name=str(row["name"]),
        origins=tuple(json.loads(str(row["origins"]))),
        look=Look.model_validate_json(str(row["look"])),
        created_ms=int(row["created_ms"] or 0),
        changed_ms=int(row["changed_ms"] or 0),
    )


def _visit(row: Row) -> VisitRow:
    return VisitRow(
        hash=str(row["hash"]),
        widget_id=str(row["widget_id"]),
        visitor_id=str(row["visitor_id"]),
        begun_ms=int(row["begun_ms"] or 0),
        issued_ms=int(row["issued_ms"] or 0),
    )
