"""Number what is in the index: a point's name, a UUID, becomes the 62 bits of it that are hashed."""

import uuid

from mainstay.engines.database.revisions import change_type
from mainstay.ports.database import Column, Index, Table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_HASHED = (1 << 62) - 1
_OPINION = 1 << 62
_BITS = "(('x' || right(replace(point_id, '-', ''), 16))::bit(64)::bigint & 4611686018427387903)"

PASSAGES = Table(
    name="passages",
    columns=(
        Column(name="point_id", type="integer", nullable=False),
        Column(name="doc_id", type="text", nullable=False),
        Column(name="collection", type="text", nullable=False),
        Column(name="version", type="integer", nullable=False),
        Column(name="ordinal", type="integer", nullable=False),
        Column(name="starts", type="integer", nullable=False),
        Column(name="ends", type="integer", nullable=False),
        Column(name="headings", type="text", nullable=False),
        Column(name="kind", type="text", nullable=False),
        Column(name="content_hash", type="text", nullable=False),
        Column(name="text", type="bytes", nullable=False),
        Column(name="dense", type="bytes", nullable=False),
    ),
    key=("point_id",),
    indexes=(Index(columns=("doc_id", "version")), Index(columns=("collection",))),
)
FAQS = Table(
    name="faqs",
    columns=(
        Column(name="faq_id", type="text", nullable=False),
        Column(name="point_id", type="integer", nullable=False),
        Column(name="collection", type="text", nullable=False),
        Column(name="question", type="bytes", nullable=False),
        Column(name="answer", type="bytes", nullable=False),
        Column(name="dense", type="bytes", nullable=False),
        Column(name="created_ms", type="integer", nullable=False),
    ),
    key=("faq_id",),
    indexes=(Index(columns=("collection", "faq_id")), Index(columns=("point_id",))),
)
FEEDBACK = Table(
    name="feedback",
    columns=(
        Column(name="feedback_id", type="text", nullable=False),
        Column(name="point_id", type="integer", nullable=False),
        Column(name="doc_id", type="text", nullable=False),
        Column(name="collection", type="text", nullable=False),
        Column(name="helpful", type="integer", nullable=False),
        Column(name="query", type="bytes", nullable=False),
        Column(name="comment", type="bytes", nullable=False),
        Column(name="dense", type="bytes", nullable=False),
        Column(name="subject", type="text", nullable=False),
        Column(name="created_ms", type="integer", nullable=False),
    ),
    key=("feedback_id",),
    indexes=(Index(columns=("doc_id",)),),
)


def _hashed(name: str) -> int:
    return uuid.UUID(name).int & _HASHED


def _opinion(name: str) -> int:
    return _hashed(name) | _OPINION


def upgrade() -> None:
    """Go forward; the search index itself is filled again with each tenant's first search or change."""
    change_type(PASSAGES, "point_id", _hashed, _BITS)
    for table in (FAQS, FEEDBACK):
        change_type(table, "point_id", _opinion, f"{_BITS} | {_OPINION}")


def downgrade() -> None:
    """Go back."""
    raise NotImplementedError("what was dropped is gone: restore a backup")
