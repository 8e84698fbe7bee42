"""Passwords: guessed slowly, refused when easily guessed, and never a way to lock somebody else out."""

from collections.abc import Sequence

from mainstay.kernel.guard import household
from mainstay.kernel.work import current, emit
from mainstay.kit.clock import Clock
from mainstay.ports.breaches import Breaches
from mainstay.ports.cache import Cache, Limit
from mainstay.ports.passwords import PasswordHasher
from mainstay.services.people.addresses import addressed
from mainstay.services.people.failures import PasswordGuessable, PasswordWrong, SignInSlowed
from mainstay.services.people.happenings import SignedInElsewhere
from mainstay.services.people.personal import Personal
from mainstay.services.people.records import PASSWORD_LENGTH_MIN
from mainstay.services.people.session_store import SessionRow, SessionStore
from mainstay.services.people.store import PersonRow

PLACE_KEPT_MS = 90 * 24 * 3600 * 1000
FROM_ONE_PLACE = ((10, 60.0), (30, 900.0), (100, 86_400.0))
"""How many attempts for one account a household has in how many seconds."""
FROM_NEW_PLACES = ((30, 900.0), (200, 86_400.0))
"""How many all households together have from which its person has not signed in before."""


class Passwords:
    """Checks and makes passwords.

    Attempts are counted for an account and a household, and for the account from all new places together: so
    many addresses guess no faster than a few, while whoever signs in from where she did before, or has proven
    her mailbox there, is never kept waiting by strangers. The counts are the cache's: a restart forgets them
    unless it is shared.
    """

    def __init__(
        self,
        hasher: PasswordHasher,
        breaches: Breaches,
        cache: Cache,
        sessions: SessionStore,
        personal: Personal,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._hasher = hasher
        self._breaches = breaches
        self._cache = cache
        self._sessions = sessions
        self._personal = personal
        self._clock = clock

    async def match(self, person: PersonRow | None, email_index: str, password: str) -> bool:
        """Say whether a password is a person's; of nobody it takes as long. Raises SignInSlowed."""
        await self.wait_for_turn(person, f"sign-in:{email_index}")
        if person is None or person.password is None:
            await self._hasher.pretend(password)
            return False
        return await self._hasher.verify(password, person.password)

    async def wait_for_turn(self, person: PersonRow | None, about: str) -> None:
        """Count an attempt to guess something of a person's; raises SignInSlowed."""
        place = await self.place()
        since = self._clock.now_ms() - PLACE_KEPT_MS
        known = await self._sessions.places_of("" if person is None else person.person_id, since)
        account = f"{{{about}}}"
        limits = [Limit(f"{account}:{place}:{wide:.0f}", most, wide) for most, wide in FROM_ONE_PLACE]
        if place not in known:
            limits += [Limit(f"{account}:new:{wide:.0f}", most, wide) for most, wide in FROM_NEW_PLACES]
        verdict = await self._cache.take(limits)
        if not verdict.allowed:
            raise SignInSlowed(
                f"Wait {verdict.wait_s:.0f} s before the next attempt, or choose a new password by mail.",
                retry_after_s=verdict.wait_s,
            )

    async def prove(self, person: PersonRow, password: str) -> None:
        """Let somebody prove that she is the person of the account; raises PasswordWrong and SignInSlowed."""
        if not await self.match(person, person.email_index, password):
            raise PasswordWrong("Type it again, or choose a new one by mail.")

    async def made(self, password: str, about: Sequence[str]) -> str:
        """Give the hash of a new password; raises PasswordGuessable."""
        if len(password) < PASSWORD_LENGTH_MIN:
            raise PasswordGuessable(f"A password has at least {PASSWORD_LENGTH_MIN} characters.")
        if addressed(password) in about or await self._breaches.known(password, about):
            raise PasswordGuessable(
                "Attackers would try it. Take three or four words that have nothing to do with each other.",
                problems=[{"field": "password", "problem": "is known from a breach, or easily guessed"}],
            )
        return await self._hasher.hash(password)

    async def renewed(self, person: PersonRow, password: str) -> str | None:
        """Give a better hash of a password that was just proven, None if the stored one is good."""
        if person.password is None or not self._hasher.outdated(person.password):
            return None
        return await self._hasher.hash(password)

    async def place(self) -> str:
        """Give what stands for the household that asks now."""
        return await self._personal.place(household(current().address))

    async def arrive(self, person_id: str, place: str, session: SessionRow) -> None:
        """Remember from where a person has signed in; she is told of a place that is not her first."""
        since = self._clock.now_ms() - PLACE_KEPT_MS
        known = await self._sessions.places_of(person_id, since)
        if known and place not in known:
            told = {"address": session.address.hex(), "agent": session.agent.hex()}
            emit(SignedInElsewhere(person_id=person_id, at_ms=session.created_ms, **told))
        await self.note_place(person_id, place)

    async def note_place(self, person_id: str, place: str) -> None:
        """Remember that a person has proven herself from this place."""
        now = self._clock.now_ms()
        await self._sessions.note_place(person_id, place, now, now - PLACE_KEPT_MS)
