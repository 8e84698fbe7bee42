"""Refusals that no rate limit holds back: a few of each minute get audit rows, the others are counted."""

from collections.abc import Iterator
from dataclasses import dataclass

from mainstay.kernel.guard import RateLimited, TenantSuspended
from mainstay.kit.clock import Clock
from mainstay.ports.database import Scalar

ROWS_EACH = 3
GROUPS_MAX = 100
OTHERS = "others"
"""The subject of what is counted together, once too many different ones came within a minute."""

_UNHELD = frozenset({RateLimited.code(), TenantSuspended.code()})
_MINUTE_MS = 60_000

AuditRow = dict[str, Scalar]
_Alike = tuple[Scalar, Scalar, Scalar]
_Room = tuple[str, bool]  # a tenant, and whether it is strangers: they take no room from its own callers


@dataclass
class _Group:
    """Rows alike within one minute: how many there were, and the first that has no row of its own."""

    count: int = 0
    first: AuditRow | None = None


class Gathering:
    """Keeps whoever is refused from filling the disk with rows that say so.

    Rows are alike that have the tenant, subject, operation and outcome in common. Of each minute at most
    `GROUPS_MAX` kinds are told apart in a tenant, and as many of what strangers tried there, and of each kind
    `ROWS_EACH` rows are written as they come; one more, when the minute is over, says how many there were
    besides.
    """

    def __init__(self, clock: Clock) -> None:
        """Take the clock that says when a minute is over."""
        self._clock = clock
        self._minute = 0
        self._groups: dict[_Room, dict[_Alike, _Group]] = {}

    def passes(self, tenant_id: str, row: AuditRow, *, stranger: bool = False) -> bool:
        """Say whether a row is written as it is; else it is counted."""
        if not stranger and row["outcome"] not in _UNHELD:
            return True
        if not self._groups:
            self._minute = self._now()
        groups = self._groups.setdefault((tenant_id, stranger), {})
        alike = (row["subject"], row["operation"], row["outcome"])
        room = alike in groups or len(groups) < GROUPS_MAX
        if not room:
            row = {**row, "subject": OTHERS, "origin": "", "request_id": ""}
            alike = (OTHERS, row["operation"], row["outcome"])
        group = groups.setdefault(alike, _Group())
        group.count += 1
        if room and group.count <= ROWS_EACH:
            return True
        group.first = group.first or row
        return False

    def due(self, *, ends: bool = False) -> list[AuditRow]:
        """Give the rows that tell of a minute that is over, or of one that ends here."""
        if not self._groups or not (ends or self._now() > self._minute):
            return []
        groups, self._groups = self._groups, {}
        return list(_told(groups))

    def _now(self) -> int:
        return self._clock.now_ms() // _MINUTE_MS


def _told(groups: dict[_Room, dict[_Alike, _Group]]) -> Iterator[AuditRow]:
    for (tenant_id, _), alike in groups.items():
        for (subject, _, _), group in alike.items():
            if group.first is not None:
                more = group.count - (0 if subject == OTHERS else ROWS_EACH)
                yield {**group.first, "tenant_id": tenant_id, "target": f"{more} like this within a minute"}
