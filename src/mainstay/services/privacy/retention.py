"""Retention: what a tenant wants removed by its age, previewed, and applied once a day."""

import asyncio
from collections.abc import Mapping

from mainstay.kernel.ageing import Ageing
from mainstay.kernel.audit import Audit
from mainstay.kernel.tidying import DAY_MS
from mainstay.kernel.work import caller, current, emit, note_change
from mainstay.kit.clock import Clock
from mainstay.ports.database import Aged
from mainstay.ports.keyrings import KeyRing
from mainstay.services.privacy.failures import RetentionInvalid
from mainstay.services.privacy.interface import RetentionDay, RetentionDue
from mainstay.services.privacy.records import RetentionKind, RetentionPreview
from mainstay.services.privacy.retention_store import RetentionStore

APPLIED = "house.retention_applied"
PERSON_EXPORTS = "person_exports"
AT_ONCE = 100


class Retention:
    """Keeps the policies of the caller's tenant."""

    def __init__(
        self, store: RetentionStore, ageing: Ageing, keys: KeyRing, audit: Audit, clock: Clock
    ) -> None:
        """Take the parts."""
        self._store = store
        self._ageing = ageing
        self._keys = keys
        self._audit = audit
        self._clock = clock

    async def kinds(self) -> list[RetentionKind]:
        """Tell of each kind for how long it is kept."""
        policies, _ = await self._store.policies()
        return self._told(policies)

    async def set(self, policies: Mapping[str, int]) -> list[RetentionKind]:
        """Set all policies anew, applied for the first time in a day; raises RetentionInvalid."""
        problems = [
            {"field": f"days.{kind}", "problem": problem}
            for kind, days in policies.items()
            if (problem := _problem(self._ageing.kinds.get(kind), days))
        ]
        if problems:
            told = "; ".join(f"{each['field']}: {each['problem']}" for each in problems)
            raise RetentionInvalid(told, problems=problems)
        before, changed_ms = await self._store.policies()
        now = max(self._clock.now_ms(), changed_ms + 1)
        await self._store.replace(policies, list(before), now)
        note_change(dict(before), dict(policies))
        if policies:
            emit(RetentionDay(changed_ms=now), promised=True, delay_ms=DAY_MS)
        return self._told(policies)

    async def preview(self, kind: str, days: int) -> RetentionPreview:
        """Count what would be removed now; raises RetentionInvalid."""
        if problem := _problem(self._ageing.kinds.get(kind), days):
            raise RetentionInvalid(problem)
        before_ms = self._before(days)
        count = await self._ageing.count(caller().tenant_id, kind, before_ms)
        return RetentionPreview(kind=kind, days=days, before_ms=before_ms, count=count)

    async def apply(self, event: RetentionDay) -> None:
        """Remove what is old today, and come again tomorrow, unless the policies were set anew."""
        policies, changed_ms = await self._store.policies()
        if changed_ms != event.changed_ms:
            return
        tenant_id, removed = caller().tenant_id, dict[str, int]()
        for kind, days in policies.items():
            aged, before_ms = self._ageing.kinds.get(kind), self._before(days)
            if aged is None:  # of a service that is no more
                continue
            if aged.by_service:
                removed[kind] = await self._ageing.count(tenant_id, kind, before_ms)
                if removed[kind]:
                    emit(RetentionDue(kind=kind, before_ms=before_ms), promised=True)
            else:
                removed[kind] = await self._ageing.remove(tenant_id, kind, before_ms)
        told = ",".join(f"{kind}:{count}" for kind, count in sorted(removed.items()) if count)
        if told:
            origin = {"request_id": current().request_id, "door": "house", "address": ""}
            await self._store.certify(self._audit.row(caller(), APPLIED, told, "ok", origin))
        emit(event, promised=True, delay_ms=DAY_MS)

    async def end_exports(self, event: RetentionDue) -> None:
        """Erase old exports of persons, with their keys."""
        if event.kind != PERSON_EXPORTS:
            return
        ids = await self._store.old_exports(event.before_ms, AT_ONCE)
        for request_id in ids:
            await asyncio.to_thread(self._keys.destroy, f"{caller().tenant_id}/{request_id}")
        if ids:
            await self._store.remove_exports(ids)
            emit(event, promised=True)

    def _before(self, days: int) -> int:
        return self._clock.now_ms() - days * DAY_MS

    def _told(self, policies: Mapping[str, int]) -> list[RetentionKind]:
        return [
            RetentionKind(
                kind=kind, days=policies.get(kind), least_days=aged.least_days, most_days=aged.most_days
            )
            for kind, aged in self._ageing.kinds.items()
        ]


def _problem(aged: Aged | None, days: int) -> str:
    if aged is None:
        return "There is no such kind; `GET /v1/privacy/retention` lists them."
    if not aged.least_days <= days <= aged.most_days:
        return f"From {aged.least_days} to {aged.most_days} days."
    return ""
