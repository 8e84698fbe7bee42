"""Files of your tenant, stored as they are: uploaded, listed, given back, deleted."""

from mainstay.kernel.interface import Interface, Upload, reads, writes
from mainstay.kernel.room import QuotaFull
from mainstay.ports.blobs import BlobsUnavailable
from mainstay.services.files.failures import (
    FileEmpty,
    FileMissing,
    PartMissing,
    UploadEnded,
    UploadMissing,
    UploadUnfit,
)
from mainstay.services.files.limits import (
    ExpiresIn,
    FileId,
    FileName,
    FileSize,
    Groups,
    Md5,
    MediaType,
    Order,
    PageLimit,
    PartIds,
    PartNumber,
    Purpose,
)
from mainstay.services.files.records import (
    FileDeleted,
    FilePage,
    FilePart,
    FileRemoved,
    FileUpload,
    StoredFile,
    UploadPart,
)

__all__ = ["FileDeleted", "FileMissing", "Files", "StoredFile"]

_UPLOAD = {"upload_id": "upload_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_GOING_ON = (UploadMissing, UploadEnded, UploadUnfit, BlobsUnavailable)
_FILE = {"file_id": "file_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class Files(Interface):
    """Files of your tenant, stored as they are."""

    @writes(
        "POST /storage/files",
        may="files:write",
        status=201,
        fails=(FileEmpty, QuotaFull, BlobsUnavailable),
        example={"purpose": "assistants"},
    )
    async def upload_file(
        self,
        file: Upload,
        purpose: Purpose = "user_data",
        groups: Groups | None = None,
        expires_in_s: ExpiresIn | None = None,
    ) -> StoredFile:
        """Store a file, encrypted; when this answers, it is durable.

        Search does not look into it: attach it to a vector store for that.
        """

    @reads("GET /storage/files", may="files:read", example={"purpose": "assistants", "limit": 20})
    async def list_files(
        self,
        purpose: Purpose | None = None,
        after: FileId | None = None,
        limit: PageLimit = 100,
        order: Order = "desc",
    ) -> FilePage:
        """List files by the time when they were stored."""

    @reads("GET /storage/files/{file_id}", may="files:read", fails=(FileMissing,), example=_FILE)
    async def get_file(self, file_id: FileId) -> StoredFile:
        """Describe a file."""

    @reads(
        "GET /storage/files/{file_id}/parts/{part}",
        may="files:read",
        fails=(FileMissing, PartMissing, BlobsUnavailable),
        example={**_FILE, "part": 1},
    )
    async def get_file_part(self, file_id: FileId, part: PartNumber) -> FilePart:
        """Give a part of a file's content, 8 MiB in most; all of them one after another are the file."""

    @writes("DELETE /storage/files/{file_id}", may="files:write", fails=(FileMissing,), example=_FILE)
    async def delete_file(self, file_id: FileId) -> FileRemoved:
        """Delete a file for good, and take it out of every vector store.

        When this answers, nothing finds it. The job that is named erases its bytes and what was made of it;
        the answer waits for that for some seconds. It cannot be cancelled, and can be retried when it failed.
        """

    @writes(
        "POST /storage/uploads",
        may="files:write",
        status=201,
        example={"name": "archive.zip", "size": 200_000_000, "purpose": "user_data"},
    )
    async def start_upload(
        self,
        name: FileName,
        size: FileSize,
        media_type: MediaType = "",
        purpose: Purpose = "user_data",
        groups: Groups | None = None,
        expires_in_s: ExpiresIn | None = None,
    ) -> FileUpload:
        """Begin to send a file in several parts, 512 MiB together at most; it goes on for an hour."""

    @writes(
        "POST /storage/uploads/{upload_id}/parts",
        may="files:write",
        status=201,
        fails=(*_GOING_ON, FileEmpty, QuotaFull),
        example=_UPLOAD,
    )
    async def add_upload_part(self, file: Upload, upload_id: FileId) -> UploadPart:
        """Send a part; parts may be sent at the same time, and in any order."""

    @writes(
        "POST /storage/uploads/{upload_id}/complete",
        may="files:write",
        fails=_GOING_ON,
        example={**_UPLOAD, "part_ids": ["filepart_01k9z6q7h8e4v5c3x2b1n0m9a8"]},
    )
    async def complete_upload(self, upload_id: FileId, part_ids: PartIds, md5: Md5 = "") -> FileUpload:
        """Make a file of the parts that are named, in that order; others are erased."""

    @writes(
        "POST /storage/uploads/{upload_id}/cancel",
        may="files:write",
        fails=(UploadMissing, UploadEnded),
        example=_UPLOAD,
    )
    async def cancel_upload(self, upload_id: FileId) -> FileUpload:
        """Give an upload up; its parts are erased."""
