"""What a tenant may use, what it has used, and setting that."""

from collections.abc import Mapping
from datetime import UTC, datetime

from mainstay.kernel.permissions import Permissions
from mainstay.kernel.quotas import OPERATION, QUOTAS, SOFT, Quotas, Standing
from mainstay.kernel.usage_book import UsageBook
from mainstay.kernel.work import follow_up
from mainstay.services.gateway.quota_store import QuotaStore
from mainstay.services.gateway.records import OperationUnknown, QuotaLine, TenantQuotas


class Allowances:
    """The quotas of tenants."""

    def __init__(self, store: QuotaStore, quotas: Quotas, book: UsageBook, permissions: Permissions) -> None:
        """Take the parts."""
        self._operations = {name for opened in permissions.opens.values() for name in opened}
        self._store = store
        self._quotas = quotas
        self._book = book

    async def of(self, tenant_id: str) -> TenantQuotas:
        """Give a tenant's quotas with what is used of them."""
        return await self._shown(tenant_id, await self._quotas.look(tenant_id))

    async def replace(
        self, tenant_id: str, limits: Mapping[str, int | None], operations: Mapping[str, int], *, soft: bool
    ) -> TenantQuotas:
        """Set all quotas of a tenant; here they hold from the next request on; raises OperationUnknown."""
        unknown = sorted(operations.keys() - self._operations)
        if unknown:
            raise OperationUnknown(
                f"There is no operation {', '.join(unknown)}; write it as knowledge.search."
            )
        wanted = {name: most for name, most in limits.items() if most is not None}
        wanted |= {OPERATION + name: most for name, most in operations.items()}
        wanted |= {SOFT: 1} if soft else {}
        shown = await self._shown(tenant_id, await self._quotas.measured(tenant_id, wanted))
        await self._store.replace(tenant_id, wanted)

        async def done() -> TenantQuotas:
            self._quotas.forget(tenant_id)
            return shown

        follow_up(done)
        return shown

    async def _shown(self, tenant_id: str, standing: Standing) -> TenantQuotas:
        stored = await self._book.newest(tenant_id)
        return TenantQuotas(
            tenant_id=tenant_id,
            soft=standing.soft,
            operations_per_minute=dict(standing.per_minute),
            quotas=[
                self._line(tenant_id, standing, name, stored) for name in QUOTAS if name in standing.limits
            ],
        )

    def _line(self, tenant_id: str, standing: Standing, name: str, stored: Mapping[str, int]) -> QuotaLine:
        quota, most = QUOTAS[name], standing.limits[name]
        if not quota.period:
            used, renews_at = stored[quota.counted], None
        else:
            used = self._quotas.used(tenant_id, standing, name)
            renews = datetime.fromtimestamp(self._quotas.renews_ms(quota) / 1000, UTC)
            renews_at = renews.isoformat().replace("+00:00", "Z")
        return QuotaLine(name=name, most=most, used=used, left=max(0, most - used), renews_at=renews_at)
