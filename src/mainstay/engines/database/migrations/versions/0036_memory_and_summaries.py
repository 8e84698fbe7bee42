"""What bots remember of persons, and summaries of long conversations."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="assistant_summaries",
        columns=(
            Column("conversation_id", "text"),
            Column("bot_id", "text"),
            Column("subject", "text"),
            Column("turns", "integer"),
            Column("content", "bytes"),
            Column("changed_ms", "integer"),
        ),
        key=("conversation_id",),
        indexes=(Index(("bot_id",)), Index(("subject",))),
    ),
    Table(
        name="assistant_memories",
        columns=(
            Column("bot_id", "text"),
            Column("subject", "text"),
            Column("choice", "text"),
            Column("content", "bytes"),
            Column("chosen_ms", "integer"),
        ),
        key=("bot_id", "subject"),
        indexes=(Index(("subject",)),),
    ),
    Table(
        name="assistant_facts",
        columns=(
            Column("fact_id", "text"),
            Column("bot_id", "text"),
            Column("subject", "text"),
            Column("content", "bytes"),
            Column("created_ms", "integer"),
            Column("expires_ms", "integer"),
        ),
        key=("fact_id",),
        indexes=(Index(("bot_id", "subject", "fact_id")), Index(("subject",))),
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
