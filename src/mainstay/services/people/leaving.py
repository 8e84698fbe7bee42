"""What people removes of a tenant that is erased: its members, and the persons whom no other tenant has."""

import asyncio
from dataclasses import asdict

from mainstay.kernel.clearing import Clearing
from mainstay.kernel.work import emit
from mainstay.ports.keyrings import KeyRing
from mainstay.ports.mailers import Mailer
from mainstay.services.people.happenings import PersonsLeaving
from mainstay.services.people.store import TABLES, MemberRow, PeopleStore, Which
from mainstay.services.privacy.interface import TenantErasureRequested, TenantPartErased

_SERVICE = "people"
MEMBERS_AT_ONCE = 50


class Leaving:
    """Erases a tenant's people, some in a transaction."""

    def __init__(self, store: PeopleStore, keys: KeyRing, clearing: Clearing, mailer: Mailer) -> None:
        """Take the parts."""
        self._mailer = mailer
        self._store = store
        self._keys = keys
        self._clearing = clearing

    async def begin(self, event: TenantErasureRequested) -> None:
        """Begin with the first members."""
        first = PersonsLeaving(erasure_id=event.erasure_id, tenant_id=event.tenant_id, job_id=event.job_id)
        emit(first, job_id=event.job_id, subject=event.tenant_id, promised=True)

    async def go_on(self, event: PersonsLeaving) -> None:
        """Erase some members, and the persons among them; after the last one, what is left of all of them."""
        tenant_id = event.tenant_id
        members = await self._store.members(tenant_id, Which(), MEMBERS_AT_ONCE)
        last = [each.person_id for each in members if await self._only_here(each)]
        if not members:
            await self._clearing.clear(event.erasure_id, _SERVICE, tenant_id, TABLES)
            await self._store.forget_codes(tenant_id)
            done = TenantPartErased(erasure_id=event.erasure_id, service=_SERVICE)
            emit(done, job_id=event.job_id, subject=tenant_id, promised=True)
            return
        gone = [await asyncio.to_thread(self._keys.destroy, person_id) for person_id in last]
        mails = await self._mailer.forget([*last, *(each.user_id for each in members)])
        for person_id, keys in zip(last, gone, strict=True):
            rows = [{**asdict(each), "tenant_id": tenant_id} for each in keys]
            await self._store.forget_person(person_id, rows)
        await self._store.forget_members(tenant_id, [each.user_id for each in members])
        counts = {"members": len(members), "people": len(last), "mails": mails}
        await self._clearing.count_in_work(event.erasure_id, _SERVICE, **counts)
        emit(event, job_id=event.job_id, subject=tenant_id, promised=True)

    async def _only_here(self, member: MemberRow) -> bool:
        others = await self._store.memberships(member.person_id)
        return all(each.tenant_id == member.tenant_id for each in others)
