"""Members as lists and by their groups, in rows: what a directory looks through and changes."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from mainstay.kit.clock import Clock
from mainstay.ports.database import Row, Rows, Scalar
from mainstay.services.people.records import Kept, UserState

_SEEN = "NOT (kept = 'ended' AND state = 'deactivated')"
_COUNT = f"SELECT count(*) AS n FROM members WHERE {_SEEN}"
_IN_GROUPS = f"SELECT user_id, groups FROM members WHERE {_SEEN} AND groups <> '[]' ORDER BY user_id"
_PLACED = "SELECT user_id, role, groups, state, kept FROM members WHERE user_id IN"
_AT_ONCE = 200


@dataclass(frozen=True)
class RightsRow:
    """A member's rights, without who she is."""

    user_id: str
    role: str
    groups: tuple[str, ...]
    state: UserState
    kept: Kept


class RosterStore:
    """Reads and writes what a directory wants of members."""

    def __init__(self, rows: Rows, clock: Clock) -> None:
        """Take the rows of the asking tenant, and the clock."""
        self._rows = rows
        self._clock = clock

    async def count(self) -> int:
        """Count them."""
        return int((await self._rows.fetch(_COUNT))[0]["n"] or 0)

    async def with_role(self, role: str) -> int:
        """Count the members who have a role, those who are deactivated too: they may come back."""
        rows = await self._rows.fetch("SELECT count(*) AS n FROM members WHERE role = :role", {"role": role})
        return int(rows[0]["n"] or 0)

    async def in_groups(self) -> Mapping[str, Collection[str]]:
        """Give the groups of each member who is in any."""
        rows = await self._rows.fetch(_IN_GROUPS)
        return {str(row["user_id"]): frozenset(json.loads(str(row["groups"]))) for row in rows}

    async def hold(self, user_ids: Collection[str]) -> Sequence[RightsRow]:
        """Lock members, in one order for everybody, and give them as they are then."""
        found: list[RightsRow] = []
        for some in _portions(sorted(set(user_ids))):
            where: dict[str, Scalar | Sequence[Scalar]] = {"user_id": some}
            await self._rows.update("members", {"locked_ms": self._clock.now_ms()}, where)
            names = {f"u{place}": each for place, each in enumerate(some)}
            sql = f"{_PLACED} ({', '.join(f':{name}' for name in names)}) ORDER BY user_id"
            found += [_rights(row) for row in await self._rows.fetch(sql, names)]
        return found

    async def regroup(self, user_id: str, groups: Sequence[str], role: str) -> None:
        """Store a member's groups and role."""
        changed: dict[str, Scalar] = {
            "groups": json.dumps(groups),
            "role": role,
            "changed_ms": self._clock.now_ms(),
        }
        await self._rows.update("members", changed, {"user_id": user_id})


def _portions(user_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(user_ids), _AT_ONCE):
        yield user_ids[start : start + _AT_ONCE]


def _rights(row: Row) -> RightsRow:
    return RightsRow(
        user_id=str(row["user_id"]),
        role=str(row["role"]),
        groups=tuple(json.loads(str(row["groups"]))),
        state=cast("UserState", row["state"]),
        kept=cast("Kept", row["kept"]),
    )
