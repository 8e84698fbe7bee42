"""The knowledge service: takes documents in, finds them, answers from them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from mainstay.kernel.interface import Upload
from mainstay.kernel.work import caller, emit, follow_up, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.ports.database import UniqueViolated
from mainstay.ports.encoder import Encoder
from mainstay.ports.fetchers import Fetcher
from mainstay.services.jobs.interface import Jobs
from mainstay.services.knowledge.answers import Answers
from mainstay.services.knowledge.evaluation import Evaluating
from mainstay.services.knowledge.failures import (
    CollectionExists,
    CollectionMissing,
    CollectionSettingsInvalid,
    DocumentInvalid,
    DocumentMissing,
    IndexBehind,
)
from mainstay.services.knowledge.faqs import Faqs
from mainstay.services.knowledge.finding import Finding, Wanted
from mainstay.services.knowledge.happenings import DocumentDeleted, IndexChanged
from mainstay.services.knowledge.indexing import Indexing
from mainstay.services.knowledge.intake import Draft, Intake
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.limits import Mode
from mainstay.services.knowledge.passage_store import PassageStore
from mainstay.services.knowledge.permissions import may_see
from mainstay.services.knowledge.records import (
    AnswerPiece,
    BatchReceipt,
    Chunking,
    Collection,
    CollectionDeleted,
    Deleted,
    Document,
    DocumentPage,
    DocumentSummary,
    Evaluation,
    Faq,
    FaqSuggestion,
    FeedbackGiven,
    GroundedAnswer,
    Hit,
    MetadataField,
    NewDocument,
    QueryResult,
    Question,
    Rebuilt,
    Receipt,
)
from mainstay.services.knowledge.store import CollectionRow, DocumentRow, KnowledgeStore

_WAIT_S = 60.0
_NEW_DOCUMENT = TypeAdapter(NewDocument)
_DELETED_AT_ONCE = 500


def state_of(row: DocumentRow) -> Literal["queued", "indexed", "failed"]:
    """Say whether a document's present version is searchable."""
    return "indexed" if row.indexed_version == row.version else "queued"


class KnowledgeService(Knowledge):
    """The knowledge service."""

    def __init__(
        self,
        store: KnowledgeStore,
        passages: PassageStore,
        intake: Intake,
        finding: Finding,
        answers: Answers,
        faqs: Faqs,
        evaluating: Evaluating,
        indexing: Indexing,
        jobs: Jobs,
        encoder: Encoder,
        fetcher: Fetcher,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._passages = passages
        self._intake = intake
        self._finding = finding
        self._answers = answers
        self._faqs = faqs
        self._evaluating = evaluating
        self._indexing = indexing
        self._jobs = jobs
        self._encoder = encoder
        self._fetcher = fetcher
        self._clock = clock
        self._ids = ids

    async def create_collection(
        self,
        name: str,
        description: str = "",
        languages: list[str] = [],  # noqa: B006 - never changed; the interface's default
        chunking: Chunking = Chunking(),  # noqa: B008 - frozen; the interface's default
        metadata_schema: dict[str, MetadataField] = {},  # noqa: B006 - never changed
    ) -> Collection:
        """Make a collection."""
        note_target(name)
        if chunking.tokens_max > self._encoder.tokens_max:
            raise CollectionSettingsInvalid(
                f"`chunking.tokens_max` may be at most {self._encoder.tokens_max} with this encoder."
            )
        row = CollectionRow(
            name=name,
            description=description,
            languages=tuple(languages),
            chunking=chunking.model_dump(),
            metadata_schema={field: declared.model_dump() for field, declared in metadata_schema.items()},
            created_ms=self._clock.now_ms(),
        )
        for field, declared in metadata_schema.items():
            await self._indexing.index_field(field, declared.type)
        try:
            await self._store.add_collection(row)
        except UniqueViolated:
            raise CollectionExists("Use it as it is, or choose another name.") from None
        return self._collection(row, (0, 0))

    async def list_collections(self) -> list[Collection]:
        """List the collections."""
        counts = await self._store.counts()
        return [
            self._collection(row, counts.get(row.name, (0, 0))) for row in await self._store.collections()
        ]

    async def get_collection(self, name: str) -> Collection:
        """Describe a collection."""
        note_target(name)
        row = await self._existing(name)
        counts = await self._store.counts(name)
        return self._collection(row, counts.get(name, (0, 0)))

    async def delete_collection(self, name: str) -> CollectionDeleted:
        """Delete a collection with its documents."""
        note_target(name)
        await self._existing(name)
        job_id = self._ids.new("job")
        deleted, blobs = 0, list[str]()
        await self._store.remove_collection(name)
        await self._faqs.remove_all(name)
        while documents := await self._store.documents(name, "", _DELETED_AT_ONCE):
            await self._erase(documents)
            blobs += [document.blob for document in documents if document.blob]
            deleted += len(documents)
        change = await self._passages.note_change("collection_deleted", name)
        changed = IndexChanged(
            change=change, kind="collection_deleted", subject=name, job_id=job_id, blobs=blobs
        )
        emit(changed, job_id=job_id, subject=name)
        return CollectionDeleted(name=name, documents=deleted, job_id=job_id)

    async def add_document(
        self,
        collection: str,
        text: str,
        doc_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        groups: list[str] | None = None,
        wait: bool = False,
    ) -> Receipt:
        """Store a text."""
        draft = Draft(collection, text, doc_id, title, metadata or {}, groups)
        return await self._store_one(draft, wait=wait)

    async def add_documents(
        self, collection: str, documents: list[dict[str, JsonValue]], wait: bool = False
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

    async def upload_document(
        self,
        file: Upload,
        collection: str,
        doc_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        groups: list[str] | None = None,
        wait: bool = False,
    ) -> Receipt:
        """Store a file."""
        draft = Draft(collection, "", doc_id, title, metadata or {}, groups)
        return await self._store_one(await self._intake.read(file, draft), wait=wait)

    async def add_url(
        self,
        collection: str,
        url: str,
        doc_id: str | None = None,
        title: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        groups: list[str] | None = None,
        wait: bool = False,
    ) -> Receipt:
        """Fetch a page and store it."""
        page = await self._fetcher.fetch(url)
        name = page.url.split("?")[0].rstrip("/").rsplit("/", 1)[-1] or "page"
        draft = Draft(collection, "", doc_id, title, metadata or {}, groups, source=page.url)
        file = Upload(name, page.media_type, page.content)
        return await self._store_one(await self._intake.read(file, draft), wait=wait)

    async def list_documents(
        self, collection: str | None = None, after: str | None = None, limit: int = 50
    ) -> DocumentPage:
        """List documents that the caller may see."""
        if collection is not None:
            await self._existing(collection)
        me = caller()
        seen: list[DocumentRow] = []
        position = after or ""
        while len(seen) <= limit:
            rows = await self._store.documents(collection, position, limit + 1)
            seen += [row for row in rows if may_see(me, row.groups)]
            if len(rows) <= limit:
                break
            position = rows[-1].doc_id
        page = seen[:limit]
        return DocumentPage(
            documents=[_summary(row) for row in page], next=page[-1].doc_id if len(seen) > limit else None
        )

    async def get_document(self, doc_id: str, version: int | None = None) -> Document:
        """Give a document with its text."""
        note_target(doc_id)
        row = await self._visible(doc_id)
        found = await self._store.text(doc_id, version or row.version)
        if found is None:
            raise DocumentMissing("This version is not kept any more.")
        title, text = found
        return Document(
            **{**_summary(row).model_dump(), "title": title, "version": version or row.version},
            text=text,
            groups=None if row.groups is None else list(row.groups),
            media_type=row.media_type,
            source=row.source,
        )

    async def delete_document(self, doc_id: str) -> Deleted:
        """Delete a document."""
        note_target(doc_id)
        await self._store.lock([doc_id], self._clock.now_ms())
        row = await self._visible(doc_id)
        await self._erase([row])
        change = await self._passages.note_change("deleted", doc_id)
        blobs = [row.blob] if row.blob else []
        emit(IndexChanged(change=change, kind="deleted", subject=doc_id, blobs=blobs), subject=doc_id)
        emit(DocumentDeleted(doc_id=doc_id, collection=row.collection))
        return Deleted(doc_id=doc_id, collection=row.collection)

    async def search(
        self,
        query: str,
        top_k: int = 10,
        collection: str | None = None,
        filters: Mapping[str, Any] | None = None,
        mode: Mode = "hybrid",
        rerank: bool | None = None,
        group: Literal["document", "passage"] = "document",
        weight: float | None = None,
    ) -> list[Hit]:
        """Find documents."""
        if collection is not None:
            await self._existing(collection)
        wanted = Wanted(
            query=query,
            top_k=top_k,
            collections=() if collection is None else (collection,),
            filters=filters or {},
            mode=mode,
            rerank=rerank,
            passages=group == "passage",
            weight=weight,
        )
        return (await self._finding.find(wanted)).hits()

    async def query(
        self,
        query: str,
        collections: list[str] = [],  # noqa: B006 - never changed
        context: str = "",
        top_k: int = 10,
        filters: Mapping[str, Any] | None = None,
    ) -> QueryResult:
        """Query several collections in the light of a context."""
        for name in collections:
            await self._existing(name)
        wanted = Wanted(
            query=query, top_k=top_k, collections=tuple(collections), filters=filters or {}, context=context
        )
        found = await self._finding.find(wanted)
        return QueryResult(faqs=await self._faqs.matching(found), hits=found.hits())

    async def answer(
        self,
        question: str,
        collection: str | None = None,
        filters: Mapping[str, Any] | None = None,
        top_k: int = 10,
    ) -> GroundedAnswer:
        """Answer a question."""
        if collection is not None:
            await self._existing(collection)
        return await self._answers.answer(question, collection, filters or {}, top_k)

    async def stream_answer(
        self,
        question: str,
        collection: str | None = None,
        filters: Mapping[str, Any] | None = None,
        top_k: int = 10,
    ) -> AsyncIterator[AnswerPiece]:
        """Answer a question piece by piece."""
        if collection is not None:
            await self._existing(collection)
        async for piece in self._answers.stream(question, collection, filters or {}, top_k):
            yield piece

    async def give_feedback(self, query: str, doc_id: str, helpful: bool, comment: str = "") -> FeedbackGiven:
        """Store a judgement."""
        note_target(doc_id)
        return await self._faqs.judge(query, await self._visible(doc_id), comment, helpful=helpful)

    async def evaluate(
        self, questions: list[Question], collection: str | None = None, mode: Mode = "hybrid"
    ) -> Evaluation:
        """Measure search and answers."""
        if collection is not None:
            await self._existing(collection)
        return await self._evaluating.evaluate(questions, collection, mode)

    async def add_faq(self, collection: str, question: str, answer: str) -> Faq:
        """Store an FAQ entry."""
        await self._existing(collection)
        return await self._faqs.add(collection, question, answer)

    async def list_faqs(self, collection: str | None = None) -> list[Faq]:
        """List the FAQ entries."""
        if collection is not None:
            await self._existing(collection)
        return await self._faqs.entries(collection)

    async def delete_faq(self, faq_id: str) -> Faq:
        """Delete an FAQ entry."""
        note_target(faq_id)
        return await self._faqs.remove(faq_id)

    async def suggest_faqs(self, collection: str, limit: int = 20) -> list[FaqSuggestion]:
        """Find questions with their answers in documents."""
        await self._existing(collection)
        return await self._faqs.suggest(collection, limit)

    async def rebuild(self, wait: bool = False) -> Rebuilt:
        """Build the index again."""
        counts = await self._store.counts()
        job_id = self._ids.new("job")
        change = await self._passages.note_change("rebuild", "")
        emit(IndexChanged(change=change, kind="rebuild", subject="", job_id=job_id), job_id=job_id)
        rebuilt = Rebuilt(documents=sum(documents for documents, _ in counts.values()), job_id=job_id)
        if wait:

            async def done() -> Rebuilt:
                await self._until_done(job_id)
                return Rebuilt(documents=rebuilt.documents, job_id=None)

            follow_up(done)
        return rebuilt

    def _collection(self, row: CollectionRow, counts: tuple[int, int]) -> Collection:
        return Collection(
            name=row.name,
            description=row.description,
            languages=list(row.languages),
            chunking=Chunking(**row.chunking),
            metadata_schema={name: MetadataField(**field) for name, field in row.metadata_schema.items()},
            encoder=self._encoder.name,
            documents=counts[0],
            passages=counts[1],
            created_ms=row.created_ms,
        )

    async def _existing(self, name: str) -> CollectionRow:
        row = await self._store.collection(name)
        if row is None:
            raise CollectionMissing("List the collections to see their names.")
        return row

    async def _visible(self, doc_id: str) -> DocumentRow:
        row = await self._store.document(doc_id)
        if row is None or not may_see(caller(), row.groups):
            raise DocumentMissing("Check the id; documents of groups that you are not in are not shown.")
        return row

    async def _erase(self, documents: Sequence[DocumentRow]) -> None:
        doc_ids = [document.doc_id for document in documents]
        await self._passages.remove(doc_ids)
        await self._faqs.forget_feedback(doc_ids)
        await self._store.remove(doc_ids)

    async def _store_one(self, draft: Draft, *, wait: bool) -> Receipt:
        [receipt] = await self._intake.store(draft.collection, [draft])
        if isinstance(receipt, Failure):
            raise receipt
        note_target(receipt.doc_id)
        if receipt.state == "queued" and wait:
            follow_up(lambda: self._searchable(receipt))
        return receipt

    async def _searchable(self, receipt: Any) -> Any:
        await self._until_done(receipt.job_id)
        if isinstance(receipt, BatchReceipt):
            done = [_done(each) for each in receipt.documents]
            return receipt.model_copy(update={"state": "indexed", "documents": done})
        return _done(receipt)

    async def _until_done(self, job_id: str) -> None:
        job = await self._jobs.get_job(job_id, wait_s=_WAIT_S)
        if job.state == "failed":
            told = "; ".join(f"{failure.subject}: {failure.detail}" for failure in job.failures[:5])
            raise IndexBehind(f"Job {job_id} failed: {told}. Mend the cause, then retry the job.")
        if not job.ended():
            raise IndexBehind(f"Follow the job {job_id}; it goes on by itself.", retry_after_s=5.0)


def _done(receipt: Receipt) -> Receipt:
    return receipt.model_copy(update={"state": "indexed"}) if receipt.state == "queued" else receipt


def _draft(collection: str, document: Mapping[str, JsonValue]) -> Draft | Failure:
    try:
        new = _NEW_DOCUMENT.validate_python(document, strict=True)
    except ValidationError as error:
        problems = [
            {"field": ".".join(str(part) for part in each["loc"]), "problem": each["msg"]}
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
        language=row.language,
        version=row.version,
        state=state_of(row),
        characters=row.characters,
        created_ms=row.created_ms,
        changed_ms=row.changed_ms,
    )
