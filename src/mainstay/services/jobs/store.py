"""Jobs, as seen in the rows of the kernel's outbox."""

from dataclasses import dataclass

from mainstay.ports.database import Condition, Rows

FAILURES_MAX = 100


@dataclass(frozen=True)
class Count:
    """How many steps of a job are in one state."""

    job_id: str
    state: str
    steps: int
    created_ms: int


@dataclass(frozen=True)
class FailureRow:
    """A step that failed."""

    subject: str
    reaction: str
    reason: str
    attempts: int


class JobsStore:
    """Reads jobs from the outbox."""

    def __init__(self, rows: Rows) -> None:
        """Take the caller's rows."""
        self._rows = rows

    async def counts(self, job_id: str) -> list[Count]:
        """Count a job's steps by state."""
        rows = await self._rows.fetch(
            "SELECT state, count(*) AS steps, min(created_ms) AS created_ms FROM outbox"
            " WHERE job_id = :job GROUP BY state",
            {"job": job_id},
        )
        return [
            Count(job_id, str(row["state"]), int(row["steps"] or 0), int(row["created_ms"] or 0))
            for row in rows
        ]

    async def latest(self, limit: int) -> list[str]:
        """List the ids of the latest jobs, newest first."""
        rows = await self._rows.fetch(
            "SELECT job_id FROM outbox WHERE job_id <> '' GROUP BY job_id ORDER BY job_id DESC LIMIT :limit",
            {"limit": limit},
        )
        return [str(row["job_id"]) for row in rows]

    async def failures(self, job_id: str) -> list[FailureRow]:
        """List a job's failed steps, oldest first."""
        rows = await self._rows.fetch(
            "SELECT subject, reaction, reason, attempts FROM outbox"
            " WHERE job_id = :job AND state = 'dead' ORDER BY seq LIMIT :limit",
            {"job": job_id, "limit": FAILURES_MAX},
        )
        return [
            FailureRow(str(r["subject"]), str(r["reaction"]), str(r["reason"]), int(r["attempts"] or 0))
            for r in rows
        ]

    async def starter(self, job_id: str) -> str:
        """Give the subject of who started a job."""
        rows = await self._rows.fetch(
            "SELECT caller FROM outbox WHERE job_id = :job ORDER BY seq LIMIT 1", {"job": job_id}
        )
        return str(rows[0]["caller"]) if rows else ""

    async def reactions(self, job_id: str) -> list[str]:
        """List the reactions of a job's steps."""
        rows = await self._rows.fetch(
            "SELECT DISTINCT reaction FROM outbox WHERE job_id = :job", {"job": job_id}
        )
        return [str(row["reaction"]) for row in rows]

    async def retry(self, job_id: str, now_ms: int) -> None:
        """Let a job's failed and cancelled steps wait again."""
        await self._rows.update(
            "outbox",
            {"state": "waiting", "attempts": 0, "interrupted": 0, "due_ms": now_ms, "reason": ""},
            {"job_id": job_id, "state": ["dead", "cancelled"]},
        )

    async def cancel(self, job_id: str, now_ms: int) -> None:
        """Let a job's waiting steps be, but for those that were promised."""
        steps: Condition = {"job_id": job_id, "state": "waiting", "promised": 0}
        await self._rows.update("outbox", {"state": "cancelled", "due_ms": now_ms}, steps)

    async def promises(self, job_id: str) -> bool:
        """Say whether a job has steps to do that were promised."""
        rows = await self._rows.fetch(
            "SELECT 1 AS one FROM outbox WHERE job_id = :job AND promised = 1"
            " AND state IN ('waiting', 'running') LIMIT 1",
            {"job": job_id},
        )
        return bool(rows)
