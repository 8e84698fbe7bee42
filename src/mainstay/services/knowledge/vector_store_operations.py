"""The part of knowledge that shows collections as vector stores, with stored files in them."""

from typing import Annotated

from pydantic import Field

from mainstay.kernel.interface import Interface, reads, writes
from mainstay.ports.failures import EncoderUnavailable, FilterInvalid, VectorsUnavailable
from mainstay.services.files.interface import FileMissing
from mainstay.services.knowledge.failures import (
    STORING,
    CollectionMissing,
    DocumentsHidden,
    FileBatchMissing,
    IndexBehind,
    StoreFileMissing,
    VectorStoreExpired,
)
from mainstay.services.knowledge.limits import Groups, Remark, Weight
from mainstay.services.knowledge.vector_store_limits import (
    ATTACHED_MAX,
    Attached,
    Attributes,
    BatchId,
    ChunkTokens,
    Cursor,
    ExpiresDays,
    FileRef,
    FileState,
    Found,
    Order,
    PageLimit,
    Queries,
    Score,
    StoreFilters,
    StoreId,
    StoreIds,
    StoreMetadata,
    StoreName,
)
from mainstay.services.knowledge.vector_store_records import (
    FileBatch,
    FileDetached,
    StorePassage,
    VectorStore,
    VectorStoreDeleted,
    VectorStoreFile,
    VectorStoreFilePage,
    VectorStorePage,
)

_STORE = {"store_id": "handbook"}
_FILE = {**_STORE, "file_id": "file_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_BATCH = {**_STORE, "batch_id": "batch_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class VectorStoreOperations(Interface):
    """Collections as vector stores."""

    @writes(
        "POST /storage/vector-stores",
        may="collections:write",
        status=201,
        example={"name": "Support", "expires_days": 30},
    )
    async def create_vector_store(
        self,
        name: StoreName = "",
        description: Remark = "",
        metadata: StoreMetadata | None = None,
        expires_days: ExpiresDays | None = None,
        chunk_tokens_max: ChunkTokens | None = None,
    ) -> VectorStore:
        """Make a collection with an id of its own; the name is for people, and need not be unique."""

    @reads("GET /storage/vector-stores", may="collections:read", fails=(CollectionMissing,))
    async def list_vector_stores(
        self,
        after: Cursor | None = None,
        before: Cursor | None = None,
        limit: PageLimit = 20,
        order: Order = "desc",
    ) -> VectorStorePage:
        """List all collections as vector stores, by the time when they were made."""

    @reads(
        "GET /storage/vector-stores/{store_id}",
        may="collections:read",
        fails=(CollectionMissing,),
        example=_STORE,
    )
    async def get_vector_store(self, store_id: StoreId) -> VectorStore:
        """Describe a vector store; any collection is one."""

    @writes(
        "PATCH /storage/vector-stores/{store_id}",
        may="collections:write",
        fails=(CollectionMissing,),
        example={**_STORE, "name": "Handbook"},
    )
    async def update_vector_store(
        self,
        store_id: StoreId,
        name: StoreName | None = None,
        metadata: StoreMetadata | None = None,
        expires_days: ExpiresDays | None = None,
    ) -> VectorStore:
        """Change a vector store's name, metadata or end; what is left out stays as it is."""

    @writes(
        "DELETE /storage/vector-stores/{store_id}",
        may="collections:write",
        fails=(CollectionMissing, DocumentsHidden),
        example=_STORE,
    )
    async def delete_vector_store(self, store_id: StoreId) -> VectorStoreDeleted:
        """Delete a vector store with its documents, at once and for good; the stored files stay."""

    @writes(
        "POST /storage/vector-stores/{store_id}/files",
        may="documents:write",
        status=201,
        fails=(CollectionMissing, FileMissing, VectorStoreExpired),
        example={**_STORE, "files": [{"file_id": _FILE["file_id"], "attributes": {"year": 2026}}]},
    )
    async def attach_files(
        self,
        store_id: StoreId,
        files: Annotated[list[Attached], Field(min_length=1, max_length=ATTACHED_MAX)],
        groups: Groups | None = None,
    ) -> FileBatch:
        """Make stored files searchable in a vector store; they are read, cut and encoded after the answer.

        Who may see a file may find it there, unless `groups` say otherwise. A file that is in the store
        already is read again.
        """

    @reads(
        "GET /storage/vector-stores/{store_id}/files",
        may="documents:read",
        fails=(CollectionMissing, StoreFileMissing),
        example=_STORE,
    )
    async def list_attached_files(
        self,
        store_id: StoreId,
        batch_id: BatchId | None = None,
        state: FileState | None = None,
        after: Cursor | None = None,
        before: Cursor | None = None,
        limit: PageLimit = 20,
        order: Order = "desc",
    ) -> VectorStoreFilePage:
        """List what is in a vector store by the time when it was added, documents without a file too."""

    @reads(
        "GET /storage/vector-stores/{store_id}/files/{file_id}",
        may="documents:read",
        fails=(CollectionMissing, StoreFileMissing),
        example=_FILE,
    )
    async def get_attached_file(self, store_id: StoreId, file_id: FileRef) -> VectorStoreFile:
        """Tell how far a file has come in a vector store, and why it failed."""

    @writes(
        "PATCH /storage/vector-stores/{store_id}/files/{file_id}",
        may="documents:write",
        fails=(*STORING, CollectionMissing, StoreFileMissing, IndexBehind),
        example={**_FILE, "attributes": {"year": 2025}},
    )
    async def update_attached_file(
        self, store_id: StoreId, file_id: FileRef, attributes: Attributes
    ) -> VectorStoreFile:
        """Replace a file's attributes; when this answers, filters go by the new ones."""

    @writes(
        "DELETE /storage/vector-stores/{store_id}/files/{file_id}",
        may="documents:write",
        fails=(CollectionMissing, StoreFileMissing),
        example=_FILE,
    )
    async def detach_file(self, store_id: StoreId, file_id: FileRef) -> FileDetached:
        """Take a file out of a vector store: no search of it finds the file any more; the file itself stays.

        A document without a stored file is deleted.
        """

    @reads(
        "GET /storage/vector-stores/{store_id}/batches/{batch_id}",
        may="documents:read",
        fails=(CollectionMissing, FileBatchMissing),
        example=_BATCH,
    )
    async def get_file_batch(self, store_id: StoreId, batch_id: BatchId) -> FileBatch:
        """Tell how far the files have come that were attached together."""

    @writes(
        "POST /storage/vector-stores/{store_id}/batches/{batch_id}/cancel",
        may="documents:write",
        fails=(CollectionMissing, FileBatchMissing),
        example=_BATCH,
    )
    async def cancel_file_batch(self, store_id: StoreId, batch_id: BatchId) -> FileBatch:
        """Leave out those files of a batch that were not read yet; the others stay."""

    @reads(
        "POST /storage/vector-stores/search",
        may="documents:read",
        fails=(
            CollectionMissing,
            VectorStoreExpired,
            FilterInvalid,
            EncoderUnavailable,
            VectorsUnavailable,
        ),
        example={"store_ids": ["handbook"], "queries": ["How do I rotate an API key?"], "top_k": 5},
    )
    async def search_vector_stores(
        self,
        store_ids: StoreIds,
        queries: Queries,
        top_k: Found = 10,
        filters: StoreFilters | None = None,
        score_min: Score = 0.0,
        rerank: bool | None = None,
        weight: Weight | None = None,
    ) -> list[StorePassage]:
        """Find the passages nearest to any of some queries in some vector stores, best first."""
