"""What holds for a tenant: the terms of its tier, and what was set below them for itself or for its keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from mainstay.kernel.at_once import CAPS, KEY_CAP
from mainstay.kernel.caller import Caller
from mainstay.ports.database import Row

DEFAULT_TIER = "default"
"""The tier of every tenant that was put on no other; without terms of its own, the settings hold."""
PERSON = "user_"
"""Begins the ids of people."""

SOFT = "soft"
"""Stands among limits, as 1, where the quotas are budgets: they are told, and refuse nothing."""
OPERATION = "operation "
"""Begins the names of limits, in requests a minute, on one operation."""
RATES = ("key_per_minute", "user_per_minute", "writes_per_minute", "tenant_per_minute")
AT_ONCE = (*CAPS.values(), KEY_CAP)
"""How much may be in progress at once."""


class Quota(NamedTuple):
    """One thing of which a tenant may use only so much; without a period it is what it has stored."""

    name: str
    counted: str
    period: str


QUOTAS: Mapping[str, Quota] = {
    quota.name: quota
    for quota in (
        Quota("requests_per_day", "requests", "day"),
        Quota("requests_per_month", "requests", "month"),
        Quota("tokens_per_day", "tokens", "day"),
        Quota("tokens_per_month", "tokens", "month"),
        Quota("documents", "documents", ""),
        Quota("storage_bytes", "bytes", ""),
    )
}
FLOWS = tuple(name for name, quota in QUOTAS.items() if quota.period)
"""The quotas that begin anew; a single key may have these."""

_TIER = "SELECT t.tier, l.name, l.most FROM tenant_tiers t JOIN tiers l ON l.tier = t.tier"
ONE_TIER = f"{_TIER} WHERE t.tenant_id = :tenant"
_OWN = "SELECT tenant_id, '' AS subject, name, most FROM quotas"
_KEYS = "SELECT tenant_id, subject, name, most FROM key_quotas"
ONE_OWN = f"{_OWN} WHERE tenant_id = :tenant UNION ALL {_KEYS} WHERE tenant_id = :tenant"
ALL_OWN = f"{_OWN} UNION ALL {_KEYS}"
ALL_ON_TIERS = "SELECT tenant_id, tier FROM tenant_tiers"
TIERS = "SELECT tier, name, most FROM tiers"
DEFAULT_TERMS = f"{TIERS} WHERE tier = '{DEFAULT_TIER}'"

Limits = Mapping[str, int]


@dataclass(frozen=True)
class Terms:
    """The limits of a tenant, by name, and those of single keys of it; `tier` is where they come from."""

    tier: str = DEFAULT_TIER
    limits: Limits = field(default_factory=dict)
    keys: Mapping[str, Limits] = field(default_factory=dict)

    def fitted(self, caller: Caller) -> Caller:
        """Give a caller with the rates of the terms; a rate of its own holds up to that of the terms."""
        limits = self.limits
        if not any(name in limits for name in RATES):
            return caller
        most = limits.get("user_per_minute") if caller.subject.startswith(PERSON) else None
        most = most or limits.get("key_per_minute")
        own = caller.limit_per_minute
        return replace(
            caller,
            limit_per_minute=own if most is None else min(own, most) if caller.own_limit else most,
            writes_per_minute=limits.get("writes_per_minute", caller.writes_per_minute),
            tenant_limit_per_minute=limits.get("tenant_per_minute", caller.tenant_limit_per_minute),
        )


def lower(tier: Limits, own: Limits) -> dict[str, int]:
    """Put a tenant's own limits below those of its tier: of two that there are, the lower one holds.

    They are budgets only if all quotas are that, the tier's and the tenant's own.
    """
    found = {name: min(most, own.get(name, most)) for name, most in tier.items() if name != SOFT}
    found |= {name: most for name, most in own.items() if name not in found and name != SOFT}
    kinds = [bool(each.get(SOFT)) for each in (tier, own) if any(name in QUOTAS for name in each)]
    return found | ({SOFT: 1} if kinds and all(kinds) else {})


def above(tier: Limits, own: Limits) -> list[str]:
    """Give the names of own limits that are higher than the tier's."""
    return sorted(name for name, most in own.items() if name != SOFT and most > tier.get(name, most))


def by_tier(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """Read tiers; each has a row without a name, so that it is there without any limit."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        limits = found.setdefault(str(row["tier"]), {})
        if row["name"]:
            limits[str(row["name"])] = int(row["most"] or 0)
    return found


def by_tenant(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, int]]]:
    """Read what was set for tenants, by the key that it is for; for all of them it is under no name."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for row in rows:
        keys = found.setdefault(str(row["tenant_id"]), {})
        keys.setdefault(str(row["subject"]), {})[str(row["name"])] = int(row["most"] or 0)
    return found


def together(tier: str, limits: Limits, own: Mapping[str, Limits]) -> Terms:
    """Put together the limits of a tier, and what was set for one of its tenants, by key."""
    keys = {subject: quotas for subject, quotas in own.items() if subject}
    return Terms(tier, lower(limits, own.get("", {})), keys)
