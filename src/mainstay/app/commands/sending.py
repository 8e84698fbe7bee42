"""Sending many documents at once: bounded, on through failures, with a tally."""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mainstay.app.commands.finding import FoundFile
from mainstay.kernel.problems import ServerFault, ServerUnreachable
from mainstay.kernel.wire import FileUpload
from mainstay.kit.errors import Failure, Forbidden, Unauthenticated
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.records import BatchReceipt, Receipt

BATCH_DOCUMENTS_MAX = 200
_BATCH_BYTES_MAX = 4_000_000
_UNREACHABLE_MAX = 3
_WAIT_S = 20.0


@dataclass
class Tally:
    """What became of everything that was sent."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    moved: Counter[str] = field(default_factory=Counter)
    """How many came out of which other collection."""
    opened: int = 0
    """How many were kept to some groups until now, and are for everybody now."""
    deleted: int = 0
    """How many were deleted, because their files are gone."""
    failures: list[dict[str, str]] = field(default_factory=list)
    jobs: dict[str, str] = field(default_factory=dict)
    unreachable: int = 0
    reached: bool = False
    lost: ServerUnreachable | None = None

    def failed(self, name: str, reason: str) -> None:
        """Note a failure."""
        self.failures.append({"file": name, "reason": reason})

    def answered(self) -> None:
        """Note that the server is there."""
        self.reached, self.unreachable = True, 0

    def take(self, receipt: Receipt, name: str) -> None:
        """Count one receipt."""
        if receipt.state == "failed":
            problem = receipt.problem or {}
            self.failed(name, str(problem.get("detail") or "The server could not store it."))
        elif receipt.state == "unchanged":
            self.unchanged += 1
        else:
            self.new += receipt.version == 1
            self.changed += receipt.version > 1
            if receipt.moved_from is not None:
                self.moved[receipt.moved_from] += 1
            self.opened += receipt.opened_from is not None
            if receipt.job_id is not None:
                self.jobs[receipt.job_id] = name


@dataclass(frozen=True)
class Parcel:
    """Something to send: a name for people, how many steps of progress it is, and how it is sent."""

    name: str
    steps: int
    send: Callable[[], Awaitable[None]]


def _reason(failure: Failure) -> str:
    fields = "; ".join(f"{each.get('field')}: {each.get('problem')}" for each in failure.problems)
    return f"{failure.detail} {fields}".strip()


class Sender:
    """Sends to one collection, for some groups (None: for those who could see the version before)."""

    def __init__(self, knowledge: Knowledge, collection: str, groups: list[str] | None, tally: Tally) -> None:
        """Take where to and for whom, and where it is counted."""
        self._knowledge = knowledge
        self._collection = collection
        self._groups = groups
        self._tally = tally

    def file(self, found: FoundFile) -> Parcel:
        """Make a parcel of a file.

        Its id begins with the collection: ids are one space, and two folders may hold a file of one name.
        """
        doc_id = f"{self._collection}/{found.name}"

        async def send() -> None:
            receipt = await self._knowledge.upload_document(
                FileUpload(found.path), self._collection, doc_id=doc_id, groups=self._groups
            )
            self._tally.take(receipt, found.name)

        return Parcel(found.name, 1, send)

    def batch(self, name: str, numbers: list[int], documents: list[dict[str, Any]]) -> Parcel:
        """Make a parcel of the documents of some lines."""

        async def send() -> None:
            receipt: BatchReceipt = await self._knowledge.add_documents(self._collection, documents)
            for number, each in zip(numbers, receipt.documents, strict=True):
                self._tally.take(each, f"{name}:{number}")
            if receipt.job_id is not None:
                self._tally.jobs[receipt.job_id] = name

        return Parcel(f"{name}:{numbers[0]}", len(documents), send)

    def lines(self, path: Path) -> Iterator[Parcel]:
        """Make parcels of a file of JSON lines; lines that are no documents are noted as failures."""
        numbers: list[int] = []
        documents: list[dict[str, Any]] = []
        size = 0
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                document = _document(line)
                if document is None:
                    self._tally.failed(f"{path.name}:{number}", "This line is no JSON object with a `text`.")
                    continue
                if documents and (
                    len(documents) == BATCH_DOCUMENTS_MAX or size + len(line) > _BATCH_BYTES_MAX
                ):
                    yield self.batch(path.name, numbers, documents)
                    numbers, documents, size = [], [], 0
                numbers.append(number)
                if document.get("groups") is None and self._groups is not None:
                    document["groups"] = self._groups
                documents.append(document)
                size += len(line)
        if documents:
            yield self.batch(path.name, numbers, documents)


def _document(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and "text" in value else None


async def _deliver(parcel: Parcel, tally: Tally) -> None:
    try:
        await parcel.send()
        tally.answered()
    except (Unauthenticated, Forbidden):
        raise
    except ServerUnreachable as failure:
        tally.unreachable += 1
        tally.lost = failure
        if tally.unreachable >= _UNREACHABLE_MAX:
            raise
        tally.failed(parcel.name, _reason(failure))
    except Failure as failure:
        tally.reached = True
        tally.failed(parcel.name, _reason(failure))
    except ServerFault as fault:
        tally.reached = True
        tally.failed(parcel.name, str(fault))
    except OSError as error:
        tally.failed(parcel.name, f"It cannot be read here ({error.strerror}).")


async def send_all(parcels: Iterator[Parcel], tally: Tally, abreast: int) -> AsyncIterator[int]:
    """Send parcels, `abreast` at a time, and give the steps of each that is done.

    Goes on after failures, which the tally keeps. Raises at once what would fail for everything: a key that
    may not, a server that was never reached, or that cannot be reached three times in a row.
    """
    running: set[asyncio.Task[int]] = set()
    ended: set[asyncio.Task[int]] = set()

    async def one(parcel: Parcel) -> int:
        await _deliver(parcel, tally)
        return parcel.steps

    waiting = iter(parcels)
    try:
        while True:
            for parcel in itertools.islice(waiting, abreast - len(running)):
                running.add(asyncio.create_task(one(parcel)))
            if not running and tally.lost is not None and not tally.reached:
                raise tally.lost
            if not running:
                return
            ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, *ended, return_exceptions=True)


async def _ended(jobs: Jobs, job_id: str, name: str, tally: Tally) -> None:
    job = await jobs.get_job(job_id, wait_s=_WAIT_S)
    while not job.ended():
        job = await jobs.get_job(job_id, wait_s=_WAIT_S)
    for failure in job.failures:
        tally.failed(failure.subject or name, failure.detail)
    if job.state == "cancelled":
        tally.failed(name, "The job was cancelled before it was searchable.")


async def wait_for(jobs: Jobs, tally: Tally, abreast: int) -> AsyncIterator[int]:
    """Wait until everything that was stored is searchable; what then fails joins the tally."""

    def parcel(job_id: str, name: str) -> Parcel:
        return Parcel(name, 1, lambda: _ended(jobs, job_id, name, tally))

    parcels = iter([parcel(job_id, name) for job_id, name in tally.jobs.items()])
    async for steps in send_all(parcels, tally, abreast):
        yield steps
