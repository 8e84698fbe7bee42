"""The tiers of tenants: making them, and putting tenants on them."""

from collections.abc import Mapping

from mainstay.kernel.permissions import Permissions
from mainstay.kernel.quotas import Quotas
from mainstay.kernel.terms import DEFAULT_TIER, OPERATION, QUOTAS, RATES, SOFT, Limits, by_tier
from mainstay.kernel.work import note_change
from mainstay.services.gateway.allowances import Allowances, at_once, given, known_operations
from mainstay.services.gateway.records import TenantQuotas, Tier, TierInUse, TierUnknown
from mainstay.services.gateway.tier_store import TierStore


class Tiering:
    """The tiers of this installation."""

    def __init__(
        self, store: TierStore, quotas: Quotas, allowances: Allowances, permissions: Permissions
    ) -> None:
        """Take the parts."""
        self._store = store
        self._quotas = quotas
        self._allowances = allowances
        self._permissions = permissions

    async def all(self) -> list[Tier]:
        """List the tiers, the one that all have first."""
        on = await self._store.tenants()
        return [_shown(tier, limits, on) for tier, limits in (await self._all()).items()]

    async def find(self, tier: str) -> Tier:
        """Give a tier; raises TierUnknown."""
        return _shown(tier, await self._limits(tier), await self._store.tenants())

    async def replace(
        self, tier: str, limits: Mapping[str, int | None], operations: Mapping[str, int], *, soft: bool
    ) -> Tier:
        """Make a tier or change it; raises OperationUnknown."""
        wanted = given(limits, soft=soft) | known_operations(self._permissions, operations)
        on, before = await self._store.tenants(), (await self._all()).get(tier)
        await self._store.replace(tier, wanted)
        shown = _shown(tier, wanted, on)
        note_change(None if before is None else _shown(tier, before, on).model_dump(), shown.model_dump())
        return self._allowances.holds_after(shown)

    async def remove(self, tier: str) -> Tier:
        """Remove a tier; raises TierUnknown and TierInUse."""
        limits = await self._limits(tier)
        if tier == DEFAULT_TIER:
            raise TierInUse("Every tenant that is on no other is on it; set it to nothing instead.")
        on = await self._store.remove(tier)
        if on:
            raise TierInUse(f"{on} tenants are on it. Put them on another tier first.")
        shown = _shown(tier, limits, {})
        note_change(shown.model_dump(), None)
        return self._allowances.holds_after(shown)

    async def put_on(self, tenant_id: str, tier: str) -> TenantQuotas:
        """Put a tenant on a tier; raises TierUnknown."""
        await self._limits(tier)
        before = await self._quotas.terms_of(tenant_id)
        standing = await self._quotas.measured(tenant_id, await self._quotas.terms_of(tenant_id, tier=tier))
        shown = await self._allowances.shown(standing)
        if tier == DEFAULT_TIER:
            await self._store.take_off(tenant_id)
        elif not await self._store.put_on(tenant_id, tier):
            raise TierUnknown("It was removed at this moment.")
        note_change({"tier": before.tier}, {"tier": tier})
        return self._allowances.holds_after(shown, tenant_id)

    async def _all(self) -> dict[str, dict[str, int]]:
        """Give the limits of every tier; the one that all have is there even if nobody made it."""
        return {DEFAULT_TIER: {}, **by_tier(await self._store.all())}

    async def _limits(self, tier: str) -> Limits:
        limits = (await self._all()).get(tier)
        if limits is None:
            raise TierUnknown("List the tiers to see their names, or make it.")
        return limits


def _shown(tier: str, limits: Limits, on: Mapping[str, int]) -> Tier:
    return Tier(
        tier=tier,
        tenants=on.get(tier, 0),
        **{name: limits.get(name) for name in RATES},
        operations_per_minute={
            name.removeprefix(OPERATION): most for name, most in limits.items() if name.startswith(OPERATION)
        },
        at_once=at_once(limits),
        quotas={name: limits[name] for name in QUOTAS if name in limits},
        soft=bool(limits.get(SOFT)),
    )
