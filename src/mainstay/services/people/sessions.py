"""Sessions: begun by proving a password or a mailbox, recognised by their secret, ended at any time."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import become, current, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES, hashed, is_token, token_of
from mainstay.services.people.demands import Demands
from mainstay.services.people.failures import SessionMissing
from mainstay.services.people.personal import ADDRESS, AGENT, Personal
from mainstay.services.people.records import NewSession, Session
from mainstay.services.people.session_store import SessionRow, SessionStore
from mainstay.services.people.settings import PeopleSettings
from mainstay.services.people.store import MemberRow

PREFIX = "mss_"
ONE_FACTOR, WITH_CODE, VOUCHED = "pwd", "pwd otp mfa", ""
PASSKEY, WITH_PASSKEY = "pop user mfa", "pwd pop user mfa"
"""How a session was begun, in the words of RFC 8176, which has none for single sign-on."""
_MINUTE_MS = 60_000
_DAY_MS = 24 * 60 * _MINUTE_MS
_AT_ONCE = 500

Step = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Begun:
    """A session that is ready to be stored, and who its caller is."""

    row: SessionRow
    secret: str
    caller: Caller


class Sessions:
    """The sessions of people."""

    def __init__(
        self,
        store: SessionStore,
        personal: Personal,
        standing: Standing,
        demands: Demands,
        clock: Clock,
        ids: Ids,
        random: Random,
        settings: PeopleSettings,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._personal = personal
        self._standing = standing
        self._demands = demands
        self._clock = clock
        self._ids = ids
        self._random = random
        self._idle_ms = settings.session_idle_minutes * _MINUTE_MS
        self._longest_ms = settings.session_days * _DAY_MS
        self._used: dict[tuple[str, str], int] = {}

    async def begin(self, member: MemberRow, methods: str = ONE_FACTOR) -> Begun:
        """Make a session with a secret of its own, whatever the message carried; raises TenantSuspended."""
        known = await self._standing.caller_of(
            member.tenant_id, member.user_id, member.role, frozenset(member.groups)
        )
        now, work = self._clock.now_ms(), current()
        secret = token_of(PREFIX, self._random.token(TOKEN_BYTES))
        row = SessionRow(
            tenant_id=member.tenant_id,
            session_id=self._ids.new("session"),
            hash=hashed(secret),
            user_id=member.user_id,
            person_id=member.person_id,
            created_ms=now,
            used_ms=now,
            address=await self._personal.seal(member.person_id, ADDRESS, work.address),
            agent=await self._personal.seal(member.person_id, AGENT, work.agent),
            methods=methods,
        )
        only = await self._demands.bound(member.tenant_id, methods)
        return Begun(row, secret, replace(known, only=only))

    async def keep(self, begun: Begun) -> NewSession:
        """Store a session, and go on as its user."""
        row = begun.row
        await self._store.add(row)
        become(begun.caller)
        note_target(row.session_id)
        return NewSession(
            session_id=row.session_id,
            secret=begun.secret,
            tenant_id=row.tenant_id,
            user_id=row.user_id,
            ends_ms=row.created_ms + self._longest_ms,
            limited=begun.caller.only is not None,
        )

    def takes(self, secret: str) -> bool:
        """Say whether a secret has the form of a session's."""
        return is_token(PREFIX, secret)

    async def recognise(self, secret: str, *, used: bool = True) -> Caller:
        """Give the caller of a session, which is used by that or only looked at.

        Raises CredentialsUnknown and TenantSuspended.
        """
        row, now = await self._store.recognised(hashed(secret)), self._clock.now_ms()
        if row is None or not self._lasts(row.tenant_id, row.session_id, row.created_ms, row.used_ms):
            raise CredentialsUnknown("The session has ended. Sign in again.")
        known = await self._standing.caller_of(row.tenant_id, row.user_id, row.role, frozenset(row.groups))
        if used:
            self._used[row.tenant_id, row.session_id] = now - now % _MINUTE_MS
        only = self._demands.bound_by(row.demand, row.methods)
        return replace(known, secret=secret, signed_in_ms=row.created_ms, only=only)

    async def present(self, secret: str) -> SessionRow | None:
        """Find the session of a secret."""
        return await self._store.by_hash(hashed(secret))

    async def strengthen(self, secret: str, methods: str) -> None:
        """Note that whoever has a session has shown a second factor too."""
        await self._store.note_methods(hashed(secret), methods)

    async def bound(self, member: MemberRow, secret: str) -> str | None:
        """Give the tenant beyond which a session reaches nothing; None if it reaches all of its person's.

        An identity provider speaks for its own tenant: whoever comes by it has not proven to be the person
        whose other memberships these are.
        """
        present = hashed(secret)
        rows = await self._store.sessions_of(member.person_id)
        proven = any(row.hash == present and row.methods != VOUCHED for row in rows)
        return None if proven else member.tenant_id

    async def of(self, member: MemberRow, secret: str) -> list[Session]:
        """List the sessions of a member's person that last and that one of them reaches, newest first."""
        present, person_id = hashed(secret), member.person_id
        bound = await self.bound(member, secret)
        return [
            Session(
                session_id=row.session_id,
                tenant_id=row.tenant_id,
                created_ms=row.created_ms,
                last_used_ms=self._used_ms(row.tenant_id, row.session_id, row.used_ms),
                ends_ms=row.created_ms + self._longest_ms,
                address=await self._personal.open(person_id, ADDRESS, row.address),
                agent=await self._personal.open(person_id, AGENT, row.agent),
                methods=row.methods.split(),
                current=row.hash == present,
            )
            for row in await self._store.sessions_of(person_id)
            if bound in {None, row.tenant_id}
            and self._lasts(row.tenant_id, row.session_id, row.created_ms, row.used_ms)
        ]

    async def end(self, member: MemberRow, session_id: str, secret: str) -> None:
        """End one of the sessions that a member's session reaches; raises SessionMissing."""
        bound = await self.bound(member, secret)
        if not await self._store.end(member.person_id, session_id, bound):
            raise SessionMissing("List your sessions to see their ids.")

    async def end_all(self, person_id: str, but: str = "") -> int:
        """End a person's sessions, but for the one with a secret; give their number."""
        return await self._store.end_all(person_id, hashed(but) if but else "", None)

    async def end_others(self, member: MemberRow, secret: str) -> int:
        """End the other sessions that a member's session reaches; give their number."""
        bound = await self.bound(member, secret)
        return await self._store.end_all(member.person_id, hashed(secret), bound)

    async def end_of_user(self, tenant_id: str, user_id: str) -> int:
        """End the sessions of a user; give their number."""
        return await self._store.end_of_user(tenant_id, user_id)

    async def end_of_tenant(self, tenant_id: str, but: str) -> int:
        """End the sessions of a tenant's users, but for the one with a secret; give their number."""
        return await self._store.end_of_tenant(tenant_id, hashed(but))

    async def write(self, as_the_house: Callable[[Step], Awaitable[None]]) -> None:
        """Write which sessions were used, and forget those that are over; a crash loses a minute at most."""
        while self._used:
            some = dict(islice(self._used.items(), _AT_ONCE))
            for key in some:
                del self._used[key]
            try:
                await as_the_house(partial(self._store.note_uses, some))
            except BaseException:
                self._used = {**some, **self._used}
                raise
        over_ms = self._clock.now_ms() - self._longest_ms
        if await self._store.any_before(over_ms):
            await as_the_house(partial(self._store.forget_before, over_ms))

    def _used_ms(self, tenant_id: str, session_id: str, written_ms: int) -> int:
        return max(written_ms, self._used.get((tenant_id, session_id), 0))

    def _lasts(self, tenant_id: str, session_id: str, created_ms: int, written_ms: int) -> bool:
        now = self._clock.now_ms()
        idle_ms = now - self._used_ms(tenant_id, session_id, written_ms)
        return now < created_ms + self._longest_ms and idle_ms < self._idle_ms
