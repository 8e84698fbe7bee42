"""The roles of a tenant: those that come with the server, and its own."""

from collections.abc import Sequence

from mainstay.kernel.caller import EVERYTHING, Caller
from mainstay.kernel.permissions import Permissions
from mainstay.kernel.role_uses import RoleUses
from mainstay.kernel.work import note_change
from mainstay.kit.clock import Clock
from mainstay.ports.database import UniqueViolated
from mainstay.services.identity import bounds
from mainstay.services.identity.failures import (
    PermissionUnknown,
    RoleBuiltIn,
    RoleInUse,
    RoleMissing,
    RoleNameTaken,
    RolesTooMany,
)
from mainstay.services.identity.records import Permission, Role
from mainstay.services.identity.role_store import RoleRow, RoleStore
from mainstay.services.identity.roles import DESCRIPTIONS, PERMISSIONS

ROLES_MAX = 200
_BUILT_IN = [
    Role(
        name=name,
        description=DESCRIPTIONS[name],
        permissions=sorted(permissions),
        built_in=True,
        changed_ms=None,
    )
    for name, permissions in PERMISSIONS.items()
]


def _shown(row: RoleRow) -> Role:
    return Role(
        name=row.name,
        description=row.description,
        permissions=list(row.permissions),
        built_in=False,
        changed_ms=row.changed_ms,
    )


class Rolebook:
    """Makes, changes and looks up the roles of the caller's tenant."""

    def __init__(self, store: RoleStore, uses: RoleUses, permissions: Permissions, clock: Clock) -> None:
        """Take the parts; `permissions` is all that there is."""
        self._store = store
        self._uses = uses
        self._permissions = permissions
        self._clock = clock

    def of(self, store: RoleStore) -> "Rolebook":
        """Give the roles of another tenant."""
        return Rolebook(store, self._uses, self._permissions, self._clock)

    def permissions(self) -> list[Permission]:
        """List what can be permitted."""
        told = [
            Permission(name=name, operations=list(operations), description="")
            for name, operations in self._permissions.opens.items()
        ]
        told += [
            Permission(name=name, operations=[], description=description)
            for name, description in self._permissions.grants.items()
        ]
        return told

    def known(self, names: Sequence[str]) -> tuple[str, ...]:
        """Give permissions sorted, each once; raises PermissionUnknown."""
        unknown = sorted(name for name in set(names) if name not in self._permissions)
        if unknown:
            raise PermissionUnknown(f"There is no {', '.join(unknown)}; list the permissions to see all.")
        return tuple(sorted(set(names)))

    async def all(self) -> list[Role]:
        """List the roles, those that are built in first."""
        return [*_BUILT_IN, *(_shown(row) for row in await self._store.roles())]

    async def find(self, name: str) -> Role:
        """Give a role; raises RoleMissing."""
        for role in _BUILT_IN:
            if role.name == name:
                return role
        row = await self._store.role(name)
        if row is None:
            raise RoleMissing("List the roles to see their names.")
        return _shown(row)

    async def hold(self, name: str) -> tuple[str, ...]:
        """Give what the tenant's own role may, for as long as this operation lasts; raises RoleMissing."""
        row = await self._store.hold(name)
        if row is None:
            raise RoleMissing("It was deleted at this moment. List the roles to see what there is.")
        return row.permissions

    async def make(self, giver: Caller, name: str, permissions: Sequence[str], description: str) -> Role:
        """Make a role of the giver's tenant, which may at most what he may."""
        wanted = self.known(permissions)
        bounds.check_permissions(giver, wanted)
        if name in PERMISSIONS:
            raise RoleNameTaken("A role with this name comes with the server. Choose another name.")
        if len(await self._store.roles()) >= ROLES_MAX:
            raise RolesTooMany(f"A tenant has at most {ROLES_MAX} roles of its own; delete one.")
        uses = await self._uses.told(name)
        if uses:
            raise RoleNameTaken(f"Of a role that was deleted: {uses} name it still and would get its rights.")
        row = RoleRow(name, description, wanted, self._clock.now_ms())
        try:
            await self._store.add(row)
        except UniqueViolated:
            raise RoleNameTaken("Choose another name, or change the role that has it.") from None
        note_change(None, _shown(row).model_dump())
        return _shown(row)

    async def change(self, giver: Caller, name: str, permissions: Sequence[str], description: str) -> Role:
        """Replace what a role may; both what it could and what it can then are within what the giver may."""
        wanted = self.known(permissions)
        await self._own(giver, name)
        bounds.check_permissions(giver, wanted)
        row = RoleRow(name, description, wanted, self._clock.now_ms())
        before = await self._store.hold(name)
        if before is None:
            raise RoleMissing("It was deleted at this moment.")
        bounds.check_permissions(giver, before.permissions)  # somebody may have raised it meanwhile
        await self._store.change(row)
        note_change(_shown(before).model_dump(), _shown(row).model_dump())
        return _shown(row)

    async def delete(self, giver: Caller, name: str) -> Role:
        """Delete a role that nobody has, and that no rule gives."""
        await self._own(giver, name)
        held = await self._store.hold(name)  # so that no key can take it meanwhile
        if held is None:
            raise RoleMissing("It was deleted at this moment.")
        await self._store.remove(name)
        uses = await self._uses.told(name)
        if uses:
            raise RoleInUse(f"Give these another role first: {uses}.")
        role = _shown(held)
        note_change(role.model_dump(), None)
        return role

    async def _own(self, giver: Caller, name: str) -> Role:
        """Give a role that the giver's tenant has made, and that may no more than he."""
        role = await self.find(name)
        if role.built_in:
            raise RoleBuiltIn("Make a role of your own with the permissions that you want.")
        bounds.check_permissions(giver, [each for each in role.permissions if each != EVERYTHING])
        return role
