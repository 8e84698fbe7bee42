"""Users: the people of a tenant, and how they sign in."""

from mainstay.kernel.guard import ANYBODY, STRANGER
from mainstay.kernel.interface import Interface, reads, writes
from mainstay.ports.breaches import BreachesUnavailable
from mainstay.ports.passwords import PasswordsBusy, PasswordUnusable
from mainstay.services.people.factor_failures import (
    FactorCodeWrong,
    FactorElsewhere,
    FactorMissing,
    PasskeysNotHere,
    ProofNeeded,
    SecondFactorNeeded,
)
from mainstay.services.people.factor_operations import APP_CODE, GUESSING, PHRASE, FactorOperations
from mainstay.services.people.factor_records import (
    AppBegun,
    Factor,
    FactorCode,
    FactorsRemoved,
    Passkey,
    PasskeyAsked,
    PendingToken,
)
from mainstay.services.people.failures import (
    CodeInvalid,
    EmailTaken,
    LastAdministrator,
    MailTooOften,
    PasswordGuessable,
    PasswordWrong,
    RoleUnknown,
    SearchTooWide,
    SessionMissing,
    SignInSlowed,
    SignInWrong,
    TenantUnclear,
    UserChanged,
    UserExists,
    UserIsYou,
    UserMayTooMuch,
    UserMissing,
    UserNeeded,
    UserNotInvited,
    UserNotWaiting,
)
from mainstay.services.people.records import (
    Account,
    AfterUser,
    Asked,
    Beginning,
    Code,
    CodePurpose,
    CodeShown,
    Email,
    Membership,
    NewPassword,
    NewSession,
    Password,
    Session,
    SessionId,
    SessionsEnded,
    User,
    UserGroups,
    UserId,
    UserName,
    UserRole,
    UsersPage,
    UserState,
    WantedTenant,
    WishedState,
)

__all__ = [
    "Account",
    "AppBegun",
    "CodeInvalid",
    "CodeShown",
    "Factor",
    "LastAdministrator",
    "NewSession",
    "Passkey",
    "PasskeyAsked",
    "PasskeysNotHere",
    "People",
    "ProofNeeded",
    "RoleUnknown",
    "SecondFactorNeeded",
    "Session",
    "UserChanged",
    "UserExists",
    "UserIsYou",
    "UserMissing",
    "UserNeeded",
]

_CHOOSING = (PasswordGuessable, PasswordUnusable, PasswordsBusy, BreachesUnavailable)
_CODE = {"code": "msc_8ZrVYf0v6v0o2bq2b5E3sW4nJ7kD1xT9pQ8cL5mA2hG1iU0"}
_USER = {"user_id": "user_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class People(FactorOperations, Interface):
    """Users of a tenant, their sessions and their accounts."""

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

        The person is sent a mail, and has no rights before the invitation is accepted. Role and groups are at
        most your own. The answer is the same whether or not the person is a member of other tenants.
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

    @writes(
        "POST /users/{user_id}/invitation",
        may="users:write",
        status=202,
        fails=(UserMissing, UserNotWaiting, UserMayTooMuch, MailTooOften),
        example=_USER,
    )
    async def invite_again(self, user_id: UserId) -> User:
        """Send another invitation to a user who has not accepted; the link before it ends."""

    @writes(
        "DELETE /users/{user_id}/sessions",
        may="users:write",
        fails=(UserMissing, UserMayTooMuch),
        example=_USER,
    )
    async def end_user_sessions(self, user_id: UserId) -> SessionsEnded:
        """End a user's sessions in your tenant, from the next request on; he can sign in again.

        Deactivate him to keep him out. What apps may do in his name goes on until he takes it back.
        """

    @writes("DELETE /sign-in/sessions", may="sign-in:write")
    async def end_tenant_sessions(self) -> SessionsEnded:
        """End the sessions of all of your tenant's users but your own, as after an incident."""

    @writes(
        "DELETE /users/{user_id}/factors",
        may="factors:write",
        fails=(UserMissing, UserMayTooMuch, FactorElsewhere),
        example=_USER,
    )
    async def remove_user_factors(
        self, user_id: UserId, tenant_id: WantedTenant | None = None
    ) -> FactorsRemoved:
        """Take a user's second factor away, who has lost it; all of his sessions end, and he is told by mail.

        Of a member of several tenants only the operator may, who names another tenant's user by `tenant_id`.
        """

    @writes(
        "POST /auth/sessions",
        may=STRANGER,
        status=201,
        fails=(
            SignInWrong,
            TenantUnclear,
            SecondFactorNeeded,
            FactorCodeWrong,
            FactorMissing,
            *GUESSING,
        ),
        example={"email": "ada@example.com", "password": PHRASE},
    )
    async def sign_in(
        self,
        email: Email,
        password: Password,
        tenant_id: WantedTenant | None = None,
        code: FactorCode | None = None,
    ) -> NewSession:
        """Sign in: begin a session with e-mail address and password.

        The secret is in this answer only; send it as `Authorization: Bearer …`. Members of several tenants
        say which one they mean; the failure lists them. Whoever has a second factor adds its `code`, or goes
        on with `POST /auth/sessions/code`. Many attempts are made to wait; no account is locked.
        """

    @writes(
        "POST /auth/sessions/code",
        may=STRANGER,
        status=201,
        fails=(CodeInvalid, FactorCodeWrong, FactorMissing, SignInSlowed),
        example={"pending_token": "msw_8ZrVYf0v6v0o2bq2b5E3sW4nJ7kD1xT9pQ8cL5mA2hG1iU0", **APP_CODE},
    )
    async def finish_sign_in(self, pending_token: PendingToken, code: FactorCode) -> NewSession:
        """Begin the session of which the password is proven, with a code of the second factor.

        `pending_token` is in the failure SecondFactorNeeded, and is good for 5 minutes and one session.
        """

    @writes(
        "POST /auth/invitations",
        may=STRANGER,
        status=201,
        fails=(CodeInvalid, PasswordWrong, SecondFactorNeeded, SignInSlowed, *_CHOOSING),
        example={**_CODE, "password": PHRASE},
    )
    async def accept_invitation(self, code: Code, password: Password) -> NewSession:
        """Accept an invitation with the code from the mail, and begin a session.

        Who has a password already, as a member of another tenant, gives that one; who has none chooses one of
        at least 12 characters. The session of somebody with a second factor waits for its code.
        """

    @writes("POST /auth/password-resets", may=STRANGER, status=202, example={"email": "ada@example.com"})
    async def request_password_reset(self, email: Email) -> Asked:
        """Ask for a mail with which a new password can be chosen.

        The answer is the same whether or not anybody has the address. At most 5 mails an hour are sent.
        """

    @writes(
        "POST /auth/passwords",
        may=STRANGER,
        fails=(CodeInvalid, *_CHOOSING),
        example={**_CODE, "password": PHRASE},
    )
    async def reset_password(self, code: Code, password: NewPassword) -> SessionsEnded:
        """Choose a new password with the code from the mail; all of the person's sessions end."""

    @writes("POST /auth/email-addresses", may=STRANGER, fails=(CodeInvalid, EmailTaken), example=_CODE)
    async def confirm_email(self, code: Code) -> Asked:
        """Confirm a new e-mail address with the code that was sent to it; the one before is told."""

    @reads("POST /auth/codes", may=STRANGER, fails=(CodeInvalid,), example={**_CODE, "purpose": "invitation"})
    async def look_at_code(self, code: Code, purpose: CodePurpose) -> CodeShown:
        """Look at a code from a mail before it is used: whether it can be, and for whom."""

    @reads("GET /me/account", may=ANYBODY, fails=(UserNeeded,))
    async def get_account(self) -> Account:
        """Tell your name, your e-mail address, and the tenant into which you have signed in."""

    @reads("GET /sessions", may=ANYBODY, fails=(UserNeeded,))
    async def list_sessions(self) -> list[Session]:
        """List your sessions in all tenants, newest first; of single sign-on, those in its own tenant."""

    @writes(
        "DELETE /sessions/{session_id}",
        may=ANYBODY,
        fails=(UserNeeded, SessionMissing),
        example={"session_id": "session_01k9z6q7h8e4v5c3x2b1n0m9a8"},
    )
    async def end_session(self, session_id: SessionId) -> SessionsEnded:
        """End one of your sessions, from the next request on; your present one to sign out."""

    @writes("DELETE /sessions", may=ANYBODY, fails=(UserNeeded,))
    async def end_other_sessions(self) -> SessionsEnded:
        """End all of your sessions but the present one."""

    @reads("GET /me/memberships", may=ANYBODY, fails=(UserNeeded,))
    async def list_memberships(self) -> list[Membership]:
        """List the tenants of which you are a member, or into which you are invited.

        Who comes by single sign-on is told of its own tenant alone.
        """

    @writes(
        "POST /me/password",
        may=ANYBODY,
        fails=(UserNeeded, PasswordWrong, SignInSlowed, *_CHOOSING),
        example={"password": PHRASE, "new_password": "seven quiet lamps over the harbour"},
    )
    async def change_password(self, password: Password, new_password: NewPassword) -> SessionsEnded:
        """Change your password; your other sessions end, and you are told by mail."""

    @writes(
        "POST /me/email",
        may=ANYBODY,
        status=202,
        fails=(UserNeeded, PasswordWrong, MailTooOften, *GUESSING),
        example={"email": "ada@example.org", "password": PHRASE},
    )
    async def change_email(self, email: Email, password: Password) -> Asked:
        """Change your e-mail address: a mail to the new one asks you to confirm it."""
