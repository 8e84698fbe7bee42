"""What comes out of the operations on vector stores; times are milliseconds since 1970."""

from typing import Any, Literal

from pydantic import Field

from mainstay.kernel.interface import Event, Record
from mainstay.services.knowledge.vector_store_limits import FileState


class FileCounts(Record):
    """How many files of a vector store, or of a batch, are in which state."""

    in_progress: int = 0
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        """Give their number."""
        return self.in_progress + self.completed + self.failed + self.cancelled


class VectorStore(Record):
    """A collection, as clients of vector stores see it."""

    store_id: str
    name: str
    metadata: dict[str, str]
    state: Literal["in_progress", "completed", "expired"]
    files: FileCounts = Field(description="Documents that were not made of stored files count as well.")
    bytes: int = Field(description="Of the stored files that are attached.")
    chunk_tokens_max: int = Field(description="The budget of its passages, in the encoder's tokens.")
    expires_days: int | None
    expires_ms: int | None
    used_ms: int = Field(description="When it was last changed or searched, within a minute or two.")
    created_ms: int


class VectorStoreDeleted(Record):
    """A vector store that was deleted with all of its documents."""

    store_id: str
    documents: int


class VectorStorePage(Record):
    """A part of a list."""

    stores: list[VectorStore]
    more: bool


class VectorStoreFile(Record):
    """A file of a vector store."""

    store_id: str
    file_id: str
    doc_id: str = Field(
        description="The document that was made of it; `knowledge.get_document` has its text."
    )
    name: str
    bytes: int
    attributes: dict[str, Any]
    groups: list[str] | None
    chunk_tokens_max: int = Field(description="The budget of its passages, in the encoder's tokens.")
    state: FileState
    problem_code: str | None = Field(description="Why it failed.")
    problem: str | None
    batch_id: str | None
    created_ms: int


class VectorStoreFilePage(Record):
    """A part of a list.

    It may be short or empty before the end, where many files follow that the caller does not see.
    """

    files: list[VectorStoreFile]
    more: bool


class FileDetached(Record):
    """A file that was taken out of a vector store; the stored file itself stays."""

    store_id: str
    file_id: str


class FileBatch(Record):
    """Files that were attached together."""

    batch_id: str
    store_id: str
    state: Literal["in_progress", "completed", "cancelled", "failed"]
    files: FileCounts
    created_ms: int
    job_id: str | None = Field(None, description="The job that reads them; null where it is known no more.")


class StorePassage(Record):
    """A passage that a search of vector stores found."""

    store_id: str
    file_id: str
    doc_id: str
    name: str
    attributes: dict[str, Any]
    score: float = Field(description="From 0 to 1; within one answer higher is nearer.")
    text: str
    start: int
    end: int


class FilesAttached(Event):
    """A file was attached to a vector store; it is to be read, cut and encoded."""

    store_id: str
    file_id: str
    batch_id: str


class StoreAges(Event):
    """The time of a vector store may be over, which was to be deleted after so many days without use."""

    store_id: str
    expires_days: int
