"""What knowledge stores about persons: the judgements they gave."""

from typing import Any

from mainstay.kernel.work import emit
from mainstay.ports.ciphers import Cipher
from mainstay.services.knowledge.faq_store import FaqStore, FeedbackRow
from mainstay.services.knowledge.happenings import IndexChanged
from mainstay.services.knowledge.passage_store import PassageStore
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
)

_SERVICE = "knowledge"


class PersonalFeedback:
    """Exports and erases what somebody searched for and said in judgements."""

    def __init__(self, faqs: FaqStore, passages: PassageStore, cipher: Cipher) -> None:
        """Take where judgements and changes are, and the cipher of what is exported."""
        self._faqs = faqs
        self._passages = passages
        self._cipher = cipher

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute somebody's judgements to an export."""
        found = await self._faqs.feedback_of(event.subject)
        counts = {"feedback": len(found)}
        await event.answer(_SERVICE, {"feedback": [_told(row) for row in found]}, counts, self._cipher.seal)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Erase somebody's judgements, from the index too."""
        ids = await self._faqs.judgements_of(event.subject)  # whose key may be destroyed already
        if ids:
            await self._faqs.remove_judgements(ids)
            numbers = await self._passages.note_changes("feedback", [(each, 0) for each in ids])
            for change, feedback_id in zip(numbers, ids, strict=True):
                gone = IndexChanged(change=change, kind="feedback", subject=feedback_id, job_id=event.job_id)
                emit(gone, job_id=event.job_id, subject=feedback_id, promised=True)
        event.answer(_SERVICE, {"feedback": len(ids)})


def _told(row: FeedbackRow) -> dict[str, Any]:
    return {
        "feedback_id": row.feedback_id,
        "doc_id": row.doc_id,
        "helpful": row.helpful,
        "query": row.query,
        "comment": row.comment,
        "created_ms": row.created_ms,
    }
