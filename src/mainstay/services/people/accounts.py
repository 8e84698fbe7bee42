"""What people do with their own account: accept an invitation, choose a password, change their address."""

from dataclasses import replace

from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import become, caller, emit, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.tokens import hashed
from mainstay.ports.cache import Cache, Limit
from mainstay.ports.database import UniqueViolated
from mainstay.services.people.addresses import addressed
from mainstay.services.people.code_store import CodeRow, CodeStore, Purpose
from mainstay.services.people.factors import Factors
from mainstay.services.people.failures import CodeInvalid, EmailTaken, MailTooOften
from mainstay.services.people.happenings import AddressChanged, AddressWanted, PasswordChanged, ResetWanted
from mainstay.services.people.members import Members
from mainstay.services.people.passwords import Passwords
from mainstay.services.people.personal import EMAIL, NEW_EMAIL, Personal, name_column
from mainstay.services.people.records import CodePurpose, CodeShown, NewSession
from mainstay.services.people.sessions import Sessions
from mainstay.services.people.store import MemberRow, PeopleStore, PersonRow

MAILS_AN_HOUR_MAX = 5
_HOUR_S = 3600.0
_GONE = "Ask for a new one: it works once, and not for ever."


class Accounts:
    """The accounts of people."""

    def __init__(
        self,
        store: PeopleStore,
        codes: CodeStore,
        members: Members,
        personal: Personal,
        passwords: Passwords,
        sessions: Sessions,
        factors: Factors,
        standing: Standing,
        cache: Cache,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._codes = codes
        self._members = members
        self._personal = personal
        self._passwords = passwords
        self._sessions = sessions
        self._factors = factors
        self._standing = standing
        self._cache = cache
        self._clock = clock

    async def look(self, code: str, purpose: CodePurpose) -> CodeShown:
        """Tell what a code is good for; raises CodeInvalid."""
        found, person = await self._found(code, purpose)
        email, tenant, inviter = await self._personal.open(person.person_id, EMAIL, person.email), "", ""
        if purpose == "address":
            email = await self._personal.open(person.person_id, NEW_EMAIL, found.email)
        if purpose == "invitation":
            member = await self._invited(found)
            tenant = await self._standing.named(found.tenant_id)
            inviter = await self._members.named(found.tenant_id, member.created_by)
        return CodeShown(email=email, tenant=tenant, inviter=inviter, expires_ms=found.expires_ms)

    async def accept(self, code: str, password: str) -> NewSession:
        """Become active, and begin a session.

        Who has a password already proves it, whoever opens her mailbox; who has none chooses it. The session
        of somebody with a second factor waits for its code: raises SecondFactorNeeded once she is active.
        """
        found, person = await self._found(code, "invitation")
        member = await self._invited(found)
        now, changed = self._clock.now_ms(), person
        if person.password is None:
            made = await self._passwords.made(password, await self._about(person, member))
            changed = replace(person, password=made)
        else:
            await self._passwords.prove(person, password)
        accepted = replace(member, state="active", accepted_ms=now)
        begun, place = await self._sessions.begin(accepted), await self._passwords.place()
        incomplete = await self._factors.asked_for(person.person_id)
        await self._use(found)
        if not await self._store.change_member(member, accepted):
            raise CodeInvalid(_GONE)
        await self._change(person, replace(changed, verified_ms=person.verified_ms or now))
        if incomplete:
            raise await self._factors.wait_for_code(accepted)
        await self._passwords.arrive(person.person_id, place, begun.row)
        return await self._sessions.keep(begun)

    async def forget_password(self, email: str) -> None:
        """Ask for a mail with which a new password can be chosen; asked too often, none is sent."""
        index = await self._personal.index(email)
        if await self._may_mail(f"reset:{index}") <= 0:
            emit(ResetWanted(email_index=index))

    async def reset(self, code: str, password: str) -> int:
        """Choose a new password with a code; every session ends. Gives their number."""
        found, person = await self._found(code, "reset")
        await self._appear(person)
        made = await self._passwords.made(password, await self._about(person))
        place, now = await self._passwords.place(), self._clock.now_ms()
        await self._use(found)
        await self._change(person, replace(person, password=made, verified_ms=person.verified_ms or now))
        await self._passwords.note_place(person.person_id, place)
        return await self._password_changed(person)

    async def change_password(self, person: PersonRow, present: str, new: str, but: str) -> int:
        """Choose a new password, knowing the present one; every other session ends. Gives their number."""
        await self._passwords.prove(person, present)
        made = await self._passwords.made(new, await self._about(person))
        await self._change(person, replace(person, password=made))
        return await self._password_changed(person, but)

    async def want_address(self, person: PersonRow, email: str, password: str) -> None:
        """Ask for a mail to a new address; nothing changes before it is confirmed."""
        await self._passwords.prove(person, password)
        await self.ask_for_mail(f"address:{person.person_id}")
        sealed = await self._personal.seal(person.person_id, NEW_EMAIL, addressed(email))
        emit(AddressWanted(person_id=person.person_id, sealed=sealed.hex()))

    async def confirm_address(self, code: str) -> None:
        """Take the new address that a code proves; raises EmailTaken."""
        found, person = await self._found(code, "address")
        await self._appear(person)
        email = await self._personal.open(person.person_id, NEW_EMAIL, found.email)
        now, index = self._clock.now_ms(), await self._personal.index(email)
        other = await self._store.person_by_index(index)
        if other is not None and other.person_id != person.person_id:
            raise EmailTaken("Sign in with it, or take another one.")
        sealed = await self._personal.seal(person.person_id, EMAIL, email)
        await self._use(found)
        try:
            await self._change(person, replace(person, email_index=index, email=sealed, verified_ms=now))
        except UniqueViolated:
            raise EmailTaken("Sign in with it, or take another one.") from None
        await self._codes.use_up(person.person_id, "reset", now)  # they went to the old address
        await self._codes.use_up(person.person_id, "address", now)
        emit(AddressChanged(person_id=person.person_id, sealed=person.email.hex()))

    async def ask_for_mail(self, about: str) -> None:
        """Count a mail that is asked for; raises MailTooOften."""
        wait_s = await self._may_mail(about)
        if wait_s > 0:
            raise MailTooOften(
                f"Look into the mailbox, or wait {wait_s / 60:.0f} minutes.", retry_after_s=wait_s
            )

    async def _may_mail(self, about: str) -> float:
        verdict = await self._cache.take([Limit(f"mail:{about}", MAILS_AN_HOUR_MAX, _HOUR_S)])
        return 0.0 if verdict.allowed else verdict.wait_s

    async def _found(self, code: str, purpose: Purpose) -> tuple[CodeRow, PersonRow]:
        found = await self._codes.find(hashed(code), purpose, self._clock.now_ms())
        person = None if found is None else await self._store.person(found.person_id)
        if found is None or person is None:
            raise CodeInvalid(_GONE)
        return found, person

    async def _invited(self, code: CodeRow) -> MemberRow:
        """Give who is invited by a code; raises CodeInvalid when nobody is any more."""
        member = await self._store.member(code.tenant_id, code.user_id)
        if member is None or member.state != "invited":
            raise CodeInvalid(_GONE)
        return member

    async def _use(self, code: CodeRow) -> None:
        if not await self._codes.use(code, self._clock.now_ms()):
            raise CodeInvalid(_GONE)

    async def _change(self, before: PersonRow, after: PersonRow) -> None:
        if not await self._store.change_person(before, after):
            raise CodeInvalid("Something about this account was changed at the same moment. Try again.")

    async def _password_changed(self, person: PersonRow, but: str = "") -> int:
        now = self._clock.now_ms()
        await self._codes.use_up(person.person_id, "reset", now)
        await self._codes.use_up(person.person_id, "address", now)  # whoever knew the old one may have asked
        await self._codes.forget(person.person_id, "second_factor")
        await self._codes.forget(person.person_id, "passkey")
        await self._store.end_grants(person.person_id)
        emit(PasswordChanged(person_id=person.person_id))
        return await self._sessions.end_all(person.person_id, but)

    async def _about(self, person: PersonRow, member: MemberRow | None = None) -> list[str]:
        """Give what strangers know of a person, which is what they try first."""
        about = [await self._personal.open(person.person_id, EMAIL, person.email)]
        for each in [member] if member else await self._store.memberships(person.person_id):
            about.append(await self._personal.open(person.person_id, name_column(each.tenant_id), each.name))
            about.append(await self._standing.named(each.tenant_id))
        return about

    async def _appear(self, person: PersonRow) -> None:
        """Let what a code's holder does be audited in a tenant of the person's."""
        for each in await self._store.memberships(person.person_id):
            if each.state == "active":
                become(replace(caller(), tenant_id=each.tenant_id))
                note_target(each.user_id)
                return
