"""What the knowledge service does when a document was stored, changed or deleted."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.kernel.work import emit
from mainstay.services.files.interface import FileDeleted
from mainstay.services.knowledge.ageing import KnowledgeAgeing
from mainstay.services.knowledge.attaching import Attaching
from mainstay.services.knowledge.encoding import Encoding
from mainstay.services.knowledge.happenings import (
    DocumentIndexed,
    DocumentStored,
    FilesReplaced,
    IndexChanged,
)
from mainstay.services.knowledge.indexing import Indexing
from mainstay.services.knowledge.leaving import Leaving
from mainstay.services.knowledge.originals import Originals
from mainstay.services.knowledge.passage_store import (
    Change,
    ChangeKind,
    PassageStore,
    Stored,
    change_kind,
)
from mainstay.services.knowledge.personal import PersonalFeedback
from mainstay.services.knowledge.progress_store import ProgressStore
from mainstay.services.knowledge.store import DocumentRow, KnowledgeStore
from mainstay.services.knowledge.vector_store_records import FilesAttached, StoreAges
from mainstay.services.knowledge.vector_stores import VectorStores
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    RetentionDue,
    TenantErasureRequested,
)

_CHARACTERS_AT_ONCE = 200_000
"""Bounds how long other tenants wait for a portion, and its memory; a single text may be longer."""


class KnowledgeReactions(Reactions):
    """Makes stored documents searchable, in two steps that each can be repeated."""

    def __init__(
        self,
        store: KnowledgeStore,
        progress: ProgressStore,
        passages: PassageStore,
        encoding: Encoding,
        indexing: Indexing,
        originals: Originals,
        personal: PersonalFeedback,
        leaving: Leaving,
        ageing: KnowledgeAgeing,
        attaching: Attaching,
        stores: VectorStores,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._progress = progress
        self._passages = passages
        self._encoding = encoding
        self._indexing = indexing
        self._originals = originals
        self._personal = personal
        self._leaving = leaving
        self._ageing = ageing
        self._attaching = attaching
        self._stores = stores

    @reacts_to(DocumentStored, batch=128, side_by_side=2, heavy=_CHARACTERS_AT_ONCE)
    async def encode_documents(self, events: Sequence[DocumentStored]) -> None:
        """Cut the documents into passages and encode them.

        While one portion is read and written, the encoder works on another. Their order makes no difference:
        what was overtaken is left out.
        """
        current: list[tuple[DocumentRow, DocumentStored]] = []
        found = await self._store.documents_by_id([event.doc_id for event in events])
        for event in events:
            document = found.get(event.doc_id)
            # A document that was deleted and stored anew may have the same version: its own event follows.
            if document is not None and (document.version, document.job_id) == (event.version, event.job_id):
                current.append((document, event))
        encoded = await self._encoding.encode([document for document, _ in current])
        kept: list[DocumentStored] = []
        fresh: list[Stored] = []
        stay = await self._progress.encoded(
            [(document, language) for (document, _), (language, _) in zip(current, encoded, strict=True)]
        )
        for (document, event), (_, rows) in zip(current, encoded, strict=True):
            if document.doc_id in stay:
                kept.append(event)
                fresh += rows
        await self._passages.save([(event.doc_id, event.version) for event in kept], fresh)
        await self._changed(kept)

    @reacts_to(FilesReplaced, batch=64)
    async def erase_files(self, events: Sequence[FilesReplaced]) -> None:
        """Erase files that no document needs any more."""
        await self._originals.erase([blob for event in events for blob in event.blobs])

    @reacts_to(FilesAttached, side_by_side=2)
    async def read_files(self, events: Sequence[FilesAttached]) -> None:
        """Read files that were attached to vector stores."""
        for event in events:
            await self._attaching.read(event)

    @reacts_to(FileDeleted)
    async def drop_files(self, events: Sequence[FileDeleted]) -> None:
        """Take deleted files out of every vector store."""
        for event in events:
            await self._attaching.gone(event)

    @reacts_to(StoreAges)
    async def end_stores(self, events: Sequence[StoreAges]) -> None:
        """Delete vector stores that nobody used for as long as was set."""
        for event in events:
            await self._stores.end(event)

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute somebody's judgements to an export."""
        for event in events:
            await self._personal.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Erase somebody's judgements."""
        for event in events:
            await self._personal.erase(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove documents, files and index of a tenant."""
        for event in events:
            await self._leaving.erase(event)

    @reacts_to(RetentionDue)
    async def remove_old(self, events: Sequence[RetentionDue]) -> None:
        """Remove some documents or judgements that are old."""
        for event in events:
            await self._ageing.remove(event)

    async def _changed(self, events: Sequence[DocumentStored]) -> None:
        subjects = [(event.doc_id, event.version) for event in events]
        numbers = await self._passages.note_changes("document", subjects)
        for event, change in zip(events, numbers, strict=True):
            changed = IndexChanged(
                change=change,
                kind="document",
                subject=event.doc_id,
                version=event.version,
                job_id=event.job_id,
            )
            emit(changed, job_id=event.job_id, subject=event.doc_id)

    @reacts_to(IndexChanged, batch=64)
    async def apply_changes(self, events: Sequence[IndexChanged]) -> None:
        """Bring changes into the index, in their order."""
        changes = [
            Change(event.change, change_kind(event.kind), event.subject, event.version) for event in events
        ]
        blobs = [blob for event in events for blob in event.blobs]
        rebuilds = [event for event in events if event.kind == "rebuild"]
        foreign = await self._indexing.of_another_encoder() if rebuilds else []
        shown = await self._indexing.apply(changes, blobs)
        durable = await self._indexing.durable()
        await self._passages.forget_changes(durable)
        if foreign:
            await self._encode_anew(foreign, rebuilds[-1].job_id)
        present = await self._progress.indexed(shown)
        for document in shown:
            if document.doc_id not in present:
                continue
            if document.version > 1:
                await self._passages.forget_before(document.doc_id, document.version)
                await self._replaced(document)
            emit(
                DocumentIndexed(
                    doc_id=document.doc_id, collection=document.collection, version=document.version
                )
            )

    async def _encode_anew(self, documents: Sequence[DocumentRow], job_id: str) -> None:
        taken = await self._progress.take_up(documents, job_id)
        for row in documents:
            if row.doc_id in taken:
                stored = DocumentStored.of(row, job_id)
                emit(stored, job_id=job_id, subject=row.doc_id, weight=row.characters)

    async def _replaced(self, document: DocumentRow) -> None:
        kind: ChangeKind = "replaced"
        change = await self._passages.note_change(kind, document.doc_id, document.version)
        emit(
            IndexChanged(change=change, kind=kind, subject=document.doc_id, version=document.version),
            subject=document.doc_id,
        )
