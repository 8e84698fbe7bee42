"""How much is used, by whom, and how much may be."""

from mainstay.kernel.guard import ANYBODY
from mainstay.kernel.interface import Interface, reads, writes
from mainstay.kernel.operating import OperatorNeeded
from mainstay.kernel.quotas import USAGE_READ
from mainstay.services.gateway.records import (
    AboveTier,
    AtOnce,
    Bytes,
    CallerLimits,
    Cursor,
    Day,
    DaysInvalid,
    Documents,
    KeyBeyond,
    KeyId,
    KeyQuotas,
    KeyUnknown,
    Minutely,
    OperationName,
    OperationUnknown,
    PageSize,
    PerMinute,
    QuotaKeyId,
    Requests,
    Soft,
    Span,
    Split,
    TenantId,
    TenantQuotas,
    TenantUnknown,
    Tier,
    TierInUse,
    TierName,
    TierUnknown,
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
        fails=(OperatorNeeded, TenantUnknown, OperationUnknown, AboveTier),
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
        requests_at_once: AtOnce | None = None,
        uploads_at_once: AtOnce | None = None,
        waits_at_once: AtOnce | None = None,
        key_requests_at_once: AtOnce | None = None,
        soft: Soft = False,
    ) -> TenantQuotas:
        """Set how much a tenant may use; for administrators of the operator's tenant.

        What is not given has no quota of the tenant's own from then on; nothing may be above its tier. Days
        and months are those of the calendar in UTC. Requests beyond a quota are refused with 429 until it
        begins anew, documents with 403 until there is room. From 80 % on the header `Quota` tells what is
        left, and at 80 and 100 % there is an entry in the tenant's audit. `operations_per_minute` are rate
        limits, and what ends in `_at_once` bounds what is in progress; they hold for budgets too.
        """

    @reads("GET /limits", may=ANYBODY)
    async def get_limits(self) -> CallerLimits:
        """Tell which limits and quotas hold for you now: your key's, your tenant's and its tier's."""

    @reads(
        "GET /keys/{key_id}/quotas",
        may="keys:read",
        fails=(KeyUnknown,),
        example={"key_id": "key_01k9z6q7h8"},
    )
    async def get_key_quotas(self, key_id: QuotaKeyId) -> KeyQuotas:
        """Tell how much a key of your tenant may use by itself, and how much of it is used."""

    @writes(
        "PUT /keys/{key_id}/quotas",
        may="keys:write",
        fails=(KeyUnknown, KeyBeyond),
        example={"key_id": "key_01k9z6q7h8", "requests_per_day": 10_000},
    )
    async def replace_key_quotas(
        self,
        key_id: QuotaKeyId,
        requests_per_day: Requests | None = None,
        requests_per_month: Requests | None = None,
        tokens_per_day: Tokens | None = None,
        tokens_per_month: Tokens | None = None,
        soft: Soft = False,
    ) -> KeyQuotas:
        """Set how much a key of your tenant may use by itself.

        What is not given has no quota of the key's own from then on; those of the tenant hold beside it. They
        are refused and told as the tenant's are. Nobody sets those of his own key, or of one that may more.
        """

    @reads("GET /tiers", may="tenants:read", fails=(OperatorNeeded,))
    async def list_tiers(self) -> list[Tier]:
        """List the tiers; for administrators of the operator's tenant."""

    @reads(
        "GET /tiers/{tier}",
        may="tenants:read",
        fails=(OperatorNeeded, TierUnknown),
        example={"tier": "default"},
    )
    async def get_tier(self, tier: TierName) -> Tier:
        """Give a tier; for administrators of the operator's tenant."""

    @writes(
        "PUT /tiers/{tier}",
        may="tenants:write",
        fails=(OperatorNeeded, OperationUnknown),
        example={"tier": "gold", "key_per_minute": 5_000, "requests_per_day": 1_000_000},
    )
    async def replace_tier(
        self,
        tier: TierName,
        key_per_minute: Minutely | None = None,
        user_per_minute: Minutely | None = None,
        writes_per_minute: Minutely | None = None,
        tenant_per_minute: Minutely | None = None,
        operations_per_minute: PerMinute = {},
        requests_at_once: AtOnce | None = None,
        uploads_at_once: AtOnce | None = None,
        waits_at_once: AtOnce | None = None,
        key_requests_at_once: AtOnce | None = None,
        requests_per_day: Requests | None = None,
        requests_per_month: Requests | None = None,
        tokens_per_day: Tokens | None = None,
        tokens_per_month: Tokens | None = None,
        documents: Documents | None = None,
        storage_bytes: Bytes | None = None,
        soft: Soft = False,
    ) -> Tier:
        """Make a tier, or set all that it has; for administrators of the operator's tenant.

        Uploads and long waits (streams, and requests that ask to `wait`) are counted apart from other
        requests; `key_requests_at_once` is on all that one key has in progress. What is not given is no
        limit of the tier's from then on. It holds for its tenants from the next request on where this is
        answered, and within ten seconds in other processes. A tenant's own quotas that are higher than the
        tier's are kept, but the tier's hold.
        """

    @writes(
        "DELETE /tiers/{tier}",
        may="tenants:write",
        fails=(OperatorNeeded, TierUnknown, TierInUse),
        example={"tier": "gold"},
    )
    async def delete_tier(self, tier: TierName) -> Tier:
        """Remove a tier that no tenant is on; for administrators of the operator's tenant."""

    @writes(
        "PUT /tenants/{tenant_id}/tier",
        may="tenants:write",
        fails=(OperatorNeeded, TenantUnknown, TierUnknown),
        example={**_TENANT_EXAMPLE, "tier": "gold"},
    )
    async def set_tenant_tier(self, tenant_id: TenantId, tier: TierName) -> TenantQuotas:
        """Put a tenant on a tier; for administrators of the operator's tenant.

        It holds from the next request on where this is answered, and within ten seconds in other processes.
        Own quotas of the tenant are kept; where the tier's are lower, those hold.
        """
