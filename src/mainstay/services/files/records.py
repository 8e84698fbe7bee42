"""What comes out of the files service."""

from typing import Literal

from pydantic import Field

from mainstay.kernel.interface import Event, Record


class StoredFile(Record):
    """A file as it was stored; times are milliseconds since 1970."""

    file_id: str
    name: str
    purpose: str
    media_type: str
    bytes: int
    sha256: str = Field(description="Of the content, in hexadecimal.")
    groups: list[str] | None = Field(description="Whom it is kept to; null: everybody who may read files.")
    parts: int = Field(description="In how many parts its content is given.")
    created_ms: int
    expires_ms: int | None = Field(description="When it is deleted by itself; null: never.")


class FilePage(Record):
    """A part of a list; `next` is the `after` of the following part, null at the end.

    A part may be short or empty before the end, where many files follow that the caller does not see.
    """

    files: list[StoredFile]
    next: str | None


class FilePart(Record):
    """A part of a file's content."""

    file_id: str
    number: int
    parts: int
    content: str = Field(description="Base64 (RFC 4648).")


class FileRemoved(Record):
    """A file that was deleted: it is not found any more, nor is anything that was made of it."""

    file_id: str
    job_id: str = Field(description="The job that erased its bytes and what was made of it; it may go on.")


class FileUpload(Record):
    """A file that is sent in several parts; `file` is there when it was completed."""

    upload_id: str
    name: str
    purpose: str
    bytes: int = Field(description="What was announced, and what the parts have to make up.")
    state: Literal["pending", "completed", "cancelled"]
    file: StoredFile | None
    created_ms: int
    expires_ms: int


class UploadPart(Record):
    """A part of an upload that is stored."""

    part_id: str
    upload_id: str
    created_ms: int


class UploadEnds(Event):
    """The hour of an upload is over, or the day for which it is known (`forgotten`)."""

    upload_id: str
    forgotten: bool = False


class PartsDropped(Event):
    """Parts of an upload became of no use; their bytes are to be erased."""

    blobs: list[str]


class FileDeleted(Event):
    """A file was deleted; its bytes are to be erased, and what others made of it."""

    file_id: str
    blobs: list[str]
    job_id: str


class FileEnds(Event):
    """The time of a file is over, unless it was deleted before."""

    file_id: str
