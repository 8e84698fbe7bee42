"""What people ask for about their second factors: authenticator apps, recovery codes, and passkeys."""

from abc import ABCMeta

from mainstay.kernel.guard import ANYBODY, STRANGER
from mainstay.kernel.interface import reads, writes
from mainstay.ports.passkeys import PasskeyInvalid, PasskeyRefused
from mainstay.ports.passwords import PasswordsBusy
from mainstay.services.people.factor_failures import (
    FactorCodeWrong,
    FactorDemanded,
    FactorExists,
    FactorMissing,
    PasskeyExists,
    PasskeyMissing,
    PasskeysNotHere,
    PasskeysTooMany,
    ProofNeeded,
)
from mainstay.services.people.factor_records import (
    AppBegun,
    Demand,
    Factor,
    FactorCode,
    FactorsRemoved,
    Passkey,
    PasskeyAdded,
    PasskeyAnswer,
    PasskeyAsked,
    PasskeyId,
    PasskeyName,
    PendingToken,
    RecoveryCodes,
    SignInSettings,
)
from mainstay.services.people.failures import (
    CodeInvalid,
    PasswordWrong,
    SignInSlowed,
    TenantUnclear,
    UserNeeded,
)
from mainstay.services.people.records import NewSession, Password, WantedTenant

GUESSING = (SignInSlowed, PasswordsBusy)
PHRASE = "correct horse battery staple"
APP_CODE = {"code": "287082"}
_PENDING = {"pending_token": "msw_8ZrVYf0v6v0o2bq2b5E3sW4nJ7kD1xT9pQ8cL5mA2hG1iU0"}
_PASSKEY = {"passkey_id": "passkey_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_SHOWN = {"id": "Zm9v", "rawId": "Zm9v", "type": "public-key", "response": {"clientDataJSON": "e30"}}
_PROVING = (UserNeeded, ProofNeeded, PasswordWrong, *GUESSING)


class FactorOperations(metaclass=ABCMeta):
    """The operations on second factors; they are a part of those on people."""

    @reads("GET /me/factors", may=ANYBODY, fails=(UserNeeded,))
    async def list_factors(self) -> list[Factor]:
        """List your second factors; without any the password alone signs you in."""

    @writes(
        "POST /me/factors/totp",
        may=ANYBODY,
        status=201,
        fails=(*_PROVING, FactorExists),
        example={"password": PHRASE},
    )
    async def begin_app(self, password: Password) -> AppBegun:
        """Begin to set up an authenticator app (TOTP, RFC 6238); it counts once it is confirmed."""

    @writes(
        "POST /me/factors/totp/confirmation",
        may=ANYBODY,
        fails=(UserNeeded, FactorMissing, FactorExists, FactorCodeWrong, SignInSlowed),
        example=APP_CODE,
    )
    async def confirm_app(self, code: FactorCode) -> RecoveryCodes:
        """Turn your authenticator app on with a code of it, within 15 minutes; you are told by mail.

        The answer has ten recovery codes, this once: each signs you in instead of a code of the app, once.
        """

    @writes(
        "POST /me/factors/totp/removal",
        may=ANYBODY,
        fails=(UserNeeded, PasswordWrong, FactorMissing, FactorCodeWrong, FactorDemanded, *GUESSING),
        example={"password": PHRASE, **APP_CODE},
    )
    async def remove_app(self, password: Password, code: FactorCode) -> FactorsRemoved:
        """Remove your authenticator app and your recovery codes; you are told by mail."""

    @writes(
        "POST /me/factors/recovery-codes",
        may=ANYBODY,
        status=201,
        fails=(UserNeeded, PasswordWrong, FactorMissing, FactorCodeWrong, *GUESSING),
        example={"password": PHRASE, **APP_CODE},
    )
    async def make_recovery_codes(self, password: Password, code: FactorCode) -> RecoveryCodes:
        """Make ten new recovery codes; those before end, and you are told by mail."""

    @reads("GET /me/factors/passkeys", may=ANYBODY, fails=(UserNeeded,))
    async def list_passkeys(self) -> list[Passkey]:
        """List your passkeys, oldest first."""

    @writes(
        "POST /me/factors/passkeys/challenges",
        may=ANYBODY,
        status=201,
        fails=(*_PROVING, PasskeysTooMany, PasskeysNotHere),
        example={"password": PHRASE},
    )
    async def begin_passkey(self, password: Password | None = None) -> PasskeyAsked:
        """Begin to add a passkey: give what a page passes to `navigator.credentials.create`.

        Prove yourself by your password, or by having signed in within the last 10 minutes; whoever has a
        second factor must have signed in with it. The challenge is good for 10 minutes and one passkey.
        """

    @writes(
        "POST /me/factors/passkeys",
        may=ANYBODY,
        status=201,
        fails=(UserNeeded, PasskeyInvalid, PasskeyExists, PasskeysTooMany, PasskeysNotHere),
        example={**_PENDING, "name": "Laptop", "credential": _SHOWN},
    )
    async def add_passkey(
        self, pending_token: PendingToken, name: PasskeyName, credential: PasskeyAnswer
    ) -> PasskeyAdded:
        """Add the passkey that the browser made for a challenge; you are told by mail.

        From then on the password alone signs you in no more: a passkey does, or the password with a passkey,
        with a code of your app, or with a recovery code. Whoever has no recovery codes is given ten.
        """

    @writes(
        "PATCH /me/factors/passkeys/{passkey_id}",
        may=ANYBODY,
        fails=(UserNeeded, PasskeyMissing),
        example={**_PASSKEY, "name": "Telephone"},
    )
    async def rename_passkey(self, passkey_id: PasskeyId, name: PasskeyName) -> Passkey:
        """Call one of your passkeys something else."""

    @writes(
        "POST /me/factors/passkeys/{passkey_id}/removal",
        may=ANYBODY,
        fails=(*_PROVING, PasskeyMissing, FactorDemanded),
        example={**_PASSKEY, "password": PHRASE},
    )
    async def remove_passkey(self, passkey_id: PasskeyId, password: Password | None = None) -> FactorsRemoved:
        """Remove one of your passkeys; with the last factor the recovery codes end. You are told by mail.

        Prove yourself as for adding one.
        """

    @reads(
        "POST /auth/passkeys/challenges",
        may=STRANGER,
        fails=(CodeInvalid, FactorMissing, PasskeysNotHere),
        example={},
    )
    async def ask_for_passkey(self, pending_token: PendingToken | None = None) -> PasskeyAsked:
        """Begin to sign in with a passkey: give what a page passes to `navigator.credentials.get`.

        Without `pending_token` the passkey alone signs in, whosever it is. With that of the failure
        SecondFactorNeeded it is the second factor beside a password. Good for 5 minutes and one session.
        """

    @writes(
        "POST /auth/sessions/passkey",
        may=STRANGER,
        status=201,
        fails=(CodeInvalid, PasskeyRefused, PasskeysNotHere, SignInSlowed, TenantUnclear),
        example={**_PENDING, "credential": _SHOWN},
    )
    async def sign_in_with_passkey(
        self, pending_token: PendingToken, credential: PasskeyAnswer, tenant_id: WantedTenant | None = None
    ) -> NewSession:
        """Begin a session with what the browser answered to a challenge; it counts as two factors.

        Members of several tenants say which one they mean; the failure lists them, and the same answer is
        taken again with `tenant_id`.
        """

    @reads("GET /sign-in/settings", may="sign-in:read")
    async def get_sign_in_settings(self) -> SignInSettings:
        """Tell whether people of your tenant have to have a second factor."""

    @writes("PUT /sign-in/settings", may="sign-in:write", example={"second_factor": "required"})
    async def set_sign_in_settings(self, second_factor: Demand) -> SignInSettings:
        """Demand a second factor of your tenant's people, or leave it to them.

        It holds at the next request: sessions that were begun without one are good for setting one up, and
        for nothing else (SecondFactorRequired). Single sign-on and API keys are not asked for one.
        """
