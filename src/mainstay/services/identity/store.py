"""Tenants and API keys, in rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mainstay.ports.database import AllRows, Row, Scalar
from mainstay.services.identity import tables

TABLES = (
    *(tables.API_KEYS, tables.TENANTS, tables.ROLES, tables.KEY_USES, tables.REVOKED),
    *(tables.TENANT_ERASURES, tables.TENANT_PARTS),
)

_RECOGNISED = (
    "SELECT k.tenant_id, k.key_id, k.role, k.groups, k.limit_per_minute, k.permissions, k.expires_ms,"
    " k.old_until_ms, t.operator, t.suspended, t.limit_per_minute AS ceiling"
    " FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id"
)
_KEY = (
    "SELECT k.tenant_id, k.key_id, k.hash, k.name, k.role, k.groups, k.limit_per_minute, k.start,"
    " k.created_ms, k.permissions, k.expires_ms, k.created_by, k.rotated_ms, k.old_until_ms, u.used_ms"
    " FROM api_keys k LEFT JOIN key_uses u ON u.tenant_id = k.tenant_id AND u.key_id = k.key_id"
    " WHERE k.tenant_id = :tenant"
)
_STANDING = (
    "SELECT t.operator, t.suspended, t.limit_per_minute AS ceiling, r.permissions FROM tenants t"
    " LEFT JOIN roles r ON r.tenant_id = t.tenant_id AND r.name = :role WHERE t.tenant_id = :tenant"
)
_TENANT = "SELECT tenant_id, name, operator, created_ms, suspended, limit_per_minute FROM tenants"


@dataclass(slots=True)  # not frozen: every request makes one, and freezing takes longer than reading the row
class Recognised:
    """What has to be known of a key when somebody comes with it."""

    tenant_id: str
    key_id: str
    role: str
    groups: tuple[str, ...]
    limit_per_minute: int | None
    permissions: frozenset[str] | None
    expires_ms: int | None
    old_until_ms: int | None
    operator: bool
    suspended: bool
    ceiling: int | None


@dataclass(frozen=True)
class StandingRow:
    """A tenant's state, and what one of its own roles permits; none for a role that is built in."""

    operator: bool
    suspended: bool
    ceiling: int | None
    permissions: frozenset[str] | None


@dataclass(frozen=True)
class KeyRow:
    """A key as it is stored.

    `permissions` are its scopes where `role` is empty, else those of a role of the tenant's own, which are
    kept here too so that nobody has to look them up at each request; none for a role that is built in.
    """

    tenant_id: str
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


@dataclass(frozen=True)
class TenantRow:
    """A tenant as it is stored."""

    tenant_id: str
    name: str
    operator: bool
    created_ms: int
    suspended: bool = False
    limit_per_minute: int | None = None


def _number(value: Scalar) -> int | None:
    return None if value is None else int(value)


def _names(value: Scalar) -> tuple[str, ...]:
    return () if value == "[]" else tuple(json.loads(str(value)))


def _recognised(row: Row) -> Recognised:
    permissions = row["permissions"]
    return Recognised(
        tenant_id=str(row["tenant_id"]),
        key_id=str(row["key_id"]),
        role=str(row["role"]),
        groups=_names(row["groups"]),
        limit_per_minute=_number(row["limit_per_minute"]),
        permissions=None if permissions is None else frozenset(_names(permissions)),
        expires_ms=_number(row["expires_ms"]),
        old_until_ms=_number(row["old_until_ms"]),
        operator=bool(row["operator"]),
        suspended=bool(row["suspended"]),
        ceiling=_number(row["ceiling"]),
    )


def _key(row: Row) -> KeyRow:
    return KeyRow(
        tenant_id=str(row["tenant_id"]),
        key_id=str(row["key_id"]),
        hash=str(row["hash"]),
        name=str(row["name"]),
        role=str(row["role"]),
        groups=_names(row["groups"]),
        limit_per_minute=_number(row["limit_per_minute"]),
        start=str(row["start"]),
        created_ms=int(row["created_ms"] or 0),
        permissions=None if row["permissions"] is None else _names(row["permissions"]),
        expires_ms=_number(row["expires_ms"]),
        created_by=str(row["created_by"]),
        rotated_ms=_number(row["rotated_ms"]),
        old_until_ms=_number(row["old_until_ms"]),
        used_ms=_number(row["used_ms"]),
    )


def _tenant(row: Row) -> TenantRow:
    return TenantRow(
        str(row["tenant_id"]),
        str(row["name"]),
        bool(row["operator"]),
        int(row["created_ms"] or 0),
        bool(row["suspended"]),
        _number(row["limit_per_minute"]),
    )


def _changed(columns: Mapping[str, tuple[Scalar, Scalar]]) -> dict[str, Scalar]:
    return {name: after for name, (before, after) in columns.items() if before != after}


class IdentityStore:
    """Reads and writes tenants and keys."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: a key is looked up before its tenant is known."""
        self._rows = rows

    async def key_by_hash(self, hashed: str) -> Recognised | None:
        """Find the key whose secret has this hash."""
        rows = await self._rows.fetch(f"{_RECOGNISED} WHERE k.hash = :hash", {"hash": hashed})
        return _recognised(rows[0]) if rows else None

    async def key_by_old_hash(self, hashed: str) -> Recognised | None:
        """Find the key whose secret before had this hash."""
        rows = await self._rows.fetch(f"{_RECOGNISED} WHERE k.old_hash = :hash", {"hash": hashed})
        return _recognised(rows[0]) if rows else None

    async def recognised_key(self, tenant_id: str, key_id: str) -> Recognised | None:
        """Find what has to be known of a key by its id."""
        sql = f"{_RECOGNISED} WHERE k.tenant_id = :tenant AND k.key_id = :key"
        rows = await self._rows.fetch(sql, {"tenant": tenant_id, "key": key_id})
        return _recognised(rows[0]) if rows else None

    async def standing(self, tenant_id: str, role: str) -> StandingRow | None:
        """Find a tenant's state, and what a role of its own permits."""
        rows = await self._rows.fetch(_STANDING, {"tenant": tenant_id, "role": role})
        if not rows:
            return None
        own = rows[0]["permissions"]
        return StandingRow(
            bool(rows[0]["operator"]),
            bool(rows[0]["suspended"]),
            _number(rows[0]["ceiling"]),
            None if own is None else frozenset(_names(own)),
        )

    async def has_key_of(self, tenant_id: str, role: str, now_ms: int) -> bool:
        """Say whether a key of this role has not ended."""
        rows = await self._rows.fetch(
            "SELECT 1 AS one FROM api_keys WHERE tenant_id = :tenant AND role = :role"
            " AND (expires_ms IS NULL OR expires_ms > :now) LIMIT 1",
            {"tenant": tenant_id, "role": role, "now": now_ms},
        )
        return bool(rows)

    async def key(self, tenant_id: str, key_id: str) -> KeyRow | None:
        """Find a tenant's key by its id."""
        rows = await self._rows.fetch(f"{_KEY} AND k.key_id = :key", {"tenant": tenant_id, "key": key_id})
        return _key(rows[0]) if rows else None

    async def hold_key(self, tenant_id: str, key_id: str) -> KeyRow | None:
        """Give a key as it is now, and keep others from changing it before this operation ends."""
        await self._rows.update("api_keys", {"key_id": key_id}, {"tenant_id": tenant_id, "key_id": key_id})
        return await self.key(tenant_id, key_id)

    async def keys_of(self, tenant_id: str, after: str, limit: int) -> list[KeyRow]:
        """List some of a tenant's keys by their ids, which tell when they were made, oldest first."""
        rows = await self._rows.fetch(
            f"{_KEY} AND k.key_id > :after ORDER BY k.key_id LIMIT :limit",
            {"tenant": tenant_id, "after": after, "limit": limit},
        )
        return [_key(row) for row in rows]

    async def add_key(self, key: KeyRow) -> None:
        """Store a key."""
        row: dict[str, Scalar] = {
            "tenant_id": key.tenant_id,
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

    async def change_key(self, before: KeyRow, after: KeyRow) -> None:
        """Store what has changed of a key, and nothing else."""
        columns: dict[str, tuple[Scalar, Scalar]] = {
            "name": (before.name, after.name),
            "groups": (json.dumps(before.groups), json.dumps(after.groups)),
            "limit_per_minute": (before.limit_per_minute, after.limit_per_minute),
            "expires_ms": (before.expires_ms, after.expires_ms),
        }
        changed = _changed(columns) or {"name": after.name}
        where = {"tenant_id": after.tenant_id, "key_id": after.key_id}
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
        where = {"tenant_id": key.tenant_id, "key_id": key.key_id, "hash": key.hash}
        return await self._rows.update("api_keys", changed, where) > 0

    async def remove_key(self, tenant_id: str, key_id: str) -> None:
        """Forget a key, both of its secrets, and its use."""
        where = {"tenant_id": tenant_id, "key_id": key_id}
        await self._rows.delete("key_uses", where)
        await self._rows.delete("api_keys", where)

    async def note_revoked(self, hashed: str, now_ms: int) -> None:
        """Remember that a secret must not come back."""
        await self._rows.upsert("revoked_secrets", [{"hash": hashed, "revoked_ms": now_ms}])

    async def was_revoked(self, hashed: str) -> bool:
        """Say whether a secret with this hash was revoked, or replaced by another."""
        sql = "SELECT 1 AS one FROM revoked_secrets WHERE hash = :hash"
        return bool(await self._rows.fetch(sql, {"hash": hashed}))

    async def keys_about(self, tenant_id: str, subject: str) -> tuple[list[KeyRow], list[KeyRow]]:
        """Find the key that somebody is, and the keys that somebody made."""
        values = {"tenant": tenant_id, "subject": subject}
        own = await self._rows.fetch(f"{_KEY} AND k.key_id = :subject", values)
        made = await self._rows.fetch(f"{_KEY} AND k.created_by = :subject ORDER BY k.key_id", values)
        return [_key(row) for row in own], [_key(row) for row in made]

    async def forget_person(self, tenant_id: str, subject: str, instead: str) -> None:
        """Take somebody's name from the key that it is, and its id from those that it made."""
        await self._rows.update("api_keys", {"name": instead}, {"tenant_id": tenant_id, "key_id": subject})
        await self._rows.update(
            "api_keys", {"created_by": ""}, {"tenant_id": tenant_id, "created_by": subject}
        )

    async def note_uses(self, uses: Mapping[tuple[str, str], int]) -> None:
        """Store when keys, named by tenant and id, were used last."""
        rows: Sequence[Mapping[str, Scalar]] = [
            {"tenant_id": tenant_id, "key_id": key_id, "used_ms": used_ms}
            for (tenant_id, key_id), used_ms in uses.items()
        ]
        await self._rows.upsert("key_uses", rows)

    async def tenants(self) -> list[TenantRow]:
        """List the tenants, oldest first."""
        return [_tenant(row) for row in await self._rows.fetch(f"{_TENANT} ORDER BY created_ms, tenant_id")]

    async def tenant(self, tenant_id: str) -> TenantRow | None:
        """Find a tenant."""
        rows = await self._rows.fetch(f"{_TENANT} WHERE tenant_id = :tenant", {"tenant": tenant_id})
        return _tenant(rows[0]) if rows else None

    async def hold_tenant(self, row: TenantRow) -> TenantRow | None:
        """Give a tenant as it is now, and keep others from changing it before this operation ends."""
        where = {"tenant_id": row.tenant_id}
        await self._rows.update("tenants", {"created_ms": row.created_ms}, where)
        return await self.tenant(row.tenant_id)

    async def add_tenant(self, tenant: TenantRow) -> None:
        """Store a tenant; raises UniqueViolated when the name is taken."""
        row: dict[str, Scalar] = {
            "tenant_id": tenant.tenant_id,
            "name": tenant.name,
            "operator": int(tenant.operator),
            "created_ms": tenant.created_ms,
            "suspended": int(tenant.suspended),
            "limit_per_minute": tenant.limit_per_minute,
        }
        await self._rows.insert("tenants", [row])

    async def change_tenant(self, before: TenantRow, after: TenantRow) -> None:
        """Store what has changed of a tenant, and nothing else; raises UniqueViolated."""
        columns: dict[str, tuple[Scalar, Scalar]] = {
            "name": (before.name, after.name),
            "suspended": (int(before.suspended), int(after.suspended)),
            "limit_per_minute": (before.limit_per_minute, after.limit_per_minute),
        }
        changed = _changed(columns) or {"name": after.name}
        await self._rows.update("tenants", changed, {"tenant_id": after.tenant_id})
