"""Find turns by their keys."""

from mainstay.engines.database.revisions import add_column, create_index, drop_column, drop_index
from mainstay.ports.database import Column, Index, Table

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

TURNS = Table("assistant_turns", (), ())
INDEX = Index(("bot_id", "subject", "turn_key"), unique=True)


def upgrade() -> None:
    """Go forward; keys of earlier turns stand sealed in them, and are not found any more."""
    add_column(TURNS.name, Column(name="turn_key", type="text", nullable=True))
    create_index(TURNS, INDEX)


def downgrade() -> None:
    """Go back; the keys are forgotten."""
    drop_index(TURNS, INDEX)
    drop_column(TURNS.name, "turn_key")
