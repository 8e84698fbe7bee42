"""Authenticator apps and recovery codes: set up, asked for, and taken away with all other factors."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.caller import Caller
from mainstay.kernel.work import emit
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES, hashed, token_of
from mainstay.ports.database import UniqueViolated
from mainstay.services.people import recovery, totp
from mainstay.services.people.code_store import CodeRow, CodeStore
from mainstay.services.people.demands import Demands
from mainstay.services.people.factor_failures import (
    FactorCodeWrong,
    FactorElsewhere,
    FactorExists,
    FactorMissing,
    SecondFactorNeeded,
)
from mainstay.services.people.factor_records import AppBegun, Factor, RecoveryCodes
from mainstay.services.people.factor_store import AppRow, FactorStore
from mainstay.services.people.failures import UserMissing
from mainstay.services.people.happenings import FactorChanged
from mainstay.services.people.members import Members
from mainstay.services.people.passkey_store import PasskeyStore
from mainstay.services.people.passwords import Passwords
from mainstay.services.people.personal import APP_SECRET, EMAIL, Personal
from mainstay.services.people.proofs import Proofs
from mainstay.services.people.store import MemberRow, PeopleStore, PersonRow

PENDING_PREFIX = "msw_"
_MINUTE_MS = 60_000
_SETTING_UP_MS = 15 * _MINUTE_MS
_WAITING_MS = 5 * _MINUTE_MS
_KEPT_MS = 24 * 60 * _MINUTE_MS
_TYPE_AGAIN = "Type the code that your app shows now, or a recovery code that you have not used."
_TAKEN = "Remove the one you have first."


@dataclass(frozen=True)
class Proof:
    """A code that was right when it was looked at: a step of an app, or a recovery code's hash."""

    person_id: str
    step: int = 0
    recovery_hash: str = ""


class Factors:
    """The second factors of people.

    A code is looked at first and used up last, in the transaction of what it was given for: of several
    who come with the same one at the same moment, one wins.
    """

    def __init__(
        self,
        store: FactorStore,
        passkeys: PasskeyStore,
        people: PeopleStore,
        codes: CodeStore,
        members: Members,
        personal: Personal,
        passwords: Passwords,
        proofs: Proofs,
        demands: Demands,
        clock: Clock,
        random: Random,
        address: PublicAddress,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._passkeys = passkeys
        self._people = people
        self._codes = codes
        self._members = members
        self._personal = personal
        self._passwords = passwords
        self._proofs = proofs
        self._demands = demands
        self._clock = clock
        self._random = random
        self._address = address

    async def begin(self, person: PersonRow, session: str, password: str) -> AppBegun:
        """Make a secret for an app; it counts for nothing before it is confirmed."""
        await self._proofs.prove(person, session, password)
        found = await self._store.app(person.person_id)
        if found is not None and found.confirmed_ms is not None:
            raise FactorExists(_TAKEN)
        secret, place = self._random.token(totp.SECRET_BYTES), urlsplit(self._address.url).hostname or ""
        email = await self._personal.open(person.person_id, EMAIL, person.email)
        sealed = await self._personal.seal(person.person_id, APP_SECRET, secret.hex())
        try:
            await self._store.begin(AppRow(person.person_id, sealed, self._clock.now_ms()))
        except UniqueViolated:
            raise FactorExists(_TAKEN) from None
        return AppBegun(secret=totp.shown(secret), uri=totp.uri_of(secret, email, place))

    async def confirm(self, person: PersonRow, code: str) -> RecoveryCodes:
        """Turn an app on with a code of it, and give the recovery codes."""
        now, app = self._clock.now_ms(), await self._store.app(person.person_id)
        if app is not None and app.confirmed_ms is not None:
            raise FactorExists(_TAKEN)
        if app is None or now >= app.created_ms + _SETTING_UP_MS:
            raise FactorMissing("Begin to set up an authenticator app, and confirm it within 15 minutes.")
        step = await self._step(person, app, code)
        if step is None:
            raise FactorCodeWrong(
                "Type the code that your app shows now; the clock of its device must be right."
            )
        made, hashes = await self._recovery_codes(person.person_id)
        if not await self._store.confirm(app, step, now):
            raise FactorMissing("It was begun anew or confirmed at the same moment. Look at your factors.")
        await self._store.replace_recovery_codes(person.person_id, hashes)
        emit(FactorChanged(person_id=person.person_id, what="added"))
        return made

    async def remove(self, person: PersonRow, password: str, code: str) -> None:
        """Take the app and the recovery codes away from whoever proves both factors."""
        proof = await self._proven(person, password, code)
        await self._demands.keep_one(person.person_id, len(await self._passkeys.of(person.person_id)))
        await self.use(proof)
        await self._store.remove_app(person.person_id)
        emit(FactorChanged(person_id=person.person_id, what="removed"))

    async def renew_recovery_codes(self, person: PersonRow, password: str, code: str) -> RecoveryCodes:
        """Make new recovery codes; those before end."""
        proof = await self._proven(person, password, code)
        made, hashes = await self._recovery_codes(person.person_id)
        await self.use(proof)
        await self._store.replace_recovery_codes(person.person_id, hashes)
        emit(FactorChanged(person_id=person.person_id, what="recovery codes"))
        return made

    async def of(self, person_id: str) -> list[Factor]:
        """List a person's second factors."""
        app, left = await self._store.app(person_id), len(await self._store.recovery_codes(person_id))
        found: list[tuple[Literal["totp", "passkey"], int]] = []
        if app is not None and app.confirmed_ms is not None:
            found.append(("totp", app.confirmed_ms))
        found += [("passkey", each.created_ms) for each in await self._passkeys.of(person_id)]
        return [Factor(kind=kind, created_ms=at, recovery_codes_left=left) for kind, at in found]

    async def first_recovery_codes(self, person_id: str) -> tuple[RecoveryCodes, Sequence[str]]:
        """Make recovery codes for somebody who has none left, else none; with the hashes to store."""
        if await self._store.recovery_codes(person_id):
            return RecoveryCodes(recovery_codes=[]), []
        return await self._recovery_codes(person_id)

    async def keep_recovery_codes(self, person_id: str, hashes: Sequence[str]) -> None:
        """Store what was made, if anything was."""
        if hashes:
            await self._store.replace_recovery_codes(person_id, hashes)

    async def take_away(self, giver: Caller, user_id: str, tenant_id: str | None) -> tuple[MemberRow, bool]:
        """Take a user's factors away; say whether there were any.

        A factor guards the person in every tenant of hers. One tenant's administrator, who may have invited
        her only yesterday, must not lower that guard: of a member of several tenants only the operator may.
        """
        foreign = tenant_id not in {None, giver.tenant_id}
        if foreign and not giver.operator:
            raise UserMissing("List the users to see their ids.")
        member = await self._members.find(tenant_id or giver.tenant_id, user_id)
        memberships = await self._people.memberships(member.person_id)
        for each in memberships:
            if each.tenant_id == giver.tenant_id:
                await self._members.givable(giver, each.user_id)
        if len(memberships) > 1 and not giver.operator:
            raise FactorElsewhere(
                "The user can use a recovery code, or ask the operator of this installation."
            )
        removed = await self._store.remove(member.person_id)
        if removed:
            emit(FactorChanged(person_id=member.person_id, what="taken away"))
        return member, removed

    async def asked_for(self, person_id: str) -> bool:
        """Say whether a person's password alone is not enough."""
        return await self._store.any(person_id)

    async def wait_for_code(self, member: MemberRow) -> SecondFactorNeeded:
        """Let a sign-in whose password is proven wait for its code, and give the failure that says so."""
        secret, now = token_of(PENDING_PREFIX, self._random.token(TOKEN_BYTES)), self._clock.now_ms()
        row = CodeRow(
            hashed(secret),
            "second_factor",
            member.person_id,
            now + _WAITING_MS,
            member.tenant_id,
            member.user_id,
        )
        await self._codes.add(row, now - _KEPT_MS)
        kinds = dict.fromkeys(each.kind for each in await self.of(member.person_id))
        return SecondFactorNeeded(
            "Send this again with `code`, or `pending_token` to `POST /auth/sessions/code` within 5 minutes;"
            " with a passkey, to `POST /auth/passkeys/challenges`.",
            problems=[
                {
                    "field": "code",
                    "problem": "is needed",
                    "pending_token": secret,
                    "factors": " ".join(kinds),
                }
            ],
        )

    async def match(self, person: PersonRow, code: str) -> Proof:
        """Give the proof that a code is; raises FactorCodeWrong and SignInSlowed."""
        if not await self._store.any(person.person_id):
            raise FactorMissing("Set up a second factor first.")
        app = await self._store.app(person.person_id)
        step = await self._step(person, app, code)
        if app is not None and app.confirmed_ms is not None and step is not None:
            return Proof(person.person_id, step)
        found = await self._personal.recovery_index(person.person_id, recovery.typed(code))
        if found not in await self._store.recovery_codes(person.person_id):
            raise FactorCodeWrong(_TYPE_AGAIN)
        return Proof(person.person_id, recovery_hash=found)

    async def use(self, proof: Proof) -> None:
        """Use a code up; raises FactorCodeWrong when somebody else just did."""
        if proof.recovery_hash:
            won = await self._store.use_recovery_code(proof.person_id, proof.recovery_hash)
        else:
            won = await self._store.use_step(proof.person_id, proof.step)
        if not won:
            raise FactorCodeWrong(_TYPE_AGAIN)

    async def _proven(self, person: PersonRow, password: str, code: str) -> Proof:
        await self._passwords.prove(person, password)
        return await self.match(person, code)

    async def _step(self, person: PersonRow, app: AppRow | None, code: str) -> int | None:
        """Count an attempt, and give the step whose code it is."""
        await self._passwords.wait_for_turn(person, f"second-factor:{person.person_id}")
        if app is None:
            return None
        secret = bytes.fromhex(await self._personal.open(person.person_id, APP_SECRET, app.secret))
        return totp.step_of(secret, code.replace(" ", ""), self._clock.now_ms(), app.last_step)

    async def _recovery_codes(self, person_id: str) -> tuple[RecoveryCodes, Sequence[str]]:
        made = [recovery.code_of(self._random.token(recovery.LENGTH)) for _ in range(recovery.CODES)]
        hashes = [await self._personal.recovery_index(person_id, recovery.typed(each)) for each in made]
        return RecoveryCodes(recovery_codes=made), hashes
