"""The API keys of a tenant, in rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mainstay.ports.database import Row, Rows, Scalar

_KEY = (
    "SELECT k.key_id, k.hash, k.name, k.role, k.groups, k.limit_per_minute, k.start,"
    " k.created_ms, k.permissions, k.expires_ms, k.created_by, k.rotated_ms, k.old_until_ms, u.used_ms"
    " FROM api_keys k LEFT JOIN key_uses u ON u.key_id = k.key_id"
)


@dataclass(frozen=True)
class KeyRow:
    """A key as it is stored.

    `permissions` are its scopes where `role` is empty, else those of a role of the tenant's own, which are
    kept here too so that nobody has to look them up at each request; none for a role that is built in.
    """

    key_id: str
    hash: str
    name: str
    role: str
    groups: tuple[str, ...]
    limit_per_minute: int | None
    start: str
    created_ms: int
    permissions: tuple[str, ...] | None = None
    expires_ms: int | None = None
    created_by: str = ""
    rotated_ms: int | None = None
    old_until_ms: int | None = None
    used_ms: int | None = None


def number(value: Scalar) -> int | None:
    """Read a number that may be missing."""
    return None if value is None else int(value)


def names(value: Scalar) -> tuple[str, ...]:
    """Read a list of names."""
    return () if value == "[]" else tuple(json.loads(str(value)))


def _key(row: Row) -> KeyRow:
    return KeyRow(
        key_id=str(row["key_id"]),
        hash=str(row["hash"]),
        name=str(row["name"]),
        role=str(row["role"]),
        groups=names(row["groups"]),
        limit_per_minute=number(row["limit_per_minute"]),
        start=str(row["start"]),
        created_ms=int(row["created_ms"] or 0),
        permissions=None if row["permissions"] is None else names(row["permissions"]),
        expires_ms=number(row["expires_ms"]),
        created_by=str(row["created_by"]),
        rotated_ms=number(row["rotated_ms"]),
        old_until_ms=number(row["old_until_ms"]),
        used_ms=number(row["used_ms"]),
    )


def changed_of(columns: Mapping[str, tuple[Scalar, Scalar]]) -> dict[str, Scalar]:
    """Give the columns whose value after differs from the one before."""
    return {name: after for name, (before, after) in columns.items() if before != after}


class ApiKeyStore:
    """Reads and writes the keys of a tenant."""

    def __init__(self, rows: Rows) -> None:
        """Take the rows of the asking tenant."""
        self._rows = rows

    async def has_of(self, role: str, now_ms: int) -> bool:
        """Say whether a key of this role has not ended."""
        rows = await self._rows.fetch(
            "SELECT 1 AS one FROM api_keys WHERE role = :role"
            " AND (expires_ms IS NULL OR expires_ms > :now) LIMIT 1",
            {"role": role, "now": now_ms},
        )
        return bool(rows)

    async def with_role(self, role: str) -> int:
        """Count the keys that have a role."""
        rows = await self._rows.fetch("SELECT count(*) AS n FROM api_keys WHERE role = :role", {"role": role})
        return int(rows[0]["n"] or 0)

    async def find(self, key_id: str) -> KeyRow | None:
        """Find a key by its id."""
        rows = await self._rows.fetch(f"{_KEY} WHERE k.key_id = :key", {"key": key_id})
        return _key(rows[0]) if rows else None

    async def hold(self, key_id: str) -> KeyRow | None:
        """Give a key as it is now, and keep others from changing it before this operation ends."""
        await self._rows.update("api_keys", {"key_id": key_id}, {"key_id": key_id})
        return await self.find(key_id)

    async def page(self, after: str, limit: int) -> list[KeyRow]:
        """List some keys by their ids, which tell when they were made, oldest first."""
        rows = await self._rows.fetch(
            f"{_KEY} WHERE k.key_id > :after ORDER BY k.key_id LIMIT :limit",
            {"after": after, "limit": limit},
        )
        return [_key(row) for row in rows]

    async def add(self, key: KeyRow) -> None:
        """Store a key."""
        row: dict[str, Scalar] = {
            "key_id": key.key_id,
            "hash": key.hash,
            "name": key.name,
            "role": key.role,
            "groups": json.dumps(key.groups),
            "limit_per_minute": key.limit_per_minute,
            "start": key.start,
            "created_ms": key.created_ms,
            "permissions": None if key.permissions is None else json.dumps(key.permissions),
            "expires_ms": key.expires_ms,
            "created_by": key.created_by,
        }
        await self._rows.insert("api_keys", [row])

    async def change(self, before: KeyRow, after: KeyRow) -> None:
        """Store what has changed of a key, and nothing else."""
        columns: dict[str, tuple[Scalar, Scalar]] = {
            "name": (before.name, after.name),
            "groups": (json.dumps(before.groups), json.dumps(after.groups)),
            "limit_per_minute": (before.limit_per_minute, after.limit_per_minute),
            "expires_ms": (before.expires_ms, after.expires_ms),
        }
        changed = changed_of(columns) or {"name": after.name}
        where = {"key_id": after.key_id}
        await self._rows.update("api_keys", changed, where)

    async def change_secret(
        self, key: KeyRow, hashed: str, start: str, now_ms: int, old_until_ms: int | None
    ) -> bool:
        """Give a key another secret; say whether it still had the one that was read."""
        changed: dict[str, Scalar] = {
            "hash": hashed,
            "start": start,
            "rotated_ms": now_ms,
            "old_hash": key.hash if old_until_ms is not None else None,
            "old_until_ms": old_until_ms,
        }
        where = {"key_id": key.key_id, "hash": key.hash}
        return await self._rows.update("api_keys", changed, where) > 0

    async def remove(self, key_id: str) -> None:
        """Forget a key, both of its secrets, and its use."""
        where = {"key_id": key_id}
        await self._rows.delete("key_uses", where)
        await self._rows.delete("api_keys", where)

    async def about(self, subject: str) -> tuple[list[KeyRow], list[KeyRow]]:
        """Find the key that somebody is, and the keys that somebody made."""
        values = {"subject": subject}
        own = await self._rows.fetch(f"{_KEY} WHERE k.key_id = :subject", values)
        made = await self._rows.fetch(f"{_KEY} WHERE k.created_by = :subject ORDER BY k.key_id", values)
        return [_key(row) for row in own], [_key(row) for row in made]

    async def forget_person(self, subject: str, instead: str) -> None:
        """Take somebody's name from the key that it is, and its id from those that it made."""
        await self._rows.update("api_keys", {"name": instead}, {"key_id": subject})
        await self._rows.update("api_keys", {"created_by": ""}, {"created_by": subject})
