"""How much is used, by whom."""

from mainstay.kernel.interface import Interface, reads
from mainstay.kernel.operating import OperatorNeeded
from mainstay.services.gateway.records import (
    Cursor,
    Day,
    DaysInvalid,
    KeyId,
    OperationName,
    PageSize,
    Span,
    Split,
    TenantId,
    TenantUnknown,
    UsageReport,
)

_TENANT_EXAMPLE = {"tenant_id": "tenant_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class Gateway(Interface):
    """What tenants and keys use."""

    @reads(
        "GET /usage",
        may="usage:read",
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
