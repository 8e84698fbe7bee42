"""What a passage, an FAQ entry or a judgement is in the index."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from mainstay.ports.vectors import Point, Sparse
from mainstay.services.knowledge.faq_store import FaqRow, FeedbackRow
from mainstay.services.knowledge.lexical import passage_weights
from mainstay.services.knowledge.naming import opinion_id
from mainstay.services.knowledge.passage_store import Passage
from mainstay.services.knowledge.permissions import EVERYBODY, indexed_groups
from mainstay.services.knowledge.store import DocumentRow

PASSAGE, FAQ, FEEDBACK = "passage", "faq", "feedback"


def embedded_text(title: str, headings: tuple[str, ...], text: str) -> str:
    """Give the text that is encoded for a passage: what it says, in the light of where it stands."""
    path = " > ".join(dict.fromkeys(part for part in (title, *headings) if part))
    return f"{path}\n{text}" if path and not text.startswith(path) else text


def content_hash(encoder: str, text: str) -> str:
    """Give the hash of what was encoded, and by which encoder."""
    return hashlib.sha256(f"{encoder}\0{text}".encode()).hexdigest()


def passage_point(passage: Passage, document: DocumentRow, change: int) -> Point:
    """Make a passage's point."""
    words = embedded_text(document.given_title, passage.headings, passage.text)
    indices, weights = passage_weights(words, document.language)
    created = datetime.fromtimestamp(document.created_ms / 1000, tz=UTC)
    payload: Mapping[str, object] = {
        "kind": PASSAGE,
        "collection": document.collection,
        "doc_id": document.doc_id,
        "version": passage.version,
        "groups": indexed_groups(document.groups),
        "title": document.title,
        "language": document.language,
        "created": created.isoformat().replace("+00:00", "Z"),
        "metadata": document.metadata,
        "change": change,
    }
    return Point(passage.point_id, passage.dense, Sparse(indices, weights), payload)


def faq_point(row: FaqRow, language: str, change: int) -> Point:
    """Make an FAQ entry's point."""
    indices, weights = passage_weights(row.question, language)
    payload = {
        "kind": FAQ,
        "collection": row.collection,
        "doc_id": row.faq_id,
        "groups": [EVERYBODY],
        "change": change,
    }
    return Point(row.point_id, row.dense, Sparse(indices, weights), payload)


def erased_point(feedback_id: str, dimensions: int) -> Point:
    """Make what replaces the point of a judgement that was erased, so that its id finds it."""
    dense = np.zeros(dimensions, np.float32)
    dense[0] = 1.0
    indices, weights = passage_weights("", "und")
    payload = {"kind": FEEDBACK, "doc_id": feedback_id, "groups": []}
    return Point(opinion_id(feedback_id), dense, Sparse(indices, weights), payload)


def feedback_point(row: FeedbackRow, change: int) -> Point:
    """Make a judgement's point: similar queries find it by its query's vector alone."""
    indices, weights = passage_weights("", "und")
    payload = {
        "kind": FEEDBACK,
        "collection": row.collection,
        "doc_id": row.doc_id,
        "groups": [EVERYBODY],
        "helpful": row.helpful,
        "subject": row.subject,
        "change": change,
    }
    return Point(row.point_id, row.dense, Sparse(indices, weights), payload)
