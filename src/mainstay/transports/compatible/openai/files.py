"""Files: uploaded, listed, described, given back, deleted."""

import base64
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, Json

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.transports.compatible.openai.asking import Asked
from mainstay.transports.compatible.openai.lists import ListAsked, from_query, from_texts, page
from mainstay.transports.compatible.openai.replies import Download, Told
from mainstay.transports.compatible.openai.table import Endpoint

Purpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
Made = Literal["assistants_output", "batch_output", "fine-tune-results"]
"""What files are for that were made here; nobody uploads such."""
_LIMIT_MAX = 1000


class _Form(BaseModel):
    """The fields beside a file; `groups[]` is this server's own: whom the file is kept to."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    purpose: Purpose
    anchor: Literal["created_at"] | None = Field(None, alias="expires_after[anchor]")
    seconds: Annotated[int, Field(ge=3600, le=30 * 86_400)] | None = Field(
        None, alias="expires_after[seconds]"
    )
    groups: Json[list[str]] | None = Field(None, alias="groups[]")


class _ListAsked(ListAsked):
    limit: Annotated[int, Field(ge=1, le=10_000)] = 10_000
    purpose: Purpose | Made | None = None
    before: None = None


def shown(file: Any) -> dict[str, Any]:
    """Describe a file."""
    return {
        "id": file.file_id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": file.created_ms // 1000,
        "expires_at": None if file.expires_ms is None else file.expires_ms // 1000,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": None,
    }


async def upload_file(asked: Asked) -> Told:
    """Store a file."""
    asked.names = {"expires_in_s": "expires_after[seconds]", "groups": "groups[]"}
    fields, file = await asked.form()
    form = from_texts(_Form, fields)
    if file is None:
        problem = {"field": "file", "problem": "This field is required: the file itself."}
        raise RequestInvalid("Check these fields: file.", problems=[problem])
    stored = await asked(
        "files.upload_file",
        file=file,
        purpose=form.purpose,
        groups=form.groups,
        expires_in_s=form.seconds,
    )
    return Told(shown(stored))


async def list_files(asked: Asked) -> Told:
    """List files, a page at a time; more than 1,000 are never in one."""
    wanted = from_query(_ListAsked, asked)
    found = await asked(
        "files.list_files",
        purpose=wanted.purpose,
        after=wanted.after,
        limit=min(wanted.limit, _LIMIT_MAX),
        order=wanted.order,
    )
    return Told(page([shown(file) for file in found.files], more=found.next is not None))


async def retrieve_file(asked: Asked) -> Told:
    """Describe a file."""
    return Told(shown(await asked("files.get_file", file_id=asked.path["file_id"])))


async def file_content(asked: Asked) -> Download:
    """Give a file's content, part by part."""
    file = await asked("files.get_file", file_id=asked.path["file_id"])

    async def pieces() -> AsyncGenerator[bytes, None]:
        for number in range(1, file.parts + 1):
            part = await asked("files.get_file_part", file_id=file.file_id, part=number)
            yield base64.b64decode(part.content)

    return Download(pieces(), file.bytes, name=file.name)


async def delete_file(asked: Asked) -> Told:
    """Delete a file, and take it out of every vector store."""
    gone = await asked("files.delete_file", file_id=asked.path["file_id"])
    return Told({"id": gone.file_id, "object": "file", "deleted": True})


ENDPOINTS = (
    Endpoint("POST", "/files", "files.upload_file", upload_file, waits=True),
    Endpoint("GET", "/files", "files.list_files", list_files),
    Endpoint("GET", "/files/{file_id}", "files.get_file", retrieve_file),
    Endpoint("DELETE", "/files/{file_id}", "files.delete_file", delete_file),
    Endpoint("GET", "/files/{file_id}/content", "files.get_file_part", file_content),
)
