"""Keeps groups, and users as an identity provider provisions them."""

from collections.abc import Sequence
from typing import Any

from mainstay.kernel.work import caller, note_change, note_target
from mainstay.services.directory.groups import Change, Groups
from mainstay.services.directory.interface import Directory
from mainstay.services.directory.records import (
    Group,
    Profile,
    ProvisionedUser,
    ProvisionedUsers,
    Provisioning,
    RoleRule,
)
from mainstay.services.directory.settings import Settings
from mainstay.services.directory.users import Sought, Users

_PAGE = 100


class DirectoryService(Directory):
    """The directory service."""

    def __init__(self, groups: Groups, users: Users, settings: Settings) -> None:
        """Take the parts."""
        self._groups = groups
        self._users = users
        self._settings = settings

    async def create_group(
        self,
        display_name: str,
        name: str | None = None,
        external_id: str | None = None,
        members: Sequence[str] = (),
    ) -> Group:
        """Make a group of the caller's tenant."""
        made = await self._groups.make(
            caller(), display_name, name, Change(external_id=external_id, add=members)
        )
        note_target(made.group_id)
        note_change(None, made.model_dump())
        return made

    async def list_groups(
        self,
        q: str | None = None,
        with_members: bool = False,
        limit: int = _PAGE,
        after: str | None = None,
    ) -> list[Group]:
        """List the groups of the caller's tenant."""
        return await self._groups.page(q or "", after or "", limit, members=with_members)

    async def get_group(self, group_id: str) -> Group:
        """Give a group of the caller's tenant."""
        note_target(group_id)
        return await self._groups.shown(await self._groups.find(group_id))

    async def update_group(
        self,
        group_id: str,
        display_name: str | None = None,
        external_id: str | None = None,
        add: Sequence[str] = (),
        remove: Sequence[str] = (),
        version: str | None = None,
    ) -> Group:
        """Change a group of the caller's tenant."""
        note_target(group_id)
        wish = Change(display_name, external_id, add, remove, version)
        before, after = await self._groups.change(caller(), group_id, wish)
        note_change(before.model_dump(), after.model_dump())
        return after

    async def delete_group(self, group_id: str, version: str | None = None) -> Group:
        """Delete a group of the caller's tenant."""
        note_target(group_id)
        gone = await self._groups.remove(caller(), group_id, version)
        note_change(gone.model_dump(), None)
        return gone

    async def get_provisioning(self) -> Provisioning:
        """Tell the settings of provisioning."""
        return await self._settings.told()

    async def set_provisioning(
        self, default_role: str = "user", rules: Sequence[RoleRule] = ()
    ) -> Provisioning:
        """Set which roles provisioning gives."""
        before = await self._settings.told()
        await self._settings.set(caller(), default_role, rules)
        after = await self._settings.told()
        note_change(before.model_dump(), after.model_dump())
        return after

    async def provision_user(self, profile: Profile, active: bool = True) -> ProvisionedUser:
        """Make a user of the caller's tenant."""
        made = await self._users.make(caller(), profile, active=active)
        note_target(made.user_id)
        note_change(None, _impersonal(made))
        return made

    async def list_provisioned_users(
        self,
        user_name: str | None = None,
        external_id: str | None = None,
        start: int = 1,
        limit: int = _PAGE,
    ) -> ProvisionedUsers:
        """List the users of the caller's tenant, or find one."""
        return await self._users.page(Sought(user_name, external_id), start, limit)

    async def get_provisioned_user(self, user_id: str) -> ProvisionedUser:
        """Give a user of the caller's tenant."""
        note_target(user_id)
        return await self._users.give(user_id)

    async def replace_provisioned_user(
        self, user_id: str, profile: Profile, active: bool = True, version: str | None = None
    ) -> ProvisionedUser:
        """Replace what is known of a user."""
        note_target(user_id)
        before, after = await self._users.replace(caller(), user_id, profile, version, active=active)
        note_change(_impersonal(before), _impersonal(after))
        return after

    async def deprovision_user(self, user_id: str, version: str | None = None) -> ProvisionedUser:
        """Deactivate a user, and forget what was told of him."""
        note_target(user_id)
        before = await self._users.end(caller(), user_id, version)
        note_change(_impersonal(before), None)
        return before


def _impersonal(user: ProvisionedUser) -> dict[str, Any]:
    """Give of a user what is no personal data, for the audit's hashes."""
    return user.model_dump(exclude={"profile", "version"})
