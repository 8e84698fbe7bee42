"""Keeps members for a directory: enrolled, revised, and put into groups, by provisioning."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mainstay.kernel.caller import Caller
from mainstay.kernel.roster import Enrolled, Enrolment, Placed, Revision
from mainstay.kernel.work import caller, emit
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.database import UniqueViolated
from mainstay.services.people.code_store import CodeStore
from mainstay.services.people.failures import (
    UserChanged,
    UserExists,
    UserIsYou,
    UserMissing,
)
from mainstay.services.people.happenings import InvitationWanted
from mainstay.services.people.members import ADMIN, Members
from mainstay.services.people.personal import EMAIL, Personal, name_column
from mainstay.services.people.records import UserState
from mainstay.services.people.roster_store import RosterStore
from mainstay.services.people.sessions import Sessions
from mainstay.services.people.store import MemberRow, PeopleStore


class MemberRoster:
    """The members of the caller's tenant, as provisioning and groups see them."""

    def __init__(
        self,
        store: PeopleStore,
        rows: RosterStore,
        codes: CodeStore,
        members: Members,
        sessions: Sessions,
        personal: Personal,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._rows = rows
        self._codes = codes
        self._members = members
        self._sessions = sessions
        self._personal = personal
        self._clock = clock
        self._ids = ids

    async def find(self, user_id: str) -> Enrolled | None:
        """Find a member."""
        row = await self._store.member(caller().tenant_id, user_id)
        return None if row is None else await self._told(row)

    async def find_email(self, email: str) -> Enrolled | None:
        """Find the member who has an e-mail address."""
        person = await self._store.person_by_index(await self._personal.index(email))
        row = None if person is None else await self._store.member_of(caller().tenant_id, person.person_id)
        return None if row is None else await self._told(row)

    async def page(self, skipped: int, limit: int) -> Sequence[Enrolled]:
        """List members, longest there first."""
        rows = await self._store.members_from(caller().tenant_id, skipped, limit)
        return [await self._told(row) for row in rows]

    async def count(self) -> int:
        """Count the members."""
        return await self._rows.count()

    async def enrol(self, giver: Caller, enrolment: Enrolment) -> Enrolled:
        """Make a member; raises UserExists and UserChanged."""
        found = await self._store.person_by_index(await self._personal.index(enrolment.email))
        person = found or await self._members.new_person(enrolment.email)
        if await self._store.member_of(giver.tenant_id, person.person_id) is not None:
            raise UserExists("Another user of this tenant has this e-mail address.")
        row = MemberRow(
            tenant_id=giver.tenant_id,
            user_id=self._ids.new("user"),
            person_id=person.person_id,
            name=await self._sealed(person.person_id, enrolment.name),
            role=enrolment.role,
            groups=(),
            state="invited" if enrolment.active else "deactivated",
            created_ms=self._clock.now_ms(),
            created_by=giver.subject,
            kept="kept",
            email=person.email,
        )
        try:
            if found is None:
                await self._store.add_person(person)
            await self._store.add_member(row)
        except UniqueViolated:
            raise UserChanged("Somebody else invited this person at this moment. Try again.") from None
        if enrolment.active and enrolment.mailed:
            emit(InvitationWanted(user_id=row.user_id))
        return await self._told(row)

    async def revise(self, giver: Caller, user_id: str, revision: Revision) -> Enrolled:
        """Change a member; raises UserMissing, UserChanged, UserIsYou and LastAdministrator."""
        before = await self._members.find(giver.tenant_id, user_id)
        state = _state(before, active=revision.active)
        if state == "deactivated" and user_id == giver.subject:
            raise UserIsYou("Ask another administrator.")
        after = replace(before, role=revision.role, state=state, kept=revision.kept)
        name = await self._personal.open(before.person_id, name_column(before.tenant_id), before.name)
        if name != revision.name:
            after = replace(after, name=await self._sealed(before.person_id, revision.name))
        if after != before:
            await self._members.save(before, after)
        if state == "deactivated" and before.state != "deactivated":
            await self._sessions.end_of_user(after.tenant_id, user_id)
            await self._codes.use_up(after.person_id, "invitation", self._clock.now_ms(), after.tenant_id)
        if state == "invited" and before.state == "deactivated" and revision.mailed:
            emit(InvitationWanted(user_id=user_id))
        return await self._told(replace(after, changed_ms=self._clock.now_ms()))

    async def in_groups(self) -> Mapping[str, Collection[str]]:
        """Give the groups of each member who is in any."""
        return await self._rows.in_groups()

    async def hold(self, user_ids: Collection[str]) -> Sequence[Placed]:
        """Give members whom nobody else changes before this operation ends; raises UserMissing.

        Administrators come first: two who held members and then waited for administrators might wait for
        each other.
        """
        wanted = set(user_ids)
        await self._store.hold_active(caller().tenant_id, ADMIN)
        held = await self._rows.hold(wanted)
        if len(held) < len(wanted):
            raise UserMissing("List the users to see their ids.")
        return [
            Placed(row.user_id, row.role, row.groups, row.state != "deactivated", row.kept) for row in held
        ]

    async def regroup(self, placed: Placed, groups: Sequence[str], role: str) -> None:
        """Store a held member's groups and role; raises LastAdministrator."""
        await self._rows.regroup(placed.user_id, groups, role)
        if placed.role == ADMIN and role != ADMIN:
            await self._members.check_administered(caller().tenant_id)

    async def _told(self, row: MemberRow) -> Enrolled:
        return Enrolled(
            user_id=row.user_id,
            email=await self._personal.open(row.person_id, EMAIL, row.email),
            name=await self._personal.open(row.person_id, name_column(row.tenant_id), row.name),
            role=row.role,
            groups=row.groups,
            active=row.state != "deactivated",
            kept=row.kept,
            created_ms=row.created_ms,
            changed_ms=row.changed_ms or row.created_ms,
        )

    async def _sealed(self, person_id: str, name: str) -> bytes:
        return await self._personal.seal(person_id, name_column(caller().tenant_id), name)


def _state(before: MemberRow, *, active: bool) -> UserState:
    """Give the state: who was never here waits until she accepts, or comes by single sign-on."""
    if not active:
        return "deactivated"
    if before.state != "deactivated":
        return before.state
    return "invited" if before.accepted_ms is None else "active"
