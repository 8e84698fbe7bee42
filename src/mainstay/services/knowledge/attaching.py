"""Stored files in vector stores: attached, read, described, taken out."""

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mainstay.kernel.interface import Upload
from mainstay.kernel.work import caller, emit, follow_up, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, Forbidden, Invalid, NotFound
from mainstay.kit.ids import Ids, made_ms
from mainstay.services.files.interface import FileDeleted, Files, StoredFile
from mainstay.services.knowledge.attachment_store import WAITING, AttachedRow, AttachmentStore
from mainstay.services.knowledge.failures import (
    CollectionMissing,
    DocumentBusy,
    DocumentIdTaken,
    FileBatchMissing,
    StoreFileMissing,
)
from mainstay.services.knowledge.intake import Draft, Intake
from mainstay.services.knowledge.library import Library
from mainstay.services.knowledge.paging import Page, paged
from mainstay.services.knowledge.permissions import EVERYBODY, may_see, readers
from mainstay.services.knowledge.store import DocumentRow, KnowledgeStore
from mainstay.services.knowledge.vector_store_limits import Attached
from mainstay.services.knowledge.vector_store_records import (
    FileBatch,
    FileCounts,
    FileDetached,
    FilesAttached,
    VectorStoreFile,
    VectorStoreFilePage,
)
from mainstay.services.knowledge.vector_store_store import StoreRow
from mainstay.services.knowledge.vector_stores import VectorStores

_LOST = ("JobFailed", "The job that was to make it searchable failed or was cancelled; retry the job.")


class Attaching:
    """Puts stored files into vector stores, as documents."""

    def __init__(
        self,
        stores: VectorStores,
        attachments: AttachmentStore,
        store: KnowledgeStore,
        library: Library,
        intake: Intake,
        files: Files,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._stores = stores
        self._attachments = attachments
        self._store = store
        self._library = library
        self._intake = intake
        self._files = files
        self._clock = clock
        self._ids = ids

    async def attach(
        self, store_id: str, files: Sequence[Attached], groups: Sequence[str] | None
    ) -> FileBatch:
        """Note that files are to be read into a vector store."""
        note_target(store_id)
        store = await self._stores.usable(store_id)
        wanted = {each.file_id: each for each in files}
        found = [await self._files.get_file(file_id) for file_id in wanted]
        for file_id in wanted:
            await self._free(store_id, file_id)
        batch_id, job_id = self._ids.new("batch"), self._ids.new("job")
        rows = [
            self._row(store_id, file, wanted[file.file_id].attributes, groups, batch_id, job_id)
            for file in found
        ]
        if not await self._store.hold_collection(store_id):
            raise CollectionMissing("It was deleted by another request this moment.")
        await self._attachments.add(rows)
        await self._stores.used(store)
        for row in rows:
            attached = FilesAttached(store_id=store_id, file_id=row.file_id, batch_id=batch_id)
            emit(attached, job_id=job_id, subject=row.file_id)
        return _batch(store_id, batch_id, rows)

    async def read(self, event: FilesAttached) -> None:
        """Read a file that waits, and store it as a document; what hinders that is noted with it."""
        row = await self._attachments.file(event.store_id, event.file_id)
        if row is None or (row.step, row.batch_id) != (WAITING, event.batch_id):
            return
        try:
            draft = await self._drafted(row)
        except (Invalid, NotFound, Forbidden) as failure:
            await self._attachments.fail(row, failure.code(), failure.detail)
            return
        if not await self._attachments.take_up(row):
            return
        try:
            [outcome] = await self._intake.store(row.collection, [draft])
        except Forbidden as failure:  # a quota is full
            outcome = failure
        if isinstance(outcome, DocumentBusy):
            raise outcome
        if isinstance(outcome, Failure):
            await self._attachments.fail(row, outcome.code(), outcome.detail)

    async def page(
        self, store_id: str, page: Page, batch_id: str | None, state: str | None, *, cursor: str | None
    ) -> VectorStoreFilePage:
        """List the files of a vector store that the caller may see."""
        note_target(store_id)
        store = await self._stores.existing(store_id)
        if cursor is not None:
            page = replace(page, place=(await self._visible(store, cursor)).place)
        rows, more = await paged(
            page,
            lambda part, limit: self._attachments.page(store_id, part, limit, batch_id, state),
            lambda row: row.place,
            lambda row: may_see(caller(), row.groups),
        )
        return VectorStoreFilePage(files=[_shown(store, await self._settled(row)) for row in rows], more=more)

    async def give(self, store_id: str, file_id: str) -> VectorStoreFile:
        """Tell how far a file has come."""
        note_target(file_id)
        store = await self._stores.existing(store_id)
        return _shown(store, await self._settled(await self._visible(store, file_id)))

    async def batch(self, store_id: str, batch_id: str) -> FileBatch:
        """Tell how far a batch has come."""
        note_target(batch_id)
        rows = await self._batch(store_id, batch_id)
        return _batch(store_id, batch_id, [await self._settled(row) for row in rows])

    async def cancel(self, store_id: str, batch_id: str) -> FileBatch:
        """Leave out the files of a batch that were not read yet."""
        note_target(batch_id)
        await self._batch(store_id, batch_id)
        await self._attachments.cancel(store_id, batch_id)
        return _batch(store_id, batch_id, await self._batch(store_id, batch_id))

    async def describe(self, store_id: str, file_id: str, attributes: Mapping[str, Any]) -> VectorStoreFile:
        """Replace a file's attributes, and answer when filters go by them."""
        note_target(file_id)
        store = await self._stores.existing(store_id)
        row = await self._visible(store, file_id)
        document = await self._store.document(row.doc_id)
        if document is not None:
            receipt = await self._described(document, row.attributes, attributes)
            if receipt is not None:

                async def searchable() -> VectorStoreFile:
                    await self._library.until_done(receipt)
                    return _shown(store, await self._visible(store, file_id))

                follow_up(searchable)
        await self._attachments.describe(row, attributes)
        return _shown(store, replace(row, attributes=attributes))

    async def detach(self, store_id: str, file_id: str) -> FileDetached:
        """Take a file out of a vector store."""
        note_target(file_id)
        store = await self._stores.existing(store_id)
        row = await self._visible(store, file_id)
        await self._attachments.forget([row])
        await self._store.lock([row.doc_id], self._clock.now_ms())
        document = await self._store.document(row.doc_id)
        if document is not None:
            if not may_see(caller(), document.groups):
                raise StoreFileMissing("It was kept to other groups this moment.")
            await self._library.drop([document], self._ids.new("job"))
        return FileDetached(store_id=store_id, file_id=file_id)

    async def gone(self, event: FileDeleted) -> None:
        """Take a deleted file out of every vector store."""
        rows = await self._attachments.of_file(event.file_id)
        await self._attachments.forget(rows)
        documents = await self._store.documents_by_id([row.doc_id for row in rows])
        if documents:
            await self._library.drop(list(documents.values()), event.job_id)

    async def _drafted(self, row: AttachedRow) -> Draft:
        file = await self._files.get_file(row.file_id)
        content = bytearray()
        for number in range(1, file.parts + 1):
            part = await self._files.get_file_part(row.file_id, number)
            content += base64.b64decode(part.content)
        draft = Draft(
            row.collection,
            "",
            row.doc_id,
            metadata=row.attributes,
            groups=(EVERYBODY,) if row.groups is None else row.groups,
        )
        read = await self._intake.read(Upload(file.name, file.media_type, bytes(content)), draft)
        return replace(read, original=None)  # the file is kept where it is

    async def _described(
        self, document: DocumentRow, before: Mapping[str, Any], attributes: Mapping[str, Any]
    ) -> str | None:
        """Store a document with other metadata; give the job that makes it searchable."""
        found = await self._store.text(document.doc_id, document.version)
        if found is None:
            raise StoreFileMissing("It was deleted this moment.")
        kept = {name: value for name, value in document.metadata.items() if name not in before}
        draft = Draft(
            collection=document.collection,
            text=found[1],
            doc_id=document.doc_id,
            title=document.title if document.titled else None,
            metadata={**kept, **attributes},
            groups=document.groups,
            media_type=document.media_type,
            source=document.source,
            blob=document.blob,
            file_bytes=document.file_bytes,
        )
        [outcome] = await self._intake.store(document.collection, [draft])
        if isinstance(outcome, Failure):
            raise outcome
        return outcome.job_id if outcome.state == "queued" else None

    async def _free(self, store_id: str, file_id: str) -> None:
        """Refuse to replace what the caller does not see."""
        row = await self._attachments.file(store_id, file_id)
        document = await self._store.document(_doc_id(store_id, file_id))
        if not all(may_see(caller(), each.groups) for each in (row, document) if each is not None):
            raise DocumentIdTaken("The file is in this vector store already, for groups that you are not in.")

    async def _visible(self, store: StoreRow, file_id: str) -> AttachedRow:
        row = await self._attachments.file(store.id, file_id)
        if row is None or not may_see(caller(), row.groups):
            raise StoreFileMissing("List the files of the vector store to see their ids.")
        return row

    async def _batch(self, store_id: str, batch_id: str) -> list[AttachedRow]:
        await self._stores.existing(store_id)
        rows = await self._attachments.batch(store_id, batch_id)
        seen = [row for row in rows if may_see(caller(), row.groups)]
        if not seen:
            raise FileBatchMissing("Check the id; a batch is there as long as one of its files is.")
        return seen

    async def _settled(self, row: AttachedRow) -> AttachedRow:
        """Say of a file whose job failed that it did: by itself nothing more will happen."""
        if row.state != "in_progress":
            return row
        document = None if row.step == WAITING else await self._store.document(row.doc_id)
        with suppress(Forbidden):  # whoever may not see jobs
            job_id, subject = (row.job_id, row.file_id) if document is None else (document.job_id, row.doc_id)
            if await self._library.failed(job_id, subject):
                fresh = await self._attachments.file(row.collection, row.file_id)
                if fresh is not None and fresh.state == "in_progress":
                    return replace(row, state="failed", problem_code=_LOST[0], problem=_LOST[1])
                return fresh or row
        return row

    def _row(
        self,
        store_id: str,
        file: StoredFile,
        attributes: Mapping[str, Any],
        groups: Sequence[str] | None,
        batch_id: str,
        job_id: str,
    ) -> AttachedRow:
        return AttachedRow(
            collection=store_id,
            file_id=file.file_id,
            doc_id=_doc_id(store_id, file.file_id),
            batch_id=batch_id,
            job_id=job_id,
            name=file.name,
            bytes=file.bytes,
            attributes=attributes,
            groups=readers(file.groups if groups is None else groups),
            state="in_progress",
            step=WAITING,
            created_ms=self._clock.now_ms(),
        )


def _doc_id(store_id: str, file_id: str) -> str:
    """Give the id of the document that a file is in a vector store."""
    return f"{file_id}@{store_id}"


def _batch(store_id: str, batch_id: str, rows: Sequence[AttachedRow]) -> FileBatch:
    counts = FileCounts(
        **{
            state: sum(row.state == state for row in rows)
            for state in ("in_progress", "completed", "failed", "cancelled")
        }
    )
    state = (
        "cancelled"
        if counts.cancelled
        else "in_progress"
        if counts.in_progress
        else "failed"
        if counts.failed == len(rows)
        else "completed"
    )
    return FileBatch(
        batch_id=batch_id,
        store_id=store_id,
        state=state,
        files=counts,
        created_ms=made_ms(batch_id),
        job_id=rows[0].job_id,
    )


def _shown(store: StoreRow, row: AttachedRow) -> VectorStoreFile:
    return VectorStoreFile(
        store_id=row.collection,
        file_id=row.file_id,
        doc_id=row.doc_id,
        name=row.name,
        bytes=row.bytes,
        attributes=dict(row.attributes),
        groups=None if row.groups is None else list(row.groups),
        chunk_tokens_max=store.chunk_tokens_max,
        state=row.state,
        problem_code=row.problem_code,
        problem=row.problem,
        batch_id=row.batch_id or None,
        created_ms=row.created_ms,
    )
