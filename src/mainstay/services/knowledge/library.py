"""Documents: stored alone or together, listed, given, deleted."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from mainstay.kernel.fields import in_words
from mainstay.kernel.work import caller, emit, follow_up, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, NotFound
from mainstay.kit.ids import Ids
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.failures import DocumentInvalid, DocumentMissing, IndexBehind
from mainstay.services.knowledge.faqs import Faqs
from mainstay.services.knowledge.happenings import DocumentDeleted, IndexChanged
from mainstay.services.knowledge.intake import Draft, Intake
from mainstay.services.knowledge.passage_store import PassageStore
from mainstay.services.knowledge.permissions import may_see
from mainstay.services.knowledge.records import (
    BatchReceipt,
    Deleted,
    Document,
    DocumentPage,
    DocumentsDeleted,
    DocumentSummary,
    NewDocument,
    Receipt,
)
from mainstay.services.knowledge.store import DocumentRow, KnowledgeStore

_WAIT_S = 60.0
_ROWS_AT_ONCE = 500
_ROUNDS_MAX = 20
"""How often one page reads on past documents that its caller does not see."""
_NEW_DOCUMENT = TypeAdapter(NewDocument)


def state_of(row: DocumentRow) -> Literal["queued", "indexed"]:
    """Say whether a document's present version is searchable."""
    return "indexed" if row.indexed_version == row.version else "queued"


class Library:
    """Keeps documents."""

    def __init__(
        self,
        store: KnowledgeStore,
        passages: PassageStore,
        intake: Intake,
        faqs: Faqs,
        jobs: Jobs,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._passages = passages
        self._intake = intake
        self._faqs = faqs
        self._jobs = jobs
        self._clock = clock
        self._ids = ids

    async def store_one(self, draft: Draft, *, wait: bool) -> Receipt:
        """Store a document; raises what hinders it."""
        [receipt] = await self._intake.store(draft.collection, [draft])
        if isinstance(receipt, Failure):
            raise receipt
        note_target(receipt.doc_id)
        if receipt.state == "queued" and wait:
            follow_up(lambda: self._searchable(receipt))
        return receipt

    async def store_many(
        self, collection: str, documents: Sequence[Mapping[str, JsonValue]], *, wait: bool
    ) -> BatchReceipt:
        """Store documents, each by itself."""
        note_target(collection)
        drafts = [_draft(collection, document) for document in documents]
        outcomes = await self._intake.store(collection, drafts)
        batch = _batch(
            [
                _failed(collection, outcome, document) if isinstance(outcome, Failure) else outcome
                for outcome, document in zip(outcomes, documents, strict=True)
            ]
        )
        if wait and batch.job_id is not None:
            follow_up(lambda: self._searchable(batch))
        return batch

    async def page(self, collection: str | None, after: str | None, limit: int) -> DocumentPage:
        """List documents that the caller may see."""
        me = caller()
        seen: list[DocumentRow] = []
        position, portion, onwards = after or "", limit + 1, None
        for _ in range(_ROUNDS_MAX):
            rows = await self._store.documents(collection, position, portion)
            seen += [row for row in rows if may_see(me, row.groups)]
            if len(seen) > limit or len(rows) < portion:
                break
            position, portion = rows[-1].doc_id, _ROWS_AT_ONCE
            await asyncio.sleep(0)  # reads of SQLite take no turn of their own
        else:
            onwards = seen[-1].doc_id if seen else _between(rows[0].doc_id, rows[-1].doc_id)
        page = seen[:limit]
        return DocumentPage(
            documents=[_summary(row) for row in page],
            next=page[-1].doc_id if len(seen) > limit else onwards,
        )

    async def give(self, doc_id: str, version: int | None) -> Document:
        """Give a document with its text."""
        note_target(doc_id)
        row = await self.visible(doc_id)
        found = await self._store.text(doc_id, version or row.version)
        if found is None:
            raise DocumentMissing("This version is not kept any more.")
        title, text = found
        return await self._document(row, text, title=title, version=version or row.version)

    async def give_several(self, doc_ids: Sequence[str]) -> list[Document]:
        """Give those of some documents that the caller may see, with their texts."""
        seen = {row.doc_id: row for row in await self._seen(doc_ids)}
        texts = await self._store.texts({doc_id: row.version for doc_id, row in seen.items()})
        present = [doc_id for doc_id in dict.fromkeys(doc_ids) if doc_id in texts]
        return [await self._document(seen[doc_id], texts[doc_id]) for doc_id in present]

    async def delete_several(self, doc_ids: Sequence[str]) -> DocumentsDeleted:
        """Delete those of some documents that the caller may see."""
        seen = await self._seen(doc_ids)
        await self._store.lock([row.doc_id for row in seen], self._clock.now_ms())
        rows = await self._seen(row.doc_id for row in seen)
        if not rows:
            return DocumentsDeleted(doc_ids=[], job_id=None)
        job_id = self._ids.new("job")
        await self.drop(rows, job_id)
        return DocumentsDeleted(doc_ids=[row.doc_id for row in rows], job_id=job_id)

    async def delete(self, doc_id: str) -> Deleted:
        """Delete a document."""
        note_target(doc_id)
        await self._store.lock([doc_id], self._clock.now_ms())
        row = await self.visible(doc_id)
        job_id = self._ids.new("job")
        await self.drop([row], job_id)
        return Deleted(doc_id=doc_id, collection=row.collection, job_id=job_id)

    async def visible(self, doc_id: str) -> DocumentRow:
        """Find a document that the caller may see; raises DocumentMissing."""
        row = await self._store.document(doc_id)
        if row is None or not may_see(caller(), row.groups):
            raise DocumentMissing("Check the id; documents of groups that you are not in are not shown.")
        return row

    async def drop(self, documents: Sequence[DocumentRow], job_id: str = "") -> None:
        """Erase documents, and promise that the index forgets them."""
        await self.erase(documents)
        numbers = await self._passages.note_changes("deleted", [(row.doc_id, 0) for row in documents])
        for change, row in zip(numbers, documents, strict=True):
            blobs = [row.blob] if row.blob else []
            gone = IndexChanged(change=change, kind="deleted", subject=row.doc_id, job_id=job_id, blobs=blobs)
            emit(gone, job_id=job_id, subject=row.doc_id, promised=True)
            emit(DocumentDeleted(doc_id=row.doc_id, collection=row.collection))

    async def erase(self, documents: Sequence[DocumentRow]) -> None:
        """Erase documents with all that hangs on them."""
        doc_ids = [document.doc_id for document in documents]
        await self._passages.remove(doc_ids)
        await self._faqs.forget_feedback(doc_ids)
        await self._store.remove(doc_ids)
        for document in documents:
            note_change(vars(document), None)

    async def until_done(self, job_id: str) -> None:
        """Wait until a job has ended well; raises IndexBehind."""
        job = await self._jobs.get_job(job_id, wait_s=_WAIT_S)
        if job.state == "failed":
            told = "; ".join(f"{failure.subject}: {failure.detail}" for failure in job.failures[:5])
            raise IndexBehind(f"Job {job_id} failed: {told}. Mend the cause, then retry the job.")
        if job.state == "cancelled":
            raise IndexBehind(f"Job {job_id} was cancelled: what is stored stays stored. Retry it to go on.")
        if not job.ended():
            raise IndexBehind(f"Follow the job {job_id}; it goes on by itself.", retry_after_s=5.0)

    async def _searchable(self, receipt: Any) -> Any:
        await self.until_done(receipt.job_id)
        if isinstance(receipt, BatchReceipt):
            done = [_done(each) for each in receipt.documents]
            return receipt.model_copy(update={"state": "indexed", "documents": done})
        return _done(receipt)

    async def _seen(self, doc_ids: Iterable[str]) -> list[DocumentRow]:
        found = await self._store.documents_by_id(list(dict.fromkeys(doc_ids)))
        return [row for row in found.values() if may_see(caller(), row.groups)]

    async def _document(self, row: DocumentRow, text: str, **other: Any) -> Document:
        facts = {**_summary(row).model_dump(), **other}
        if row.indexed_version != row.version and await self.failed(row.job_id, row.doc_id):
            facts["state"] = "failed"
        return Document(**facts, text=text, job_id=row.job_id, media_type=row.media_type, source=row.source)

    async def failed(self, job_id: str, subject: str) -> bool:
        """Say whether a job will do nothing more by itself for what it was to make searchable."""
        try:
            job = await self._jobs.get_job(job_id)
        except NotFound:  # it ended long ago without making this searchable, and is forgotten
            return True
        # What failed is told to who started the job; that nothing more will happen by itself, to all.
        ended = job.state in {"failed", "cancelled"}
        return ended or any(failure.subject == subject for failure in job.failures)


def _between(first: str, last: str) -> str:
    """Give a place after one id and not after another, in few letters: hidden ids are not to be told."""
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    return last[: shared + 1]


def _done(receipt: Receipt) -> Receipt:
    return receipt.model_copy(update={"state": "indexed"}) if receipt.state == "queued" else receipt


def _draft(collection: str, document: Mapping[str, JsonValue]) -> Draft | Failure:
    try:
        new = _NEW_DOCUMENT.validate_python(document, strict=True)
    except ValidationError as error:
        problems = [
            {"field": ".".join(str(part) for part in each["loc"]), "problem": in_words(each)}
            for each in error.errors(include_url=False, include_input=False)
        ]
        fields = ", ".join(problem["field"] for problem in problems)
        return DocumentInvalid(f"Check these fields: {fields}.", problems=problems)
    return Draft(collection, new.text, new.doc_id, new.title, new.metadata, new.groups)


def _failed(collection: str, failure: Failure, document: Mapping[str, JsonValue]) -> Receipt:
    given = document.get("doc_id")
    return Receipt(
        doc_id=given if isinstance(given, str) else "",
        collection=collection,
        version=0,
        state="failed",
        problem={
            "code": failure.code(),
            "title": failure.title,
            "detail": failure.detail,
            "errors": failure.problems,
        },
    )


def _batch(receipts: list[Receipt]) -> BatchReceipt:
    failed = sum(receipt.state == "failed" for receipt in receipts)
    job_id = next((receipt.job_id for receipt in receipts if receipt.job_id is not None), None)
    return BatchReceipt(
        job_id=job_id,
        state="queued" if job_id is not None else "failed" if failed == len(receipts) else "indexed",
        stored=len(receipts) - failed,
        failed=failed,
        documents=receipts,
    )


def _summary(row: DocumentRow) -> DocumentSummary:
    return DocumentSummary(
        doc_id=row.doc_id,
        collection=row.collection,
        title=row.title,
        metadata=row.metadata,
        groups=None if row.groups is None else list(row.groups),
        language=row.language,
        version=row.version,
        state=state_of(row),
        characters=row.characters,
        created_ms=row.created_ms,
        changed_ms=row.changed_ms,
    )
