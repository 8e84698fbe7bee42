"""Files of vector stores, one by one and in batches: attached, listed, described, taken out."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.transports.compatible.openai.asking import Asked, checked
from mainstay.transports.compatible.openai.lists import ListAsked, from_query, page
from mainstay.transports.compatible.openai.replies import Told
from mainstay.transports.compatible.openai.table import Endpoint
from mainstay.transports.compatible.openai.vector_stores import Chunking, FileIds, counts

_POLL_AFTER_MS = "100"
_ERRORS: Mapping[str, str] = {
    "FileKindUnsupported": "unsupported_file",
    "FileUnreadable": "invalid_file",
    "FileTooLarge": "invalid_file",
    "FileMissing": "invalid_file",
    "DocumentInvalid": "invalid_file",
}
_Attributes = dict[str, str | bool | int | float]
_Groups = Annotated[list[str], Field(max_length=100)]


class _Sent(BaseModel):
    """`groups` is this server's own: who may find the files; not given, who may see them."""

    model_config = ConfigDict(extra="forbid")

    groups: _Groups | None = None
    attributes: _Attributes | None = None
    chunking_strategy: Chunking | None = None


class _Attach(_Sent):
    file_id: Annotated[str, Field(min_length=1, max_length=64)]


class _BatchFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file_id: Annotated[str, Field(min_length=1, max_length=64)]
    attributes: _Attributes | None = None
    chunking_strategy: Chunking | None = None


class _Batch(_Sent):
    file_ids: FileIds | None = None
    files: Annotated[list[_BatchFile], Field(max_length=2000)] | None = None

    @property
    def wanted(self) -> list[dict[str, Any]]:
        """Give the files with their attributes; those of the batch hold for `file_ids` alone."""
        if (self.files is None) == (self.file_ids is None):
            problem = {"field": "file_ids", "problem": "Give either `file_ids` or `files`."}
            raise RequestInvalid("Check these fields: file_ids.", problems=[problem])
        if self.files is not None:
            return [_wanted(each.file_id, each.attributes) for each in self.files]
        return [_wanted(file_id, self.attributes) for file_id in self.file_ids or ()]


class _Update(BaseModel):
    model_config = ConfigDict(extra="forbid")

    attributes: _Attributes | None


class _FilesAsked(ListAsked):
    filter: Literal["in_progress", "completed", "failed", "cancelled"] | None = None


def _wanted(file_id: str, attributes: _Attributes | None) -> dict[str, Any]:
    return {"file_id": file_id, "attributes": attributes or {}}


def shown(file: Any) -> dict[str, Any]:
    """Describe a file of a vector store."""
    error = None
    if file.state == "failed":
        error = {"code": _ERRORS.get(file.problem_code, "server_error"), "message": file.problem}
    sizes = {"max_chunk_size_tokens": file.chunk_tokens_max, "chunk_overlap_tokens": 0}
    return {
        "id": file.file_id,
        "object": "vector_store.file",
        "created_at": file.created_ms // 1000,
        "vector_store_id": file.store_id,
        "status": file.state,
        "last_error": error,
        "usage_bytes": file.bytes,
        "attributes": file.attributes,
        "chunking_strategy": {"type": "static", "static": sizes},
    }


def batch_shown(batch: Any) -> dict[str, Any]:
    """Describe a batch."""
    return {
        "id": batch.batch_id,
        "object": "vector_store.file_batch",
        "created_at": batch.created_ms // 1000,
        "vector_store_id": batch.store_id,
        "status": batch.state,
        "file_counts": counts(batch.files),
    }


async def attach_file(asked: Asked) -> Told:
    """Put a file into a vector store."""
    sent = checked(_Attach, await asked.json())
    await _attached(asked, [_wanted(sent.file_id, sent.attributes)], sent.groups)
    return Told(shown(await _file(asked, sent.file_id)))


async def list_attached(asked: Asked) -> Told:
    """List the files of a vector store, or of one batch."""
    wanted = from_query(_FilesAsked, asked)
    if "batch_id" in asked.path:
        await _batch(asked)
    found = await asked(
        "knowledge.list_attached_files",
        store_id=asked.path["store_id"],
        batch_id=asked.path.get("batch_id"),
        state=wanted.filter,
        after=wanted.after,
        before=wanted.before,
        limit=wanted.limit,
        order=wanted.order,
    )
    return Told(page([shown(file) for file in found.files], more=found.more))


async def retrieve_attached(asked: Asked) -> Told:
    """Tell how far a file has come; whoever waits for it may ask again soon."""
    file = await _file(asked, asked.path["file_id"])
    _poll(asked, file.state)
    return Told(shown(file))


async def update_attached(asked: Asked) -> Told:
    """Replace a file's attributes."""
    sent = checked(_Update, await asked.json())
    file = await asked(
        "knowledge.update_attached_file",
        store_id=asked.path["store_id"],
        file_id=asked.path["file_id"],
        attributes=sent.attributes or {},
    )
    return Told(shown(file))


async def attached_content(asked: Asked) -> Told:
    """Give a file's text as it was read."""
    file = await _file(asked, asked.path["file_id"])
    document = await asked("knowledge.get_document", doc_id=file.doc_id)
    return Told(
        {
            "object": "vector_store.file_content.page",
            "data": [{"type": "text", "text": document.text}],
            "has_more": False,
            "next_page": None,
        }
    )


async def detach_file(asked: Asked) -> Told:
    """Take a file out of a vector store."""
    gone = await asked(
        "knowledge.detach_file", store_id=asked.path["store_id"], file_id=asked.path["file_id"]
    )
    return Told({"id": gone.file_id, "object": "vector_store.file.deleted", "deleted": True})


async def create_batch(asked: Asked) -> Told:
    """Put several files into a vector store."""
    sent = checked(_Batch, await asked.json())
    return Told(batch_shown(await _attached(asked, sent.wanted, sent.groups)))


async def retrieve_batch(asked: Asked) -> Told:
    """Tell how far a batch has come."""
    batch = await _batch(asked)
    _poll(asked, batch.state)
    return Told(batch_shown(batch))


async def cancel_batch(asked: Asked) -> Told:
    """Leave out the files of a batch that were not read yet."""
    cancelled = await asked(
        "knowledge.cancel_file_batch", store_id=asked.path["store_id"], batch_id=asked.path["batch_id"]
    )
    return Told(batch_shown(cancelled))


async def _attached(asked: Asked, files: Sequence[Mapping[str, Any]], groups: list[str] | None) -> Any:
    return await asked(
        "knowledge.attach_files", store_id=asked.path["store_id"], files=list(files), groups=groups
    )


async def _file(asked: Asked, file_id: str) -> Any:
    return await asked("knowledge.get_attached_file", store_id=asked.path["store_id"], file_id=file_id)


async def _batch(asked: Asked) -> Any:
    return await asked(
        "knowledge.get_file_batch", store_id=asked.path["store_id"], batch_id=asked.path["batch_id"]
    )


def _poll(asked: Asked, state: str) -> None:
    if state == "in_progress":
        asked.headers["openai-poll-after-ms"] = _POLL_AFTER_MS


_FILES = "/vector_stores/{store_id}/files"
_FILE = f"{_FILES}/{{file_id}}"
_BATCHES = "/vector_stores/{store_id}/file_batches"
_BATCH = f"{_BATCHES}/{{batch_id}}"
ENDPOINTS = (
    Endpoint("POST", _FILES, "knowledge.attach_files", attach_file),
    Endpoint("GET", _FILES, "knowledge.list_attached_files", list_attached),
    Endpoint("GET", _FILE, "knowledge.get_attached_file", retrieve_attached),
    Endpoint("POST", _FILE, "knowledge.update_attached_file", update_attached),
    Endpoint("DELETE", _FILE, "knowledge.detach_file", detach_file),
    Endpoint("GET", f"{_FILE}/content", "knowledge.get_document", attached_content),
    Endpoint("POST", _BATCHES, "knowledge.attach_files", create_batch),
    Endpoint("GET", _BATCH, "knowledge.get_file_batch", retrieve_batch),
    Endpoint("POST", f"{_BATCH}/cancel", "knowledge.cancel_file_batch", cancel_batch),
    Endpoint("GET", f"{_BATCH}/files", "knowledge.list_attached_files", list_attached),
)
