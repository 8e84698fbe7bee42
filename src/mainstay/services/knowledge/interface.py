"""Documents, and finding things in them."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from mainstay.kernel.interface import Interface, Upload, reads, streams, writes
from mainstay.ports.fetchers import AddressRefused, PageMissing, PageTooLarge, PageUnavailable
from mainstay.ports.generator import GeneratorUnavailable
from mainstay.services.knowledge.failures import (
    READING,
    SEARCHING,
    STORING,
    CollectionExists,
    CollectionMissing,
    DocumentMissing,
    DocumentsHidden,
    FaqMissing,
    GiverErased,
    IndexBehind,
    PassagesTooLong,
    QuestionsInvalid,
)
from mainstay.services.knowledge.limits import (
    BATCH_MAX,
    Background,
    CollectionName,
    Context,
    DocumentId,
    EvidenceK,
    FaqAnswer,
    FaqId,
    FaqQuestion,
    FieldName,
    Filters,
    Groups,
    Languages,
    Metadata,
    Mode,
    Query,
    Remark,
    Text,
    Title,
    TopK,
    Url,
    Wait,
    Weight,
)
from mainstay.services.knowledge.permissions import GRANTS
from mainstay.services.knowledge.records import (
    AnswerPiece,
    BatchReceipt,
    Chunking,
    Citation,
    Collection,
    CollectionDeleted,
    Deleted,
    Document,
    DocumentPage,
    Evaluation,
    Faq,
    FaqSuggestion,
    FeedbackGiven,
    GroundedAnswer,
    Hit,
    MetadataField,
    QueryResult,
    Questions,
    Rebuilt,
    Receipt,
    Stretch,
)
from mainstay.services.knowledge.set_operations import SetOperations
from mainstay.services.knowledge.vector_store_operations import VectorStoreOperations

_ANSWERING = (*SEARCHING, GeneratorUnavailable)
_ASKED = {"question": "How do I rotate an API key?", "collection": "handbook"}

__all__ = ["AnswerPiece", "Citation", "CollectionMissing", "GroundedAnswer", "Knowledge", "Stretch"]

_STORE = (*STORING, IndexBehind)
_SEARCH_EXAMPLE = {"query": "How do I rotate an API key?", "top_k": 5, "collection": "handbook"}
_DOCUMENT_EXAMPLE = {
    "collection": "handbook",
    "doc_id": "keys",
    "title": "API keys",
    "text": "A key is shown once. To rotate it, make a new one, switch your clients, then revoke the old.",
    "metadata": {"team": "platform", "year": 2026},
}


class Knowledge(SetOperations, VectorStoreOperations, Interface, grants=GRANTS):
    """Documents, and finding things in them."""

    @writes(
        "POST /collections",
        may="collections:write",
        status=201,
        fails=(CollectionExists, PassagesTooLong),
        example={"name": "handbook", "description": "How we work"},
    )
    async def create_collection(
        self,
        name: CollectionName,
        description: Remark = "",
        languages: Languages = [],
        chunking: Chunking = Chunking(),
        metadata_schema: Annotated[dict[FieldName, MetadataField], Field(max_length=100)] = {},
    ) -> Collection:
        """Make a collection; a document sent to a new name makes one with default settings by itself."""

    @reads("GET /collections", may="collections:read")
    async def list_collections(self) -> list[Collection]:
        """List the collections by name."""

    @reads(
        "GET /collections/{name}",
        may="collections:read",
        fails=(CollectionMissing,),
        example={"name": "handbook"},
    )
    async def get_collection(self, name: CollectionName) -> Collection:
        """Describe a collection."""

    @writes(
        "DELETE /collections/{name}",
        may="collections:write",
        fails=(CollectionMissing, DocumentsHidden),
        example={"name": "old drafts"},
    )
    async def delete_collection(self, name: CollectionName) -> CollectionDeleted:
        """Delete a collection with all of its documents, at once and for good."""

    @writes(
        "POST /documents",
        may="documents:write",
        status=201,
        pending=True,
        fails=_STORE,
        example=_DOCUMENT_EXAMPLE,
    )
    async def add_document(
        self,
        collection: CollectionName,
        text: Text,
        doc_id: DocumentId | None = None,
        title: Title | None = None,
        metadata: Metadata = {},
        groups: Groups | None = None,
        wait: Wait = False,
    ) -> Receipt:
        """Store a text; with a `doc_id` that exists, the document is replaced by a new version.

        Stored means durable. It becomes searchable soon after (202 with a job), or before the answer with
        `wait=true`. An unchanged document costs nothing; of a changed one only the changed passages are
        encoded again.
        """

    @writes(
        "POST /documents/batch",
        may="documents:write",
        status=201,
        pending=True,
        fails=_STORE,
        example={
            "collection": "handbook",
            "documents": [{"doc_id": "a", "text": "First."}, {"text": "Second."}],
        },
    )
    async def add_documents(
        self,
        collection: CollectionName,
        documents: Annotated[list[dict[str, JsonValue]], Field(min_length=1, max_length=BATCH_MAX)],
        wait: Wait = False,
    ) -> BatchReceipt:
        """Store up to 1,000 documents; each has a single one's fields and succeeds or fails by itself."""

    @writes(
        "POST /documents/upload",
        may="documents:write",
        status=201,
        pending=True,
        fails=(*_STORE, *READING),
        example={"collection": "handbook", "doc_id": "travel-policy"},
    )
    async def upload_document(
        self,
        file: Upload,
        collection: CollectionName,
        doc_id: DocumentId | None = None,
        title: Title | None = None,
        metadata: Metadata = {},
        groups: Groups | None = None,
        wait: Wait = False,
    ) -> Receipt:
        """Store a file: PDF, Word, PowerPoint, Excel, HTML, Markdown, text, CSV, JSON, e-mail or EPUB.

        Its text is read with headings and tables; the file itself is kept, encrypted, until the document is
        deleted.
        """

    @writes(
        "POST /documents/url",
        may="documents:write",
        status=201,
        pending=True,
        fails=(*_STORE, *READING, AddressRefused, PageMissing, PageTooLarge, PageUnavailable),
        example={"collection": "handbook", "url": "https://example.com/policy.html"},
    )
    async def add_url(
        self,
        collection: CollectionName,
        url: Url,
        doc_id: DocumentId | None = None,
        title: Title | None = None,
        metadata: Metadata = {},
        groups: Groups | None = None,
        wait: Wait = False,
    ) -> Receipt:
        """Fetch a public page or file and store it; private addresses are refused."""

    @reads(
        "GET /documents", may="documents:read", fails=(CollectionMissing,), example={"collection": "handbook"}
    )
    async def list_documents(
        self,
        collection: CollectionName | None = None,
        after: DocumentId | None = None,
        limit: Annotated[int, Field(ge=1, le=500)] = 50,
    ) -> DocumentPage:
        """List documents by id."""

    @reads(
        "GET /documents/{doc_id}",
        may="documents:read",
        fails=(DocumentMissing,),
        example={"doc_id": "keys"},
    )
    async def get_document(
        self, doc_id: DocumentId, version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    ) -> Document:
        """Give a document with its text; of a replaced one, earlier versions are kept for a while."""

    @writes(
        "DELETE /documents/{doc_id}",
        may="documents:write",
        fails=(DocumentMissing,),
        example={"doc_id": "keys"},
    )
    async def delete_document(self, doc_id: DocumentId) -> Deleted:
        """Delete a document: when this answers, no search finds it; its traces are erased right after.

        The job that is named erases them; it cannot be cancelled, and can be retried when it failed.
        """

    @reads(
        "GET /search/vector",
        also=("POST /search/vector", "GET /vector/search", "POST /vector/search"),
        may="documents:read",
        fails=SEARCHING,
        example=_SEARCH_EXAMPLE,
    )
    async def search(
        self,
        query: Query,
        top_k: TopK = 10,
        collection: CollectionName | None = None,
        filters: Filters | None = None,
        mode: Mode = "hybrid",
        rerank: bool | None = None,
        group: Literal["document", "passage"] = "document",
        weight: Weight | None = None,
    ) -> list[Hit]:
        """Find the documents nearest to a query, best first, each with its best passage.

        Meaning (dense vectors) and words (BM25) are searched together and fused. Filters and document
        permissions act inside the index, so a narrow filter still fills `top_k`.
        """

    @reads(
        "POST /knowledge/query",
        may="documents:read",
        fails=SEARCHING,
        example={
            "query": "rotate an API key",
            "collections": ["handbook"],
            "context": "We use the Python client.",
        },
    )
    async def query(
        self,
        query: Query,
        collections: Annotated[list[CollectionName], Field(max_length=20)] = [],
        context: Context = "",
        top_k: TopK = 10,
        filters: Filters | None = None,
    ) -> QueryResult:
        """Query several collections at once, in the light of a context; FAQ entries that match come first."""

    @reads("POST /knowledge/answer", may="documents:read", fails=_ANSWERING, example=_ASKED)
    async def answer(
        self,
        question: Query,
        collection: CollectionName | None = None,
        filters: Filters | None = None,
        top_k: EvidenceK = 10,
        background: Background = [],
    ) -> GroundedAnswer:
        """Answer a question from the documents, with citations, or say that they do not answer it."""

    @streams("POST /knowledge/answer", may="documents:read", fails=_ANSWERING, example=_ASKED)
    def stream_answer(
        self,
        question: Query,
        collection: CollectionName | None = None,
        filters: Filters | None = None,
        top_k: EvidenceK = 10,
        background: Background = [],
    ) -> AsyncIterator[AnswerPiece]:
        """Answer a question piece by piece (`Accept: text/event-stream`); the last has the whole answer."""

    @writes(
        "POST /knowledge/feedback",
        may="feedback:write",
        status=201,
        fails=(DocumentMissing, GiverErased),
        example={"query": "How do I rotate an API key?", "doc_id": "keys", "helpful": True},
    )
    async def give_feedback(
        self,
        query: Query,
        doc_id: DocumentId,
        helpful: bool,
        comment: Remark = "",
    ) -> FeedbackGiven:
        """Say whether a document helped with a query; similar queries rank it by that from then on."""

    @reads(
        "POST /knowledge/evaluate",
        may="knowledge:evaluate",
        fails=(*SEARCHING, GeneratorUnavailable, QuestionsInvalid),
        example={"questions": [{"question": "How do I rotate a key?", "doc_ids": ["keys"]}]},
    )
    async def evaluate(
        self,
        questions: Questions,
        collection: CollectionName | None = None,
        mode: Mode = "hybrid",
    ) -> Evaluation:
        """Measure search and answers on your own questions: nDCG, recall, MRR, faithfulness."""

    @writes(
        "POST /knowledge/faqs",
        may="documents:write",
        status=201,
        fails=(CollectionMissing,),
        example={"collection": "handbook", "question": "Where is the office?", "answer": "At the harbour."},
    )
    async def add_faq(
        self,
        collection: CollectionName,
        question: FaqQuestion,
        answer: FaqAnswer,
    ) -> Faq:
        """Store a frequently asked question with its answer; it is matched before passages are."""

    @reads("GET /knowledge/faqs", may="documents:read", fails=(CollectionMissing,))
    async def list_faqs(self, collection: CollectionName | None = None) -> list[Faq]:
        """List the FAQ entries, oldest first."""

    @writes(
        "DELETE /knowledge/faqs/{faq_id}",
        may="documents:write",
        fails=(FaqMissing,),
        example={"faq_id": "faq_01k9z6q7h8e4v5c3x2b1n0m9a8"},
    )
    async def delete_faq(self, faq_id: FaqId) -> Faq:
        """Delete an FAQ entry."""

    @reads(
        "GET /knowledge/faqs/suggestions",
        may="documents:write",
        fails=(CollectionMissing,),
        example={"collection": "handbook"},
    )
    async def suggest_faqs(
        self, collection: CollectionName, limit: Annotated[int, Field(ge=1, le=100)] = 20
    ) -> list[FaqSuggestion]:
        """Find questions with their answers in a collection's documents, to be approved by a person.

        The first 200 documents by id are looked through, as far as they have 5,000,000 characters together.
        """

    @writes("POST /knowledge/rebuild", may="index:rebuild", pending=True, fails=(IndexBehind,))
    async def rebuild(self, wait: Wait = False) -> Rebuilt:
        """Build your tenant's search index again from the database; searches go on meanwhile."""
