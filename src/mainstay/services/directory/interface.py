"""Groups of a tenant, and users that its identity provider provisions (SCIM 2.0, RFC 7643 and 7644)."""

from mainstay.kernel.interface import Interface, reads, writes
from mainstay.services.directory.failures import (
    AddressNeeded,
    GroupMayTooMuch,
    GroupMissing,
    GroupNameTaken,
    GroupNameUnclear,
    GroupsTooMany,
    GroupTooLarge,
    RolesBeyondYours,
    UserNameTaken,
    VersionStale,
)
from mainstay.services.directory.records import (
    DisplayName,
    ExternalId,
    Group,
    GroupBeginning,
    GroupExternalId,
    GroupId,
    GroupName,
    GroupsPage,
    Place,
    Profile,
    ProvisionedUser,
    ProvisionedUsers,
    Provisioning,
    RoleName,
    Rules,
    Text,
    UserId,
    UserIds,
    UsersPage,
    Version,
)
from mainstay.services.people.interface import (
    LastAdministrator,
    RoleUnknown,
    UserChanged,
    UserExists,
    UserIsYou,
    UserMissing,
)

__all__ = [
    "AddressNeeded",
    "Directory",
    "Group",
    "GroupMissing",
    "GroupNameTaken",
    "Profile",
    "ProvisionedUser",
    "UserExists",
    "UserMissing",
    "UserNameTaken",
    "VersionStale",
]

ALL_GROUPS = "groups:all"
"""The permission to put users into groups in which one is not oneself; administrators have it."""
_GROUP = {"group_id": "group_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_USER = {"user_id": "user_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_PROFILE = {
    "user_name": "ada@example.com",
    "external_id": "00u1a2b3",
    "name": {"given_name": "Ada", "family_name": "Lovelace"},
    "emails": [{"value": "ada@example.com", "type": "work", "primary": True}],
}
_GROUPING = (GroupMayTooMuch, RolesBeyondYours, LastAdministrator, UserMissing, GroupTooLarge)
_PROVISIONING = (AddressNeeded, UserNameTaken, UserChanged, RoleUnknown)


class Directory(Interface, grants={ALL_GROUPS: "Puts users into groups, also those its holder is not in."}):
    """Groups, and users as an identity provider keeps them."""

    @writes(
        "POST /groups",
        may="groups:write",
        status=201,
        fails=(GroupNameTaken, GroupNameUnclear, GroupsTooMany, *_GROUPING),
        example={"display_name": "Sales team", "name": "sales"},
    )
    async def create_group(
        self,
        display_name: DisplayName,
        name: GroupName | None = None,
        external_id: GroupExternalId | None = None,
        members: UserIds = [],
    ) -> Group:
        """Make a group of your tenant, which documents and keys name by its `name`.

        Without a name one is made of what it is called: `Sales team` becomes `Sales-team`. Who is in a group
        of that name already is its member from the start. You are in the group yourself, or may all groups.
        """

    @reads("GET /groups", may="groups:read", example={"q": "sa", "limit": 20})
    async def list_groups(
        self,
        q: GroupBeginning | None = None,
        with_members: bool = False,
        limit: GroupsPage = 100,
        after: GroupId | None = None,
    ) -> list[Group]:
        """List your tenant's groups, oldest first, or search them by how they begin.

        A page has 100 groups if nothing is said; the next one begins `after` the last group of this one.
        Names that only documents, keys or users have, without a group made for them, are not listed.
        """

    @reads("GET /groups/{group_id}", may="groups:read", fails=(GroupMissing,), example=_GROUP)
    async def get_group(self, group_id: GroupId) -> Group:
        """Give a group of your tenant with its members."""

    @writes(
        "PATCH /groups/{group_id}",
        may="groups:write",
        fails=(GroupMissing, VersionStale, *_GROUPING),
        example={**_GROUP, "add": [_USER["user_id"]]},
    )
    async def update_group(
        self,
        group_id: GroupId,
        display_name: DisplayName | None = None,
        external_id: GroupExternalId | None = None,
        add: UserIds = [],
        remove: UserIds = [],
        version: Version | None = None,
    ) -> Group:
        """Change what a group is called, put users into it, or take them out, all or nothing.

        Its `name` stays, so documents that name it stay open to the same people. What the members see changes
        with their next request. Who is in the group already, or is not, counts as done.
        """

    @writes(
        "DELETE /groups/{group_id}",
        may="groups:write",
        fails=(GroupMissing, VersionStale, *_GROUPING),
        example=_GROUP,
    )
    async def delete_group(self, group_id: GroupId, version: Version | None = None) -> Group:
        """Delete a group: nobody is in it any more, and documents that name it are closed to its members.

        Documents and keys go on naming it; a group made with the same name begins without members.
        """

    @reads("GET /provisioning", may="sso:read")
    async def get_provisioning(self) -> Provisioning:
        """Tell which roles provisioning gives, and to which address your identity provider sends (SCIM)."""

    @writes(
        "PUT /provisioning",
        may="sso:write",
        fails=(RoleUnknown, RolesBeyondYours),
        example={"default_role": "user", "rules": [{"by": "group", "value": "staff", "role": "developer"}]},
    )
    async def set_provisioning(self, default_role: RoleName = "user", rules: Rules = []) -> Provisioning:
        """Say which roles provisioning gives; each is at most your own.

        Provisioning gives and takes these roles alone: who has another one keeps it. It holds for each user
        from the next time that he, or his groups, are provisioned.
        """

    @writes(
        "POST /provisioning/users",
        may="scim:write",
        status=201,
        fails=(UserExists, *_PROVISIONING),
        example={"profile": _PROFILE},
    )
    async def provision_user(self, profile: Profile, active: bool = True) -> ProvisionedUser:
        """Make a user whom your identity provider knows; SCIM's `POST /Users`.

        He has no rights before he comes by a single sign-on for which the operator has approved his domain,
        or accepts the invitation that is mailed to all others. Nothing tells whether he is a user elsewhere.
        """

    @reads("GET /provisioning/users", may="scim:read", example={"user_name": "ada@example.com"})
    async def list_provisioned_users(
        self,
        user_name: Text | None = None,
        external_id: ExternalId | None = None,
        start: Place = 1,
        limit: UsersPage = 100,
    ) -> ProvisionedUsers:
        """List your tenant's users as provisioning sees them, or find one.

        Users whom provisioning has not made have their e-mail address as user name. Those whom it has ended
        with are left out.
        """

    @reads("GET /provisioning/users/{user_id}", may="scim:read", fails=(UserMissing,), example=_USER)
    async def get_provisioned_user(self, user_id: UserId) -> ProvisionedUser:
        """Give a user as provisioning sees him."""

    @writes(
        "PUT /provisioning/users/{user_id}",
        may="scim:write",
        fails=(UserMissing, VersionStale, UserIsYou, LastAdministrator, *_PROVISIONING),
        example={**_USER, "profile": _PROFILE, "active": False},
    )
    async def replace_provisioned_user(
        self, user_id: UserId, profile: Profile, active: bool = True, version: Version | None = None
    ) -> ProvisionedUser:
        """Replace what is known of a user, deactivate or activate him; SCIM's `PUT` and `PATCH`.

        A deactivated user's sessions end at once. The e-mail address with which he signs in stays: it is his
        account's, which may be open in other tenants. From here on provisioning keeps his role and groups.
        """

    @writes(
        "DELETE /provisioning/users/{user_id}",
        may="scim:write",
        fails=(UserMissing, VersionStale, UserIsYou, UserChanged, LastAdministrator),
        example=_USER,
    )
    async def deprovision_user(self, user_id: UserId, version: Version | None = None) -> ProvisionedUser:
        """Deactivate a user, forget what the identity provider told of him, and take him out of all groups.

        He stays in the list of users, deactivated, until he is erased; provisioned again he is the same user.
        """
