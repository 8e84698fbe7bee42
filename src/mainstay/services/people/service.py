"""Invites, lists and changes the users of tenants."""

from mainstay.kernel.work import caller, note_target
from mainstay.services.people.interface import People
from mainstay.services.people.members import Change, Members
from mainstay.services.people.records import User, UserState, WishedState
from mainstay.services.people.store import Which

_PAGE = 100


class PeopleService(People):
    """The people service."""

    def __init__(self, members: Members) -> None:
        """Take the parts."""
        self._members = members

    async def create_user(
        self, email: str, name: str, role: str = "user", groups: list[str] | None = None
    ) -> User:
        """Invite a person into the caller's tenant."""
        made = await self._members.invite(caller(), email, name, role, groups or [])
        note_target(made.user_id)
        return await self._members.shown(made)

    async def list_users(
        self,
        q: str | None = None,
        role: str | None = None,
        state: UserState | None = None,
        limit: int = _PAGE,
        after: str | None = None,
    ) -> list[User]:
        """List the users of the caller's tenant."""
        which = Which(after or "", state or "", role or "")
        return await self._members.page(caller().tenant_id, which, q or "", limit)

    async def get_user(self, user_id: str) -> User:
        """Give a user of the caller's tenant."""
        note_target(user_id)
        return await self._members.shown(await self._members.find(caller().tenant_id, user_id))

    async def update_user(
        self,
        user_id: str,
        name: str | None = None,
        role: str | None = None,
        groups: list[str] | None = None,
        state: WishedState | None = None,
    ) -> User:
        """Change a user of the caller's tenant."""
        return await self._change(user_id, Change(name, role, groups, state))

    async def deactivate_user(self, user_id: str) -> User:
        """Deactivate a user of the caller's tenant."""
        return await self._change(user_id, Change(state="deactivated"))

    async def _change(self, user_id: str, wish: Change) -> User:
        note_target(user_id)
        return await self._members.shown(await self._members.change(caller(), user_id, wish))
