"""The files service."""

from mainstay.kernel.holdings import Holding
from mainstay.kernel.interface import Upload
from mainstay.services.files.interface import Files
from mainstay.services.files.records import (
    FilePage,
    FilePart,
    FileRemoved,
    FileUpload,
    StoredFile,
    UploadPart,
)
from mainstay.services.files.store import FileStore
from mainstay.services.files.upload_store import UploadStore
from mainstay.services.files.uploading import Uploading
from mainstay.services.files.vault import Vault, media_type_of, shown


class FilesService(Files):
    """The files service."""

    def __init__(self, vault: Vault, uploading: Uploading, store: FileStore, uploads: UploadStore) -> None:
        """Take the parts."""
        self._vault = vault
        self._uploading = uploading
        self._store = store
        self._uploads = uploads

    async def holding(self) -> Holding:
        """Count what the caller's tenant has stored, for the house; files are no documents."""
        _, size = await self._store.counted()
        return Holding(0, size + await self._uploads.counted())

    async def start_upload(
        self,
        name: str,
        size: int,
        media_type: str = "",
        purpose: str = "user_data",
        groups: list[str] | None = None,
        expires_in_s: int | None = None,
    ) -> FileUpload:
        """Begin to send a file in several parts."""
        known = media_type or media_type_of(name)
        return await self._uploading.begin(name, size, known, purpose, groups, expires_in_s)

    async def add_upload_part(self, file: Upload, upload_id: str) -> UploadPart:
        """Take a part."""
        return await self._uploading.add(upload_id, file)

    async def complete_upload(self, upload_id: str, part_ids: list[str], md5: str = "") -> FileUpload:
        """Make a file of parts."""
        return await self._uploading.complete(upload_id, part_ids, md5)

    async def cancel_upload(self, upload_id: str) -> FileUpload:
        """Give an upload up."""
        return await self._uploading.cancel(upload_id)

    async def upload_file(
        self,
        file: Upload,
        purpose: str = "user_data",
        groups: list[str] | None = None,
        expires_in_s: int | None = None,
    ) -> StoredFile:
        """Store a file."""
        return await self._vault.keep(file, purpose, groups, expires_in_s)

    async def list_files(
        self, purpose: str | None = None, after: str | None = None, limit: int = 100, order: str = "desc"
    ) -> FilePage:
        """List files."""
        return await self._vault.page(purpose, after, limit, newest_first=order == "desc")

    async def get_file(self, file_id: str) -> StoredFile:
        """Describe a file."""
        return shown(await self._vault.visible(file_id))

    async def get_file_part(self, file_id: str, part: int) -> FilePart:
        """Give a part of a file's content."""
        return await self._vault.part(file_id, part)

    async def delete_file(self, file_id: str) -> FileRemoved:
        """Delete a file."""
        return await self._vault.delete(file_id)
