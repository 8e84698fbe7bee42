"""Summaries of conversations, in rows; sealed for whoever talks."""

from collections.abc import Sequence
from dataclasses import dataclass

from mainstay.ports.ciphers import Cipher, KeyDestroyed
from mainstay.ports.database import Row, Rows
from mainstay.services.assistant import tables
from mainstay.services.assistant.conversation_store import opened, sealed

_SUMMARY = (
    "SELECT conversation_id, bot_id, subject, turns, content, changed_ms FROM assistant_summaries"
    " WHERE conversation_id = :id"
)


@dataclass(frozen=True)
class SummaryRow:
    """What the first `turns` of a conversation came to."""

    conversation_id: str
    bot_id: str
    subject: str
    turns: int
    text: str
    changed_ms: int


class SummaryStore:
    """Reads and writes summaries."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    async def summary(self, conversation_id: str) -> SummaryRow | None:
        """Find a conversation's summary; one of somebody who is being erased is as good as gone."""
        rows = await self._rows.fetch(_SUMMARY, {"id": conversation_id})
        try:
            return self._opened(rows)
        except KeyDestroyed:
            return None

    async def keep(self, row: SummaryRow) -> None:
        """Store a summary in place of the one before; raises KeyDestroyed."""
        place = tables.summary_place(row.conversation_id)
        values = {name: value for name, value in vars(row).items() if name != "text"}
        content = sealed(self._cipher, {"text": row.text}, place, row.subject)
        await self._rows.upsert("assistant_summaries", [{**values, "content": content}])

    def _opened(self, rows: Sequence[Row]) -> SummaryRow | None:
        if not rows:
            return None
        [row] = rows
        conversation_id = str(row["conversation_id"])
        content = opened(self._cipher, row["content"], tables.summary_place(conversation_id))
        numbers = (int(row["turns"] or 0), str(content["text"]), int(row["changed_ms"] or 0))
        return SummaryRow(conversation_id, str(row["bot_id"]), str(row["subject"]), *numbers)
