"""Tells what is used and what may be, and lets the operator set that."""

from mainstay.kernel.operating import needs_operator
from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import caller, note_target
from mainstay.services.gateway.allowances import Allowances
from mainstay.services.gateway.interface import Gateway
from mainstay.services.gateway.records import TenantQuotas, TenantUnknown, UsageReport
from mainstay.services.gateway.reports import Question, Reports


class GatewayService(Gateway):
    """The gateway service; what it tells is counted and decided by the road itself."""

    def __init__(self, reports: Reports, allowances: Allowances, standing: Standing) -> None:
        """Take the parts."""
        self._reports = reports
        self._allowances = allowances
        self._standing = standing

    async def get_usage(
        self,
        since: str = "",
        until: str = "",
        by: str = "day",
        split: str = "none",
        key_id: str = "",
        operation: str = "",
        after: str = "",
        limit: int = 100,
    ) -> UsageReport:
        """Tell what the caller's tenant used."""
        question = Question(since, until, by, split, key_id, operation, after, limit)
        return await self._reports.make(caller().tenant_id, question)

    async def get_tenant_usage(
        self,
        tenant_id: str,
        since: str = "",
        until: str = "",
        by: str = "day",
        split: str = "none",
        key_id: str = "",
        operation: str = "",
        after: str = "",
        limit: int = 100,
    ) -> UsageReport:
        """Tell what a tenant used."""
        await self._named(tenant_id)
        question = Question(since, until, by, split, key_id, operation, after, limit)
        return await self._reports.make(tenant_id, question)

    async def get_quotas(self) -> TenantQuotas:
        """Tell what the caller's tenant may use."""
        return await self._allowances.of(caller().tenant_id)

    async def get_tenant_quotas(self, tenant_id: str) -> TenantQuotas:
        """Tell what a tenant may use."""
        await self._named(tenant_id)
        return await self._allowances.of(tenant_id)

    async def replace_tenant_quotas(
        self,
        tenant_id: str,
        requests_per_day: int | None = None,
        requests_per_month: int | None = None,
        tokens_per_day: int | None = None,
        tokens_per_month: int | None = None,
        documents: int | None = None,
        storage_bytes: int | None = None,
        operations_per_minute: dict[str, int] = {},  # noqa: B006 - never changed; the interface's default
        soft: bool = False,
    ) -> TenantQuotas:
        """Set what a tenant may use."""
        await self._named(tenant_id)
        limits = {
            "requests_per_day": requests_per_day,
            "requests_per_month": requests_per_month,
            "tokens_per_day": tokens_per_day,
            "tokens_per_month": tokens_per_month,
            "documents": documents,
            "storage_bytes": storage_bytes,
        }
        return await self._allowances.replace(tenant_id, limits, operations_per_minute, soft=soft)

    async def _named(self, tenant_id: str) -> None:
        """Let the operator name a tenant; raises OperatorNeeded and TenantUnknown."""
        needs_operator()
        note_target(tenant_id)
        if not await self._standing.named(tenant_id):
            raise TenantUnknown("List the tenants to see their ids.")
