"""Files: stored, listed, given, deleted."""

import asyncio
import base64
import contextlib
import hashlib
import mimetypes
from collections.abc import Sequence

from mainstay.kernel.interface import Upload
from mainstay.kernel.room import Room
from mainstay.kernel.work import caller, emit, follow_up, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.services.files.contents import Contents
from mainstay.services.files.failures import FileEmpty, FileMissing, PartMissing
from mainstay.services.files.records import (
    FileDeleted,
    FileEnds,
    FilePage,
    FilePart,
    FileRemoved,
    StoredFile,
)
from mainstay.services.files.store import FileRow, FileStore, Kept
from mainstay.services.jobs.interface import Jobs

EVERYBODY = "*"
_MEDIA_TYPE = "application/octet-stream"
_WAIT_S = 20.0
_ROWS_AT_ONCE = 500
_ROUNDS_MAX = 20
"""How often one page reads on past files that its caller does not see."""


class Vault:
    """Keeps files."""

    def __init__(
        self, store: FileStore, contents: Contents, room: Room, jobs: Jobs, clock: Clock, ids: Ids
    ) -> None:
        """Take the parts."""
        self._store = store
        self._contents = contents
        self._room = room
        self._jobs = jobs
        self._clock = clock
        self._ids = ids

    async def keep(
        self, file: Upload, purpose: str, groups: Sequence[str] | None, expires_in_s: int | None
    ) -> StoredFile:
        """Store a file."""
        if not file.content:
            raise FileEmpty("Send a file with at least one byte.")
        await self._contents.tidy()
        sha256 = await asyncio.to_thread(lambda: hashlib.sha256(file.content).hexdigest())
        await self._room.take(0, len(file.content))
        parts = await self._contents.keep(file.content)
        now = self._clock.now_ms()
        row = FileRow(
            file_id=self._ids.new("file"),
            name=file.name,
            purpose=purpose,
            media_type=file.media_type or media_type_of(file.name),
            bytes=len(file.content),
            sha256=sha256,
            groups=readers(groups),
            parts=len(parts),
            created_ms=now,
            expires_ms=None if expires_in_s is None else now + 1000 * expires_in_s,
        )
        return await self.add(row, parts)

    async def add(self, row: FileRow, parts: Sequence[Kept]) -> StoredFile:
        """Note a file whose bytes are stored."""
        note_target(row.file_id)
        await self._store.add(row, parts)
        note_change(None, vars(row))
        if row.expires_ms is not None:
            emit(FileEnds(file_id=row.file_id), promised=True, delay_ms=row.expires_ms - row.created_ms)
        return shown(row)

    async def page(
        self, purpose: str | None, after: str | None, limit: int, *, newest_first: bool
    ) -> FilePage:
        """List files that the caller may see."""
        me, now = caller(), self._clock.now_ms()
        seen: list[FileRow] = []
        position, portion, onwards = after, limit + 1, None
        for _ in range(_ROUNDS_MAX):
            rows = await self._store.page(purpose, position, portion, now, newest_first=newest_first)
            seen += [row for row in rows if me.sees(row.groups)]
            if len(seen) > limit or len(rows) < portion:
                break
            position, portion = rows[-1].file_id, _ROWS_AT_ONCE
            await asyncio.sleep(0)  # reads of SQLite take no turn of their own
        else:
            onwards = position
        page = seen[:limit]
        return FilePage(
            files=[shown(row) for row in page], next=page[-1].file_id if len(seen) > limit else onwards
        )

    async def visible(self, file_id: str) -> FileRow:
        """Find a file that the caller may see; raises FileMissing."""
        note_target(file_id)
        row = await self._store.file(file_id, self._clock.now_ms())
        if row is None or not caller().sees(row.groups):
            raise FileMissing("Check the id; files of groups that you are not in are not shown.")
        return row

    async def part(self, file_id: str, number: int) -> FilePart:
        """Give a part of a file."""
        row = await self.visible(file_id)
        parts = await self._store.parts(file_id)
        if number > len(parts):
            raise PartMissing(f"The file has {len(parts)} parts.")
        content = await self._contents.give(parts[number - 1])
        text = await asyncio.to_thread(lambda: base64.b64encode(content).decode())
        return FilePart(file_id=row.file_id, number=number, parts=len(parts), content=text)

    async def delete(self, file_id: str) -> FileRemoved:
        """Delete a file, and wait a while until nothing is left of it."""
        row = await self.visible(file_id)
        removed = await self.remove(row)

        async def gone() -> FileRemoved:
            with contextlib.suppress(Failure):  # whoever may not see jobs is not told less of the deletion
                await self._jobs.get_job(removed.job_id, wait_s=_WAIT_S)
            return removed

        follow_up(gone)
        return removed

    async def remove(self, row: FileRow) -> FileRemoved:
        """Forget a file, and promise that its bytes go; raises FileMissing."""
        blobs = [part.blob for part in await self._store.parts(row.file_id)]
        if not await self._store.remove(row.file_id):
            raise FileMissing("It was deleted by another request this moment.")
        note_change(vars(row), None)
        job_id = self._ids.new("job")
        gone = FileDeleted(file_id=row.file_id, blobs=blobs, job_id=job_id)
        emit(gone, job_id=job_id, subject=row.file_id, promised=True)
        return FileRemoved(file_id=row.file_id, job_id=job_id)

    async def end(self, file_id: str) -> None:
        """Delete a file whose time is over."""
        row = await self._store.file(file_id, -1)
        if row is not None:
            await self.remove(row)

    async def age(self, before_ms: int) -> int:
        """Delete some of the files that were stored before a moment; count them."""
        old = await self._store.older(before_ms, _ROWS_AT_ONCE // 5)
        for file_id in old:
            await self.end(file_id)
        return len(old)


def readers(groups: Sequence[str] | None) -> tuple[str, ...] | None:
    """Give the groups that a file is kept to, each once; None is everybody."""
    return None if groups is None or EVERYBODY in groups else tuple(dict.fromkeys(groups))


def media_type_of(name: str) -> str:
    """Guess what a file is, by its name."""
    return mimetypes.guess_type(name)[0] or _MEDIA_TYPE


def shown(row: FileRow) -> StoredFile:
    """Give a file as callers see it."""
    facts = {**vars(row), "groups": None if row.groups is None else list(row.groups)}
    return StoredFile(**facts)
