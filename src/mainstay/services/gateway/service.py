"""Tells what is used and what may be, and lets the operator set that."""

from mainstay.kernel.operating import needs_operator
from mainstay.kernel.recognising import Standing
from mainstay.kernel.work import caller, note_target
from mainstay.services.gateway.allowances import Allowances
from mainstay.services.gateway.interface import Gateway
from mainstay.services.gateway.records import (
    CallerLimits,
    KeyQuotas,
    TenantQuotas,
    TenantUnknown,
    Tier,
    UsageReport,
)
from mainstay.services.gateway.reports import Question, Reports
from mainstay.services.gateway.tiering import Tiering


class GatewayService(Gateway):
    """The gateway service; what it tells is counted and decided by the road itself."""

    def __init__(self, reports: Reports, allowances: Allowances, tiers: Tiering, standing: Standing) -> None:
        """Take the parts."""
        self._tiers = tiers
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
        requests_at_once: int | None = None,
        uploads_at_once: int | None = None,
        waits_at_once: int | None = None,
        key_requests_at_once: int | None = None,
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
            "requests_at_once": requests_at_once,
            "uploads_at_once": uploads_at_once,
            "waits_at_once": waits_at_once,
            "key_requests_at_once": key_requests_at_once,
        }
        return await self._allowances.replace(tenant_id, limits, operations_per_minute, soft=soft)

    async def get_limits(self) -> CallerLimits:
        """Tell what holds for the caller."""
        return await self._allowances.holding(caller())

    async def get_key_quotas(self, key_id: str) -> KeyQuotas:
        """Tell what a key may use."""
        return await self._allowances.of_key(caller(), key_id)

    async def replace_key_quotas(
        self,
        key_id: str,
        requests_per_day: int | None = None,
        requests_per_month: int | None = None,
        tokens_per_day: int | None = None,
        tokens_per_month: int | None = None,
        soft: bool = False,
    ) -> KeyQuotas:
        """Set what a key may use."""
        note_target(key_id)
        limits = {
            "requests_per_day": requests_per_day,
            "requests_per_month": requests_per_month,
            "tokens_per_day": tokens_per_day,
            "tokens_per_month": tokens_per_month,
        }
        return await self._allowances.replace_of_key(caller(), key_id, limits, soft=soft)

    async def list_tiers(self) -> list[Tier]:
        """List the tiers."""
        needs_operator()
        return await self._tiers.all()

    async def get_tier(self, tier: str) -> Tier:
        """Give a tier."""
        needs_operator()
        return await self._tiers.find(tier)

    async def replace_tier(
        self,
        tier: str,
        key_per_minute: int | None = None,
        user_per_minute: int | None = None,
        writes_per_minute: int | None = None,
        tenant_per_minute: int | None = None,
        operations_per_minute: dict[str, int] = {},  # noqa: B006 - never changed; the interface's default
        requests_at_once: int | None = None,
        uploads_at_once: int | None = None,
        waits_at_once: int | None = None,
        key_requests_at_once: int | None = None,
        requests_per_day: int | None = None,
        requests_per_month: int | None = None,
        tokens_per_day: int | None = None,
        tokens_per_month: int | None = None,
        documents: int | None = None,
        storage_bytes: int | None = None,
        soft: bool = False,
    ) -> Tier:
        """Make a tier, or set all that it has."""
        needs_operator()
        note_target(tier)
        limits = {
            "key_per_minute": key_per_minute,
            "user_per_minute": user_per_minute,
            "writes_per_minute": writes_per_minute,
            "tenant_per_minute": tenant_per_minute,
            "requests_per_day": requests_per_day,
            "requests_per_month": requests_per_month,
            "tokens_per_day": tokens_per_day,
            "tokens_per_month": tokens_per_month,
            "documents": documents,
            "storage_bytes": storage_bytes,
            "requests_at_once": requests_at_once,
            "uploads_at_once": uploads_at_once,
            "waits_at_once": waits_at_once,
            "key_requests_at_once": key_requests_at_once,
        }
        return await self._tiers.replace(tier, limits, operations_per_minute, soft=soft)

    async def delete_tier(self, tier: str) -> Tier:
        """Remove a tier."""
        needs_operator()
        note_target(tier)
        return await self._tiers.remove(tier)

    async def set_tenant_tier(self, tenant_id: str, tier: str) -> TenantQuotas:
        """Put a tenant on a tier."""
        await self._named(tenant_id)
        return await self._tiers.put_on(tenant_id, tier)

    async def _named(self, tenant_id: str) -> None:
        """Let the operator name a tenant; raises OperatorNeeded and TenantUnknown."""
        needs_operator()
        note_target(tenant_id)
        if not await self._standing.named(tenant_id):
            raise TenantUnknown("List the tenants to see their ids.")
