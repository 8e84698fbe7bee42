"""Documents and judgements that are removed because they are old, some in a transaction."""

from mainstay.kernel.work import emit
from mainstay.kit.clock import Clock
from mainstay.services.knowledge.age_store import AgeStore
from mainstay.services.knowledge.faq_store import FaqStore
from mainstay.services.knowledge.happenings import IndexChanged
from mainstay.services.knowledge.library import Library
from mainstay.services.knowledge.passage_store import PassageStore
from mainstay.services.knowledge.store import KnowledgeStore
from mainstay.services.privacy.interface import RetentionDue

AT_ONCE = 100


class KnowledgeAgeing:
    """Removes what is old, from the index too."""

    def __init__(
        self,
        ages: AgeStore,
        store: KnowledgeStore,
        library: Library,
        faqs: FaqStore,
        passages: PassageStore,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._ages = ages
        self._store = store
        self._library = library
        self._faqs = faqs
        self._passages = passages
        self._clock = clock

    async def remove(self, event: RetentionDue) -> None:
        """Remove some of what is old, and come again for the rest."""
        remove = {"documents": self._documents, "feedback": self._judgements}.get(event.kind)
        if remove is not None and await remove(event.before_ms):
            emit(event, promised=True)

    async def _documents(self, before_ms: int) -> int:
        await self._store.lock(await self._ages.documents(before_ms, AT_ONCE), self._clock.now_ms())
        # Read again: what was changed until it was locked is not old any more.
        ids = await self._ages.documents(before_ms, AT_ONCE)
        rows = list((await self._store.documents_by_id(ids)).values())
        if not rows:
            return 0
        await self._library.drop(rows)
        return len(rows)

    async def _judgements(self, before_ms: int) -> int:
        ids = await self._ages.judgements(before_ms, AT_ONCE)
        if not ids:
            return 0
        await self._faqs.remove_judgements(ids)
        numbers = await self._passages.note_changes("feedback", [(each, 0) for each in ids])
        for change, feedback_id in zip(numbers, ids, strict=True):
            gone = IndexChanged(change=change, kind="feedback", subject=feedback_id)
            emit(gone, subject=feedback_id, promised=True)
        return len(ids)
