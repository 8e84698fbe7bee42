"""What each turn left a conversation's transcript at, for clients that go on by showing what was said."""

from mainstay.engines.database.revisions import add_column, create_index, drop_column, drop_index
from mainstay.ports.database import Column, Index, Table

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

TURNS = Table(name="assistant_turns", columns=(), key=("turn_id",))
COLUMN = Column("transcript", "text")
INDEX = Index(("bot_id", "subject", "transcript"))


def upgrade() -> None:
    """Go forward; conversations of before are gone on with by their ids alone."""
    add_column(TURNS.name, COLUMN, filled="")
    create_index(TURNS, INDEX)


def downgrade() -> None:
    """Go back."""
    drop_index(TURNS, INDEX)
    drop_column(TURNS.name, COLUMN.name)
