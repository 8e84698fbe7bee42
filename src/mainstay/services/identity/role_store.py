"""A tenant's own roles, in rows."""

import json
from dataclasses import dataclass

from mainstay.ports.database import Row, Rows, Scalar

_ROLE = "SELECT name, description, permissions, changed_ms FROM roles"


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
    """Reads and writes the roles that a tenant has made."""

    def __init__(self, rows: Rows) -> None:
        """Take the rows of the asking tenant."""
        self._rows = rows

    async def roles(self) -> list[RoleRow]:
        """List the roles by name."""
        return [_role(row) for row in await self._rows.fetch(f"{_ROLE} ORDER BY name")]

    async def role(self, name: str) -> RoleRow | None:
        """Find a role."""
        rows = await self._rows.fetch(f"{_ROLE} WHERE name = :name", {"name": name})
        return _role(rows[0]) if rows else None

    async def add(self, role: RoleRow) -> None:
        """Store a role; raises UniqueViolated when the name is taken."""
        row: dict[str, Scalar] = {
            "name": role.name,
            "description": role.description,
            "permissions": json.dumps(role.permissions),
            "changed_ms": role.changed_ms,
        }
        await self._rows.insert("roles", [row])

    async def change(self, role: RoleRow) -> None:
        """Store what may be changed of a role, with its keys too."""
        changed: dict[str, Scalar] = {
            "description": role.description,
            "permissions": json.dumps(role.permissions),
            "changed_ms": role.changed_ms,
        }
        await self._rows.update("roles", changed, {"name": role.name})
        permissions: dict[str, Scalar] = {"permissions": changed["permissions"]}
        await self._rows.update("api_keys", permissions, {"role": role.name})

    async def hold(self, name: str) -> RoleRow | None:
        """Give a role as it is now, and keep others from changing it before this operation ends."""
        await self._rows.update("roles", {"name": name}, {"name": name})
        return await self.role(name)

    async def remove(self, name: str) -> None:
        """Forget a role."""
        await self._rows.delete("roles", {"name": name})
