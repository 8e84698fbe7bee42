"""Signing in: from an e-mail address and a password to a session."""

from collections.abc import Sequence
from dataclasses import replace

from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import become, caller, note_target
from mainstay.services.people.failures import SignInWrong, TenantUnclear
from mainstay.services.people.passwords import Passwords
from mainstay.services.people.personal import Personal
from mainstay.services.people.records import NewSession
from mainstay.services.people.sessions import Sessions
from mainstay.services.people.store import MemberRow, PeopleStore, PersonRow

_WRONG = "Try again, or choose a new password by mail."


class SignIn:
    """Lets people in who know their password."""

    def __init__(
        self,
        store: PeopleStore,
        personal: Personal,
        passwords: Passwords,
        sessions: Sessions,
        standing: Standing,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._personal = personal
        self._passwords = passwords
        self._sessions = sessions
        self._standing = standing

    async def enter(self, email: str, password: str, tenant_id: str | None) -> NewSession:
        """Begin a session; raises SignInWrong, SignInSlowed, TenantUnclear and TenantSuspended.

        Nobody, somebody without a password, a wrong password and a person without an active membership are
        told in the same words, after the same work.
        """
        index = await self._personal.index(email)
        person = await self._store.person_by_index(index)
        members = await self._store.memberships("" if person is None else person.person_id)
        active = [each for each in members if each.state == "active" and tenant_id in {None, each.tenant_id}]
        if active:  # an attempt is audited where it was aimed, as a stranger's until the password is proven
            become(replace(caller(), tenant_id=active[0].tenant_id))
            note_target(active[0].user_id)
        proven = await self._passwords.match(person, index, password)
        if person is None or not proven or not active:
            raise SignInWrong(_WRONG)
        if len(active) > 1:
            raise await self._unclear(active)
        return await self._begin(person, active[0], password)

    async def _unclear(self, members: Sequence[MemberRow]) -> TenantUnclear:
        choices = [
            {
                "field": "tenant_id",
                "problem": await self._standing.named(each.tenant_id),
                "tenant_id": each.tenant_id,
            }
            for each in members
        ]
        return TenantUnclear("Sign in again with one of these as `tenant_id`.", problems=choices)

    async def _begin(self, person: PersonRow, member: MemberRow, password: str) -> NewSession:
        begun = await self._sessions.begin(member)
        place = await self._passwords.place()
        renewed = await self._passwords.renewed(person, password)
        if renewed is not None:
            await self._store.change_person(person, replace(person, password=renewed))
        await self._passwords.note_place(person.person_id, place)
        return await self._sessions.keep(begun)
