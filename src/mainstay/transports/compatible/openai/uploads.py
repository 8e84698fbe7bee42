"""Uploads: files that are sent in several parts."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.transports.compatible.openai import files
from mainstay.transports.compatible.openai.asking import Asked, checked
from mainstay.transports.compatible.openai.replies import Told
from mainstay.transports.compatible.openai.table import Endpoint

_PART_FIELD = "data"


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _ExpiresAfter(_Sent):
    anchor: Literal["created_at"]
    seconds: Annotated[int, Field(ge=3600, le=30 * 86_400)]


class _Create(_Sent):
    """`groups` is this server's own: whom the file is kept to."""

    bytes: int
    filename: str
    mime_type: str
    purpose: files.Purpose
    expires_after: _ExpiresAfter | None = None
    groups: Annotated[list[str], Field(max_length=100)] | None = None


class _Complete(_Sent):
    part_ids: list[str]
    md5: str = ""


def shown(upload: Any) -> dict[str, Any]:
    """Describe an upload."""
    return {
        "id": upload.upload_id,
        "object": "upload",
        "bytes": upload.bytes,
        "created_at": upload.created_ms // 1000,
        "expires_at": upload.expires_ms // 1000,
        "filename": upload.name,
        "purpose": upload.purpose,
        "status": upload.state,
        "file": None if upload.file is None else files.shown(upload.file),
    }


async def create_upload(asked: Asked) -> Told:
    """Begin an upload."""
    asked.names = {
        "name": "filename",
        "size": "bytes",
        "media_type": "mime_type",
        "expires_in_s": "expires_after.seconds",
    }
    sent = checked(_Create, await asked.json())
    begun = await asked(
        "files.start_upload",
        name=sent.filename,
        size=sent.bytes,
        media_type=sent.mime_type,
        purpose=sent.purpose,
        groups=sent.groups,
        expires_in_s=None if sent.expires_after is None else sent.expires_after.seconds,
    )
    return Told(shown(begun))


async def add_part(asked: Asked) -> Told:
    """Take a part."""
    _, file = await asked.form(_PART_FIELD)
    if file is None:
        problem = {"field": _PART_FIELD, "problem": "This field is required: the bytes of the part."}
        raise RequestInvalid(f"Check these fields: {_PART_FIELD}.", problems=[problem])
    part = await asked("files.add_upload_part", file=file, upload_id=asked.path["upload_id"])
    return Told(
        {
            "id": part.part_id,
            "object": "upload.part",
            "created_at": part.created_ms // 1000,
            "upload_id": part.upload_id,
        }
    )


async def complete_upload(asked: Asked) -> Told:
    """Make a file of the parts."""
    sent = checked(_Complete, await asked.json())
    done = await asked(
        "files.complete_upload", upload_id=asked.path["upload_id"], part_ids=sent.part_ids, md5=sent.md5
    )
    return Told(shown(done))


async def cancel_upload(asked: Asked) -> Told:
    """Give an upload up."""
    return Told(shown(await asked("files.cancel_upload", upload_id=asked.path["upload_id"])))


_ONE = "/uploads/{upload_id}"
ENDPOINTS = (
    Endpoint("POST", "/uploads", "files.start_upload", create_upload),
    Endpoint("POST", f"{_ONE}/parts", "files.add_upload_part", add_part, waits=True),
    Endpoint("POST", f"{_ONE}/complete", "files.complete_upload", complete_upload),
    Endpoint("POST", f"{_ONE}/cancel", "files.cancel_upload", cancel_upload),
)
