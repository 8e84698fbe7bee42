"""What goes into the knowledge service and what comes out of it."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from pydantic.config import JsonDict

from mainstay.kernel.interface import Input, Record
from mainstay.services.knowledge.limits import (
    BATCH_MAX,
    DocumentId,
    Groups,
    Metadata,
    Query,
    Text,
    Title,
)


class MetadataField(Input):
    """One field of a collection's metadata schema."""

    type: Literal["keyword", "integer", "float", "datetime", "text", "bool"]
    required: bool = False


class Chunking(Input):
    """How documents are cut into passages."""

    tokens_max: Annotated[
        int, Field(ge=16, le=512, description="The passage's budget in the encoder's tokens.")
    ] = 200


class Collection(Record):
    """A set of documents that are searched together."""

    name: str
    description: str
    languages: list[str] = Field(
        description="What its documents are written in (ISO 639-1); empty: it is told for each."
    )
    chunking: Chunking
    metadata_schema: dict[str, MetadataField]
    encoder: str
    documents: int
    passages: int
    created_ms: int


class NewDocument(Input):
    """A document to store."""

    doc_id: DocumentId | None = None
    title: Title | None = None
    text: Text
    metadata: Metadata = {}
    groups: Groups | None = None


class Receipt(Record):
    """What became of a document that was handed over."""

    doc_id: str
    collection: str
    version: int
    state: Literal["queued", "indexed", "unchanged", "failed"]
    job_id: str | None = None
    moved_from: str | None = Field(None, description="The collection that this doc_id was in until now.")
    opened_from: list[str] | None = Field(
        None, description="The groups that it was kept to until now; this version is for everybody."
    )
    problem: dict[str, Any] | None = Field(
        None, description="Why it was not stored, when `state` is `failed`."
    )

    def pending(self) -> bool:
        """Say whether it still has to become searchable."""
        return self.state == "queued"


class BatchReceipt(Record):
    """What became of each document of a batch, in their order; those that failed are not stored."""

    job_id: str | None
    state: Literal["queued", "indexed", "failed"]
    stored: int
    failed: int
    documents: list[Receipt]

    def pending(self) -> bool:
        """Say whether some still have to become searchable."""
        return self.state == "queued"


class Document(Record):
    """A stored document; citations count characters of `text`."""

    doc_id: str
    collection: str
    title: str
    text: str
    metadata: dict[str, Any]
    groups: list[str] | None
    language: str
    version: int
    state: Literal["queued", "indexed", "failed"] = Field(
        description="`failed`: it is stored, but its job could not make it searchable; see the job."
    )
    job_id: str
    media_type: str
    source: str | None
    characters: int
    created_ms: int
    changed_ms: int


class DocumentSummary(Record):
    """A document in a list, without its text."""

    doc_id: str
    collection: str
    title: str
    metadata: dict[str, Any]
    groups: list[str] | None = Field(None, description="Whom it is kept to; null: it is for everybody.")
    language: str
    version: int
    state: Literal["queued", "indexed"]
    characters: int
    created_ms: int
    changed_ms: int


class DocumentPage(Record):
    """A part of a list; `next` is the `after` of the following part, null at the end.

    A part may be short or empty before the end, where many documents follow that the caller does not see.
    """

    documents: list[DocumentSummary]
    next: str | None


class Deleted(Record):
    """What was deleted: it is not found any more, and its text, vectors and file are being erased."""

    doc_id: str
    collection: str
    job_id: str | None = Field(
        None, description="The job that erases its traces; null only where an earlier version answered."
    )


class DocumentsDeleted(Record):
    """Which of some documents were deleted, and the job that erases their traces; null where none were."""

    doc_ids: list[str]
    job_id: str | None


class CollectionDeleted(Record):
    """A collection that was deleted with all of its documents."""

    name: str
    documents: int
    job_id: str | None


class Hit(Record):
    """A passage that was found; the best one of its document unless passages were asked for."""

    doc_id: str
    score: float = Field(description="From 0 to 1; within one answer higher is nearer.")
    snippet: str = Field(
        description="Characters `start` to `end` of the text; a part of a table with the table's header."
    )
    metadata: dict[str, Any]
    title: str
    collection: str
    start: int
    end: int
    headings: list[str]
    version: int
    language: str


class FaqMatch(Record):
    """A frequently asked question that matches, with its answer."""

    faq_id: str
    question: str
    answer: str
    score: float


class QueryResult(Record):
    """What a semantic query found: matching FAQ entries first, then passages."""

    faqs: list[FaqMatch]
    hits: list[Hit]


class Citation(Record):
    """Where a sentence of an answer comes from: characters `start` to `end` of the document's text."""

    doc_id: str
    start: int
    end: int
    text: str
    score: float
    title: str
    collection: str
    version: int
    sentence: int = Field(description="Which sentence of the answer it stands behind, from 0.")


class Stretch(Record):
    """Characters `start` to `end` of a text."""

    start: int
    end: int


class GroundedAnswer(Record):
    """An answer made from the documents, or the honest word that they do not say."""

    answered: bool
    answer: str
    confidence: float = Field(
        description="The calibrated probability that the documents answer the question."
    )
    citations: list[Citation]
    unsupported: int = Field(
        0, description="How many sentences of a generator were left out, because no source supports them."
    )
    faq_id: str | None = None
    sentences: list[Stretch] = Field([], description="Where each sentence stands in the answer.")


class AnswerPiece(Record):
    """A part of a streamed answer: text as it comes, then the whole answer at the end."""

    text: str = ""
    result: GroundedAnswer | None = None


class Faq(Record):
    """A question with its approved answer; it is matched before passages are."""

    faq_id: str
    collection: str
    question: str
    answer: str
    created_ms: int


class FaqSuggestion(Record):
    """A question and answer found in a document that could become an FAQ entry."""

    question: str
    answer: str
    doc_id: str
    start: int
    end: int


class FeedbackGiven(Record):
    """A judgement that was stored."""

    feedback_id: str


class Question(Input):
    """A question whose answer is known, for an evaluation."""

    question: Query
    doc_ids: Annotated[
        list[DocumentId], Field(max_length=100, description="The documents that answer it.")
    ] = []
    answer: Annotated[str, StringConstraints(max_length=4000)] | None = None


_ONE_JUDGED: JsonDict = {
    "contains": {"type": "object", "required": ["doc_ids"], "properties": {"doc_ids": {"minItems": 1}}}
}
Questions = Annotated[
    list[Question], Field(min_length=1, max_length=BATCH_MAX, json_schema_extra=_ONE_JUDGED)
]


class QuestionResult(Record):
    """How search and the answer did on one question."""

    question: str
    doc_ids: list[str] = Field(description="The documents that answer it, as they were given.")
    place: int | None = Field(
        description="Where the first of them stands, from 1; null: not among the first 100, or none given."
    )
    first: str | None = Field(description="The document that stands first.")
    answered: bool
    answer_in_citation: bool | None = Field(
        description="Whether a citation contains the known answer; null without an answer, or a known one."
    )


class Evaluation(Record):
    """How well the search and the answers do on questions whose answers are known; means over questions."""

    questions: int
    ndcg_at_10: float
    recall_at_10: float
    recall_at_100: float
    mrr: float
    answered: float = Field(description="The share of questions that were answered at all.")
    answer_in_citation: float | None = Field(
        description="Of the answered questions with a known answer: how often a citation contains it."
    )
    faithfulness: float | None = Field(
        description="The share of sentences written that their sources support; null when none was answered."
    )
    results: list[QuestionResult] = Field(description="Each question's own, in their order.")
    took_ms: int


class Rebuilt(Record):
    """An index that is being built again from the database."""

    documents: int
    job_id: str | None

    def pending(self) -> bool:
        """Say whether it still goes on."""
        return self.job_id is not None
