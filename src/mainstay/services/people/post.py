"""Sends what was promised by mail: codes are made at this moment, and stored as hashes alone."""

from dataclasses import replace
from datetime import UTC, datetime

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.recognising import Standing
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES, hashed, token_of
from mainstay.ports.mailers import Mail, Mailer
from mainstay.services.people import letters
from mainstay.services.people.code_store import CodeRow, CodeStore, Purpose
from mainstay.services.people.members import Members
from mainstay.services.people.personal import ADDRESS, AGENT, EMAIL, NEW_EMAIL, Personal
from mainstay.services.people.store import PeopleStore

INVITATION_DAYS = 7
RESET_MINUTES = 30
ADDRESS_HOURS = 24
PREFIX = "msc_"
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
_KEPT_MS = 30 * _DAY_MS


class Post:
    """Sends mails to people.

    A mail goes before its code is stored, because a mail server is not waited for while the database is held.
    Who is faster than the commit tries the link again; after a crash in between another mail comes.
    """

    def __init__(
        self,
        store: PeopleStore,
        codes: CodeStore,
        members: Members,
        personal: Personal,
        standing: Standing,
        mailer: Mailer,
        clock: Clock,
        random: Random,
        address: PublicAddress,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._codes = codes
        self._members = members
        self._personal = personal
        self._standing = standing
        self._mailer = mailer
        self._clock = clock
        self._random = random
        self._address = address

    async def invite(self, tenant_id: str, user_id: str) -> None:
        """Send an invitation, unless the user waits for none any more; those before it end."""
        member = await self._store.member(tenant_id, user_id)
        if member is None or member.state != "invited":
            return
        code, link = self._code("accept")
        tenant = await self._standing.named(tenant_id)
        inviter = await self._members.named(tenant_id, member.created_by)
        to = await self._personal.open(member.person_id, EMAIL, member.email)
        await self._send(letters.invitation(to, tenant, inviter, link, INVITATION_DAYS), user_id)
        now = self._clock.now_ms()
        await self._codes.use_up(member.person_id, "invitation", now, tenant_id)
        expires_ms = now + INVITATION_DAYS * _DAY_MS
        row = CodeRow(hashed(code), "invitation", member.person_id, expires_ms, tenant_id, user_id)
        await self._codes.add(row, now - _KEPT_MS)

    async def reset(self, email_index: str) -> None:
        """Send a link to a new password, if anybody with a password has the address."""
        person = await self._store.person_by_index(email_index)
        if person is None or person.password is None:
            return
        code, link = self._code("reset")
        to = await self._personal.open(person.person_id, EMAIL, person.email)
        await self._send(letters.reset(to, link, RESET_MINUTES), person.person_id)
        await self._store_code(code, "reset", person.person_id, RESET_MINUTES * _MINUTE_MS)

    async def prove_address(self, person_id: str, sealed: bytes) -> None:
        """Send a link to a new address."""
        code, link = self._code("confirm")
        to = await self._personal.open(person_id, NEW_EMAIL, sealed)
        await self._send(letters.new_address(to, link, ADDRESS_HOURS), person_id)
        await self._store_code(code, "address", person_id, ADDRESS_HOURS * _HOUR_MS, sealed)

    async def tell_old_address(self, person_id: str, sealed: bytes) -> None:
        """Tell an address that it is none any more."""
        to = await self._personal.open(person_id, EMAIL, sealed)
        await self._send(letters.address_changed(to), person_id)

    async def tell_password(self, person_id: str) -> None:
        """Tell a person that there is another password."""
        for to in await self._addresses(person_id):
            await self._send(letters.password_changed(to, self._page("forgotten")), person_id)

    async def tell_factor(self, person_id: str, what: str) -> None:
        """Tell a person what was changed about her second factor."""
        for to in await self._addresses(person_id):
            await self._send(letters.factor_changed(to, what, self._page("forgotten")), person_id)

    async def tell_new_place(self, person_id: str, at_ms: int, address: bytes, agent: bytes) -> None:
        """Tell a person from where somebody has signed in as her."""
        when = datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
        for to in await self._addresses(person_id):
            place = await self._personal.open(person_id, ADDRESS, address)
            program = await self._personal.open(person_id, AGENT, agent)
            await self._send(letters.new_place(to, when, place, program, self._page("forgotten")), person_id)

    async def _send(self, mail: Mail, about: str) -> None:
        """Send a mail that is forgotten with a person, or, where it tells of a tenant, with a membership."""
        await self._mailer.send(replace(mail, about=about))

    async def _addresses(self, person_id: str) -> list[str]:
        """Give the address of a person, or none where she has been erased meanwhile."""
        person = await self._store.person(person_id)
        return [] if person is None else [await self._personal.open(person_id, EMAIL, person.email)]

    def _code(self, page: str) -> tuple[str, str]:
        """Make a code, and the link to the page that takes it; the host is the operator's word alone."""
        code = token_of(PREFIX, self._random.token(TOKEN_BYTES))
        return code, f"{self._page(page)}?code={code}"

    def _page(self, name: str) -> str:
        return f"{self._address.url}/account/{name}"

    async def _store_code(
        self, code: str, purpose: Purpose, person_id: str, lasts_ms: int, email: bytes = b""
    ) -> None:
        now = self._clock.now_ms()
        row = CodeRow(hashed(code), purpose, person_id, now + lasts_ms, email=email)
        await self._codes.add(row, now - _KEPT_MS)
