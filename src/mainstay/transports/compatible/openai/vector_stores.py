"""Vector stores: made, listed, described, changed, deleted, searched. Each collection is one."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from mainstay.transports.compatible.openai.asking import Asked, checked
from mainstay.transports.compatible.openai.filters import Filters, compiled
from mainstay.transports.compatible.openai.lists import ListAsked, from_query, page
from mainstay.transports.compatible.openai.naming import Names
from mainstay.transports.compatible.openai.replies import Told
from mainstay.transports.compatible.openai.table import Endpoint

FileIds = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=2000)]
_NEVER_DAYS = 0
_NAMES: Names = {
    "expires_days": "expires_after.days",
    "chunk_tokens_max": "chunking_strategy.static.max_chunk_size_tokens",
    "files": "file_ids.",
    "queries": "query",
    "top_k": "max_num_results",
    "score_min": "ranking_options.score_threshold",
    "weight": "ranking_options.hybrid_search",
}


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Auto(_Sent):
    type: Literal["auto"]


class _Sizes(_Sent):
    max_chunk_size_tokens: Annotated[int, Field(ge=100, le=4096)]
    chunk_overlap_tokens: Annotated[int, Field(ge=0, le=2048)] = 0


class _Static(_Sent):
    type: Literal["static"]
    static: _Sizes


Chunking = Annotated[_Auto | _Static, Field(discriminator="type")]
"""How files are cut. Passages are no longer than the encoder reads, and never overlap: answers say so."""


class _ExpiresAfter(_Sent):
    anchor: Literal["last_active_at"]
    days: Annotated[int, Field(ge=1, le=365)]


class _Create(_Sent):
    name: str | None = None
    description: str | None = None
    file_ids: FileIds = []
    metadata: dict[str, str] | None = None
    expires_after: _ExpiresAfter | None = None
    chunking_strategy: Chunking | None = None


class _Modify(_Sent):
    name: str | None = None
    metadata: dict[str, str] | None = None
    expires_after: _ExpiresAfter | None = None


class _HybridSearch(_Sent):
    embedding_weight: Annotated[float, Field(ge=0, le=1000)]
    text_weight: Annotated[float, Field(ge=0, le=1000)]


class RankingOptions(_Sent):
    """How results are ranked; the reranker of this server is used unless `ranker` is `none`."""

    ranker: Literal["none", "auto", "default-2024-11-15", "default_2024_08_21"] = "auto"
    score_threshold: Annotated[float, Field(ge=0, le=1)] = 0.0
    hybrid_search: _HybridSearch | None = None

    @property
    def asked(self) -> dict[str, Any]:
        """Give what the search takes of it."""
        hybrid = self.hybrid_search
        whole = 0.0 if hybrid is None else hybrid.embedding_weight + hybrid.text_weight
        return {
            "rerank": False if self.ranker == "none" else None,
            "score_min": self.score_threshold,
            "weight": None if hybrid is None or whole == 0 else hybrid.embedding_weight / whole,
        }


def _listed(query: object) -> object:
    return [query] if isinstance(query, str) else query


class _Search(_Sent):
    query: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=4000)]],
        BeforeValidator(_listed),
        Field(min_length=1, max_length=10),
    ]
    filters: Filters | None = None
    max_num_results: Annotated[int, Field(ge=1, le=50)] = 10
    ranking_options: RankingOptions = RankingOptions()
    rewrite_query: bool = False


def counts(files: Any) -> dict[str, int]:
    """Tell how many files are in which state."""
    return {
        "in_progress": files.in_progress,
        "completed": files.completed,
        "failed": files.failed,
        "cancelled": files.cancelled,
        "total": files.total,
    }


def shown(store: Any) -> dict[str, Any]:
    """Describe a vector store."""
    days = store.expires_days
    return {
        "id": store.store_id,
        "object": "vector_store",
        "created_at": store.created_ms // 1000,
        "name": store.name,
        "usage_bytes": store.bytes,
        "file_counts": counts(store.files),
        "status": store.state,
        "expires_after": None if days is None else {"anchor": "last_active_at", "days": days},
        "expires_at": None if store.expires_ms is None else store.expires_ms // 1000,
        "last_active_at": store.used_ms // 1000,
        "metadata": store.metadata,
    }


async def create_store(asked: Asked) -> Told:
    """Make a vector store, and put files into it; a file that is missing makes none."""
    asked.names = _NAMES
    sent = checked(_Create, await asked.json())
    for file_id in dict.fromkeys(sent.file_ids):
        await asked("files.get_file", file_id=file_id)
    chunking = sent.chunking_strategy
    store = await asked(
        "knowledge.create_vector_store",
        name=sent.name or "",
        description=sent.description or "",
        metadata=sent.metadata or {},
        expires_days=None if sent.expires_after is None else sent.expires_after.days,
        chunk_tokens_max=chunking.static.max_chunk_size_tokens if isinstance(chunking, _Static) else None,
    )
    if sent.file_ids:
        files = [{"file_id": file_id} for file_id in dict.fromkeys(sent.file_ids)]
        await asked("knowledge.attach_files", store_id=store.store_id, files=files)
        store = await asked("knowledge.get_vector_store", store_id=store.store_id)
    return Told(shown(store))


async def list_stores(asked: Asked) -> Told:
    """List vector stores."""
    wanted = from_query(ListAsked, asked)
    found = await asked("knowledge.list_vector_stores", **wanted.model_dump())
    return Told(page([shown(store) for store in found.stores], more=found.more))


async def retrieve_store(asked: Asked) -> Told:
    """Describe a vector store."""
    return Told(shown(await asked("knowledge.get_vector_store", store_id=asked.path["store_id"])))


async def modify_store(asked: Asked) -> Told:
    """Change a vector store; null takes away what is there."""
    asked.names = _NAMES
    sent = checked(_Modify, await asked.json())
    changes: dict[str, Any] = {}
    if "name" in sent.model_fields_set:
        changes["name"] = sent.name or ""
    if "metadata" in sent.model_fields_set:
        changes["metadata"] = sent.metadata or {}
    if "expires_after" in sent.model_fields_set:
        changes["expires_days"] = _NEVER_DAYS if sent.expires_after is None else sent.expires_after.days
    store = await asked("knowledge.update_vector_store", store_id=asked.path["store_id"], **changes)
    return Told(shown(store))


async def delete_store(asked: Asked) -> Told:
    """Delete a vector store; the files stay."""
    gone = await asked("knowledge.delete_vector_store", store_id=asked.path["store_id"])
    return Told({"id": gone.store_id, "object": "vector_store.deleted", "deleted": True})


async def search_store(asked: Asked) -> Told:
    """Search a vector store; queries are not rewritten, whatever is asked, and the answer says so."""
    asked.names = _NAMES
    sent = checked(_Search, await asked.json())
    found = await asked(
        "knowledge.search_vector_stores",
        store_ids=[asked.path["store_id"]],
        queries=sent.query,
        top_k=sent.max_num_results,
        filters=None if sent.filters is None else compiled(sent.filters),
        **sent.ranking_options.asked,
    )
    hits = [
        {
            "file_id": hit.file_id,
            "filename": hit.name,
            "score": hit.score,
            "attributes": hit.attributes,
            "content": [{"type": "text", "text": hit.text}],
        }
        for hit in found
    ]
    return Told(
        {
            "object": "vector_store.search_results.page",
            "search_query": sent.query,
            "data": hits,
            "has_more": False,
            "next_page": None,
        }
    )


_ONE = "/vector_stores/{store_id}"
ENDPOINTS = (
    Endpoint("POST", "/vector_stores", "knowledge.create_vector_store", create_store),
    Endpoint("GET", "/vector_stores", "knowledge.list_vector_stores", list_stores),
    Endpoint("GET", _ONE, "knowledge.get_vector_store", retrieve_store),
    Endpoint("POST", _ONE, "knowledge.update_vector_store", modify_store),
    Endpoint("DELETE", _ONE, "knowledge.delete_vector_store", delete_store),
    Endpoint("POST", f"{_ONE}/search", "knowledge.search_vector_stores", search_store),
)
