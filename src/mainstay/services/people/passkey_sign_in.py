"""Signing in with a passkey: it is two factors, for it is a thing, and it asks who holds it."""

import hmac
from base64 import urlsafe_b64decode
from dataclasses import dataclass, replace
from typing import Any

from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import become, caller, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.tokens import hashed
from mainstay.ports.passkeys import Passkey, PasskeyRefused, Passkeys, Site
from mainstay.services.people.challenges import ASKED_PREFIX, Challenges, challenge_of
from mainstay.services.people.code_store import CodeRow, CodeStore
from mainstay.services.people.factor_failures import FactorMissing
from mainstay.services.people.factor_records import PasskeyAsked
from mainstay.services.people.failures import CodeInvalid
from mainstay.services.people.passkey_store import PasskeyRow, PasskeyStore
from mainstay.services.people.passkeys import Sites
from mainstay.services.people.passwords import Passwords
from mainstay.services.people.personal import Personal
from mainstay.services.people.records import NewSession
from mainstay.services.people.sessions import PASSKEY, WITH_PASSKEY, Sessions
from mainstay.services.people.sign_in import OVER, unclear
from mainstay.services.people.store import MemberRow, PeopleStore

_REFUSED = "Try again on this site's page, or sign in in another way."


@dataclass(frozen=True)
class Waiting:
    """What a challenge was given out for: until when, and for which sign-in, if a password was proven."""

    token: str
    ends_ms: int
    code: CodeRow | None = None


class PasskeySignIn:
    """Lets people in who show a passkey."""

    def __init__(
        self,
        store: PeopleStore,
        keys: PasskeyStore,
        codes: CodeStore,
        challenges: Challenges,
        passkeys: Passkeys,
        passwords: Passwords,
        personal: Personal,
        sessions: Sessions,
        standing: Standing,
        clock: Clock,
        sites: Sites,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._keys = keys
        self._codes = codes
        self._challenges = challenges
        self._passkeys = passkeys
        self._passwords = passwords
        self._personal = personal
        self._sessions = sessions
        self._standing = standing
        self._clock = clock
        self._sites = sites

    async def ask(self, pending_token: str | None) -> PasskeyAsked:
        """Give a challenge: for whoever comes, or for the person whose password is proven."""
        site = self._sites.here()
        if pending_token is None:
            token = await self._challenges.new()
            return PasskeyAsked(
                pending_token=token, options=self._passkeys.options_to_show(site, challenge_of(token))
            )
        waiting = await self._codes.find(hashed(pending_token), "second_factor", self._clock.now_ms())
        if waiting is None:
            raise CodeInvalid(OVER)
        known = [each.credential_id for each in await self._keys.of(waiting.person_id)]
        if not known:
            raise FactorMissing("There is no passkey: go on with a code.")
        options = self._passkeys.options_to_show(site, challenge_of(pending_token), known)
        return PasskeyAsked(pending_token=pending_token, options=options)

    async def enter(self, pending_token: str, answer: dict[str, Any], tenant_id: str | None) -> NewSession:
        """Begin a session.

        Raises PasskeyRefused in the same words for an unknown passkey, a wrong answer, and a person without
        an active membership; CodeInvalid, SignInSlowed, TenantUnclear and TenantSuspended.
        """
        site, waiting = self._sites.here(), await self._waiting(pending_token)
        row = await self._keys.find(self._passkeys.credential_id(answer))
        wanted = waiting.code.person_id if waiting.code is not None else ""
        if row is None or (wanted and row.person_id != wanted):
            raise PasskeyRefused(_REFUSED)
        active = await self._active(row, waiting, tenant_id)
        person = await self._store.person(row.person_id)
        if person is None or not active:
            raise PasskeyRefused(_REFUSED)
        await self._passwords.wait_for_turn(person, f"second-factor:{person.person_id}")
        shown = await self._shown(site, row, challenge_of(pending_token), answer)
        if len(active) > 1:
            raise await unclear(active, self._standing)
        methods = WITH_PASSKEY if waiting.code is not None else PASSKEY
        begun = await self._sessions.begin(active[0], methods)
        place = await self._passwords.place()
        if not await self._used(waiting, person.person_id):
            raise CodeInvalid(OVER)
        if not await self._keys.use(row, shown.sign_count, self._clock.now_ms()):
            raise PasskeyRefused(_REFUSED)
        await self._passwords.arrive(person.person_id, place, begun.row)
        return await self._sessions.keep(begun)

    async def _waiting(self, token: str) -> Waiting:
        """Give what a challenge was given out for; raises CodeInvalid."""
        if token.startswith(ASKED_PREFIX):
            ends_ms = await self._challenges.ends_ms(token)
            if ends_ms is not None:
                return Waiting(token, ends_ms)
        else:
            found = await self._codes.find(hashed(token), "second_factor", self._clock.now_ms())
            if found is not None:
                return Waiting(token, found.expires_ms, found)
        raise CodeInvalid(OVER)

    async def _active(self, row: PasskeyRow, waiting: Waiting, tenant_id: str | None) -> list[MemberRow]:
        """Give the memberships that may be meant, and let the attempt be audited where it was aimed."""
        wanted = {None, tenant_id} if waiting.code is None else {waiting.code.tenant_id}
        found = [
            each
            for each in await self._store.memberships(row.person_id)
            if each.state == "active" and (wanted == {None} or each.tenant_id in wanted)
        ]
        if found:
            become(replace(caller(), tenant_id=found[0].tenant_id))
            note_target(found[0].user_id)
        return found

    async def _shown(self, site: Site, row: PasskeyRow, challenge: bytes, answer: dict[str, Any]) -> Passkey:
        """Check what the browser answered; the holder that it names, if it names one, is the passkey's."""
        handle = answer["response"].get("userHandle") if isinstance(answer.get("response"), dict) else None
        if handle is not None:
            ours = await self._personal.handle(row.person_id)
            if not hmac.compare_digest(_bytes_of(handle), ours):
                raise PasskeyRefused(_REFUSED)
        try:
            kept = Passkey(row.credential_id, row.public_key, row.sign_count, row.synced)
            return self._passkeys.shown(site, challenge, kept, answer)
        except PasskeyRefused:
            raise PasskeyRefused(_REFUSED) from None

    async def _used(self, waiting: Waiting, person_id: str) -> bool:
        """Use a challenge up; say whether nobody did before."""
        if waiting.code is not None:
            return await self._codes.use(waiting.code, self._clock.now_ms())
        return await self._challenges.use(waiting.token, person_id, waiting.ends_ms)


def _bytes_of(handle: object) -> bytes:
    try:
        return urlsafe_b64decode(f"{handle}==")
    except ValueError:
        return b""
