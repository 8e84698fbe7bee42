"""How much a tenant, and a key, may use in a day and a month, decided by what was counted."""

import calendar
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from mainstay.kernel import terms
from mainstay.kernel.audit import Audit
from mainstay.kernel.caller import Caller, house
from mainstay.kernel.guard import ANYBODY, NOBODYS, QuotaUsedUp
from mainstay.kernel.interface import Operation
from mainstay.kernel.terms import FLOWS, OPERATION, QUOTAS, SOFT, Limits, Quota, Terms
from mainstay.kernel.usage import DAY_MS, Usage
from mainstay.kit.clock import Clock
from mainstay.ports.database import SYSTEM, Database, Row, Scalar

logger = logging.getLogger("mainstay.quotas")

USAGE_READ = "usage:read"
"""The permission to see what is used and what may be; a used-up quota refuses nobody that."""
LOOKS_AFTER_TENANTS = frozenset({"tenants:read", "tenants:write"})
"""What no quota refuses the operator, who could not set a higher one otherwise."""

_NOTICED_AT = (0.8, 1.0)
_SINCE = (
    "CAST(sum(requests - refused) AS BIGINT) AS requests, CAST(sum(tokens) AS BIGINT) AS tokens"
    " FROM usage WHERE span = 'day' AND begins_ms >= :month"
    " AND NOT (writer = :writer AND begins_ms = :today)"
)
_USED = f"SELECT begins_ms, {_SINCE} GROUP BY begins_ms"
_USED_BY_KEYS = (
    f"SELECT subject, begins_ms, {_SINCE}"
    " AND (subject = :key OR subject IN (SELECT subject FROM key_quotas)) GROUP BY subject, begins_ms"
)

Who = tuple[str, str]
"""A tenant and one of its keys; no key is all of them together."""


@dataclass
class Account:
    """What somebody may use, and had used when it was looked at, but for what this process let in today.

    `noticed` says of each quota how many of the shares that are told of were reached.
    """

    who: Who
    limits: Limits
    used: Mapping[str, int] = field(default_factory=dict)
    noticed: dict[str, int] = field(default_factory=dict)

    @property
    def soft(self) -> bool:
        """Say whether the limits are budgets, which refuse nothing."""
        return bool(self.limits.get(SOFT))


@dataclass
class Standing(Account):
    """A tenant's account, the terms that it comes from, and the accounts of single keys."""

    terms: Terms = field(default_factory=Terms)
    day_ms: int = 0
    keys: Mapping[str, Account] = field(default_factory=dict)

    @cached_property
    def per_minute(self) -> Mapping[str, int]:
        """Give how often in a minute the tenant may ask for some operations."""
        return {
            name.removeprefix(OPERATION): most
            for name, most in self.limits.items()
            if name.startswith(OPERATION)
        }


_WORDS = {
    False: ("your tenant", "the operator of this installation"),
    True: ("this key", "an administrator of your tenant"),
}
_NONE = Standing((NOBODYS, ""), {})


class Quotas:
    """Lets requests in until their tenant, or their key, has used what it may.

    What this process lets in is counted at once, what others did is read every ten seconds: one process lets
    in no request too many, several at most what they let in within ten seconds. Of tokens, which are known
    only afterwards, what is in progress comes on top. The database is asked for the first request of a tenant
    only; the rest is done in the background.
    """

    def __init__(self, database: Database, clock: Clock, usage: Usage, audit: Audit) -> None:
        """Take where limits and usage are kept, and where it is told that a quota comes to its end."""
        self._database = database
        self._clock = clock
        self._usage = usage
        self._audit = audit
        self._standings: dict[str, Standing] = {}
        self._asked: set[str] = set()
        self._requests: dict[Who, int] = {}
        self._requests_day_ms = 0

    async def standing(self, caller: Caller) -> Standing:
        """Give the limits of a caller's tenant; strangers have none."""
        if caller.tenant_id == NOBODYS:
            return _NONE
        self._asked.add(caller.tenant_id)
        found = self._standings.get(caller.tenant_id)
        if found is None or not 0 <= self._clock.now_ms() - found.day_ms < DAY_MS:
            return await self.look(caller.tenant_id)
        return found

    def admit(
        self, caller: Caller, operation: Operation, standing: Standing, headers: dict[str, str]
    ) -> None:
        """Count a request against the quotas of its tenant and key, or refuse it; raises QuotaUsedUp.

        From four fifths on, `headers` say how much is left of the one that is nearest to its end.
        """
        tenant_id, day_ms = caller.tenant_id, self._clock.now_ms() // DAY_MS * DAY_MS
        key = standing.keys.get(caller.subject)
        accounts = [each for each in (standing, key) if each is not None and each.used]
        exempt = operation.may in {ANYBODY, USAGE_READ} or (
            caller.operator and operation.may in LOOKS_AFTER_TENANTS
        )
        for account in accounts:
            if not account.soft and not exempt:
                self._refuse_used_up(account)
        if day_ms != self._requests_day_ms:  # what was let in before is in the rows of the usage
            self._requests_day_ms = day_ms
            self._requests.clear()
        requests = self._requests
        requests[tenant_id, ""] = requests.get((tenant_id, ""), 0) + 1
        if tenant_id != NOBODYS:  # strangers are without number
            requests[tenant_id, caller.subject] = requests.get((tenant_id, caller.subject), 0) + 1
        if accounts:
            self._tell(accounts, headers)

    async def look(self, tenant_id: str) -> Standing:
        """Read a tenant's limits and what it has used."""
        standing = await self.measured(tenant_id, await self.terms_of(tenant_id))
        for account in (standing, *standing.keys.values()):
            account.noticed = {name: self._reached(account, name) for name in account.used}
        self._standings[tenant_id] = standing
        return standing

    async def terms_of(self, tenant_id: str, *, tier: str | None = None, own: Limits | None = None) -> Terms:
        """Read what holds for a tenant; or what would, were it on another tier, or had other own limits."""
        values: dict[str, Scalar] = {"tenant": tenant_id}
        if tier is None:
            rows = await self._fetch(terms.ONE_TIER, values) or await self._fetch(terms.DEFAULT_TERMS)
        else:
            rows = await self._fetch(f"{terms.TIERS} WHERE tier = :tier", {"tier": tier})
        found = terms.by_tier(rows) or {terms.DEFAULT_TIER: {}}
        ((name, limits),) = found.items()
        there = terms.by_tenant(await self._fetch(terms.ONE_OWN, values)).get(tenant_id, {})
        return terms.together(name, limits, there if own is None else {**there, "": own})

    def used(self, account: Account, name: str) -> int:
        """Say how much of a day's or month's quota is used."""
        tokens = QUOTAS[name].counted == "tokens"
        today = self._usage.tokens(*account.who) if tokens else self._let_in(account.who)
        return account.used[name] + today

    def renews_ms(self, quota: Quota) -> int:
        """Say when a day's or month's quota begins anew."""
        return _period(quota.period, self._clock.now_ms())[1]

    def forget(self, tenant_id: str | None = None) -> None:
        """Look again when a tenant, or any, comes next: limits have changed."""
        if tenant_id is None:
            self._standings.clear()
        else:
            self._standings.pop(tenant_id, None)

    async def refresh(self) -> None:
        """Look at everybody who came since the last time; who did not is looked at when he comes."""
        asked, self._asked = self._asked, set()
        tiers = terms.by_tier(await self._fetch(terms.TIERS))
        on = {str(row["tenant_id"]): str(row["tier"]) for row in await self._fetch(terms.ALL_ON_TIERS)}
        own = terms.by_tenant(await self._fetch(terms.ALL_OWN))
        before, self._standings = self._standings, {}
        for tenant_id in asked & before.keys():
            tier = on.get(tenant_id, terms.DEFAULT_TIER)
            tier = tier if tier in tiers else terms.DEFAULT_TIER
            wanted = terms.together(tier, tiers.get(tier, {}), own.get(tenant_id, {}))
            standing = await self.measured(tenant_id, wanted)
            earlier = before[tenant_id]
            for account in (standing, *standing.keys.values()):
                known = earlier.keys.get(account.who[1], account) if account.who[1] else earlier
                account.noticed = known.noticed
                self._notice(account)
            self._standings[tenant_id] = standing

    async def measured(self, tenant_id: str, wanted: Terms, key: str = "") -> Standing:
        """Read what a tenant and its keys have used of the limits that are given; `key` is a new one."""
        now_ms = self._clock.now_ms()
        today = now_ms // DAY_MS * DAY_MS
        values: dict[str, Scalar] = {
            "month": _period("month", now_ms)[0],
            "today": today,
            "writer": self._usage.writer,
        }
        standing = Standing((tenant_id, ""), wanted.limits, terms=wanted, day_ms=today)
        if any(name in wanted.limits for name in FLOWS):
            rows = await self._database.fetch(tenant_id, _USED, values)
            standing.used = _summed(rows, wanted.limits, today)
        if wanted.keys:
            rows = await self._database.fetch(tenant_id, _USED_BY_KEYS, {**values, "key": key})
            standing.keys = {
                subject: Account(
                    (tenant_id, subject),
                    limits,
                    _summed([row for row in rows if row["subject"] == subject], limits, today),
                )
                for subject, limits in wanted.keys.items()
            }
        return standing

    async def _fetch(self, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
        return await self._database.fetch(SYSTEM, sql, values)

    def _let_in(self, who: Who) -> int:
        today = self._clock.now_ms() - self._requests_day_ms < DAY_MS
        return self._requests.get(who, 0) if today else 0

    def _refuse_used_up(self, account: Account) -> None:
        for name in account.used:
            quota, most, used = QUOTAS[name], account.limits[name], self.used(account, name)
            if used >= most:
                begins = datetime.fromtimestamp(self.renews_ms(quota) / 1000, UTC)
                whose, who = _WORDS[bool(account.who[1])]
                raise QuotaUsedUp(
                    f"The quota {name} of {whose} is {most:,}, and {used:,} are used. It begins anew at "
                    f"{begins:%Y-%m-%dT%H:%M:%SZ}; ask {who} for a higher one.",
                    retry_after_s=self._wait_s(quota),
                )

    def _wait_s(self, quota: Quota) -> float:
        return (self.renews_ms(quota) - self._clock.now_ms()) / 1000

    def _tell(self, accounts: list[Account], headers: dict[str, str]) -> None:
        """Say how much is left of the quota that is nearest to its end, from four fifths on."""
        shares: list[tuple[float, str, int, int]] = []
        for account in accounts:
            self._notice(account)
            for name in account.used:
                most, used = account.limits[name], self.used(account, name)
                shares.append((used / max(most, 1), name, most, max(0, most - used)))
        share, name, most, left = max(shares, key=lambda each: each[0])
        if share >= _NOTICED_AT[0]:
            headers["Quota"] = f'"{name}";q={most};r={left};t={math.ceil(self._wait_s(QUOTAS[name]))}'

    def _reached(self, account: Account, name: str) -> int:
        used = self.used(account, name)
        return sum(used >= share * account.limits[name] for share in _NOTICED_AT)

    def _notice(self, account: Account) -> None:
        """Write into the audit, and the log, when four fifths or all of a quota have come to be used."""
        tenant_id, subject = account.who
        for name in account.used:
            reached, before = self._reached(account, name), account.noticed.get(name, 0)
            account.noticed[name] = reached
            if reached > before:
                told = f"{name}: {100 * _NOTICED_AT[reached - 1]:.0f} % of {account.limits[name]}"
                told = f"{subject} {told}" if subject else told
                origin = {"request_id": "", "door": "inside", "address": ""}
                row = self._audit.row(house(tenant_id, "quotas"), "quotas.notice", told, "ok", origin)
                self._audit.note(tenant_id, row)
                logger.warning("Tenant %s has used up to %s", tenant_id, told)


def _summed(rows: list[Row], limits: Limits, today: int) -> dict[str, int]:
    """Add up what was used of each quota that begins anew."""
    return {
        name: sum(
            int(row[QUOTAS[name].counted] or 0)
            for row in rows
            if QUOTAS[name].period == "month" or row["begins_ms"] == today
        )
        for name in FLOWS
        if name in limits
    }


def _period(period: str, now_ms: int) -> tuple[int, int]:
    """Give when the present day or month begins, and when the next one does."""
    if period == "day":
        begins = now_ms // DAY_MS * DAY_MS
        return begins, begins + DAY_MS
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    first = int(datetime(now.year, now.month, 1, tzinfo=UTC).timestamp()) * 1000
    return first, first + calendar.monthrange(now.year, now.month)[1] * DAY_MS
