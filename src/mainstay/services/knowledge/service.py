"""The knowledge service: takes documents in, finds them, answers from them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal

from pydantic import JsonValue

from mainstay.kernel.holdings import Holding
from mainstay.kernel.interface import Upload
from mainstay.kernel.work import note_target
from mainstay.ports.fetchers import Fetcher
from mainstay.services.knowledge.activity import ROUND_S, Activity
from mainstay.services.knowledge.answers import Answers
from mainstay.services.knowledge.attaching import Attaching
from mainstay.services.knowledge.evaluation import Evaluating
from mainstay.services.knowledge.faqs import Faqs
from mainstay.services.knowledge.finding import Finding, Wanted
from mainstay.services.knowledge.intake import Draft, Intake
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.library import Library
from mainstay.services.knowledge.limits import Mode
from mainstay.services.knowledge.records import (
    AnswerPiece,
    BatchReceipt,
    Chunking,
    Collection,
    CollectionDeleted,
    Deleted,
    Document,
    DocumentPage,
    DocumentsDeleted,
    Evaluation,
    Faq,
    FaqSuggestion,
    FeedbackGiven,
    GroundedAnswer,
    Hit,
    MetadataField,
    QueryResult,
    Question,
    Rebuilt,
    Receipt,
)
from mainstay.services.knowledge.shelves import Shelves
from mainstay.services.knowledge.stock_store import StockStore
from mainstay.services.knowledge.store_keeping import VectorStoreKeeping
from mainstay.services.knowledge.store_searching import StoreSearching
from mainstay.services.knowledge.vector_stores import VectorStores


class KnowledgeService(VectorStoreKeeping, Knowledge):
    """The knowledge service."""

    round_s = ROUND_S

    def __init__(
        self,
        shelves: Shelves,
        library: Library,
        intake: Intake,
        finding: Finding,
        answers: Answers,
        faqs: Faqs,
        evaluating: Evaluating,
        fetcher: Fetcher,
        stock: StockStore,
        stores: VectorStores,
        attaching: Attaching,
        store_searching: StoreSearching,
        activity: Activity,
    ) -> None:
        """Take the parts."""
        self._shelves = shelves
        self._library = library
        self._intake = intake
        self._finding = finding
        self._answers = answers
        self._faqs = faqs
        self._evaluating = evaluating
        self._fetcher = fetcher
        self._stock = stock
        self._stores = stores
        self._attaching = attaching
        self._store_searching = store_searching
        self._activity = activity

    async def at_start(self) -> None:
        """Begin with nothing to write."""

    async def go_round(self) -> None:
        """Write when vector stores were searched."""
        await self._activity.write()

    async def holding(self) -> Holding:
        """Count what the caller's tenant has stored, for the house."""
        documents, size = await self._stock.counted()
        return Holding(documents, size)

    async def create_collection(
        self,
        name: str,
        description: str = "",
        languages: list[str] = [],  # noqa: B006 - never changed; the interface's default
        chunking: Chunking = Chunking(),  # noqa: B008 - frozen; the interface's default
        metadata_schema: dict[str, MetadataField] = {},  # noqa: B006 - never changed
    ) -> Collection:
        """Make a collection."""
        return await self._shelves.make(name, description, languages, chunking, metadata_schema)

    async def list_collections(self) -> list[Collection]:
        """List the collections."""
        return await self._shelves.describe_all()

    async def get_collection(self, name: str) -> Collection:
        """Describe a collection."""
        return await self._shelves.describe(name)

    async def delete_collection(self, name: str) -> CollectionDeleted:
        """Delete a collection with its documents."""
        return await self._shelves.delete(name)

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
        return await self._library.store_one(draft, wait=wait)

    async def add_documents(
        self, collection: str, documents: list[dict[str, JsonValue]], wait: bool = False
    ) -> BatchReceipt:
        """Store documents, each by itself."""
        return await self._library.store_many(collection, documents, wait=wait)

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
        return await self._library.store_one(await self._intake.read(file, draft), wait=wait)

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
        return await self._library.store_one(await self._intake.read(file, draft), wait=wait)

    async def list_documents(
        self, collection: str | None = None, after: str | None = None, limit: int = 50
    ) -> DocumentPage:
        """List documents that the caller may see."""
        if collection is not None:
            await self._shelves.existing(collection)
        return await self._library.page(collection, after, limit)

    async def get_document(self, doc_id: str, version: int | None = None) -> Document:
        """Give a document with its text."""
        return await self._library.give(doc_id, version)

    async def delete_document(self, doc_id: str) -> Deleted:
        """Delete a document."""
        return await self._library.delete(doc_id)

    async def get_documents(self, doc_ids: list[str]) -> list[Document]:
        """Give several documents."""
        return await self._library.give_several(doc_ids)

    async def delete_documents(self, doc_ids: list[str]) -> DocumentsDeleted:
        """Delete several documents."""
        return await self._library.delete_several(doc_ids)

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
            await self._shelves.existing(collection)
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
            await self._shelves.existing(name)
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
        background: list[str] = [],  # noqa: B006 - never changed; the interface's default
    ) -> GroundedAnswer:
        """Answer a question."""
        if collection is not None:
            await self._shelves.existing(collection)
        return await self._answers.answer(question, collection, filters or {}, top_k, background)

    async def stream_answer(
        self,
        question: str,
        collection: str | None = None,
        filters: Mapping[str, Any] | None = None,
        top_k: int = 10,
        background: list[str] = [],  # noqa: B006 - never changed; the interface's default
    ) -> AsyncIterator[AnswerPiece]:
        """Answer a question piece by piece."""
        if collection is not None:
            await self._shelves.existing(collection)
        async for piece in self._answers.stream(question, collection, filters or {}, top_k, background):
            yield piece

    async def give_feedback(self, query: str, doc_id: str, helpful: bool, comment: str = "") -> FeedbackGiven:
        """Store a judgement."""
        note_target(doc_id)
        return await self._faqs.judge(query, await self._library.visible(doc_id), comment, helpful=helpful)

    async def evaluate(
        self, questions: list[Question], collection: str | None = None, mode: Mode = "hybrid"
    ) -> Evaluation:
        """Measure search and answers."""
        if collection is not None:
            await self._shelves.existing(collection)
        return await self._evaluating.evaluate(questions, collection, mode)

    async def add_faq(self, collection: str, question: str, answer: str) -> Faq:
        """Store an FAQ entry."""
        await self._shelves.existing(collection)
        return await self._faqs.add(collection, question, answer)

    async def list_faqs(self, collection: str | None = None) -> list[Faq]:
        """List the FAQ entries."""
        if collection is not None:
            await self._shelves.existing(collection)
        return await self._faqs.entries(collection)

    async def delete_faq(self, faq_id: str) -> Faq:
        """Delete an FAQ entry."""
        note_target(faq_id)
        return await self._faqs.remove(faq_id)

    async def suggest_faqs(self, collection: str, limit: int = 20) -> list[FaqSuggestion]:
        """Find questions with their answers in documents."""
        await self._shelves.existing(collection)
        return await self._faqs.suggest(collection, limit)

    async def rebuild(self, wait: bool = False) -> Rebuilt:
        """Build the index again."""
        return await self._shelves.rebuild(wait=wait)
