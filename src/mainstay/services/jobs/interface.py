"""Work that goes on after its request was answered: progress, failures, retry, cancel."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import InQuery, Interface, Record, reads, writes
from mainstay.kit.errors import Conflict, NotFound

JobId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
State = Literal["waiting", "running", "done", "failed", "cancelled"]
WaitSeconds = Annotated[
    float,
    Field(ge=0, le=60, description="Answer when the job has ended, at the latest after this many seconds."),
    InQuery(),
]


class JobMissing(NotFound):
    """There is no such job; jobs are forgotten some days (seven, if not set otherwise) after they ended."""

    title = "There is no such job"


class JobPromised(Conflict):
    """The job finishes what a request was told is done, such as an erasure; it cannot be cancelled."""

    title = "The job cannot be cancelled"


ALL_JOBS = "jobs:all"
"""The permission to read what others' jobs were about; administrators have it."""


class JobFailure(Record):
    """One thing that a job could not do."""

    subject: str = Field(
        description="What it was about, such as a document's id; told to who started the job, and to "
        "administrators."
    )
    step: str
    code: str
    detail: str
    attempts: int


class Job(Record):
    """Work in progress.

    `state` is `failed` when the job has ended and something of it failed; the rest was done all the same.
    """

    job_id: str
    state: State
    total: int = Field(description="How many steps it has; steps may be added on the way.")
    done: int
    progress: float = Field(description="The part that has ended, from 0 to 1.")
    failures: list[JobFailure]
    created_ms: int

    def ended(self) -> bool:
        """Say whether nothing more will happen by itself."""
        return self.state in {"done", "failed", "cancelled"}


class Jobs(Interface, grants={ALL_JOBS: "Shows what others' jobs were about, and why they failed."}):
    """Jobs of your tenant."""

    @reads(
        "GET /jobs/{job_id}",
        may="jobs:read",
        fails=(JobMissing,),
        example={"job_id": "job_01k9z6q7h8e4v5c3x2b1n0m9a8"},
    )
    async def get_job(self, job_id: JobId, wait_s: WaitSeconds = 0.0) -> Job:
        """Tell how far a job has come; the first 100 failures are listed with their reasons."""

    @reads("GET /jobs", may="jobs:read")
    async def list_jobs(self, limit: Annotated[int, Field(ge=1, le=200)] = 50) -> list[Job]:
        """List the latest jobs, newest first."""

    @writes(
        "POST /jobs/{job_id}/retry",
        may="jobs:write",
        fails=(JobMissing,),
        example={"job_id": "job_01k9z6q7h8e4v5c3x2b1n0m9a8"},
    )
    async def retry_job(self, job_id: JobId) -> Job:
        """Try a job's failed steps again."""

    @writes(
        "POST /jobs/{job_id}/cancel",
        may="jobs:write",
        fails=(JobMissing, JobPromised),
        example={"job_id": "job_01k9z6q7h8e4v5c3x2b1n0m9a8"},
    )
    async def cancel_job(self, job_id: JobId) -> Job:
        """Cancel a job's steps that have not begun; what was stored stays stored.

        A job that finishes what its request was told is done, such as an erasure, cannot be cancelled.
        """
