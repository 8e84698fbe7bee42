"""What tenants and keys may use, what they have used, and setting that."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from mainstay.kernel.bounds import permissions_beyond
from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.kernel.permissions import Permissions
from mainstay.kernel.quotas import USAGE_READ, Account, Quotas, Standing
from mainstay.kernel.recognising import Recognisers
from mainstay.kernel.terms import AT_ONCE, FLOWS, OPERATION, QUOTAS, SOFT, Limits, above
from mainstay.kernel.usage_book import UsageBook
from mainstay.kernel.work import follow_up
from mainstay.services.gateway.quota_store import QuotaStore
from mainstay.services.gateway.records import (
    AboveTier,
    CallerLimits,
    KeyBeyond,
    KeyQuotas,
    KeyUnknown,
    OperationUnknown,
    QuotaLine,
    TenantQuotas,
)
from mainstay.services.gateway.tier_store import TierStore

Shown = TypeVar("Shown")


def known_operations(permissions: Permissions, named: Mapping[str, int]) -> dict[str, int]:
    """Give the limits of operations as they are kept; raises OperationUnknown."""
    there = {name for opened in permissions.opens.values() for name in opened}
    unknown = sorted(named.keys() - there)
    if unknown:
        raise OperationUnknown(f"There is no operation {', '.join(unknown)}; write it as knowledge.search.")
    return {OPERATION + name: most for name, most in named.items()}


def given(limits: Mapping[str, int | None], *, soft: bool) -> dict[str, int]:
    """Give those limits that were given."""
    return {name: most for name, most in limits.items() if most is not None} | ({SOFT: 1} if soft else {})


def at_once(limits: Limits) -> dict[str, int]:
    """Give the caps on what is in progress at once."""
    return {name: limits[name] for name in AT_ONCE if name in limits}


class Allowances:
    """The quotas of tenants and keys."""

    def __init__(
        self,
        store: QuotaStore,
        tiers: TierStore,
        quotas: Quotas,
        book: UsageBook,
        permissions: Permissions,
        recognisers: Recognisers,
    ) -> None:
        """Take the parts."""
        self._permissions = permissions
        self._recognisers = recognisers
        self._store = store
        self._tiers = tiers
        self._quotas = quotas
        self._book = book

    async def of(self, tenant_id: str) -> TenantQuotas:
        """Give a tenant's quotas with what is used of them."""
        return await self.shown(await self._quotas.look(tenant_id))

    async def of_key(self, giver: Caller, key_id: str) -> KeyQuotas:
        """Give the quotas of a key of the caller's tenant; raises KeyUnknown."""
        await self._found(giver, key_id)
        return await self._shown_key(await self._quotas.look(giver.tenant_id), key_id)

    async def holding(self, who: Caller) -> CallerLimits:
        """Give what holds for a caller."""
        standing = await self._quotas.look(who.tenant_id)
        shown = await self.shown(standing) if who.may(USAGE_READ) else None
        return CallerLimits(
            tier=standing.terms.tier,
            requests_per_minute=who.limit_per_minute,
            writes_per_minute=who.writes_per_minute or None,
            tenant_requests_per_minute=who.tenant_limit_per_minute or None,
            operations_per_minute=dict(standing.per_minute),
            at_once=at_once(standing.limits),
            key_quotas=(await self._shown_key(standing, who.subject)).quotas,
            quotas=shown.quotas if shown else [],
        )

    async def replace(
        self, tenant_id: str, limits: Mapping[str, int | None], operations: Mapping[str, int], *, soft: bool
    ) -> TenantQuotas:
        """Set a tenant's own quotas; here they hold from the next request on.

        Raises OperationUnknown and AboveTier.
        """
        wanted = given(limits, soft=soft) | known_operations(self._permissions, operations)
        tier = await self._quotas.terms_of(tenant_id, own={})
        higher = above(tier.limits, wanted)
        if higher:
            told = ", ".join(f"{name.removeprefix(OPERATION)} ({tier.limits[name]:,})" for name in higher)
            raise AboveTier(f"The tier {tier.tier} allows less: {told}. Set no more, or use another tier.")
        own = await self._quotas.terms_of(tenant_id, own=wanted)
        shown = await self.shown(await self._quotas.measured(tenant_id, own))
        await self._tiers.quotas_of(tenant_id).replace(wanted)
        return self.holds_after(shown, tenant_id)

    async def replace_of_key(
        self, giver: Caller, key_id: str, limits: Mapping[str, int | None], *, soft: bool
    ) -> KeyQuotas:
        """Set a key's quotas; raises KeyUnknown and KeyBeyond."""
        found = await self._found(giver, key_id)
        if key_id == giver.subject:
            raise KeyBeyond("Nobody sets the quotas of his own key. Use another administrator's.")
        more = permissions_beyond(giver, found.permissions)
        if more:
            raise KeyBeyond(more)
        wanted = given(limits, soft=soft)
        own = await self._quotas.terms_of(giver.tenant_id)
        own = replace(own, keys={**own.keys, key_id: wanted})
        standing = await self._quotas.measured(giver.tenant_id, own, key_id)
        shown = await self._shown_key(standing, key_id)
        await self._store.replace_of_key(key_id, wanted)
        return self.holds_after(shown, giver.tenant_id)

    def holds_after(self, shown: Shown, tenant_id: str | None = None) -> Shown:
        """Let what is being written hold as soon as it is; give what is to be told then."""

        async def done() -> Shown:
            self._quotas.forget(tenant_id)
            return shown

        follow_up(done)
        return shown

    async def shown(self, standing: Standing) -> TenantQuotas:
        """Tell of a tenant's quotas."""
        tenant_id = standing.who[0]
        stored = await self._book.newest(tenant_id)
        return TenantQuotas(
            tenant_id=tenant_id,
            tier=standing.terms.tier,
            soft=standing.soft,
            operations_per_minute=dict(standing.per_minute),
            at_once=at_once(standing.limits),
            quotas=[self._line(standing, name, stored) for name in QUOTAS if name in standing.limits],
        )

    async def _shown_key(self, standing: Standing, key_id: str) -> KeyQuotas:
        account = standing.keys.get(key_id) or Account((standing.who[0], key_id), {})
        lines = [self._line(account, name, {}) for name in FLOWS if name in account.limits]
        return KeyQuotas(key_id=key_id, soft=account.soft, quotas=lines)

    async def _found(self, giver: Caller, key_id: str) -> Caller:
        try:
            return await self._recognisers.find(giver.tenant_id, key_id)
        except CredentialsUnknown:
            raise KeyUnknown("List the keys to see their ids.") from None

    def _line(self, account: Account, name: str, stored: Mapping[str, int]) -> QuotaLine:
        quota, most = QUOTAS[name], account.limits[name]
        if not quota.period:
            used, renews_at = stored[quota.counted], None
        else:
            used = self._quotas.used(account, name)
            renews = datetime.fromtimestamp(self._quotas.renews_ms(quota) / 1000, UTC)
            renews_at = renews.isoformat().replace("+00:00", "Z")
        return QuotaLine(name=name, most=most, used=used, left=max(0, most - used), renews_at=renews_at)
