"""Tells what is used."""

from mainstay.kernel.operating import needs_operator
from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import caller, note_target
from mainstay.services.gateway.interface import Gateway
from mainstay.services.gateway.records import TenantUnknown, UsageReport
from mainstay.services.gateway.reports import Question, Reports


class GatewayService(Gateway):
    """The gateway service; what it tells is counted and decided by the road itself."""

    def __init__(self, reports: Reports, standing: Standing) -> None:
        """Take the parts."""
        self._reports = reports
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

    async def _named(self, tenant_id: str) -> None:
        """Let the operator name a tenant; raises OperatorNeeded and TenantUnknown."""
        needs_operator()
        note_target(tenant_id)
        if not await self._standing.named(tenant_id):
            raise TenantUnknown("List the tenants to see their ids.")
