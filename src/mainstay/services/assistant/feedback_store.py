"""What people said of turns, and what bots learn from that, in rows; sealed for whoever had talked."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mainstay.ports.ciphers import Cipher, KeyDestroyed
from mainstay.ports.database import Condition, Row, Rows, Scalar
from mainstay.services.assistant import tables
from mainstay.services.assistant.conversation_store import Page, opened, page_of, sealed

_FEEDBACK = (
    "SELECT feedback_id, bot_id, turn_id, conversation_id, helpful, state, source, subject, author, content,"
    " created_ms, decided FROM assistant_feedback"
)


@dataclass(frozen=True)
class FeedbackRow:
    """A judgement of a turn: of what `subject` said, by the `author`.

    `content` has the text, the intent that would have been right, and a comment. `decided` is the number of
    the last decision, of those about the bot's judgements, that changed what is learned from this one.
    """

    feedback_id: str
    bot_id: str
    turn_id: str
    conversation_id: str
    helpful: bool | None
    state: str
    source: str
    subject: str
    author: str
    content: dict[str, Any]
    created_ms: int
    decided: int | None = None


class FeedbackStore:
    """Reads and writes judgements of turns."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    async def add(self, row: FeedbackRow) -> None:
        """Store a judgement; raises KeyDestroyed."""
        await self._rows.insert("assistant_feedback", [self._values(row)])

    async def one(self, feedback_id: str) -> FeedbackRow | None:
        """Find a judgement."""
        rows = await self._rows.fetch(f"{_FEEDBACK} WHERE feedback_id = :id", {"id": feedback_id})
        return next(iter(self._found(rows)), None)

    async def last_of(self, turn_id: str, author: str) -> FeedbackRow | None:
        """Find what somebody said last of a turn."""
        rows = await self._rows.fetch(
            f"{_FEEDBACK} WHERE turn_id = :turn_id AND author = :author ORDER BY feedback_id DESC LIMIT 1",
            {"turn_id": turn_id, "author": author},
        )
        return next(iter(self._found(rows)), None)

    async def of_bot(
        self, bot_id: str, state: str, after: str, limit: int, of: str | None = None
    ) -> Page[FeedbackRow]:
        """List a bot's judgements in a state, oldest first, following one; by or about `of` alone."""
        whose = "" if of is None else " AND (subject = :of OR author = :of)"
        given: dict[str, Scalar] = {"bot_id": bot_id, "state": state, "after": after, "limit": limit}
        rows = await self._rows.fetch(
            f"{_FEEDBACK} WHERE bot_id = :bot_id AND state = :state AND feedback_id > :after{whose}"
            " ORDER BY feedback_id LIMIT :limit",
            given if of is None else {**given, "of": of},
        )
        return page_of(self._found(rows), rows, "feedback_id", limit)

    async def decided(self, bot_id: str) -> int:
        """Give the number of the last decision about a bot's judgements."""
        [row] = await self._rows.fetch(
            "SELECT max(decided) AS last FROM assistant_feedback WHERE bot_id = :bot_id", {"bot_id": bot_id}
        )
        return int(row["last"] or 0)

    async def decided_since(self, bot_id: str, number: int) -> int:
        """Count the judgements about which something was decided after a decision."""
        [row] = await self._rows.fetch(
            "SELECT count(*) AS many FROM assistant_feedback WHERE bot_id = :bot_id AND decided > :number",
            {"bot_id": bot_id, "number": number},
        )
        return int(row["many"] or 0)

    async def taught_by(self, subject: str) -> list[str]:
        """Give the bots that learned from what somebody said."""
        rows = await self._rows.fetch(
            "SELECT DISTINCT bot_id FROM assistant_feedback WHERE subject = :subject AND state = 'accepted'",
            {"subject": subject},
        )
        return [str(row["bot_id"]) for row in rows]

    async def taught_in(self, conversation_ids: Sequence[str]) -> list[str]:
        """Give the bots that learned from conversations."""
        found: set[str] = set()
        for conversation_id in conversation_ids:
            rows = await self._rows.fetch(
                "SELECT DISTINCT bot_id FROM assistant_feedback WHERE conversation_id = :id"
                " AND state = 'accepted'",
                {"id": conversation_id},
            )
            found |= {str(row["bot_id"]) for row in rows}
        return sorted(found)

    async def about(self, subject: str, after: str, limit: int) -> list[FeedbackRow]:
        """List what was judged of what somebody said, and what somebody judged, oldest first, following one.

        What she judged of somebody who is being erased is passed over: only the end is empty.
        """
        while True:
            rows = await self._rows.fetch(
                f"{_FEEDBACK} WHERE (subject = :subject OR author = :subject) AND feedback_id > :after"
                " ORDER BY feedback_id LIMIT :limit",
                {"subject": subject, "after": after, "limit": limit},
            )
            found = self._found(rows)
            if found or not rows:
                return found
            after = str(rows[-1]["feedback_id"])

    async def count_about(self, subject: str) -> int:
        """Count them."""
        [row] = await self._rows.fetch(
            "SELECT count(*) AS many FROM assistant_feedback WHERE subject = :subject OR author = :subject",
            {"subject": subject},
        )
        return int(row["many"] or 0)

    async def decide(self, row: FeedbackRow) -> None:
        """Store what was decided about a judgement."""
        values = {key: self._values(row)[key] for key in ("state", "content", "decided")}
        await self._rows.update("assistant_feedback", values, {"feedback_id": row.feedback_id})

    async def remove(self, where: Condition) -> int:
        """Erase judgements."""
        return await self._rows.delete("assistant_feedback", where)

    async def forget_author(self, subject: str) -> int:
        """Forget that somebody judged what others had said."""
        return await self._rows.update("assistant_feedback", {"author": ""}, {"author": subject})

    def _found(self, rows: Sequence[Row]) -> list[FeedbackRow]:
        found = []
        for row in rows:
            with contextlib.suppress(KeyDestroyed):
                found.append(self._row(row))
        return found

    def _row(self, row: Row) -> FeedbackRow:
        place = tables.feedback_place(str(row["feedback_id"]))
        return FeedbackRow(
            feedback_id=str(row["feedback_id"]),
            bot_id=str(row["bot_id"]),
            turn_id=str(row["turn_id"]),
            conversation_id=str(row["conversation_id"]),
            helpful=None if row["helpful"] is None else bool(row["helpful"]),
            state=str(row["state"]),
            source=str(row["source"]),
            subject=str(row["subject"]),
            author=str(row["author"]),
            content=opened(self._cipher, row["content"], place),
            created_ms=int(row["created_ms"] or 0),
            decided=None if row["decided"] is None else int(row["decided"]),
        )

    def _values(self, row: FeedbackRow) -> Mapping[str, Scalar]:
        place = tables.feedback_place(row.feedback_id)
        return {
            **vars(row),
            "helpful": None if row.helpful is None else int(row.helpful),
            "content": sealed(self._cipher, row.content, place, row.subject),
        }
