"""How much a tenant may use in a day and a month, decided by what was counted."""

import calendar
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import NamedTuple

from mainstay.kernel.audit import Audit
from mainstay.kernel.caller import Caller, house
from mainstay.kernel.guard import ANYBODY, NOBODYS, QuotaUsedUp
from mainstay.kernel.interface import Operation
from mainstay.kernel.usage import DAY_MS, Usage
from mainstay.kit.clock import Clock
from mainstay.ports.database import SYSTEM, Database, Row, Scalar

logger = logging.getLogger("mainstay.quotas")

USAGE_READ = "usage:read"
"""The permission to see what is used and what may be; a used-up quota refuses nobody that."""
SOFT = "soft"
"""Stands among a tenant's limits, as 1, where they are budgets: they are told, and refuse nothing."""

OPERATION = "operation "
"""Begins the names of limits, in requests a minute, on one operation."""

_NOTICED_AT = (0.8, 1.0)
_ONE = "SELECT tenant_id, name, most FROM quotas WHERE tenant_id = :tenant"
_ALL = "SELECT tenant_id, name, most FROM quotas"
_USED = (
    "SELECT begins_ms, CAST(sum(requests - refused) AS BIGINT) AS requests,"
    " CAST(sum(tokens) AS BIGINT) AS tokens FROM usage WHERE span = 'day' AND begins_ms >= :month"
    " AND NOT (writer = :writer AND begins_ms = :today) GROUP BY begins_ms"
)


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


@dataclass
class Standing:
    """A tenant's limits, and what it had used when it was looked at, but for what this process let in today.

    `noticed` says of each quota how many of the shares that are told of were reached.
    """

    limits: Mapping[str, int]
    day_ms: int
    used: Mapping[str, int] = field(default_factory=dict)
    noticed: dict[str, int] = field(default_factory=dict)

    @cached_property
    def per_minute(self) -> Mapping[str, int]:
        """Give how often in a minute the tenant may ask for some operations."""
        return {
            name.removeprefix(OPERATION): most
            for name, most in self.limits.items()
            if name.startswith(OPERATION)
        }

    @property
    def soft(self) -> bool:
        """Say whether the limits are budgets, which refuse nothing."""
        return bool(self.limits.get(SOFT))


_NONE = Standing({}, 0)


class Quotas:
    """Lets requests in until their tenant has used what it may.

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
        self._requests: dict[str, int] = {}
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
        """Count a request against its tenant's quotas, or refuse it; raises QuotaUsedUp.

        From four fifths on, `headers` say how much is left of the one that is nearest to its end.
        """
        tenant_id, day_ms = caller.tenant_id, self._clock.now_ms() // DAY_MS * DAY_MS
        if standing.used and not standing.soft and operation.may not in {ANYBODY, USAGE_READ}:
            self._refuse_used_up(tenant_id, standing)
        if day_ms != self._requests_day_ms:  # what was let in before is in the rows of the usage
            self._requests_day_ms = day_ms
            self._requests.clear()
        self._requests[tenant_id] = self._requests.get(tenant_id, 0) + 1
        if standing.used:
            self._tell(tenant_id, standing, headers)

    async def look(self, tenant_id: str) -> Standing:
        """Read a tenant's limits and what it has used."""
        rows = await self._database.fetch(SYSTEM, _ONE, {"tenant": tenant_id})
        standing = await self.measured(tenant_id, _limits(rows).get(tenant_id, {}))
        standing.noticed = {name: self._reached(tenant_id, standing, name) for name in standing.used}
        self._standings[tenant_id] = standing
        return standing

    def used(self, tenant_id: str, standing: Standing, name: str) -> int:
        """Say how much of a day's or month's quota is used."""
        tokens = QUOTAS[name].counted == "tokens"
        today = self._usage.tokens(tenant_id) if tokens else self._let_in(tenant_id)
        return standing.used[name] + today

    def renews_ms(self, quota: Quota) -> int:
        """Say when a day's or month's quota begins anew."""
        return _period(quota.period, self._clock.now_ms())[1]

    def forget(self, tenant_id: str) -> None:
        """Look again when the tenant comes next: its limits have changed."""
        self._standings.pop(tenant_id, None)

    async def refresh(self) -> None:
        """Look at everybody who came since the last time; who did not is looked at when he comes."""
        asked, self._asked = self._asked, set()
        limits = _limits(await self._database.fetch(SYSTEM, _ALL))
        before, self._standings = self._standings, {}
        for tenant_id in asked & before.keys():
            standing = await self.measured(tenant_id, limits.get(tenant_id, {}))
            standing.noticed = before[tenant_id].noticed
            self._notice(tenant_id, standing)
            self._standings[tenant_id] = standing

    async def measured(self, tenant_id: str, limits: Mapping[str, int]) -> Standing:
        """Read what a tenant has used of the limits that are given."""
        now_ms = self._clock.now_ms()
        today = now_ms // DAY_MS * DAY_MS
        flows = [QUOTAS[name] for name in limits if name in QUOTAS and QUOTAS[name].period]
        if not flows:
            return Standing(limits, today)
        values: dict[str, Scalar] = {
            "month": _period("month", now_ms)[0],
            "today": today,
            "writer": self._usage.writer,
        }
        rows = await self._database.fetch(tenant_id, _USED, values)
        used = {
            quota.name: sum(
                int(row[quota.counted] or 0)
                for row in rows
                if quota.period == "month" or row["begins_ms"] == today
            )
            for quota in flows
        }
        return Standing(limits, today, used)

    def _let_in(self, tenant_id: str) -> int:
        today = self._clock.now_ms() - self._requests_day_ms < DAY_MS
        return self._requests.get(tenant_id, 0) if today else 0

    def _refuse_used_up(self, tenant_id: str, standing: Standing) -> None:
        for name in standing.used:
            quota, most, used = QUOTAS[name], standing.limits[name], self.used(tenant_id, standing, name)
            if used >= most:
                begins = datetime.fromtimestamp(self.renews_ms(quota) / 1000, UTC)
                raise QuotaUsedUp(
                    f"The quota {name} of your tenant is {most:,}, and {used:,} are used. It begins anew at "
                    f"{begins:%Y-%m-%dT%H:%M:%SZ}; ask the operator of this installation for a higher one.",
                    retry_after_s=self._wait_s(quota),
                )

    def _wait_s(self, quota: Quota) -> float:
        return (self.renews_ms(quota) - self._clock.now_ms()) / 1000

    def _tell(self, tenant_id: str, standing: Standing, headers: dict[str, str]) -> None:
        """Say how much is left of the quota that is nearest to its end, from four fifths on."""
        self._notice(tenant_id, standing)
        shares = {
            name: self.used(tenant_id, standing, name) / max(standing.limits[name], 1)
            for name in standing.used
        }
        name = max(shares, key=lambda each: shares[each])
        if shares[name] >= _NOTICED_AT[0]:
            most = standing.limits[name]
            left = max(0, most - self.used(tenant_id, standing, name))
            headers["Quota"] = f'"{name}";q={most};r={left};t={math.ceil(self._wait_s(QUOTAS[name]))}'

    def _reached(self, tenant_id: str, standing: Standing, name: str) -> int:
        used = self.used(tenant_id, standing, name)
        return sum(used >= share * standing.limits[name] for share in _NOTICED_AT)

    def _notice(self, tenant_id: str, standing: Standing) -> None:
        """Write into the audit, and the log, when four fifths or all of a quota have come to be used."""
        for name in standing.used:
            reached, before = self._reached(tenant_id, standing, name), standing.noticed.get(name, 0)
            standing.noticed[name] = reached
            if reached > before:
                told = f"{name}: {100 * _NOTICED_AT[reached - 1]:.0f} % of {standing.limits[name]}"
                origin = {"request_id": "", "door": "inside", "address": ""}
                row = self._audit.row(house(tenant_id, "quotas"), "quotas.notice", told, "ok", origin)
                self._audit.note(tenant_id, row)
                logger.warning("Tenant %s has used up to %s", tenant_id, told)


def _limits(rows: list[Row]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(str(row["tenant_id"]), {})[str(row["name"])] = int(row["most"] or 0)
    return found


def _period(period: str, now_ms: int) -> tuple[int, int]:
    """Give when the present day or month begins, and when the next one does."""
    if period == "day":
        begins = now_ms // DAY_MS * DAY_MS
        return begins, begins + DAY_MS
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    first = int(datetime(now.year, now.month, 1, tzinfo=UTC).timestamp()) * 1000
    return first, first + calendar.monthrange(now.year, now.month)[1] * DAY_MS
