"""Signing in: from an e-mail address, a password, and where there is one a second factor, to a session."""

from collections.abc import Sequence
from dataclasses import replace

from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import become, caller, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.tokens import hashed
from mainstay.services.people.code_store import CodeRow, CodeStore
from mainstay.services.people.factors import Factors
from mainstay.services.people.failures import CodeInvalid, SignInWrong, TenantUnclear
from mainstay.services.people.passwords import Passwords
from mainstay.services.people.personal import Personal
from mainstay.services.people.records import NewSession
from mainstay.services.people.sessions import WITH_CODE, Sessions
from mainstay.services.people.store import MemberRow, PeopleStore, PersonRow

_WRONG = "Try again, or choose a new password by mail."
OVER = "Sign in again: what was proven is good for 5 minutes and one session."


class SignIn:
    """Lets people in who know their password, and have their second factor at hand."""

    def __init__(
        self,
        store: PeopleStore,
        personal: Personal,
        codes: CodeStore,
        passwords: Passwords,
        factors: Factors,
        sessions: Sessions,
        standing: Standing,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._personal = personal
        self._codes = codes
        self._passwords = passwords
        self._factors = factors
        self._sessions = sessions
        self._standing = standing
        self._clock = clock

    async def enter(self, email: str, password: str, tenant_id: str | None, code: str | None) -> NewSession:
        """Begin a session; raises SignInWrong, SignInSlowed, TenantUnclear and TenantSuspended.

        Of a second factor nothing is told before the password is proven: then SecondFactorNeeded.
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
            raise await unclear(active, self._standing)
        member = active[0]
        renewed = await self._passwords.renewed(person, password)
        if await self._factors.asked_for(person.person_id):
            if code is not None:
                return await self._complete(person, member, code, renewed=renewed)
            await self._renew(person, renewed)
            raise await self._factors.wait_for_code(member)
        begun, place = await self._sessions.begin(member), await self._passwords.place()
        await self._renew(person, renewed)
        await self._passwords.arrive(person.person_id, place, begun.row)
        return await self._sessions.keep(begun)

    async def finish(self, pending_token: str, code: str) -> NewSession:
        """Begin the session that waits for a code."""
        found = await self._codes.find(hashed(pending_token), "second_factor", self._clock.now_ms())
        member = None if found is None else await self._store.member(found.tenant_id, found.user_id)
        person = None if member is None else await self._store.person(member.person_id)
        if found is None or member is None or person is None or member.state != "active":
            raise CodeInvalid(OVER)
        become(replace(caller(), tenant_id=member.tenant_id))
        note_target(member.user_id)
        return await self._complete(person, member, code, found)

    async def _complete(
        self,
        person: PersonRow,
        member: MemberRow,
        code: str,
        waited: CodeRow | None = None,
        renewed: str | None = None,
    ) -> NewSession:
        proof = await self._factors.match(person, code)
        begun = await self._sessions.begin(member, WITH_CODE)
        place = await self._passwords.place()
        if waited is not None and not await self._codes.use(waited, self._clock.now_ms()):
            raise CodeInvalid(OVER)
        await self._factors.use(proof)
        await self._renew(person, renewed)
        await self._passwords.arrive(person.person_id, place, begun.row)
        return await self._sessions.keep(begun)

    async def _renew(self, person: PersonRow, renewed: str | None) -> None:
        """Store a better hash of the password, if there is one."""
        if renewed is not None:
            await self._store.change_person(person, replace(person, password=renewed))


async def unclear(members: Sequence[MemberRow], standing: Standing) -> TenantUnclear:
    """Give the failure that lists between which tenants somebody has to choose."""
    choices = [
        {
            "field": "tenant_id",
            "problem": await standing.named(each.tenant_id),
            "tenant_id": each.tenant_id,
        }
        for each in members
    ]
    return TenantUnclear("Sign in again with one of these as `tenant_id`.", problems=choices)
