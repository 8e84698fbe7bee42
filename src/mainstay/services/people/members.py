"""Invites, finds and changes the users of a tenant, each within what whoever asks may do himself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mainstay.kernel.bounds import Rights, beyond
from mainstay.kernel.caller import Caller
from mainstay.kernel.recognising import Standing
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.database import UniqueViolated
from mainstay.services.people.addresses import addressed, begins
from mainstay.services.people.failures import (
    LastAdministrator,
    RoleUnknown,
    SearchTooWide,
    UserChanged,
    UserExists,
    UserIsYou,
    UserMayTooMuch,
    UserMissing,
    UserNotInvited,
)
from mainstay.services.people.personal import EMAIL, Personal, name_column
from mainstay.services.people.records import User, UserState, WishedState
from mainstay.services.people.store import MemberRow, PeopleStore, PersonRow, Which

LOOKED_THROUGH_MAX = 10_000
_AT_ONCE = 100
ADMIN = "admin"


@dataclass(frozen=True)
class Change:
    """What shall be different; none: stays as it is."""

    name: str | None = None
    role: str | None = None
    groups: Sequence[str] | None = None
    state: WishedState | None = None


class Members:
    """The users of tenants."""

    def __init__(
        self, store: PeopleStore, personal: Personal, standing: Standing, clock: Clock, ids: Ids
    ) -> None:
        """Take the parts."""
        self._store = store
        self._personal = personal
        self._standing = standing
        self._clock = clock
        self._ids = ids

    async def invite(
        self, giver: Caller, email: str, name: str, role: str, groups: Sequence[str]
    ) -> MemberRow:
        """Make a user of the giver's tenant; whether the person is known elsewhere makes no difference."""
        chosen = tuple(dict.fromkeys(groups))
        await self._check(giver, role, chosen)
        found = await self._store.person_by_index(await self._personal.index(email))
        person = found or await self.new_person(email)
        if await self._store.member_of(giver.tenant_id, person.person_id) is not None:
            raise UserExists("List the users to find this one; a deactivated user can be activated again.")
        row = MemberRow(
            tenant_id=giver.tenant_id,
            user_id=self._ids.new("user"),
            person_id=person.person_id,
            name=await self._personal.seal(person.person_id, name_column(giver.tenant_id), name),
            role=role,
            groups=chosen,
            state="invited",
            created_ms=self._clock.now_ms(),
            created_by=giver.subject,
            email=person.email,
        )
        try:
            if found is None:
                await self._store.add_person(person)
            await self._store.add_member(row)
        except UniqueViolated:
            raise UserChanged("Somebody else invited this person at this moment. Try again.") from None
        return row

    async def page(self, tenant_id: str, which: Which, beginning: str, limit: int) -> list[User]:
        """List some of a tenant's users; with a beginning, those whose e-mail or name begins so."""
        if not beginning:
            return [await self.shown(row) for row in await self._store.members(tenant_id, which, limit)]
        found: list[User] = []
        for _ in range(LOOKED_THROUGH_MAX // _AT_ONCE):
            rows = await self._store.members(tenant_id, which, _AT_ONCE)
            users = [await self.shown(row) for row in rows]
            found += [user for user in users if begins(user.email, user.name, beginning)]
            if len(rows) < _AT_ONCE or len(found) >= limit:
                return found[:limit]
            which = replace(which, after=rows[-1].user_id)
        if found:
            return found
        raise SearchTooWide(
            f"{LOOKED_THROUGH_MAX:,} users were looked through without a hit."
            f" Ask again with `after={which.after}` to go on."
        )

    async def find(self, tenant_id: str, user_id: str) -> MemberRow:
        """Give a user; raises UserMissing."""
        row = await self._store.member(tenant_id, user_id)
        if row is None:
            raise UserMissing("List the users to see their ids.")
        return row

    async def givable(self, giver: Caller, user_id: str) -> MemberRow:
        """Give a user who may no more than the giver; raises UserMissing and UserMayTooMuch."""
        row = await self.find(giver.tenant_id, user_id)
        await self._check(giver, row.role, row.groups, former=True)
        return row

    async def change(self, giver: Caller, user_id: str, wish: Change) -> tuple[MemberRow, MemberRow]:
        """Change a user, and give him as he was and as he is; both are within what the giver may."""
        before = await self.givable(giver, user_id)
        if before.user_id == giver.subject and wish.state == "deactivated":
            raise UserIsYou("Ask another administrator.")
        after = replace(
            before,
            role=wish.role or before.role,
            groups=before.groups if wish.groups is None else tuple(dict.fromkeys(wish.groups)),
            state=_state(before, wish.state),
        )
        if wish.name is not None:
            column = name_column(before.tenant_id)
            after = replace(after, name=await self._personal.seal(before.person_id, column, wish.name))
        await self._check(giver, after.role, after.groups)
        await self.save(before, after)
        return before, after

    async def shown(self, row: MemberRow) -> User:
        """Give what may be told of a user."""
        column = name_column(row.tenant_id)
        return User(
            id=row.user_id,
            email=await self._personal.open(row.person_id, EMAIL, row.email),
            name=await self._personal.open(row.person_id, column, row.name),
            role=row.role,
            groups=list(row.groups),
            state=row.state,
            created_ms=row.created_ms,
            created_by=row.created_by,
        )

    async def named(self, tenant_id: str, user_id: str) -> str:
        """Give a user's name; empty of an API key, and of who is a member no more."""
        row = await self._store.member(tenant_id, user_id)
        return "" if row is None else (await self.shown(row)).name

    async def new_person(self, email: str) -> PersonRow:
        """Make a person who is not stored yet."""
        person_id = self._ids.new("person")
        return PersonRow(
            person_id=person_id,
            email_index=await self._personal.index(email),
            email=await self._personal.seal(person_id, EMAIL, addressed(email)),
            created_ms=self._clock.now_ms(),
        )

    async def _check(self, giver: Caller, role: str, groups: Sequence[str], *, former: bool = False) -> None:
        """Refuse a role and groups that go beyond the giver's; a former role may be gone."""
        permitted = await self._standing.permitted(giver.tenant_id, role)
        if permitted is None and not former:
            raise RoleUnknown("List the roles to see their names.")
        rights = Rights(permitted or frozenset(), frozenset(groups), giver.limit_per_minute)
        more = beyond(giver, rights)
        if more:
            raise UserMayTooMuch(more)

    async def save(self, before: MemberRow, after: MemberRow) -> None:
        """Store a change, unless it takes a tenant's last administrator.

        Administrators' rows are held first: of two who take away each other's role, the second is refused. A
        key may end later without asking here: then the operator makes the tenant another one.
        """
        was = before.state == "active" and before.role == ADMIN
        taken = was and not (after.state == "active" and after.role == ADMIN)
        if taken:
            await self._store.hold_active(before.tenant_id, ADMIN)
        if not await self._store.change_member(before, after):
            raise UserChanged("Look at the user before you try again.")
        if taken:
            await self.check_administered(before.tenant_id)

    async def check_administered(self, tenant_id: str) -> None:
        """Make sure that an administrator of a tenant can come still; raises LastAdministrator.

        Administrators were held before one was taken, so that nobody else takes another meanwhile.
        """
        if await self._standing.has_admin_key(tenant_id):
            return
        if not await self._store.members(tenant_id, Which(state="active", role=ADMIN), 1):
            raise LastAdministrator("Make somebody else an administrator first, and let him accept.")


def _state(before: MemberRow, wished: WishedState | None) -> UserState:
    if wished is None or wished == before.state:
        return before.state
    if wished == "active" and before.state == "invited":
        raise UserNotInvited("Send the invitation again if it was lost; the person accepts it.")
    if wished == "active" and before.accepted_ms is None:
        return "invited"
    return wished
