"""People and their memberships, in rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from mainstay.kit.clock import Clock
from mainstay.ports.database import AllRows, Row, Scalar
from mainstay.services.people import tables
from mainstay.services.people.happenings import (
    AddressChanged,
    AddressWanted,
    FactorChanged,
    InvitationWanted,
    PasswordChanged,
    ResetWanted,
    SignedInElsewhere,
)
from mainstay.services.people.records import Kept, UserState

TABLES = (
    *(tables.PEOPLE, tables.MEMBERS, tables.SESSIONS, tables.PLACES, tables.CODES),
    *(tables.AUTHENTICATOR_APPS, tables.RECOVERY_CODES, tables.PASSKEYS, tables.SIGN_IN_SETTINGS),
)

_MEMBER = (
    "SELECT m.tenant_id, m.user_id, m.person_id, m.name, m.role, m.groups, m.state, m.created_ms,"
    " m.created_by, m.accepted_ms, m.changed_ms, m.kept, m.granted_since_ms, p.email FROM members m"
    " JOIN people p ON p.person_id = m.person_id"
)
_HAPPENINGS = ", ".join(
    f"'{each.name()}'"
    for each in (
        *(AddressChanged, AddressWanted, FactorChanged, InvitationWanted, PasswordChanged, ResetWanted),
        SignedInElsewhere,
    )
)
_OF_A_PERSON = ("people", "places", "codes", "sessions", "authenticator_apps", "recovery_codes", "passkeys")
_TOLD = f"SELECT seq FROM outbox WHERE event IN ({_HAPPENINGS}) AND state <> 'running' AND body LIKE :name"
_INDEX = "SELECT email_index FROM people WHERE person_id = :person"
_PERSON = "SELECT person_id, email_index, email, password, verified_ms, created_ms FROM people"


@dataclass(frozen=True)
class PersonRow:
    """What belongs to a person, whichever tenants she is a member of; the e-mail address is sealed."""

    person_id: str
    email_index: str
    email: bytes
    created_ms: int
    password: str | None = None
    verified_ms: int | None = None


@dataclass(frozen=True)
class MemberRow:
    """A person's membership in a tenant; her name there and her e-mail address are sealed."""

    tenant_id: str
    user_id: str
    person_id: str
    name: bytes
    role: str
    groups: tuple[str, ...]
    state: UserState
    created_ms: int
    created_by: str
    accepted_ms: int | None = None
    changed_ms: int | None = None
    granted_since_ms: int = 0
    kept: Kept = ""
    email: bytes = b""


@dataclass(frozen=True)
class Which:
    """Which members of a tenant are meant: after an id, in a state, with a role; empty texts mean any."""

    after: str = ""
    state: str = ""
    role: str = ""


def _number(value: Scalar) -> int | None:
    return None if value is None else int(value)


def _member(row: Row) -> MemberRow:
    return MemberRow(
        tenant_id=str(row["tenant_id"]),
        user_id=str(row["user_id"]),
        person_id=str(row["person_id"]),
        name=cast("bytes", row["name"]),
        role=str(row["role"]),
        groups=tuple(json.loads(str(row["groups"]))),
        state=cast("UserState", row["state"]),
        created_ms=int(row["created_ms"] or 0),
        created_by=str(row["created_by"]),
        accepted_ms=_number(row["accepted_ms"]),
        changed_ms=_number(row["changed_ms"]),
        granted_since_ms=int(row["granted_since_ms"] or 0),
        kept=cast("Kept", row["kept"]),
        email=cast("bytes", row["email"]),
    )


def _person(row: Row) -> PersonRow:
    return PersonRow(
        person_id=str(row["person_id"]),
        email_index=str(row["email_index"]),
        email=cast("bytes", row["email"]),
        created_ms=int(row["created_ms"] or 0),
        password=None if row["password"] is None else str(row["password"]),
        verified_ms=_number(row["verified_ms"]),
    )


class PeopleStore:
    """Reads and writes people and members."""

    def __init__(self, rows: AllRows, clock: Clock) -> None:
        """Take the rows of all tenants, for a person may be a member of several, and the clock."""
        self._rows = rows
        self._clock = clock

    async def person_by_index(self, email_index: str) -> PersonRow | None:
        """Find the person whose e-mail address has this index."""
        rows = await self._rows.fetch(f"{_PERSON} WHERE email_index = :found", {"found": email_index})
        return _person(rows[0]) if rows else None

    async def person(self, person_id: str) -> PersonRow | None:
        """Find a person."""
        rows = await self._rows.fetch(f"{_PERSON} WHERE person_id = :person", {"person": person_id})
        return _person(rows[0]) if rows else None

    async def change_person(self, before: PersonRow, after: PersonRow) -> bool:
        """Store what has changed of a person; say whether her password and address were as they were read.

        Raises UniqueViolated when somebody else has the new address.
        """
        changed: dict[str, Scalar] = {
            "email_index": after.email_index,
            "email": after.email,
            "password": after.password,
            "verified_ms": after.verified_ms,
        }
        where: dict[str, Scalar] = {
            "person_id": before.person_id,
            "email_index": before.email_index,
            "password": before.password,
        }
        return await self._rows.update("people", changed, where) > 0

    async def memberships(self, person_id: str) -> list[MemberRow]:
        """List a person's memberships in all tenants."""
        rows = await self._rows.fetch(
            f"{_MEMBER} WHERE m.person_id = :person ORDER BY m.user_id", {"person": person_id}
        )
        return [_member(row) for row in rows]

    async def add_person(self, person: PersonRow) -> None:
        """Store a person; raises UniqueViolated when somebody has this e-mail address."""
        row: dict[str, Scalar] = {
            "person_id": person.person_id,
            "email_index": person.email_index,
            "email": person.email,
            "password": person.password,
            "verified_ms": person.verified_ms,
            "created_ms": person.created_ms,
        }
        await self._rows.insert("people", [row])

    async def member(self, tenant_id: str, user_id: str) -> MemberRow | None:
        """Find a tenant's member."""
        sql = f"{_MEMBER} WHERE m.tenant_id = :tenant AND m.user_id = :user"
        rows = await self._rows.fetch(sql, {"tenant": tenant_id, "user": user_id})
        return _member(rows[0]) if rows else None

    async def member_of(self, tenant_id: str, person_id: str) -> MemberRow | None:
        """Find a person's membership in a tenant."""
        sql = f"{_MEMBER} WHERE m.tenant_id = :tenant AND m.person_id = :person"
        rows = await self._rows.fetch(sql, {"tenant": tenant_id, "person": person_id})
        return _member(rows[0]) if rows else None

    async def members(self, tenant_id: str, which: Which, limit: int) -> list[MemberRow]:
        """List some of a tenant's members by their ids, which tell when they were invited."""
        sql, values = f"{_MEMBER} WHERE m.tenant_id = :tenant AND m.user_id > :after", _values(which)
        for name in values:
            sql += f" AND m.{name} = :{name}"
        rows = await self._rows.fetch(
            f"{sql} ORDER BY m.user_id LIMIT :limit",
            {"tenant": tenant_id, "after": which.after, "limit": limit, **values},
        )
        return [_member(row) for row in rows]

    async def members_from(self, tenant_id: str, skipped: int, limit: int) -> list[MemberRow]:
        """List a tenant's members from a place on, but those with whom provisioning has ended."""
        rows = await self._rows.fetch(
            f"{_MEMBER} WHERE m.tenant_id = :tenant AND NOT (m.kept = 'ended' AND m.state = 'deactivated')"
            " ORDER BY m.user_id LIMIT :limit OFFSET :skipped",
            {"tenant": tenant_id, "limit": limit, "skipped": skipped},
        )
        return [_member(row) for row in rows]

    async def add_member(self, member: MemberRow) -> None:
        """Store a membership; raises UniqueViolated when the person is a member already."""
        row: dict[str, Scalar] = {
            "user_id": member.user_id,
            "person_id": member.person_id,
            "name": member.name,
            "role": member.role,
            "groups": json.dumps(member.groups),
            "state": member.state,
            "created_ms": member.created_ms,
            "created_by": member.created_by,
            "accepted_ms": member.accepted_ms,
            "kept": member.kept,
            "granted_since_ms": member.granted_since_ms,
        }
        await self._rows.of(member.tenant_id).insert("members", [row])

    async def end_grants(self, person_id: str) -> None:
        """Let nothing count any more that was granted in a person's name until now, in any tenant."""
        changed: dict[str, Scalar] = {"granted_since_ms": self._clock.now_ms()}
        await self._rows.update("members", changed, {"person_id": person_id})

    async def change_member(self, before: MemberRow, after: MemberRow) -> bool:
        """Store what has changed of a membership; say whether it still was as it was read.

        What was granted in a member's name ends with a deactivation: being activated brings none of it back.
        """
        changed: dict[str, Scalar] = {
            "name": after.name,
            "role": after.role,
            "groups": json.dumps(after.groups),
            "state": after.state,
            "accepted_ms": after.accepted_ms,
            "changed_ms": self._clock.now_ms(),
            "kept": after.kept,
        }
        if after.state != before.state == "active":
            changed["granted_since_ms"] = self._clock.now_ms()
        where: dict[str, Scalar] = {
            "user_id": before.user_id,
            "role": before.role,
            "groups": json.dumps(before.groups),
            "state": before.state,
        }
        return await self._rows.of(before.tenant_id).update("members", changed, where) > 0

    async def forget_member(self, member: MemberRow) -> None:
        """Erase a membership, with the codes sent for it, and that the member invited others."""
        theirs = self._rows.of(member.tenant_id)
        await theirs.delete("members", {"user_id": member.user_id})
        await self._rows.delete("codes", {"member_tenant": member.tenant_id, "user_id": member.user_id})
        await self._forget_told(member.user_id)
        await theirs.update("members", {"created_by": ""}, {"created_by": member.user_id})

    async def forget_person(self, person_id: str, destroyed: Sequence[Mapping[str, Scalar]]) -> None:
        """Erase a person who is a member of no tenant any more, and note which keys must not come back."""
        for row in await self._rows.fetch(_INDEX, {"person": person_id}):
            await self._forget_told(str(row["email_index"]))
        await self._forget_told(person_id)
        for table in _OF_A_PERSON:
            await self._rows.delete(table, {"person_id": person_id})
        await self._rows.upsert("destroyed_keys", destroyed)

    async def forget_codes(self, tenant_id: str) -> None:
        """Erase the codes that were sent for memberships in a tenant."""
        await self._rows.delete("codes", {"member_tenant": tenant_id})

    async def forget_members(self, tenant_id: str, user_ids: Sequence[str]) -> None:
        """Erase memberships of a tenant that is erased."""
        await self._rows.of(tenant_id).delete("members", {"user_id": list(user_ids)})

    async def _forget_told(self, name: str) -> None:
        """Forget events of this service that name somebody; one that is reacted to now ends by itself."""
        told = await self._rows.fetch(_TOLD, {"name": f"%{name}%"})
        if told:
            await self._rows.delete("outbox", {"seq": [row["seq"] for row in told]})

    async def hold_active(self, tenant_id: str, role: str) -> None:
        """Keep others from changing a tenant's active members of a role before this operation ends."""
        await self._rows.of(tenant_id).update("members", {"role": role}, {"role": role, "state": "active"})


def _values(which: Which) -> Mapping[str, Scalar]:
    wanted = {"state": which.state, "role": which.role}
    return {name: value for name, value in wanted.items() if value}
