"""Vector stores: collections with a name for people, metadata, and an end."""

from collections.abc import Mapping

from mainstay.kernel.work import caller, emit, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.services.knowledge.activity import Activity
from mainstay.services.knowledge.attachment_store import AttachmentStore, Tally
from mainstay.services.knowledge.failures import CollectionMissing, VectorStoreExpired
from mainstay.services.knowledge.paging import Page, Place, paged
from mainstay.services.knowledge.records import Chunking
from mainstay.services.knowledge.shelves import Shelves
from mainstay.services.knowledge.vector_store_records import (
    StoreAges,
    VectorStore,
    VectorStoreDeleted,
    VectorStorePage,
)
from mainstay.services.knowledge.vector_store_store import DAY_MS, StoreRow, VectorStoreStore, renamed

_PASSAGE_TOKENS_MAX = 512


class VectorStores:
    """Shows collections as vector stores, and makes new ones."""

    def __init__(
        self,
        rows: VectorStoreStore,
        attachments: AttachmentStore,
        shelves: Shelves,
        activity: Activity,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._rows = rows
        self._attachments = attachments
        self._shelves = shelves
        self._activity = activity
        self._clock = clock
        self._ids = ids

    async def make(
        self,
        name: str,
        description: str,
        metadata: Mapping[str, str],
        expires_days: int | None,
        chunk_tokens_max: int | None,
    ) -> VectorStore:
        """Make a collection with an id of its own."""
        store_id = self._ids.new("vs")
        tokens = min(chunk_tokens_max or Chunking().tokens_max, self._shelves.tokens_max, _PASSAGE_TOKENS_MAX)
        made = await self._shelves.make(store_id, description, [], Chunking(tokens_max=tokens), {})
        chunking = made.chunking.model_dump()
        row = StoreRow(store_id, chunking, made.created_ms, "", {}, used_ms=made.created_ms)
        row = renamed(row, name, metadata, expires_days)
        await self._rows.keep(row)
        self._end_some_day(row)
        return self._shown(row, Tally())

    async def page(self, page: Page, after: str | None, before: str | None) -> VectorStorePage:
        """List vector stores."""
        cursor = after or before
        if cursor is not None:
            place = _place(await self.existing(cursor))
            page = Page(page.limit, page.newest_first, place, before=after is None)
        rows, more = await paged(page, self._rows.stores, _place, lambda _: True)
        tallies = await self._attachments.tallies(caller().sees)
        shown = [self._shown(row, tallies.get(row.id, Tally())) for row in rows]
        return VectorStorePage(stores=shown, more=more)

    async def give(self, store_id: str) -> VectorStore:
        """Describe one."""
        note_target(store_id)
        row = await self.existing(store_id)
        tallies = await self._attachments.tallies(caller().sees, store_id)
        return self._shown(row, tallies.get(store_id, Tally()))

    async def change(
        self,
        store_id: str,
        name: str | None,
        metadata: Mapping[str, str] | None,
        expires_days: int | None,
    ) -> VectorStore:
        """Change what is said of one."""
        note_target(store_id)
        before = await self.existing(store_id)
        tallies = await self._attachments.tallies(caller().sees, store_id)
        used = StoreRow(**{**vars(before), "used_ms": self._clock.now_ms()})
        row = renamed(used, name, metadata, expires_days)
        await self._rows.keep(row)
        note_change(vars(before), vars(row))
        if row.expires_days != before.expires_days:
            self._end_some_day(row)
        return self._shown(row, tallies.get(store_id, Tally()))

    async def delete(self, store_id: str) -> VectorStoreDeleted:
        """Delete one with its documents."""
        deleted = await self._shelves.delete(store_id)
        return VectorStoreDeleted(store_id=store_id, documents=deleted.documents)

    async def usable(self, store_id: str) -> StoreRow:
        """Find one that has not expired; raises CollectionMissing, VectorStoreExpired."""
        row = await self.existing(store_id)
        if row.expired(self._clock.now_ms()):
            raise VectorStoreExpired("Nobody used it for as long as was set. Make a new one.")
        return row

    async def searched(self, store_id: str) -> None:
        """Find one to search it, and remember that; raises CollectionMissing, VectorStoreExpired."""
        await self.usable(store_id)
        self._activity.note(caller().tenant_id, store_id, self._clock.now_ms())

    async def used(self, row: StoreRow) -> None:
        """Note that something was added to one."""
        await self._rows.used(row, self._clock.now_ms())

    async def end(self, event: StoreAges) -> None:
        """Delete one whose time is over; look again later otherwise."""
        found = await self._rows.store(event.store_id)
        if found is None or found.expires_days != event.expires_days:
            return
        row = self._active(found)
        if row.expired(self._clock.now_ms()):
            await self._shelves.delete(row.id)
        else:
            self._end_some_day(row)

    def _end_some_day(self, row: StoreRow) -> None:
        if row.expires_ms is not None and row.expires_days is not None:
            later = max(0, row.expires_ms - self._clock.now_ms())
            ages = StoreAges(store_id=row.id, expires_days=row.expires_days)
            emit(ages, promised=True, delay_ms=min(later, row.expires_days * DAY_MS))

    async def existing(self, store_id: str) -> StoreRow:
        """Find one; raises CollectionMissing."""
        row = await self._rows.store(store_id)
        if row is None:
            raise CollectionMissing("`GET /v1/storage/vector-stores` lists them; each collection is one.")
        return self._active(row)

    def _active(self, row: StoreRow) -> StoreRow:
        """Add when it was searched last, as far as that is not written yet."""
        searched = self._activity.last(caller().tenant_id, row.id)
        return StoreRow(**{**vars(row), "used_ms": max(row.used_ms, searched)})

    def _shown(self, row: StoreRow, tally: Tally) -> VectorStore:
        expired = row.expired(self._clock.now_ms())
        return VectorStore(
            store_id=row.id,
            name=row.title,
            metadata=dict(row.metadata),
            state="expired" if expired else "in_progress" if tally.files.in_progress else "completed",
            files=tally.files,
            bytes=tally.bytes,
            chunk_tokens_max=row.chunk_tokens_max,
            expires_days=row.expires_days,
            expires_ms=row.expires_ms,
            used_ms=row.used_ms,
            created_ms=row.created_ms,
        )


def _place(row: StoreRow) -> Place:
    return Place(row.created_ms, row.id)
