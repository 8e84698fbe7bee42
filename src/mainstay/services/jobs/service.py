"""Tells how far jobs have come, and lets people retry and cancel them."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

from mainstay.kernel.outbox import WAKE, job_topic
from mainstay.kernel.work import caller, follow_up, note_target
from mainstay.kit.clock import Clock
from mainstay.ports.bus import Bus
from mainstay.services.jobs.interface import ALL_JOBS, Job, JobFailure, JobMissing, JobPromised, Jobs, State
from mainstay.services.jobs.store import Count, FailureRow, JobsStore

_LOOK_AGAIN_S = 0.5  # a note can be lost between processes, so look without one too


_HIDDEN = "Told to who started the job, and to administrators."


def _failure(row: FailureRow, *, whole: bool) -> JobFailure:
    told = json.loads(row.reason or "{}")
    return JobFailure(
        subject=row.subject if whole else "",
        step=row.reaction,
        code=told.get("code", ""),
        detail=told.get("detail", "") if whole else _HIDDEN,
        attempts=row.attempts,
    )


def _state(steps: dict[str, int]) -> State:
    if steps.get("running"):
        return "running"
    if steps.get("waiting"):
        return "running" if steps.get("done") else "waiting"
    if steps.get("dead"):
        return "failed"
    return "cancelled" if steps.get("cancelled") else "done"


def _job(job_id: str, counts: list[Count], failures: list[JobFailure]) -> Job:
    steps = {count.state: count.steps for count in counts}
    total = sum(steps.values())
    ended = total - steps.get("waiting", 0) - steps.get("running", 0)
    return Job(
        job_id=job_id,
        state=_state(steps),
        total=total,
        done=steps.get("done", 0),
        progress=round(ended / total, 4),
        failures=failures,
        created_ms=min(count.created_ms for count in counts),
    )


class JobsService(Jobs):
    """The jobs service."""

    def __init__(self, store: JobsStore, bus: Bus, clock: Clock) -> None:
        """Take the parts."""
        self._store = store
        self._bus = bus
        self._clock = clock

    async def get_job(self, job_id: str, wait_s: float = 0.0) -> Job:
        """Tell how far a job has come, at once or when it has ended."""
        note_target(job_id)
        job = await self._look(job_id)
        if job.ended() or wait_s <= 0:
            return job
        until = self._clock.monotonic_s() + wait_s
        async with self._bus.subscribe(job_topic(job_id)) as notes:
            job = await self._look(job_id)
            while not job.ended() and (left := until - self._clock.monotonic_s()) > 0:
                await self._next(notes, min(left, _LOOK_AGAIN_S))
                job = await self._look(job_id)
        return job

    async def list_jobs(self, limit: int = 50) -> list[Job]:
        """List the latest jobs."""
        return [await self._look(job_id) for job_id in await self._store.latest(limit)]

    async def retry_job(self, job_id: str) -> Job:
        """Try a job's failed steps again."""
        note_target(job_id)
        await self._look(job_id)
        await self._store.retry(job_id, self._clock.now_ms())
        tenant, reactions = caller().tenant_id, await self._store.reactions(job_id)

        async def woken() -> Job:
            for reaction in reactions:
                await self._bus.publish(WAKE, f"{tenant}/{reaction}")
            return await self._look(job_id)

        follow_up(woken)
        return await self._look(job_id)

    async def cancel_job(self, job_id: str) -> Job:
        """Cancel a job's waiting steps."""
        note_target(job_id)
        await self._look(job_id)
        await self._store.cancel(job_id, self._clock.now_ms())
        if await self._store.promises(job_id):
            raise JobPromised(
                "It finishes what a request was told is done, such as an erasure, and ends by itself: "
                "follow it with `wait_s`."
            )
        job = await self._look(job_id)

        async def told() -> Job:
            await self._bus.publish(job_topic(job_id))
            return job

        follow_up(told)
        return job

    async def _look(self, job_id: str) -> Job:
        counts = await self._store.counts(job_id)
        if not counts:
            raise JobMissing("Check the id; jobs are forgotten some days after they ended.")
        failed = any(count.state == "dead" for count in counts)
        return _job(job_id, counts, await self._failures(job_id) if failed else [])

    async def _failures(self, job_id: str) -> list[JobFailure]:
        """Give the failures; what a job was about may be hidden from other keys of the tenant."""
        me = caller()
        whole = me.may(ALL_JOBS) or await self._store.starter(job_id) == me.subject
        return [_failure(row, whole=whole) for row in await self._store.failures(job_id)]

    async def _next(self, notes: AsyncIterator[str], seconds: float) -> None:
        with contextlib.suppress(TimeoutError, StopAsyncIteration):
            async with asyncio.timeout(seconds):
                await anext(notes)
