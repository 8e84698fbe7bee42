"""Passkeys: added, listed, removed, and shown to sign in, alone or beside a password."""

from typing import Any

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.work import emit, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES, hashed, token_of
from mainstay.ports.database import UniqueViolated
from mainstay.ports.passkeys import Holder, Passkey, PasskeyInvalid, Passkeys, Site
from mainstay.services.people.challenges import KEPT_MS, challenge_of
from mainstay.services.people.code_store import CodeRow, CodeStore
from mainstay.services.people.demands import Demands
from mainstay.services.people.factor_failures import (
    PasskeyExists,
    PasskeyMissing,
    PasskeysNotHere,
    PasskeysTooMany,
)
from mainstay.services.people.factor_records import Passkey as Shown
from mainstay.services.people.factor_records import PasskeyAdded, PasskeyAsked
from mainstay.services.people.factor_store import FactorStore
from mainstay.services.people.factors import Factors
from mainstay.services.people.happenings import FactorChanged
from mainstay.services.people.passkey_store import PasskeyRow, PasskeyStore
from mainstay.services.people.personal import EMAIL, PASSKEY_NAME, Personal
from mainstay.services.people.proofs import Proofs
from mainstay.services.people.store import PersonRow

PASSKEYS_MAX = 20
ADDING_PREFIX = "msp_"
_ADDING_MS = 10 * 60_000
_NAME = "Mainstay"
_OVER = "Begin anew: a challenge is good for 10 minutes and one passkey."
_IS_OVER = [{"field": "pending_token", "problem": "is unknown, used, or over"}]
_IS_WRONG = [{"field": "credential", "problem": "is no passkey made for this challenge"}]
_KNOWN = "List your passkeys to see it; one of somebody else's belongs to that account."


class Sites:
    """At which address browsers ask for passkeys: the server's own, never what a request says."""

    def __init__(self, address: PublicAddress) -> None:
        """Take the address."""
        self._address = address

    def here(self) -> Site:
        """Give the site; raises PasskeysNotHere."""
        try:
            return Site.of(self._address.named, _NAME)
        except ValueError as unusable:
            raise PasskeysNotHere(f"{unusable} The operator sets it as MAINSTAY_PUBLIC_URL.") from None


class PasskeyBook:
    """The passkeys of people."""

    def __init__(
        self,
        store: PasskeyStore,
        factor_store: FactorStore,
        factors: Factors,
        codes: CodeStore,
        proofs: Proofs,
        demands: Demands,
        passkeys: Passkeys,
        personal: Personal,
        clock: Clock,
        random: Random,
        ids: Ids,
        sites: Sites,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._factor_store = factor_store
        self._factors = factors
        self._codes = codes
        self._proofs = proofs
        self._demands = demands
        self._passkeys = passkeys
        self._personal = personal
        self._clock = clock
        self._random = random
        self._ids = ids
        self._sites = sites

    async def begin(self, person: PersonRow, secret: str, password: str | None) -> PasskeyAsked:
        """Give a challenge with which a browser makes a passkey."""
        site, now = self._sites.here(), self._clock.now_ms()
        await self._proofs.prove(person, secret, password)
        present = await self._room(person)
        email = await self._personal.open(person.person_id, EMAIL, person.email)
        token = token_of(ADDING_PREFIX, self._random.token(TOKEN_BYTES))
        holder = Holder(await self._personal.handle(person.person_id), email, email)
        ids = [each.credential_id for each in present]
        options = self._passkeys.options_to_add(site, holder, challenge_of(token), ids)
        row = CodeRow(hashed(token), "passkey", person.person_id, now + _ADDING_MS)
        await self._codes.add(row, now - KEPT_MS)
        return PasskeyAsked(pending_token=token, options=options)

    async def add(
        self, person: PersonRow, pending_token: str, name: str, credential: dict[str, Any]
    ) -> PasskeyAdded:
        """Store the passkey that a browser made; raises PasskeyInvalid, PasskeyExists, PasskeysTooMany."""
        site, now = self._sites.here(), self._clock.now_ms()
        found = await self._codes.find(hashed(pending_token), "passkey", now)
        if found is None or found.person_id != person.person_id:
            raise PasskeyInvalid(_OVER, problems=_IS_OVER)
        try:
            made = self._passkeys.added(site, challenge_of(pending_token), credential)
        except PasskeyInvalid as wrong:
            raise PasskeyInvalid(wrong.detail, problems=_IS_WRONG) from None
        await self._room(person)
        if await self._store.find(made.credential_id) is not None:
            raise PasskeyExists(_KNOWN)
        codes, hashes = await self._factors.first_recovery_codes(person.person_id)
        row = await self._row(person, name, made)
        note_target(row.passkey_id)
        if not await self._codes.use(found, now):
            raise PasskeyInvalid(_OVER, problems=_IS_OVER)
        try:
            await self._store.add(row)
        except UniqueViolated:
            raise PasskeyExists(_KNOWN) from None
        await self._factors.keep_recovery_codes(person.person_id, hashes)
        emit(FactorChanged(person_id=person.person_id, what="passkey added"))
        shown = await self.shown(row)
        return PasskeyAdded(**shown.model_dump(), recovery_codes=codes.recovery_codes)

    async def of(self, person_id: str) -> list[Shown]:
        """List a person's passkeys."""
        return [await self.shown(row) for row in await self._store.of(person_id)]

    async def rename(self, person_id: str, passkey_id: str, name: str) -> Shown:
        """Give a passkey another name; raises PasskeyMissing."""
        row = await self._find(person_id, passkey_id)
        sealed = await self._personal.seal(person_id, PASSKEY_NAME, name)
        await self._store.rename(person_id, passkey_id, sealed)
        return (await self.shown(row)).model_copy(update={"name": name})

    async def remove(self, person: PersonRow, secret: str, passkey_id: str, password: str | None) -> None:
        """Forget a passkey; raises PasskeyMissing and ProofNeeded."""
        await self._find(person.person_id, passkey_id)
        await self._proofs.prove(person, secret, password)
        await self._demands.keep_one(person.person_id, len(await self._factors.of(person.person_id)) - 1)
        if not await self._factor_store.remove_passkey(person.person_id, passkey_id):
            raise PasskeyMissing("List your passkeys: it was removed at the same moment.")
        emit(FactorChanged(person_id=person.person_id, what="passkey removed"))

    async def shown(self, row: PasskeyRow) -> Shown:
        """Give what is told of a passkey."""
        return Shown(
            passkey_id=row.passkey_id,
            name=await self._personal.open(row.person_id, PASSKEY_NAME, row.name),
            created_ms=row.created_ms,
            last_used_ms=row.used_ms,
            synced=row.synced,
        )

    async def _room(self, person: PersonRow) -> list[PasskeyRow]:
        present = list(await self._store.of(person.person_id))
        if len(present) >= PASSKEYS_MAX:
            raise PasskeysTooMany(f"Remove one first: {PASSKEYS_MAX} are enough for anybody's devices.")
        return present

    async def _row(self, person: PersonRow, name: str, made: Passkey) -> PasskeyRow:
        sealed = await self._personal.seal(person.person_id, PASSKEY_NAME, name)
        return PasskeyRow(
            passkey_id=self._ids.new("passkey"),
            person_id=person.person_id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            synced=made.synced,
            name=sealed,
            created_ms=self._clock.now_ms(),
        )

    async def _find(self, person_id: str, passkey_id: str) -> PasskeyRow:
        found = [each for each in await self._store.of(person_id) if each.passkey_id == passkey_id]
        if not found:
            raise PasskeyMissing("List your passkeys to see their ids.")
        return found[0]
