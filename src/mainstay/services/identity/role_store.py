"""A tenant's own roles, in rows."""

import json
from dataclasses import dataclass

from mainstay.ports.database import AllRows, Row, Scalar

_ROLE = "SELECT name, description, permissions, changed_ms FROM roles WHERE tenant_id = :tenant"


@dataclass(frozen=True)
class RoleRow:
    """A role as it is stored."""

    name: str
    description: str
    permissions: tuple[str, ...]
    changed_ms: int


def _role(row: Row) -> RoleRow:
    return RoleRow(
        str(row["name"]),
        str(row["description"]),
        tuple(json.loads(str(row["permissions"]))),
        int(row["changed_ms"] or 0),
    )


class RoleStore:
    """Reads and writes the roles that tenants have made."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: the operator makes keys with the roles of others."""
        self._rows = rows

    async def roles(self, tenant_id: str) -> list[RoleRow]:
        """List a tenant's own roles by name."""
        return [_role(row) for row in await self._rows.fetch(f"{_ROLE} ORDER BY name", {"tenant": tenant_id})]

    async def role(self, tenant_id: str, name: str) -> RoleRow | None:
        """Find a tenant's own role."""
        rows = await self._rows.fetch(f"{_ROLE} AND name = :name", {"tenant": tenant_id, "name": name})
        return _role(rows[0]) if rows else None

    async def add(self, tenant_id: str, role: RoleRow) -> None:
        """Store a role; raises UniqueViolated when the name is taken."""
        row: dict[str, Scalar] = {
            "tenant_id": tenant_id,
            "name": role.name,
            "description": role.description,
            "permissions": json.dumps(role.permissions),
            "changed_ms": role.changed_ms,
        }
        await self._rows.insert("roles", [row])

    async def change(self, tenant_id: str, role: RoleRow) -> None:
        """Store what may be changed of a role, with its keys too."""
        changed: dict[str, Scalar] = {
            "description": role.description,
            "permissions": json.dumps(role.permissions),
            "changed_ms": role.changed_ms,
        }
        await self._rows.update("roles", changed, {"tenant_id": tenant_id, "name": role.name})
        permissions: dict[str, Scalar] = {"permissions": changed["permissions"]}
        await self._rows.update("api_keys", permissions, {"tenant_id": tenant_id, "role": role.name})

    async def hold(self, tenant_id: str, name: str) -> RoleRow | None:
        """Give a role as it is now, and keep others from changing it before this operation ends."""
        await self._rows.update("roles", {"name": name}, {"tenant_id": tenant_id, "name": name})
        return await self.role(tenant_id, name)

    async def remove(self, tenant_id: str, name: str) -> None:
        """Forget a role."""
        await self._rows.delete("roles", {"tenant_id": tenant_id, "name": name})

    async def in_use(self, tenant_id: str, name: str) -> bool:
        """Say whether a key has this role."""
        rows = await self._rows.fetch(
            "SELECT 1 AS one FROM api_keys WHERE tenant_id = :tenant AND role = :name LIMIT 1",
            {"tenant": tenant_id, "name": name},
        )
        return bool(rows)
