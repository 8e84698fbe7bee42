"""The half of the knowledge service that answers for vector stores."""

from collections.abc import Mapping
from typing import Any

from mainstay.services.knowledge.attaching import Attaching
from mainstay.services.knowledge.paging import Page
from mainstay.services.knowledge.store_searching import StoreSearching
from mainstay.services.knowledge.vector_store_limits import Attached, FileState
from mainstay.services.knowledge.vector_store_operations import VectorStoreOperations
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
from mainstay.services.knowledge.vector_stores import VectorStores


class VectorStoreKeeping(VectorStoreOperations):
    """Leads each operation to the part that does it."""

    _stores: VectorStores
    _attaching: Attaching
    _store_searching: StoreSearching

    async def create_vector_store(
        self,
        name: str = "",
        description: str = "",
        metadata: dict[str, str] | None = None,
        expires_days: int | None = None,
        chunk_tokens_max: int | None = None,
    ) -> VectorStore:
        """Make a vector store."""
        return await self._stores.make(name, description, metadata or {}, expires_days, chunk_tokens_max)

    async def list_vector_stores(
        self, after: str | None = None, before: str | None = None, limit: int = 20, order: str = "desc"
    ) -> VectorStorePage:
        """List vector stores."""
        return await self._stores.page(Page(limit, order == "desc"), after, before)

    async def get_vector_store(self, store_id: str) -> VectorStore:
        """Describe a vector store."""
        return await self._stores.give(store_id)

    async def update_vector_store(
        self,
        store_id: str,
        name: str | None = None,
        metadata: dict[str, str] | None = None,
        expires_days: int | None = None,
    ) -> VectorStore:
        """Change a vector store."""
        return await self._stores.change(store_id, name, metadata, expires_days)

    async def delete_vector_store(self, store_id: str) -> VectorStoreDeleted:
        """Delete a vector store with its documents."""
        return await self._stores.delete(store_id)

    async def attach_files(
        self, store_id: str, files: list[Attached], groups: list[str] | None = None
    ) -> FileBatch:
        """Put stored files into a vector store."""
        return await self._attaching.attach(store_id, files, groups)

    async def list_attached_files(
        self,
        store_id: str,
        batch_id: str | None = None,
        state: FileState | None = None,
        after: str | None = None,
        before: str | None = None,
        limit: int = 20,
        order: str = "desc",
    ) -> VectorStoreFilePage:
        """List what is in a vector store."""
        page = Page(limit, order == "desc", before=after is None and before is not None)
        return await self._attaching.page(store_id, page, batch_id, state, cursor=after or before)

    async def get_attached_file(self, store_id: str, file_id: str) -> VectorStoreFile:
        """Tell how far a file has come."""
        return await self._attaching.give(store_id, file_id)

    async def update_attached_file(
        self, store_id: str, file_id: str, attributes: dict[str, Any]
    ) -> VectorStoreFile:
        """Replace a file's attributes."""
        return await self._attaching.describe(store_id, file_id, attributes)

    async def detach_file(self, store_id: str, file_id: str) -> FileDetached:
        """Take a file out of a vector store."""
        return await self._attaching.detach(store_id, file_id)

    async def get_file_batch(self, store_id: str, batch_id: str) -> FileBatch:
        """Tell how far a batch has come."""
        return await self._attaching.batch(store_id, batch_id)

    async def cancel_file_batch(self, store_id: str, batch_id: str) -> FileBatch:
        """Leave out what was not read yet."""
        return await self._attaching.cancel(store_id, batch_id)

    async def search_vector_stores(
        self,
        store_ids: list[str],
        queries: list[str],
        top_k: int = 10,
        filters: Mapping[str, Any] | None = None,
        score_min: float = 0.0,
        rerank: bool | None = None,
        weight: float | None = None,
    ) -> list[StorePassage]:
        """Find passages."""
        return await self._store_searching.search(
            store_ids, queries, top_k, filters or {}, score_min, rerank=rerank, weight=weight
        )
