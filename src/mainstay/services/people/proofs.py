"""Whoever changes how somebody signs in has to prove himself again: a session alone may lie open."""

from mainstay.kit.clock import Clock
from mainstay.services.people.factor_failures import ProofNeeded
from mainstay.services.people.factor_store import FactorStore
from mainstay.services.people.passwords import Passwords
from mainstay.services.people.sessions import Sessions
from mainstay.services.people.store import PersonRow

FRESH_MINUTES = 10
_MINUTE_MS = 60_000


class Proofs:
    """Asks for a password, or for a sign-in that was a moment ago."""

    def __init__(self, sessions: Sessions, factors: FactorStore, passwords: Passwords, clock: Clock) -> None:
        """Take the parts."""
        self._sessions = sessions
        self._factors = factors
        self._passwords = passwords
        self._clock = clock

    async def prove(self, person: PersonRow, secret: str, password: str | None) -> None:
        """Raise ProofNeeded, PasswordWrong or SignInSlowed unless it is the person who asks.

        Single sign-on proves nothing here: a passkey would outlast what the identity provider says. Nor is a
        password enough for somebody who has a second factor and did not sign in with it.
        """
        session = await self._sessions.present(secret)
        methods = "" if session is None else session.methods
        if await self._factors.any(person.person_id) and "mfa" not in methods.split():
            raise ProofNeeded("Sign in again with your second factor, and then once more do this.")
        if password is not None:
            await self._passwords.prove(person, password)
            return
        fresh_ms = self._clock.now_ms() - FRESH_MINUTES * _MINUTE_MS
        if session is None or not methods or session.created_ms < fresh_ms:
            raise ProofNeeded(
                f"Give your password, or sign in again here: that is good for {FRESH_MINUTES} minutes."
            )
