"""How much is used, by whom, and how much may be."""

from mainstay.kernel.interface import Interface, reads, writes
from mainstay.kernel.operating import OperatorNeeded
from mainstay.kernel.quotas import USAGE_READ
from mainstay.services.gateway.records import (
    Bytes,
    Cursor,
    Day,
    DaysInvalid,
    Documents,
    KeyId,
    OperationName,
    OperationUnknown,
    PageSize,
    PerMinute,
    Requests,
    Soft,
    Span,
    Split,
    TenantId,
    TenantQuotas,
    TenantUnknown,
    Tokens,
    UsageReport,
)

_TENANT_EXAMPLE = {"tenant_id": "tenant_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class Gateway(Interface):
    """What tenants and keys use, and may use."""

    @reads(
        "GET /usage",
        may=USAGE_READ,
        fails=(DaysInvalid,),
        example={"since": "2026-11-01", "split": "key"},
    )
    async def get_usage(
        self,
        since: Day = "",
        until: Day = "",
        by: Span = "day",
        split: Split = "none",
        key_id: KeyId = "",
        operation: OperationName = "",
        after: Cursor = "",
        limit: PageSize = 100,
    ) -> UsageReport:
        """Tell what your tenant used, by day or hour.

        `since` is included, `until` is not; without them it is the last 30 days, with today. What ended is
        there within ten seconds, what is stored within five minutes. Hours are kept for 35 days.
        """

    @reads(
        "GET /tenants/{tenant_id}/usage",
        may="tenants:read",
        fails=(OperatorNeeded, TenantUnknown, DaysInvalid),
        example={**_TENANT_EXAMPLE, "split": "operation"},
    )
    async def get_tenant_usage(
        self,
        tenant_id: TenantId,
        since: Day = "",
        until: Day = "",
        by: Span = "day",
        split: Split = "none",
        key_id: KeyId = "",
        operation: OperationName = "",
        after: Cursor = "",
        limit: PageSize = 100,
    ) -> UsageReport:
        """Tell what a tenant used, by day or hour; for administrators of the operator's tenant.

        Days and hours are as in the report on one's own tenant.
        """

    @reads("GET /quotas", may=USAGE_READ)
    async def get_quotas(self) -> TenantQuotas:
        """Tell how much your tenant may use, and how much of it is used."""

    @reads(
        "GET /tenants/{tenant_id}/quotas",
        may="tenants:read",
        fails=(OperatorNeeded, TenantUnknown),
        example=_TENANT_EXAMPLE,
    )
    async def get_tenant_quotas(self, tenant_id: TenantId) -> TenantQuotas:
        """Tell how much a tenant may use and has used; for administrators of the operator's tenant."""

    @writes(
        "PUT /tenants/{tenant_id}/quotas",
        may="tenants:write",
        fails=(OperatorNeeded, TenantUnknown, OperationUnknown),
        example={**_TENANT_EXAMPLE, "requests_per_day": 100_000, "documents": 50_000},
    )
    async def replace_tenant_quotas(
        self,
        tenant_id: TenantId,
        requests_per_day: Requests | None = None,
        requests_per_month: Requests | None = None,
        tokens_per_day: Tokens | None = None,
        tokens_per_month: Tokens | None = None,
        documents: Documents | None = None,
        storage_bytes: Bytes | None = None,
        operations_per_minute: PerMinute = {},
        soft: Soft = False,
    ) -> TenantQuotas:
        """Set how much a tenant may use; for administrators of the operator's tenant.

        What is not given has no quota from then on. Days and months are those of the calendar in UTC.
        Requests beyond a quota are refused with 429 until it begins anew, documents with 403 until there is
        room. From 80 % on the header `Quota` tells what is left, and at 80 and 100 % there is an entry in the
        tenant's audit. `operations_per_minute` are rate limits; they hold for budgets too.
        """
