"""Groups, profiles of provisioned users, and settings, in rows."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from mainstay.ports.database import Row, Rows, Scalar
from mainstay.services.directory import tables

TABLES = (tables.GROUPS, tables.USERS, tables.SETTINGS)

_GROUP = (
    "SELECT group_id, name, display_name, external_id, created_ms, created_by, changed_ms FROM user_groups"
)
_USER = "SELECT user_id, name_index, external_index, profile, changed_ms FROM provisioned_users"
_SETTINGS = "SELECT default_role, rules FROM provisioning_settings"
_ONE = "all"


@dataclass(frozen=True)
class GroupRow:
    """A group as it is stored."""

    group_id: str
    name: str
    display_name: str
    external_id: str | None
    created_ms: int
    created_by: str
    changed_ms: int


@dataclass(frozen=True)
class UserRow:
    """What provisioning knows of a user; the profile is sealed, names are blind indexes."""

    user_id: str
    name_index: str
    external_index: str
    profile: bytes
    changed_ms: int


def _group(row: Row) -> GroupRow:
    return GroupRow(
        group_id=str(row["group_id"]),
        name=str(row["name"]),
        display_name=str(row["display_name"]),
        external_id=None if row["external_id"] is None else str(row["external_id"]),
        created_ms=int(row["created_ms"] or 0),
        created_by=str(row["created_by"]),
        changed_ms=int(row["changed_ms"] or 0),
    )


def _user(row: Row) -> UserRow:
    return UserRow(
        user_id=str(row["user_id"]),
        name_index=str(row["name_index"]),
        external_index=str(row["external_index"]),
        profile=cast("bytes", row["profile"]),
        changed_ms=int(row["changed_ms"] or 0),
    )


class DirectoryStore:
    """Reads and writes the directory of a tenant."""

    def __init__(self, rows: Rows) -> None:
        """Take the rows of the asking tenant."""
        self._rows = rows

    async def groups(self, after: str = "") -> Sequence[GroupRow]:
        """List the groups, oldest first."""
        sql = f"{_GROUP} WHERE group_id > :after ORDER BY group_id"
        return [_group(row) for row in await self._rows.fetch(sql, {"after": after})]

    async def group(self, group_id: str) -> GroupRow | None:
        """Find a group."""
        sql = f"{_GROUP} WHERE group_id = :group"
        rows = await self._rows.fetch(sql, {"group": group_id})
        return _group(rows[0]) if rows else None

    async def count_groups(self) -> int:
        """Count the groups."""
        sql = "SELECT count(*) AS n FROM user_groups"
        return int((await self._rows.fetch(sql))[0]["n"] or 0)

    async def add_group(self, row: GroupRow) -> None:
        """Store a group; raises UniqueViolated when another one has its name."""
        values: dict[str, Scalar] = {
            "group_id": row.group_id,
            "name": row.name,
            "display_name": row.display_name,
            "external_id": row.external_id,
            "created_ms": row.created_ms,
            "created_by": row.created_by,
            "changed_ms": row.changed_ms,
        }
        await self._rows.insert("user_groups", [values])

    async def hold_group(self, group_id: str) -> GroupRow | None:
        """Give a group, and let nobody else change it before this operation ends."""
        key: dict[str, Scalar] = {"group_id": group_id}
        await self._rows.update("user_groups", {"group_id": group_id}, key)
        return await self.group(group_id)

    async def change_group(self, row: GroupRow) -> None:
        """Store what can change of a group."""
        changed: dict[str, Scalar] = {
            "display_name": row.display_name,
            "external_id": row.external_id,
            "changed_ms": row.changed_ms,
        }
        await self._rows.update("user_groups", changed, {"group_id": row.group_id})

    async def remove_group(self, group_id: str) -> None:
        """Forget a group."""
        await self._rows.delete("user_groups", {"group_id": group_id})

    async def user(self, user_id: str) -> UserRow | None:
        """Find what provisioning knows of a user."""
        sql = f"{_USER} WHERE user_id = :user"
        rows = await self._rows.fetch(sql, {"user": user_id})
        return _user(rows[0]) if rows else None

    async def users(self, user_ids: Collection[str]) -> Mapping[str, UserRow]:
        """Find what provisioning knows of some users, by their ids."""
        if not user_ids:
            return {}
        names = {f"u{place}": each for place, each in enumerate(user_ids)}
        sql = f"{_USER} WHERE user_id IN ({', '.join(f':{name}' for name in names)})"
        rows = await self._rows.fetch(sql, names)
        return {str(row["user_id"]): _user(row) for row in rows}

    async def named(self, column: str, index: str) -> Sequence[UserRow]:
        """Find users by the blind index of the user name, or of what the provider calls them."""
        sql = f"{_USER} WHERE {column} = :found ORDER BY user_id"
        return [_user(row) for row in await self._rows.fetch(sql, {"found": index})]

    async def add_user(self, row: UserRow) -> None:
        """Store what provisioning knows of a user; raises UniqueViolated when another has the user name."""
        await self._rows.insert("provisioned_users", [_values(row)])

    async def change_user(self, row: UserRow) -> bool:
        """Store what is known now; say whether anything was known. Raises UniqueViolated."""
        key: dict[str, Scalar] = {"user_id": row.user_id}
        return await self._rows.update("provisioned_users", _values(row), key) > 0

    async def forget_user(self, user_id: str) -> int:
        """Forget what provisioning knows of a user; give the number of rows."""
        key: dict[str, Scalar] = {"user_id": user_id}
        return await self._rows.delete("provisioned_users", key)

    async def groups_made_by(self, subject: str) -> list[str]:
        """List the groups that somebody made."""
        rows = await self._rows.fetch(
            f"{_GROUP} WHERE created_by = :subject ORDER BY group_id",
            {"subject": subject},
        )
        return [str(row["group_id"]) for row in rows]

    async def forget_maker(self, subject: str) -> None:
        """Forget that somebody made groups."""
        made: dict[str, Scalar] = {"created_by": subject}
        await self._rows.update("user_groups", {"created_by": ""}, made)

    async def settings(self) -> tuple[str, str] | None:
        """Give the default role and the rules, as JSON; None as long as nobody has set them."""
        rows = await self._rows.fetch(_SETTINGS)
        return (str(rows[0]["default_role"]), str(rows[0]["rules"])) if rows else None

    async def with_role(self, role: str) -> int:
        """Count the rules of provisioning that give a role; the default is one."""
        found = await self.settings()
        if found is None:
            return 0
        default, rules = found
        return [default, *(each["role"] for each in json.loads(rules))].count(role)

    async def set_settings(self, default_role: str, rules: str) -> None:
        """Store the settings."""
        row = {"name": _ONE, "default_role": default_role, "rules": rules}
        await self._rows.upsert("provisioning_settings", [row])


def _values(row: UserRow) -> dict[str, Scalar]:
    return {
        "user_id": row.user_id,
        "name_index": row.name_index,
        "external_index": row.external_index,
        "profile": row.profile,
        "changed_ms": row.changed_ms,
    }
