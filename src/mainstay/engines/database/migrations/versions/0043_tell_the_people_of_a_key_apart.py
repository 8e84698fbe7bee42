"""Tell the people of a key apart, and find somebody's turns."""

from mainstay.engines.database.revisions import (
    add_column,
    change_key,
    create_index,
    drop_column,
    drop_index,
    remove_rows,
)
from mainstay.ports.database import Column, Index, Table

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

END_USER = Column(name="end_user", type="text")
PLACES = ("assistant_conversations", "assistant_facts", "assistant_memories")
INDEXES = (
    (Table("assistant_turns", (), ()), Index(("bot_id", "subject", "turn_id"))),
    (Table("assistant_facts", (), ()), Index(("bot_id", "subject", "end_user", "fact_id"))),
)
COLUMNS = (
    Column("bot_id", "text"),
    Column("subject", "text"),
    Column("choice", "text"),
    Column("content", "bytes"),
    Column("chosen_ms", "integer"),
    END_USER,
)


def memories(*key: str) -> Table:
    """Give the table of choices with a key."""
    return Table("assistant_memories", COLUMNS, key, indexes=(Index(("subject",)),))


def upgrade() -> None:
    """Go forward; what was remembered by now is the key's own, since nobody knows of whom it is."""
    for name in PLACES:
        add_column(name, END_USER, filled="")
    change_key(memories("bot_id", "subject", "end_user"))
    for table, index in INDEXES:
        create_index(table, index)


def downgrade() -> None:
    """Go back; what the people of a key chose and had remembered is forgotten, lest others be told it."""
    for table, index in INDEXES:
        drop_index(table, index)
    for name in ("assistant_facts", "assistant_memories"):
        remove_rows(name, "end_user <> ''")
    change_key(memories("bot_id", "subject"))
    for name in PLACES:
        drop_column(name, "end_user")
