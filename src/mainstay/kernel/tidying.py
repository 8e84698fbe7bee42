"""Forgetting what ended long ago, a little at a time: jobs with their steps, and kept answers."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import groupby

from mainstay.kernel.idempotency import KEEP_MS
from mainstay.kit.clock import Clock
from mainstay.ports.database import SYSTEM, Condition, Database, Row, Scalar

DAY_MS = 24 * 3600 * 1000
_STEPS_AT_ONCE = 500
_JOBS_AT_ONCE = 50
_ANSWERS_AT_ONCE = 500
_JOBS_KNOWN_MAX = 10_000
_ENDED = ["done", "cancelled", "dead"]
_STEPS = (
    "SELECT seq, tenant_id, job_id, state, promised, created_ms, due_ms FROM outbox"
    " WHERE seq > :after ORDER BY seq LIMIT :limit"
)
_ANSWERS = "SELECT created_ms FROM idempotency WHERE created_ms < :before ORDER BY created_ms LIMIT :limit"
_GOING_ON = (
    "SELECT DISTINCT job_id FROM outbox WHERE tenant_id = :tenant AND job_id IN ({jobs})"
    " AND (state IN ('waiting', 'running') OR due_ms >= :before OR (state = 'dead' AND promised = 1))"
)

Job = tuple[str, str]
"""A tenant and a job's id."""


def _job(row: Row) -> Job:
    return str(row["tenant_id"]), str(row["job_id"])


def _forgettable(row: Row, before_ms: int) -> bool:
    """Say whether a step ended that long ago; a promise that failed waits for somebody to retry it."""
    broken = row["state"] == "dead" and row["promised"]
    return row["state"] in _ENDED and int(row["due_ms"] or 0) < before_ms and not broken


def _bound(jobs: Sequence[str]) -> tuple[str, dict[str, Scalar]]:
    """Give the names and values of an IN list that always has the same length."""
    padded = [*jobs, *[jobs[-1]] * (_JOBS_AT_ONCE - len(jobs))]
    values: dict[str, Scalar] = {f"job{number}": job for number, job in enumerate(padded)}
    return ", ".join(f":{name}" for name in values), values


class Tidying:
    """Erases the steps of jobs some time after the whole job ended, and answers that nobody repeats."""

    def __init__(self, database: Database, clock: Clock, *, kept_ms: int) -> None:
        """Take where the rows are, and for how long jobs that ended are kept."""
        self._database = database
        self._clock = clock
        self._kept_ms = kept_ms

    async def tidy(self) -> None:
        """Forget what is old enough now."""
        now = self._clock.now_ms()
        await self._forget_jobs(now - self._kept_ms)
        await self._forget_answers(now - KEEP_MS)

    async def _forget_jobs(self, before_ms: int) -> None:
        """Go through the steps from the oldest to the first page of young ones.

        Steps are numbered as they were created, so that no index is needed to find the old ones.
        """
        after, going_on = 0, dict[Job, bool]()
        while rows := await self._database.fetch(SYSTEM, _STEPS, {"after": after, "limit": _STEPS_AT_ONCE}):
            if all(int(row["created_ms"] or 0) >= before_ms for row in rows):
                return
            old = [row for row in rows if _forgettable(row, before_ms)]
            await self._look(old, before_ms, going_on)
            await self._erase([row["seq"] for row in old if not going_on.get(_job(row))], before_ms)
            after = int(rows[-1]["seq"] or 0)
            await asyncio.sleep(0)  # reads of SQLite take no turn of their own

    async def _look(self, rows: Sequence[Row], before_ms: int, going_on: dict[Job, bool]) -> None:
        """Find out of which jobs some step is still to be done, or ended only recently."""
        if len(going_on) > _JOBS_KNOWN_MAX:
            going_on.clear()
        for tenant, jobs in _unknown(rows, going_on):
            names, values = _bound(jobs)
            values |= {"tenant": tenant, "before": before_ms}
            found = await self._database.fetch(SYSTEM, _GOING_ON.format(jobs=names), values)
            busy = {str(row["job_id"]) for row in found}
            going_on.update({(tenant, job): job in busy for job in jobs})

    async def _erase(self, numbers: Sequence[Scalar], before_ms: int) -> None:
        if numbers:
            async with self._database.unit(SYSTEM) as unit:  # one that was retried this moment stays
                ended: Condition = {"seq": numbers, "state": _ENDED, "due_ms": ("<", before_ms)}
                await unit.delete("outbox", ended)

    async def _forget_answers(self, before_ms: int) -> None:
        """Erase the oldest answers first; between two portions others may write."""
        oldest: dict[str, Scalar] = {"before": before_ms, "limit": _ANSWERS_AT_ONCE}
        while rows := await self._database.fetch(SYSTEM, _ANSWERS, oldest):
            async with self._database.unit(SYSTEM) as unit:
                await unit.delete("idempotency", {"created_ms": ("<=", rows[-1]["created_ms"])})


def _unknown(rows: Sequence[Row], known: dict[Job, bool]) -> Iterator[tuple[str, Sequence[str]]]:
    """Give the jobs that nothing is known of yet, some of one tenant at a time."""
    jobs = {_job(row) for row in rows if row["job_id"]} - known.keys()
    for tenant, pairs in groupby(sorted(jobs), key=lambda job: job[0]):
        of_tenant = [job for _, job in pairs]
        for start in range(0, len(of_tenant), _JOBS_AT_ONCE):
            yield tenant, of_tenant[start : start + _JOBS_AT_ONCE]
