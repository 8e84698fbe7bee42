"""The end of a tenant: its work is stopped, its keys are destroyed, its audit is emptied."""

import asyncio

from mainstay.kernel.clearing import Clearing
from mainstay.kernel.erasing import Eraser
from mainstay.kernel.tables import TABLES as KERNEL_TABLES
from mainstay.kernel.work import emit
from mainstay.ports.keyrings import KeyRing
from mainstay.services.privacy.failures import AuditUnsealed, WorkUnfinished
from mainstay.services.privacy.interface import (
    TenantErasureRequested,
    TenantErasureStarted,
    TenantGone,
    TenantSwept,
)
from mainstay.services.privacy.store import TABLES

SERVICE = "privacy"
AGAIN_MS = 3_600_000
"""After so long nothing of a tenant is in any process's memory any more that could still be written."""


class Tenants:
    """Does privacy's part, and the kernel's, of a tenant's erasure."""

    def __init__(self, keys: KeyRing, eraser: Eraser, clearing: Clearing) -> None:
        """Take the parts."""
        self._keys = keys
        self._eraser = eraser
        self._clearing = clearing

    async def end_work(self, event: TenantErasureStarted) -> None:
        """Let no job of the tenant go on, and destroy its keys; then its services can remove what they have.

        What runs at this moment ends first: it would write again what has just been removed.
        """
        tables = [table for table in KERNEL_TABLES if table.name == "outbox"]
        if await self._clearing.end_work(event.tenant_id):
            raise WorkUnfinished("Its jobs end first; it goes on by itself.", retry_after_s=1)
        await self._clearing.clear(event.erasure_id, SERVICE, event.tenant_id, tables)
        gone = await asyncio.to_thread(self._keys.destroy, event.tenant_id)
        await self._clearing.refuse_keys(event.tenant_id, gone)
        asked = TenantErasureRequested(
            erasure_id=event.erasure_id, tenant_id=event.tenant_id, job_id=event.job_id
        )
        emit(asked, job_id=event.job_id, subject=event.tenant_id, promised=True)

    async def clear(self, event: TenantErasureRequested) -> None:
        """Remove what privacy and the kernel have of the tenant, but for its audit."""
        tables = (*TABLES, *KERNEL_TABLES)
        await self._clearing.clear(event.erasure_id, SERVICE, event.tenant_id, tables)
        event.answer(SERVICE)

    async def sweep(self, event: TenantGone) -> None:
        """Empty the audit of the tenant, and remove what was written meanwhile; look once more later."""
        await self._eraser.erase_all(event.tenant_id)
        if await self._eraser.unsealed(event.tenant_id):
            raise AuditUnsealed("It goes on by itself in a few seconds.", retry_after_s=1)
        await self._clearing.sweep(event.erasure_id, event.tenant_id)
        if event.again:
            swept = TenantSwept(erasure_id=event.erasure_id)
            emit(swept, job_id=event.job_id, subject=event.tenant_id, promised=True)
            later = event.model_copy(update={"again": False})
            emit(later, subject=event.tenant_id, promised=True, delay_ms=AGAIN_MS)
