"""Tenants and API keys, in rows."""

import json
from dataclasses import dataclass

from mainstay.ports.database import AllRows, Column, Index, Row, Table

API_KEYS = Table(
    name="api_keys",
    columns=(
        Column("key_id", "text"),
        Column("hash", "text"),
        Column("name", "text"),
        Column("role", "text"),
        Column("groups", "text"),
        Column("limit_per_minute", "integer", nullable=True),
        Column("start", "text"),
        Column("created_ms", "integer"),
    ),
    key=("key_id",),
    indexes=(Index(("hash",), unique=True, across=True),),
)

TENANTS = Table(
    name="tenants",
    columns=(
        Column("tenant_id", "text"),
        Column("name", "text"),
        Column("operator", "integer"),
        Column("created_ms", "integer"),
    ),
    key=("tenant_id",),
    indexes=(Index(("name",), unique=True, across=True),),
    scoped=False,
)

TABLES = (API_KEYS, TENANTS)

_KEY = (
    "SELECT k.tenant_id, k.key_id, k.name, k.role, k.groups, k.limit_per_minute, k.start, k.created_ms,"
    " t.operator FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id"
)


@dataclass(frozen=True)
class KeyRow:
    """A key as it is stored."""

    tenant_id: str
    key_id: str
    name: str
    role: str
    groups: tuple[str, ...]
    limit_per_minute: int | None
    start: str
    created_ms: int
    operator: bool = False


@dataclass(frozen=True)
class TenantRow:
    """A tenant as it is stored."""

    tenant_id: str
    name: str
    operator: bool
    created_ms: int


def _key(row: Row) -> KeyRow:
    limit = row["limit_per_minute"]
    return KeyRow(
        tenant_id=str(row["tenant_id"]),
        key_id=str(row["key_id"]),
        name=str(row["name"]),
        role=str(row["role"]),
        groups=tuple(json.loads(str(row["groups"]))),
        limit_per_minute=None if limit is None else int(limit),
        start=str(row["start"]),
        created_ms=int(row["created_ms"] or 0),
        operator=bool(row["operator"]),
    )


def _tenant(row: Row) -> TenantRow:
    return TenantRow(
        str(row["tenant_id"]), str(row["name"]), bool(row["operator"]), int(row["created_ms"] or 0)
    )


class IdentityStore:
    """Reads and writes tenants and keys."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: a key is looked up before its tenant is known."""
        self._rows = rows

    async def key_by_hash(self, hashed: str) -> KeyRow | None:
        """Find the key with this hash."""
        rows = await self._rows.fetch(f"{_KEY} WHERE k.hash = :hash", {"hash": hashed})
        return _key(rows[0]) if rows else None

    async def keys_of(self, tenant_id: str) -> list[KeyRow]:
        """List a tenant's keys, oldest first."""
        rows = await self._rows.fetch(
            f"{_KEY} WHERE k.tenant_id = :tenant ORDER BY k.created_ms, k.key_id", {"tenant": tenant_id}
        )
        return [_key(row) for row in rows]

    async def add_key(self, key: KeyRow, hashed: str) -> None:
        """Store a key."""
        await self._rows.insert(
            "api_keys",
            [
                {
                    "tenant_id": key.tenant_id,
                    "key_id": key.key_id,
                    "hash": hashed,
                    "name": key.name,
                    "role": key.role,
                    "groups": json.dumps(key.groups),
                    "limit_per_minute": key.limit_per_minute,
                    "start": key.start,
                    "created_ms": key.created_ms,
                }
            ],
        )

    async def remove_key(self, tenant_id: str, key_id: str) -> None:
        """Forget a key."""
        await self._rows.delete("api_keys", {"tenant_id": tenant_id, "key_id": key_id})

    async def tenants(self) -> list[TenantRow]:
        """List the tenants, oldest first."""
        rows = await self._rows.fetch(
            "SELECT tenant_id, name, operator, created_ms FROM tenants ORDER BY created_ms, tenant_id"
        )
        return [_tenant(row) for row in rows]

    async def tenant(self, tenant_id: str) -> TenantRow | None:
        """Find a tenant."""
        rows = await self._rows.fetch(
            "SELECT tenant_id, name, operator, created_ms FROM tenants WHERE tenant_id = :tenant",
            {"tenant": tenant_id},
        )
        return _tenant(rows[0]) if rows else None

    async def add_tenant(self, tenant: TenantRow) -> None:
        """Store a tenant; raises UniqueViolated when the name is taken."""
        await self._rows.insert(
            "tenants",
            [
                {
                    "tenant_id": tenant.tenant_id,
                    "name": tenant.name,
                    "operator": int(tenant.operator),
                    "created_ms": tenant.created_ms,
                }
            ],
        )
