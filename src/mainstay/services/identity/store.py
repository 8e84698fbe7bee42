"""Tenants, and who comes with which key, in rows."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mainstay.ports.database import AllRows, Row, Scalar
from mainstay.services.identity import tables
from mainstay.services.identity.key_store import ApiKeyStore, changed_of, names, number
from mainstay.services.identity.role_store import RoleStore

TABLES = (
    *(tables.API_KEYS, tables.TENANTS, tables.ROLES, tables.KEY_USES, tables.REVOKED),
    *(tables.TENANT_ERASURES, tables.TENANT_PARTS),
)

_RECOGNISED = (
    "SELECT k.tenant_id, k.key_id, k.role, k.groups, k.limit_per_minute, k.permissions, k.expires_ms,"
    " k.old_until_ms, t.operator, t.suspended, t.limit_per_minute AS ceiling"
    " FROM api_keys k JOIN tenants t ON t.tenant_id = k.tenant_id"
)
_STANDING = (
    "SELECT t.operator, t.suspended, t.limit_per_minute AS ceiling, r.permissions FROM tenants t"
    " LEFT JOIN roles r ON r.tenant_id = t.tenant_id AND r.name = :role WHERE t.tenant_id = :tenant"
)
_FOUND_MAX = 1000
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
class TenantRow:
    """A tenant as it is stored."""

    tenant_id: str
    name: str
    operator: bool
    created_ms: int
    suspended: bool = False
    limit_per_minute: int | None = None


def _recognised(row: Row) -> Recognised:
    permissions = row["permissions"]
    return Recognised(
        tenant_id=str(row["tenant_id"]),
        key_id=str(row["key_id"]),
        role=str(row["role"]),
        groups=names(row["groups"]),
        limit_per_minute=number(row["limit_per_minute"]),
        permissions=None if permissions is None else frozenset(names(permissions)),
        expires_ms=number(row["expires_ms"]),
        old_until_ms=number(row["old_until_ms"]),
        operator=bool(row["operator"]),
        suspended=bool(row["suspended"]),
        ceiling=number(row["ceiling"]),
    )


def _tenant(row: Row) -> TenantRow:
    return TenantRow(
        str(row["tenant_id"]),
        str(row["name"]),
        bool(row["operator"]),
        int(row["created_ms"] or 0),
        bool(row["suspended"]),
        number(row["limit_per_minute"]),
    )


class IdentityStore:
    """Reads and writes tenants, and recognises keys."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: a key is looked up before its tenant is known."""
        self._rows = rows
        self._found: OrderedDict[str, tuple[int, Recognised]] = OrderedDict()

    def keys_of(self, tenant_id: str) -> ApiKeyStore:
        """Give the keys of a tenant, whoever asks."""
        return ApiKeyStore(self._rows.of(tenant_id))

    def roles_of(self, tenant_id: str) -> RoleStore:
        """Give the own roles of a tenant, whoever asks."""
        return RoleStore(self._rows.of(tenant_id))

    async def key_by_hash(self, hashed: str) -> Recognised | None:
        """Find the key whose secret has this hash; what was found is kept until anybody commits anything."""
        version = self._rows.version()  # before the look: what is committed meanwhile makes it another one
        kept = self._found.get(hashed)
        if kept is not None and kept[0] == version:
            return kept[1]
        rows = await self._rows.fetch(f"{_RECOGNISED} WHERE k.hash = :hash", {"hash": hashed})
        found = _recognised(rows[0]) if rows else None
        if found is not None and version is not None:
            self._found[hashed] = version, found
            if len(self._found) > _FOUND_MAX:
                self._found.popitem(last=False)
        return found

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
            number(rows[0]["ceiling"]),
            None if own is None else frozenset(names(own)),
        )

    async def note_revoked(self, hashed: str, now_ms: int) -> None:
        """Remember that a secret must not come back."""
        await self._rows.upsert("revoked_secrets", [{"hash": hashed, "revoked_ms": now_ms}])

    async def was_revoked(self, hashed: str) -> bool:
        """Say whether a secret with this hash was revoked, or replaced by another."""
        sql = "SELECT 1 AS one FROM revoked_secrets WHERE hash = :hash"
        return bool(await self._rows.fetch(sql, {"hash": hashed}))

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
        changed = changed_of(columns) or {"name": after.name}
        await self._rows.update("tenants", changed, {"tenant_id": after.tenant_id})
