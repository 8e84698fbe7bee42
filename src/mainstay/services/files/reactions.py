"""What the files service does when a file was deleted, has had its time, or a tenant goes."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.files.contents import Contents
from mainstay.services.files.leaving import Leaving
from mainstay.services.files.records import FileDeleted, FileEnds, PartsDropped, UploadEnds
from mainstay.services.files.uploading import Uploading
from mainstay.services.files.vault import Vault
from mainstay.services.privacy.interface import RetentionDue, TenantErasureRequested


class FilesReactions(Reactions):
    """Erases what is to be erased."""

    def __init__(self, contents: Contents, vault: Vault, uploading: Uploading, leaving: Leaving) -> None:
        """Take the parts."""
        self._contents = contents
        self._vault = vault
        self._uploading = uploading
        self._leaving = leaving

    @reacts_to(FileDeleted, batch=16)
    async def erase_contents(self, events: Sequence[FileDeleted]) -> None:
        """Erase the bytes of deleted files."""
        await self._contents.erase([blob for event in events for blob in event.blobs])

    @reacts_to(PartsDropped, batch=16)
    async def erase_parts(self, events: Sequence[PartsDropped]) -> None:
        """Erase the bytes of parts that became no file."""
        await self._contents.erase([blob for event in events for blob in event.blobs])

    @reacts_to(UploadEnds)
    async def end_uploads(self, events: Sequence[UploadEnds]) -> None:
        """Give up uploads whose hour is over, and forget those that ended long ago."""
        for event in events:
            await self._uploading.end(event)

    @reacts_to(FileEnds)
    async def end_files(self, events: Sequence[FileEnds]) -> None:
        """Delete files whose time is over."""
        for event in events:
            await self._vault.end(event.file_id)

    @reacts_to(RetentionDue)
    async def remove_old(self, events: Sequence[RetentionDue]) -> None:
        """Remove some files that are old."""
        for event in events:
            await self._leaving.age(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove the files of a tenant."""
        for event in events:
            await self._leaving.erase(event)
