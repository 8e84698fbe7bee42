"""FAQ entries and feedback, in rows; their texts are sealed."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainstay.ports.ciphers import Cipher, KeyDestroyed
from mainstay.ports.database import Aged, Column, Index, Row, Rows, Scalar, Sealed, Table
from mainstay.services.knowledge.passage_store import bucket, opened, packed, unpacked


def _question(faq_id: str) -> tuple[str, ...]:
    return "faqs", "question", faq_id


def _answer(faq_id: str) -> tuple[str, ...]:
    return "faqs", "answer", faq_id


def _query(feedback_id: str) -> tuple[str, ...]:
    return "feedback", "query", feedback_id


def _comment(feedback_id: str) -> tuple[str, ...]:
    return "feedback", "comment", feedback_id


FAQS = Table(
    name="faqs",
    columns=(
        Column("faq_id", "text"),
        Column("point_id", "integer"),
        Column("collection", "text"),
        Column("question", "bytes", sealed=Sealed(("faq_id",), _question)),
        Column("answer", "bytes", sealed=Sealed(("faq_id",), _answer)),
        Column("dense", "bytes"),
        Column("created_ms", "integer"),
    ),
    key=("faq_id",),
    indexes=(Index(("collection", "faq_id")), Index(("point_id",))),
    exported=("faq_id", "collection", "question", "answer", "created_ms"),
)

FEEDBACK = Table(
    name="feedback",
    columns=(
        Column("feedback_id", "text"),
        Column("point_id", "integer"),
        Column("doc_id", "text"),
        Column("collection", "text"),
        Column("helpful", "integer"),
        Column("query", "bytes", sealed=Sealed(("feedback_id",), _query, owner="subject")),
        Column("comment", "bytes", sealed=Sealed(("feedback_id",), _comment, owner="subject")),
        Column("dense", "bytes"),
        Column("subject", "text"),
        Column("created_ms", "integer"),
    ),
    key=("feedback_id",),
    indexes=(Index(("doc_id",)),),
    exported=("feedback_id", "doc_id", "collection", "helpful", "query", "comment", "subject", "created_ms"),
    aged=Aged("feedback", "created_ms", least_days=7, by_service=True),
    subjects=("subject",),
)

TABLES = (FAQS, FEEDBACK)


@dataclass(frozen=True)
class FaqRow:
    """An FAQ entry as it is stored."""

    faq_id: str
    point_id: int
    collection: str
    question: str
    answer: str
    dense: NDArray[np.float32]
    created_ms: int


@dataclass(frozen=True)
class FeedbackRow:
    """A judgement as it is stored."""

    feedback_id: str
    point_id: int
    doc_id: str
    collection: str
    helpful: bool
    query: str
    comment: str
    dense: NDArray[np.float32]
    subject: str
    created_ms: int


class FaqStore:
    """Reads and writes FAQ entries and feedback."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of texts."""
        self._rows = rows
        self._cipher = cipher

    async def add_faq(self, row: FaqRow) -> None:
        """Store an FAQ entry."""
        await self._rows.insert(
            "faqs",
            [
                {
                    "faq_id": row.faq_id,
                    "point_id": row.point_id,
                    "collection": row.collection,
                    "question": self._cipher.seal(row.question.encode(), _question(row.faq_id)),
                    "answer": self._cipher.seal(row.answer.encode(), _answer(row.faq_id)),
                    "dense": packed(row.dense),
                    "created_ms": row.created_ms,
                }
            ],
        )

    async def faqs(self, collection: str | None = None, ids: Sequence[int] | None = None) -> list[FaqRow]:
        """List FAQ entries, oldest first: all, a collection's, or those with these point ids."""
        where, values = "", dict[str, Scalar]()
        if ids is not None:
            names, values = bucket(ids)
            where = f" WHERE point_id IN ({names})"
        elif collection is not None:
            where, values = " WHERE collection = :collection", {"collection": collection}
        rows = await self._rows.fetch(
            "SELECT faq_id, point_id, collection, question, answer, dense, created_ms FROM faqs"
            f"{where} ORDER BY created_ms, faq_id",
            values,
        )
        return [self._faq(row) for row in rows]

    async def faq(self, faq_id: str) -> FaqRow | None:
        """Find an FAQ entry."""
        rows = await self._rows.fetch(
            "SELECT faq_id, point_id, collection, question, answer, dense, created_ms FROM faqs"
            " WHERE faq_id = :faq_id",
            {"faq_id": faq_id},
        )
        return self._faq(rows[0]) if rows else None

    async def remove_faq(self, faq_id: str) -> None:
        """Erase an FAQ entry."""
        await self._rows.delete("faqs", {"faq_id": faq_id})

    async def remove_faqs_of(self, collection: str) -> None:
        """Erase the FAQ entries of a collection."""
        await self._rows.delete("faqs", {"collection": collection})

    async def add_feedback(self, row: FeedbackRow) -> None:
        """Store a judgement."""
        await self._rows.insert(
            "feedback",
            [
                {
                    "feedback_id": row.feedback_id,
                    "point_id": row.point_id,
                    "doc_id": row.doc_id,
                    "collection": row.collection,
                    "helpful": int(row.helpful),
                    "query": self._cipher.seal(
                        row.query.encode(), _query(row.feedback_id), owner=row.subject
                    ),
                    "comment": self._cipher.seal(
                        row.comment.encode(), _comment(row.feedback_id), owner=row.subject
                    ),
                    "dense": packed(row.dense),
                    "subject": row.subject,
                    "created_ms": row.created_ms,
                }
            ],
        )

    async def feedback(self, feedback_id: str | None = None) -> list[FeedbackRow]:
        """List the judgements, or give one; those of somebody who is being erased are as good as gone."""
        where = "" if feedback_id is None else " WHERE feedback_id = :id"
        values: dict[str, Scalar] = {} if feedback_id is None else {"id": feedback_id}
        rows = await self._rows.fetch(f"SELECT * FROM feedback{where} ORDER BY created_ms", values)
        return self._readable(rows)

    async def feedback_of(self, subject: str) -> list[FeedbackRow]:
        """List somebody's judgements, oldest first."""
        rows = await self._rows.fetch(
            "SELECT * FROM feedback WHERE subject = :subject ORDER BY created_ms", {"subject": subject}
        )
        return self._readable(rows)

    async def judgements_of(self, subject: str) -> list[str]:
        """List the ids of somebody's judgements."""
        rows = await self._rows.fetch(
            "SELECT feedback_id FROM feedback WHERE subject = :subject", {"subject": subject}
        )
        return [str(row["feedback_id"]) for row in rows]

    async def remove_judgements(self, feedback_ids: Sequence[str]) -> None:
        """Erase judgements."""
        await self._rows.delete("feedback", {"feedback_id": list(feedback_ids)})

    async def any(self) -> tuple[bool, bool]:
        """Say whether there are entries at all, and whether there is feedback."""
        [row] = await self._rows.fetch(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM faqs) THEN 1 ELSE 0 END AS entries,"
            " CASE WHEN EXISTS (SELECT 1 FROM feedback) THEN 1 ELSE 0 END AS judgements"
        )
        return bool(row["entries"]), bool(row["judgements"])

    async def remove_feedback(self, doc_ids: Sequence[str]) -> None:
        """Erase the feedback about documents."""
        await self._rows.delete("feedback", {"doc_id": list(doc_ids)})

    def _faq(self, row: Row) -> FaqRow:
        faq_id = str(row["faq_id"])
        return FaqRow(
            faq_id=faq_id,
            point_id=int(row["point_id"] or 0),
            collection=str(row["collection"]),
            question=opened(self._cipher, row["question"], _question(faq_id)),
            answer=opened(self._cipher, row["answer"], _answer(faq_id)),
            dense=unpacked(row["dense"]),
            created_ms=int(row["created_ms"] or 0),
        )

    def _readable(self, rows: Sequence[Row]) -> list[FeedbackRow]:
        found = []
        for row in rows:
            with contextlib.suppress(KeyDestroyed):
                found.append(self._feedback(row))
        return found

    def _feedback(self, row: Row) -> FeedbackRow:
        feedback_id = str(row["feedback_id"])
        return FeedbackRow(
            feedback_id=feedback_id,
            point_id=int(row["point_id"] or 0),
            doc_id=str(row["doc_id"]),
            collection=str(row["collection"]),
            helpful=bool(row["helpful"]),
            query=opened(self._cipher, row["query"], _query(feedback_id)),
            comment=opened(self._cipher, row["comment"], _comment(feedback_id)),
            dense=unpacked(row["dense"]),
            subject=str(row["subject"]),
            created_ms=int(row["created_ms"] or 0),
        )
