"""Users: the people of a tenant, and how they sign in."""

from mainstay.kernel.interface import Interface, reads, writes
from mainstay.services.people.failures import (
    LastAdministrator,
    RoleUnknown,
    SearchTooWide,
    UserChanged,
    UserExists,
    UserIsYou,
    UserMayTooMuch,
    UserMissing,
    UserNotInvited,
)
from mainstay.services.people.records import (
    AfterUser,
    Beginning,
    Email,
    User,
    UserGroups,
    UserId,
    UserName,
    UserRole,
    UsersPage,
    UserState,
    WishedState,
)

_USER = {"user_id": "user_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class People(Interface):
    """Users of a tenant."""

    @writes(
        "POST /users",
        may="users:write",
        status=201,
        fails=(UserExists, UserChanged, RoleUnknown, UserMayTooMuch),
        example={"email": "ada@example.com", "name": "Ada", "role": "developer"},
    )
    async def create_user(
        self, email: Email, name: UserName, role: UserRole = "user", groups: UserGroups = []
    ) -> User:
        """Invite a person into your tenant.

        The person has no rights before the invitation is accepted. Role and groups are at most your own. The
        answer is the same whether or not the person is a member of other tenants.
        """

    @reads("GET /users", may="users:read", fails=(SearchTooWide,), example={"q": "ad", "limit": 20})
    async def list_users(
        self,
        q: Beginning | None = None,
        role: UserRole | None = None,
        state: UserState | None = None,
        limit: UsersPage = 100,
        after: AfterUser | None = None,
    ) -> list[User]:
        """List your tenant's users, longest invited first, or search them by how name or e-mail begins.

        A page has 100 users if nothing is said; the next one begins `after` the last user of this one. A
        search looks through 10,000 users at most, and then gives what it found or says where to go on.
        """

    @reads("GET /users/{user_id}", may="users:read", fails=(UserMissing,), example=_USER)
    async def get_user(self, user_id: UserId) -> User:
        """Give a user of your tenant."""

    @writes(
        "PATCH /users/{user_id}",
        may="users:write",
        fails=(
            UserMissing,
            UserChanged,
            UserIsYou,
            UserNotInvited,
            LastAdministrator,
            RoleUnknown,
            UserMayTooMuch,
        ),
        example={**_USER, "role": "user", "groups": ["staff"]},
    )
    async def update_user(
        self,
        user_id: UserId,
        name: UserName | None = None,
        role: UserRole | None = None,
        groups: UserGroups | None = None,
        state: WishedState | None = None,
    ) -> User:
        """Change a user's name, role or groups, deactivate or activate him, from the next request on.

        What is left out stays as it is. Neither before nor then may the user do more than you. Nobody
        deactivates himself, and the last active administrator stays one unless one has an API key.
        """

    @writes(
        "DELETE /users/{user_id}",
        may="users:write",
        fails=(UserMissing, UserChanged, UserIsYou, LastAdministrator, UserMayTooMuch),
        example=_USER,
    )
    async def deactivate_user(self, user_id: UserId) -> User:
        """Deactivate a user: no further request is answered, an open invitation ends, nothing is erased."""
