"""Makes tenants, and suspends and resumes them, for the operator."""

from dataclasses import replace

from mainstay.kernel.work import note_change
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.database import UniqueViolated
from mainstay.services.identity.erasures import TenantErasures
from mainstay.services.identity.failures import (
    TenantBeingErased,
    TenantIsOperator,
    TenantMissing,
    TenantNameTaken,
)
from mainstay.services.identity.keyring import UNSAID_LIMIT
from mainstay.services.identity.records import Tenant
from mainstay.services.identity.store import IdentityStore, TenantRow


def _shown(row: TenantRow) -> Tenant:
    return Tenant(
        tenant_id=row.tenant_id,
        name=row.name,
        operator=row.operator,
        created_ms=row.created_ms,
        suspended=row.suspended,
        limit_per_minute=row.limit_per_minute,
    )


class Tenancy:
    """The tenants of this installation."""

    def __init__(self, store: IdentityStore, erasures: TenantErasures, clock: Clock, ids: Ids) -> None:
        """Take the parts."""
        self._store = store
        self._erasures = erasures
        self._clock = clock
        self._ids = ids

    async def make(self, name: str, limit_per_minute: int | None) -> Tenant:
        """Make a tenant; raises TenantNameTaken."""
        row = TenantRow(
            self._ids.new("tenant"),
            name,
            operator=False,
            created_ms=self._clock.now_ms(),
            limit_per_minute=limit_per_minute,
        )
        try:
            await self._store.add_tenant(row)
        except UniqueViolated:
            raise TenantNameTaken("Choose another name.") from None
        note_change(None, _shown(row).model_dump())
        return _shown(row)

    async def all(self) -> list[Tenant]:
        """List all tenants."""
        return [_shown(row) for row in await self._store.tenants()]

    async def find(self, tenant_id: str) -> Tenant:
        """Give a tenant; raises TenantMissing."""
        return _shown(await self._row(tenant_id))

    async def change(
        self, tenant_id: str, name: str | None, suspended: bool | None, limit_per_minute: int | None
    ) -> Tenant:
        """Change a tenant; raises TenantIsOperator, TenantBeingErased and TenantNameTaken."""
        row = await self._row(tenant_id)
        if suspended and row.operator:
            raise TenantIsOperator("Nobody could resume it.")
        held = await self._store.hold_tenant(row)
        if held is None:
            raise TenantMissing("It was erased this moment.")
        row = held
        if suspended is False and await self._erasures.busy(tenant_id):
            raise TenantBeingErased("Call its erasure off first: `DELETE /v1/tenants/{tenant_id}/erasure`.")
        changed = replace(
            row,
            name=name or row.name,
            suspended=row.suspended if suspended is None else suspended,
            limit_per_minute=row.limit_per_minute if limit_per_minute == UNSAID_LIMIT else limit_per_minute,
        )
        try:
            await self._store.change_tenant(row, changed)
        except UniqueViolated:
            raise TenantNameTaken("Choose another name.") from None
        note_change(_shown(row).model_dump(), _shown(changed).model_dump())
        return _shown(changed)

    async def _row(self, tenant_id: str) -> TenantRow:
        row = await self._store.tenant(tenant_id)
        if row is None:
            raise TenantMissing("List the tenants to see their ids.")
        return row
