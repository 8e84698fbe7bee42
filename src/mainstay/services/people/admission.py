"""Lets in people for whom their tenant's identity provider vouches."""

from dataclasses import replace

from mainstay.kernel.admission import AdmissionDisturbed, Admitted, NotAdmitted, Vouched
from mainstay.kernel.recognising import Standing
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.database import UniqueViolated
from mainstay.services.people.addresses import addressed
from mainstay.services.people.personal import EMAIL, Personal, name_column
from mainstay.services.people.sessions import VOUCHED, Sessions
from mainstay.services.people.store import MemberRow, PeopleStore, PersonRow

_CREATOR = "house:federation"
_NAME_LENGTH_MAX = 100


class MemberAdmission:
    """Finds or makes the member, and begins a session."""

    def __init__(
        self,
        store: PeopleStore,
        personal: Personal,
        sessions: Sessions,
        standing: Standing,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._personal = personal
        self._sessions = sessions
        self._standing = standing
        self._clock = clock
        self._ids = ids

    async def admit(self, tenant_id: str, vouched: Vouched) -> Admitted:
        """Let somebody in; raises NotAdmitted, AdmissionDisturbed and TenantSuspended."""
        if await self._standing.permitted(tenant_id, vouched.role) is None:
            raise NotAdmitted(f"There is no role {vouched.role} any more. Ask your administrator.")
        before = await self._member(tenant_id, vouched)
        if before is None:
            after = await self._join(tenant_id, vouched)
        else:
            after = await self._renew(before, vouched)
        made = await self._sessions.keep(await self._sessions.begin(after, VOUCHED))
        return Admitted(made.user_id, made.session_id, made.secret, made.ends_ms)

    async def _member(self, tenant_id: str, vouched: Vouched) -> MemberRow | None:
        """Find the member: as who he was known before, else by an e-mail address that is vouched for."""
        known = await self._store.member(tenant_id, vouched.user_id) if vouched.user_id else None
        if known is not None:
            return known
        if not vouched.email:
            raise NotAdmitted(
                "Nobody vouches for your e-mail address. The operator approves its domain for the connection."
            )
        person = await self._store.person_by_index(await self._personal.index(vouched.email))
        if person is None:
            return None
        memberships = await self._store.memberships(person.person_id)
        if any(each.state == "active" and each.tenant_id != tenant_id for each in memberships):
            raise NotAdmitted("You are a member elsewhere, for whom no provider of this tenant speaks.")
        return next((each for each in memberships if each.tenant_id == tenant_id), None)

    async def _renew(self, before: MemberRow, vouched: Vouched) -> MemberRow:
        """Give a member what the provider says now; who was invited has accepted by coming.

        Whom provisioning keeps has role and groups from there.
        """
        if before.state == "deactivated":
            raise NotAdmitted("An administrator has deactivated you. Ask to be activated again.")
        kept = before.kept == "kept"
        after = replace(
            before,
            role=before.role if kept else vouched.role,
            groups=before.groups if kept else tuple(sorted(vouched.groups)),
            state="active",
            accepted_ms=before.accepted_ms or self._clock.now_ms(),
        )
        if after != before and not await self._store.change_member(before, after):
            raise AdmissionDisturbed("Sign in again.")
        return after

    async def _join(self, tenant_id: str, vouched: Vouched) -> MemberRow:
        """Make somebody a member who is known nowhere."""
        if not vouched.joins:
            raise NotAdmitted("You are not a member of this tenant. Ask an administrator to invite you.")
        index, now = await self._personal.index(vouched.email), self._clock.now_ms()
        found = await self._store.person_by_index(index)
        person_id = self._ids.new("person") if found is None else found.person_id
        email = await self._personal.seal(person_id, EMAIL, addressed(vouched.email))
        name = (vouched.name or vouched.email)[:_NAME_LENGTH_MAX]
        row = MemberRow(
            tenant_id=tenant_id,
            user_id=self._ids.new("user"),
            person_id=person_id,
            name=await self._personal.seal(person_id, name_column(tenant_id), name),
            role=vouched.role,
            groups=tuple(sorted(vouched.groups)),
            state="active",
            created_ms=now,
            created_by=_CREATOR,
            accepted_ms=now,
            email=email,
        )
        try:
            if found is None:
                await self._store.add_person(PersonRow(person_id, index, email, now, verified_ms=now))
            await self._store.add_member(row)
        except UniqueViolated:
            raise AdmissionDisturbed("Sign in again.") from None
        return row
