"""Invites and changes the users of tenants, recognises them, and keeps their accounts."""

from dataclasses import replace

from mainstay.kernel.caller import LOOKED_AT, Caller, Credential
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import caller, emit, note_target
from mainstay.kit.clock import Clock
from mainstay.services.people.accounts import Accounts
from mainstay.services.people.code_store import CodeStore
from mainstay.services.people.demands import Demands
from mainstay.services.people.factor_records import (
    AppBegun,
    Demand,
    Factor,
    FactorsRemoved,
    Passkey,
    PasskeyAdded,
    PasskeyAnswer,
    PasskeyAsked,
    RecoveryCodes,
    SignInSettings,
)
from mainstay.services.people.factors import Factors
from mainstay.services.people.failures import UserNeeded, UserNotWaiting
from mainstay.services.people.happenings import InvitationWanted
from mainstay.services.people.interface import People
from mainstay.services.people.members import Change, Members
from mainstay.services.people.passkey_sign_in import PasskeySignIn
from mainstay.services.people.passkeys import PasskeyBook
from mainstay.services.people.records import (
    Account,
    Asked,
    CodePurpose,
    CodeShown,
    Membership,
    NewSession,
    Session,
    SessionsEnded,
    User,
    UserState,
    WishedState,
)
from mainstay.services.people.sessions import WITH_CODE, WITH_PASSKEY, Sessions
from mainstay.services.people.sign_in import SignIn
from mainstay.services.people.store import MemberRow, PeopleStore, PersonRow, Which

_PAGE = 100


class PeopleService(People):
    """The people service; it recognises who comes with a session."""

    def __init__(
        self,
        store: PeopleStore,
        codes: CodeStore,
        members: Members,
        sessions: Sessions,
        sign_in: SignIn,
        accounts: Accounts,
        factors: Factors,
        passkeys: PasskeyBook,
        passkey_sign_in: PasskeySignIn,
        demands: Demands,
        standing: Standing,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._codes = codes
        self._members = members
        self._sessions = sessions
        self._sign_in = sign_in
        self._accounts = accounts
        self._factors = factors
        self._passkeys = passkeys
        self._passkey_sign_in = passkey_sign_in
        self._demands = demands
        self._standing = standing
        self._clock = clock

    def takes(self, secret: str) -> bool:
        """Say whether a secret is a session's."""
        return self._sessions.takes(secret)

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller of a session; raises CredentialsUnknown and TenantSuspended."""
        return await self._sessions.recognise(credential.secret, used=credential.carrier != LOOKED_AT)

    async def find(self, tenant_id: str, subject: str) -> Caller | None:
        """Give a user as the caller that he is now, None if there is none; raises CredentialsUnknown."""
        row = await self._store.member(tenant_id, subject)
        if row is None:
            return None
        if row.state != "active":
            raise CredentialsUnknown("The user is not active.")
        if await self._demands.lacking(tenant_id, row.person_id):
            raise CredentialsUnknown("The user's tenant demands a second factor, and there is none.")
        found = await self._standing.caller_of(tenant_id, row.user_id, row.role, frozenset(row.groups))
        return replace(found, granted_since_ms=row.granted_since_ms)

    async def create_user(
        self, email: str, name: str, role: str = "user", groups: list[str] | None = None
    ) -> User:
        """Invite a person into the caller's tenant."""
        made = await self._members.invite(caller(), email, name, role, groups or [])
        note_target(made.user_id)
        emit(InvitationWanted(user_id=made.user_id))
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

    async def invite_again(self, user_id: str) -> User:
        """Send another invitation."""
        note_target(user_id)
        row = await self._members.givable(caller(), user_id)
        if row.state != "invited":
            raise UserNotWaiting("The user is already active, or has to be activated first.")
        await self._accounts.ask_for_mail(f"invitation:{user_id}")
        emit(InvitationWanted(user_id=user_id))
        return await self._members.shown(row)

    async def end_user_sessions(self, user_id: str) -> SessionsEnded:
        """End the sessions of a user of the caller's tenant."""
        note_target(user_id)
        row = await self._members.givable(caller(), user_id)
        return SessionsEnded(ended=await self._sessions.end_of_user(row.tenant_id, user_id))

    async def end_tenant_sessions(self) -> SessionsEnded:
        """End the sessions of the caller's tenant."""
        me = caller()
        return SessionsEnded(ended=await self._sessions.end_of_tenant(me.tenant_id, me.secret))

    async def remove_user_factors(self, user_id: str, tenant_id: str | None = None) -> FactorsRemoved:
        """Take a user's second factors away."""
        note_target(user_id)
        member, removed = await self._factors.take_away(caller(), user_id, tenant_id)
        if removed:
            await self._sessions.end_all(member.person_id)
        return FactorsRemoved(removed=removed)

    async def sign_in(
        self, email: str, password: str, tenant_id: str | None = None, code: str | None = None
    ) -> NewSession:
        """Begin a session with a password."""
        return await self._sign_in.enter(email, password, tenant_id, code)

    async def finish_sign_in(self, pending_token: str, code: str) -> NewSession:
        """Begin the session that waits for a code."""
        return await self._sign_in.finish(pending_token, code)

    async def accept_invitation(self, code: str, password: str) -> NewSession:
        """Accept an invitation."""
        return await self._accounts.accept(code, password)

    async def request_password_reset(self, email: str) -> Asked:
        """Ask for a mail with a link to a new password."""
        await self._accounts.forget_password(email)
        return Asked()

    async def reset_password(self, code: str, password: str) -> SessionsEnded:
        """Choose a new password with a code."""
        return SessionsEnded(ended=await self._accounts.reset(code, password))

    async def confirm_email(self, code: str) -> Asked:
        """Confirm a new address."""
        await self._accounts.confirm_address(code)
        return Asked()

    async def look_at_code(self, code: str, purpose: CodePurpose) -> CodeShown:
        """Look at a code."""
        return await self._accounts.look(code, purpose)

    async def get_account(self) -> Account:
        """Tell who the caller is."""
        me = await self._me()
        shown = await self._members.shown(me)
        tenant = await self._standing.named(me.tenant_id)
        return Account(name=shown.name, email=shown.email, tenant_id=me.tenant_id, tenant=tenant)

    async def list_sessions(self) -> list[Session]:
        """List the caller's sessions."""
        return await self._sessions.of(await self._me(), caller().secret)

    async def end_session(self, session_id: str) -> SessionsEnded:
        """End one of the caller's sessions."""
        note_target(session_id)
        await self._sessions.end(await self._me(), session_id, caller().secret)
        return SessionsEnded(ended=1)

    async def end_other_sessions(self) -> SessionsEnded:
        """End the caller's other sessions."""
        return SessionsEnded(ended=await self._sessions.end_others(await self._me(), caller().secret))

    async def list_memberships(self) -> list[Membership]:
        """List the caller's memberships."""
        me = await self._me()
        bound = await self._sessions.bound(me, caller().secret)
        rows = await self._store.memberships(me.person_id)
        return [
            Membership(
                tenant_id=row.tenant_id,
                tenant=await self._standing.named(row.tenant_id),
                user_id=row.user_id,
                role=row.role,
                state=row.state,
            )
            for row in rows
            if row.state != "deactivated" and bound in {None, row.tenant_id}
        ]

    async def change_password(self, password: str, new_password: str) -> SessionsEnded:
        """Change the caller's password."""
        person = await self._person()
        ended = await self._accounts.change_password(person, password, new_password, caller().secret)
        return SessionsEnded(ended=ended)

    async def change_email(self, email: str, password: str) -> Asked:
        """Ask for another address of the caller's."""
        await self._accounts.want_address(await self._person(), email, password)
        return Asked()

    async def list_factors(self) -> list[Factor]:
        """List the caller's second factors."""
        return await self._factors.of((await self._me()).person_id)

    async def begin_app(self, password: str) -> AppBegun:
        """Begin to set up the caller's authenticator app."""
        return await self._factors.begin(await self._person(), caller().secret, password)

    async def confirm_app(self, code: str) -> RecoveryCodes:
        """Turn the caller's authenticator app on."""
        made = await self._factors.confirm(await self._person(), code)
        await self._sessions.strengthen(caller().secret, WITH_CODE)
        return made

    async def remove_app(self, password: str, code: str) -> FactorsRemoved:
        """Remove the caller's authenticator app."""
        await self._factors.remove(await self._person(), password, code)
        return FactorsRemoved(removed=True)

    async def make_recovery_codes(self, password: str, code: str) -> RecoveryCodes:
        """Make new recovery codes for the caller."""
        return await self._factors.renew_recovery_codes(await self._person(), password, code)

    async def list_passkeys(self) -> list[Passkey]:
        """List the caller's passkeys."""
        return await self._passkeys.of(await self._proven_person_id())

    async def begin_passkey(self, password: str | None = None) -> PasskeyAsked:
        """Begin to add a passkey of the caller's."""
        return await self._passkeys.begin(await self._person(), caller().secret, password)

    async def add_passkey(self, pending_token: str, name: str, credential: PasskeyAnswer) -> PasskeyAdded:
        """Add a passkey of the caller's."""
        added = await self._passkeys.add(await self._person(), pending_token, name, credential)
        await self._sessions.strengthen(caller().secret, WITH_PASSKEY)
        return added

    async def rename_passkey(self, passkey_id: str, name: str) -> Passkey:
        """Give one of the caller's passkeys another name."""
        person_id = await self._proven_person_id()
        note_target(passkey_id)
        return await self._passkeys.rename(person_id, passkey_id, name)

    async def remove_passkey(self, passkey_id: str, password: str | None = None) -> FactorsRemoved:
        """Remove one of the caller's passkeys."""
        person = await self._person()
        note_target(passkey_id)
        await self._passkeys.remove(person, caller().secret, passkey_id, password)
        return FactorsRemoved(removed=True)

    async def get_sign_in_settings(self) -> SignInSettings:
        """Tell what the caller's tenant demands."""
        return await self._demands.shown(caller().tenant_id)

    async def set_sign_in_settings(self, second_factor: Demand) -> SignInSettings:
        """Store what the caller's tenant demands."""
        return await self._demands.set(caller().tenant_id, second_factor)

    async def ask_for_passkey(self, pending_token: str | None = None) -> PasskeyAsked:
        """Give a challenge to sign in with."""
        return await self._passkey_sign_in.ask(pending_token)

    async def sign_in_with_passkey(
        self, pending_token: str, credential: PasskeyAnswer, tenant_id: str | None = None
    ) -> NewSession:
        """Begin a session with a passkey."""
        return await self._passkey_sign_in.enter(pending_token, credential, tenant_id)

    async def _me(self) -> MemberRow:
        """Give the user who signed in; whoever was let in to act for him keeps no account of his."""
        me = caller()
        row = await self._store.member(me.tenant_id, me.subject)
        if row is None or not self._sessions.takes(me.secret):
            raise UserNeeded("Sign in, and use the session's secret.")
        note_target(me.subject)
        return row

    async def _proven_person_id(self) -> str:
        """Give the person of a session that reaches all that is hers, empty of one by single sign-on."""
        me = await self._me()
        return me.person_id if await self._sessions.bound(me, caller().secret) is None else ""

    async def _person(self) -> PersonRow:
        person = await self._store.person((await self._me()).person_id)
        if person is None:
            raise UserNeeded("Sign in again.")
        return person

    async def _change(self, user_id: str, wish: Change) -> User:
        note_target(user_id)
        before, after = await self._members.change(caller(), user_id, wish)
        if after.state == "deactivated":
            await self._sessions.end_of_user(after.tenant_id, user_id)
            await self._codes.use_up(after.person_id, "invitation", self._clock.now_ms(), after.tenant_id)
        if after.state == "invited" and before.state != "invited":
            emit(InvitationWanted(user_id=user_id))
        return await self._members.shown(after)
