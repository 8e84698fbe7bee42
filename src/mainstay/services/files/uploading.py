"""Uploads in several parts: begun, added to, completed into a file, or given up."""

import asyncio
import hashlib
from collections.abc import Sequence

from mainstay.kernel.interface import Upload
from mainstay.kernel.room import Room
from mainstay.kernel.work import caller, emit, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.services.files.contents import Contents
from mainstay.services.files.failures import FileEmpty, UploadEnded, UploadMissing, UploadUnfit
from mainstay.services.files.limits import HOUR_S
from mainstay.services.files.records import FileUpload, PartsDropped, StoredFile, UploadEnds, UploadPart
from mainstay.services.files.store import FileRow, Kept
from mainstay.services.files.upload_store import State, UploadRow, UploadStore
from mainstay.services.files.vault import Vault, readers

_GOES_ON_MS = 1000 * HOUR_S
_TOLD_MS = 24 * _GOES_ON_MS
"""For how long it is told what became of an upload."""


class Uploading:
    """Keeps uploads; each goes on for an hour."""

    def __init__(
        self, uploads: UploadStore, contents: Contents, vault: Vault, room: Room, clock: Clock, ids: Ids
    ) -> None:
        """Take the parts."""
        self._uploads = uploads
        self._contents = contents
        self._vault = vault
        self._room = room
        self._clock = clock
        self._ids = ids

    async def begin(
        self,
        name: str,
        size: int,
        media_type: str,
        purpose: str,
        groups: Sequence[str] | None,
        expires_in_s: int | None,
    ) -> FileUpload:
        """Begin an upload."""
        now = self._clock.now_ms()
        row = UploadRow(
            upload_id=self._ids.new("upload"),
            name=name,
            purpose=purpose,
            media_type=media_type,
            bytes=size,
            groups=readers(groups),
            expires_in_s=expires_in_s,
            created_ms=now,
            expires_ms=now + _GOES_ON_MS,
        )
        note_target(row.upload_id)
        await self._contents.tidy()
        await self._uploads.add(row)
        emit(UploadEnds(upload_id=row.upload_id), promised=True, delay_ms=_GOES_ON_MS)
        emit(UploadEnds(upload_id=row.upload_id, forgotten=True), promised=True, delay_ms=_TOLD_MS)
        return _shown(row)

    async def add(self, upload_id: str, file: Upload) -> UploadPart:
        """Add a part, which is durable then."""
        row = await self._going_on(upload_id)
        if not file.content:
            raise FileEmpty("Send a part with at least one byte.")
        parts = await self._uploads.parts(upload_id)
        there = sum(piece.bytes for kept in parts.values() for piece in kept)
        if there + len(file.content) > row.bytes:
            raise UploadUnfit(f"{row.bytes} bytes were announced; with this part they would be more.")
        await self._room.take(0, len(file.content))
        kept = await self._contents.keep(file.content)
        part_id = self._ids.new("filepart")
        if not await self._uploads.hold(upload_id):
            raise _ended()
        await self._uploads.add_part(upload_id, part_id, kept)
        return UploadPart(part_id=part_id, upload_id=upload_id, created_ms=self._clock.now_ms())

    async def complete(self, upload_id: str, part_ids: Sequence[str], md5: str) -> FileUpload:
        """Make a file of parts, in this order."""
        row = await self._going_on(upload_id)
        parts = await self._uploads.parts(upload_id)
        missing = [part_id for part_id in part_ids if part_id not in parts]
        if missing or len(set(part_ids)) < len(part_ids):
            raise UploadUnfit("Name parts of this upload, each once.")
        pieces = [piece for part_id in part_ids for piece in parts[part_id]]
        size = sum(piece.bytes for piece in pieces)
        if size != row.bytes:
            raise UploadUnfit(f"{row.bytes} bytes were announced, these parts have {size}.")
        sha256, found = await self._hashes(pieces)
        if md5 and md5.lower() != found:
            raise UploadUnfit("The parts have another MD5 sum than the one that was sent.")
        return _shown(row, "completed", await self._file(row, pieces, sha256))

    async def cancel(self, upload_id: str) -> FileUpload:
        """Give an upload up."""
        row = await self._going_on(upload_id)
        await self._drop(row)
        return _shown(row, "cancelled")

    async def end(self, event: UploadEnds) -> None:
        """Give an upload up whose hour is over, or forget one that ended."""
        row = await self._uploads.upload(event.upload_id)
        if row is None:
            return
        if event.forgotten:
            await self._uploads.forget(row.upload_id)
        elif row.state == "pending":
            await self._drop(row)

    async def _drop(self, row: UploadRow) -> None:
        forgotten = await self._uploads.end(row.upload_id, "cancelled")
        if forgotten is None:
            raise _ended()
        _dropped(row.upload_id, forgotten)

    async def _file(self, row: UploadRow, pieces: Sequence[Kept], sha256: str) -> StoredFile:
        file_id, now = self._ids.new("file"), self._clock.now_ms()
        forgotten = await self._uploads.end(row.upload_id, "completed", file_id)
        if forgotten is None:
            raise _ended()
        named = {piece.blob for piece in pieces}
        _dropped(row.upload_id, [blob for blob in forgotten if blob not in named])
        made = FileRow(
            file_id=file_id,
            name=row.name,
            purpose=row.purpose,
            media_type=row.media_type,
            bytes=row.bytes,
            sha256=sha256,
            groups=row.groups,
            parts=len(pieces),
            created_ms=now,
            expires_ms=None if row.expires_in_s is None else now + 1000 * row.expires_in_s,
        )
        return await self._vault.add(made, pieces)

    async def _hashes(self, pieces: Sequence[Kept]) -> tuple[str, str]:
        """Give the SHA-256 and the MD5 sum of what pieces make up; the second is for clients that ask."""
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        for piece in pieces:
            content = await self._contents.give(piece)
            await asyncio.to_thread(sha256.update, content)
            await asyncio.to_thread(md5.update, content)
        return sha256.hexdigest(), md5.hexdigest()

    async def _going_on(self, upload_id: str) -> UploadRow:
        note_target(upload_id)
        row = await self._uploads.upload(upload_id)
        if row is None or not caller().sees(row.groups):
            raise UploadMissing("Check the id; an upload is known for a day.")
        if row.state != "pending" or row.expires_ms <= self._clock.now_ms():
            raise _ended()
        return row


def _dropped(upload_id: str, blobs: list[str]) -> None:
    """Promise that bytes go which became no file."""
    if blobs:
        emit(PartsDropped(blobs=blobs), subject=upload_id, promised=True)


def _ended() -> UploadEnded:
    return UploadEnded("It was completed, cancelled, or its hour is over. Begin a new one.")


def _shown(row: UploadRow, state: State = "pending", file: StoredFile | None = None) -> FileUpload:
    return FileUpload(
        upload_id=row.upload_id,
        name=row.name,
        purpose=row.purpose,
        bytes=row.bytes,
        state=state,
        file=file,
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
    )
