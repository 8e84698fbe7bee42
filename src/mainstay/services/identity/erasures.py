"""Tenants that are erased: announced with a time to call it off, then gone step by step, and certified."""

from dataclasses import replace

from mainstay.kernel.audit import Audit
from mainstay.kernel.clearing import Clearing
from mainstay.kernel.events import Subscribers
from mainstay.kernel.tidying import DAY_MS
from mainstay.kernel.work import caller, current, emit, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.services.identity.erasure_store import ErasureRow, ErasureStore
from mainstay.services.identity.failures import (
    TenantBeingErased,
    TenantErasureBegun,
    TenantErasureMissing,
    TenantIsOperator,
    TenantMissing,
    TenantNameDiffers,
)
from mainstay.services.identity.happenings import TenantErasureDue
from mainstay.services.identity.records import ErasedPart, TenantErasure
from mainstay.services.identity.store import TABLES, IdentityStore
from mainstay.services.privacy.interface import (
    TenantErasureRequested,
    TenantErasureStarted,
    TenantGone,
    TenantPartErased,
    TenantSwept,
)

SERVICE = "identity"
CERTIFICATE = "house.tenant_erased"


class TenantErasures:
    """Keeps the erasures of tenants; their events are the operator's, which stays."""

    def __init__(
        self,
        store: IdentityStore,
        erasures: ErasureStore,
        clearing: Clearing,
        subscribers: Subscribers,
        audit: Audit,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._erasures = erasures
        self._clearing = clearing
        self._subscribers = subscribers
        self._audit = audit
        self._clock = clock
        self._ids = ids

    async def ask(self, tenant_id: str, name: str, grace_days: int) -> TenantErasure:
        """Suspend a tenant, and have it erased when the days are over; raises what the interface names."""
        tenant = await self._store.tenant(tenant_id)
        if tenant is None:
            raise TenantMissing("List the tenants to see their ids.")
        if tenant.operator:
            raise TenantIsOperator("It can neither be suspended nor erased: it runs this installation.")
        if tenant.name != name:
            raise TenantNameDiffers("`name` has to be the tenant's name as it is listed, letter by letter.")
        held = await self._store.hold_tenant(tenant)
        if held is None or await self.busy(tenant_id):
            raise TenantBeingErased("`GET /v1/tenants/{tenant_id}/erasure` says how far it has come.")
        now = self._clock.now_ms()
        row = ErasureRow(
            erasure_id=self._ids.new("erasure"),
            tenant_id=tenant_id,
            state="waiting",
            job_id=self._ids.new("job"),
            operator_id=caller().tenant_id,
            asked_ms=now,
            due_ms=now + grace_days * DAY_MS,
        )
        await self._store.change_tenant(held, replace(held, suspended=True))
        await self._erasures.add(row)
        note_change({"suspended": held.suspended}, {"suspended": True, "erased_from_ms": row.due_ms})
        due = TenantErasureDue(erasure_id=row.erasure_id)
        emit(due, job_id=row.job_id, subject=tenant_id, promised=True, delay_ms=row.due_ms - now)
        return await self._told(row)

    async def call_off(self, tenant_id: str) -> TenantErasure:
        """Call an erasure off that has not begun; raises TenantErasureMissing and TenantErasureBegun."""
        row = await self._found(tenant_id)
        if row.state != "waiting" or not await self._erasures.change(row, "called_off"):
            raise TenantErasureBegun(f"Its state is `{row.state}`; nothing of it can be had back.")
        await self._erasures.end_job(row.job_id, self._clock.now_ms())
        return await self._told(replace(row, state="called_off"))

    async def report(self, tenant_id: str) -> TenantErasure:
        """Report on a tenant's last erasure; raises TenantErasureMissing."""
        return await self._told(await self._found(tenant_id))

    async def busy(self, tenant_id: str) -> bool:
        """Say whether a tenant is being erased, or soon will be."""
        row = await self._erasures.newest_of(tenant_id)
        return row is not None and row.state in {"waiting", "running"}

    async def begin(self, event: TenantErasureDue) -> None:
        """Begin, unless it was called off."""
        row = await self._erasures.erasure(event.erasure_id)
        if row is None or row.state != "waiting" or not await self._erasures.change(row, "running"):
            return
        services = self._subscribers.services(TenantErasureRequested)
        await self._erasures.await_parts(row.erasure_id, services)
        started = TenantErasureStarted(erasure_id=row.erasure_id, tenant_id=row.tenant_id, job_id=row.job_id)
        emit(started, job_id=row.job_id, subject=row.tenant_id, promised=True)

    async def clear(self, event: TenantErasureRequested) -> None:
        """Remove keys and roles of a tenant."""
        await self._clearing.clear(event.erasure_id, SERVICE, event.tenant_id, TABLES)
        event.answer(SERVICE)

    async def take(self, part: TenantPartErased) -> None:
        """Note that a service has removed its part; after the last one the tenant itself goes."""
        await self._erasures.part_done(part.erasure_id, part.service)
        row = await self._erasures.erasure(part.erasure_id)
        if row is None or row.state != "running" or not all(done for _, done in row.parts):
            return
        await self._erasures.remove_tenant(row.tenant_id)
        gone = TenantGone(erasure_id=row.erasure_id, tenant_id=row.tenant_id, job_id=row.job_id)
        emit(gone, job_id=row.job_id, subject=row.tenant_id, promised=True)

    async def finish(self, event: TenantSwept) -> None:
        """Certify that nothing is left."""
        row = await self._erasures.erasure(event.erasure_id)
        if row is None or not await self._erasures.change(row, "done", self._clock.now_ms()):
            return
        origin = {"request_id": current().request_id, "door": "house", "address": ""}
        target = f"{row.erasure_id}:{row.tenant_id}"
        entry = self._audit.row(caller(), CERTIFICATE, target, "ok", origin)
        await self._erasures.certify(entry, row.operator_id)

    async def _found(self, tenant_id: str) -> ErasureRow:
        note_target(tenant_id)
        row = await self._erasures.newest_of(tenant_id)
        if row is None:
            raise TenantErasureMissing("`POST /v1/tenants/{tenant_id}/erasure` asks for one.")
        return row

    async def _told(self, row: ErasureRow) -> TenantErasure:
        counts = await self._clearing.counts(row.erasure_id)
        parts = dict(row.parts) | {name: True for name in counts if name not in dict(row.parts)}
        return TenantErasure(
            erasure_id=row.erasure_id,
            tenant_id=row.tenant_id,
            state=row.state,
            job_id=row.job_id,
            asked_ms=row.asked_ms,
            due_ms=row.due_ms,
            done_ms=row.done_ms,
            parts=[
                ErasedPart(service=name, done=done, counts=dict(counts.get(name, {})))
                for name, done in sorted(parts.items())
            ],
        )
