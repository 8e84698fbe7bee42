"""Collections: made, described, deleted; and the index that is built from them."""

from collections.abc import Mapping, Sequence

from mainstay.kernel.caller import ALL_DOCUMENTS
from mainstay.kernel.work import caller, emit, follow_up, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.database import UniqueViolated
from mainstay.ports.encoder import Encoder
from mainstay.services.knowledge.attachment_store import AttachmentStore
from mainstay.services.knowledge.failures import (
    CollectionExists,
    CollectionMissing,
    DocumentsHidden,
    PassagesTooLong,
)
from mainstay.services.knowledge.faqs import Faqs
from mainstay.services.knowledge.happenings import IndexChanged
from mainstay.services.knowledge.indexing import Indexing
from mainstay.services.knowledge.library import Library
from mainstay.services.knowledge.passage_store import PassageStore
from mainstay.services.knowledge.permissions import may_see
from mainstay.services.knowledge.records import (
    Chunking,
    Collection,
    CollectionDeleted,
    MetadataField,
    Rebuilt,
)
from mainstay.services.knowledge.store import CollectionRow, KnowledgeStore

_DELETED_AT_ONCE = 500


class Shelves:
    """Keeps collections."""

    def __init__(
        self,
        store: KnowledgeStore,
        attachments: AttachmentStore,
        passages: PassageStore,
        library: Library,
        faqs: Faqs,
        indexing: Indexing,
        encoder: Encoder,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._attachments = attachments
        self._passages = passages
        self._library = library
        self._faqs = faqs
        self._indexing = indexing
        self._encoder = encoder
        self._clock = clock
        self._ids = ids

    async def make(
        self,
        name: str,
        description: str,
        languages: Sequence[str],
        chunking: Chunking,
        metadata_schema: Mapping[str, MetadataField],
    ) -> Collection:
        """Make a collection."""
        note_target(name)
        if chunking.tokens_max > self._encoder.tokens_max:
            raise PassagesTooLong(
                f"`chunking.tokens_max` may be at most {self._encoder.tokens_max} with this encoder."
            )
        row = CollectionRow(
            name=name,
            description=description,
            languages=tuple(languages),
            chunking=chunking.model_dump(),
            metadata_schema={field: declared.model_dump() for field, declared in metadata_schema.items()},
            created_ms=self._clock.now_ms(),
        )
        for field, declared in metadata_schema.items():
            await self._indexing.index_field(field, declared.type)
        try:
            await self._store.add_collection(row)
        except UniqueViolated:
            raise CollectionExists("Use it as it is, or choose another name.") from None
        note_change(None, vars(row))
        return self._collection(row, (0, 0))

    async def describe_all(self) -> list[Collection]:
        """List the collections."""
        counts = await self._counts()
        return [
            self._collection(row, counts.get(row.name, (0, 0))) for row in await self._store.collections()
        ]

    async def describe(self, name: str) -> Collection:
        """Describe a collection."""
        note_target(name)
        row = await self.existing(name)
        counts = await self._counts(name)
        return self._collection(row, counts.get(name, (0, 0)))

    async def delete(self, name: str) -> CollectionDeleted:
        """Delete a collection with its documents."""
        note_target(name)
        note_change(vars(await self.existing(name)), None)
        if not all(may_see(caller(), groups) for groups in await self._attachments.waiting_groups(name)):
            raise DocumentsHidden("Ask an administrator to delete this collection.")
        job_id = self._ids.new("job")
        deleted, blobs = 0, list[str]()
        await self._store.remove_collection(name)
        await self._faqs.remove_all(name)
        while documents := await self._store.documents(name, "", _DELETED_AT_ONCE):
            if not all(may_see(caller(), document.groups) for document in documents):
                raise DocumentsHidden("Ask an administrator to delete this collection.")
            await self._library.erase(documents)
            blobs += [document.blob for document in documents if document.blob]
            deleted += len(documents)
        change = await self._passages.note_change("collection_deleted", name)
        changed = IndexChanged(
            change=change, kind="collection_deleted", subject=name, job_id=job_id, blobs=blobs
        )
        emit(changed, job_id=job_id, subject=name, promised=True)
        return CollectionDeleted(name=name, documents=deleted, job_id=job_id)

    @property
    def tokens_max(self) -> int:
        """Give the longest passage that the encoder reads, in its tokens."""
        return self._encoder.tokens_max

    async def rebuild(self, *, wait: bool) -> Rebuilt:
        """Build the index again."""
        counts = await self._store.counts()
        job_id = self._ids.new("job")
        change = await self._passages.note_change("rebuild", "")
        emit(IndexChanged(change=change, kind="rebuild", subject="", job_id=job_id), job_id=job_id)
        rebuilt = Rebuilt(documents=sum(documents for documents, _ in counts.values()), job_id=job_id)
        if wait:

            async def done() -> Rebuilt:
                await self._library.until_done(job_id)
                return Rebuilt(documents=rebuilt.documents, job_id=None)

            follow_up(done)
        return rebuilt

    async def existing(self, name: str) -> CollectionRow:
        """Find a collection; raises CollectionMissing."""
        row = await self._store.collection(name)
        if row is None:
            raise CollectionMissing("`mainstay knowledge list-collections` (GET /v1/collections) lists them.")
        return row

    async def _counts(self, name: str | None = None) -> Mapping[str, tuple[int, int]]:
        """Count documents and passages that the caller may see."""
        me = caller()
        if me.may(ALL_DOCUMENTS):
            return await self._store.counts(name)
        return await self._store.counts_of(lambda groups: may_see(me, groups), name)

    def _collection(self, row: CollectionRow, counts: tuple[int, int]) -> Collection:
        return Collection(
            name=row.name,
            description=row.description,
            languages=list(row.languages),
            chunking=Chunking(**row.chunking),
            metadata_schema={name: MetadataField(**field) for name, field in row.metadata_schema.items()},
            encoder=self._encoder.name,
            documents=counts[0],
            passages=counts[1],
            created_ms=row.created_ms,
        )
