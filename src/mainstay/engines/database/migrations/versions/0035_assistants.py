"""Bots, what they were taught and have learned, conversations, and what was said of them."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="assistant_bots",
        columns=(
            Column("bot_id", "text"),
            Column("name", "text"),
            Column("definition", "bytes"),
            Column("intents", "integer"),
            Column("examples", "integer"),
            Column("version", "integer"),
            Column("latest", "integer"),
            Column("revision", "integer"),
            Column("created_ms", "integer"),
            Column("changed_ms", "integer"),
        ),
        key=("bot_id",),
    ),
    Table(
        name="assistant_intents",
        columns=(Column("bot_id", "text"), Column("number", "integer"), Column("content", "bytes")),
        key=("bot_id", "number"),
    ),
    Table(
        name="assistant_models",
        columns=(
            Column("bot_id", "text"),
            Column("version", "integer"),
            Column("content", "bytes"),
            Column("figures", "text"),
            Column("created_ms", "integer"),
        ),
        key=("bot_id", "version"),
    ),
    Table(
        name="assistant_conversations",
        columns=(
            Column("conversation_id", "text"),
            Column("bot_id", "text"),
            Column("subject", "text"),
            Column("state", "text"),
            Column("agent", "text"),
            Column("turns", "integer"),
            Column("content", "bytes"),
            Column("created_ms", "integer"),
            Column("changed_ms", "integer"),
        ),
        key=("conversation_id",),
        indexes=(
            Index(("bot_id", "conversation_id")),
            Index(("state", "conversation_id")),
            Index(("subject",)),
        ),
    ),
    Table(
        name="assistant_turns",
        columns=(
            Column("turn_id", "text"),
            Column("conversation_id", "text"),
            Column("bot_id", "text"),
            Column("number", "integer"),
            Column("subject", "text"),
            Column("author", "text"),
            Column("fallback", "text"),
            Column("content", "bytes"),
            Column("created_ms", "integer"),
        ),
        key=("turn_id",),
        indexes=(
            Index(("conversation_id", "number"), unique=True),
            Index(("bot_id", "turn_id")),
            Index(("bot_id", "fallback", "turn_id")),
            Index(("subject",)),
        ),
    ),
    Table(
        name="assistant_feedback",
        columns=(
            Column("feedback_id", "text"),
            Column("bot_id", "text"),
            Column("turn_id", "text"),
            Column("conversation_id", "text"),
            Column("helpful", "integer", nullable=True),
            Column("state", "text"),
            Column("source", "text"),
            Column("subject", "text"),
            Column("author", "text"),
            Column("content", "bytes"),
            Column("created_ms", "integer"),
        ),
        key=("feedback_id",),
        indexes=(
            Index(("bot_id", "state", "feedback_id")),
            Index(("turn_id",)),
            Index(("conversation_id",)),
            Index(("subject",)),
        ),
    ),
)


def upgrade() -> None:
    """Go forward."""
    for table in TABLES:
        create_table(table)


def downgrade() -> None:
    """Go back."""
    for table in reversed(TABLES):
        drop_table(table.name)
