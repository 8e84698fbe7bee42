"""Widgets, and the visitors who come by them."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="widgets",
        columns=(
            Column("widget_id", "text"),
            Column("bot_id", "text"),
            Column("name", "text"),
            Column("origins", "text"),
            Column("look", "text"),
            Column("created_ms", "integer"),
            Column("changed_ms", "integer"),
        ),
        key=("widget_id",),
        indexes=(Index(("bot_id",)), Index(("widget_id",), unique=True, across=True)),
    ),
    Table(
        name="visits",
        columns=(
            Column("hash", "text"),
            Column("widget_id", "text"),
            Column("visitor_id", "text"),
            Column("begun_ms", "integer"),
            Column("issued_ms", "integer"),
        ),
        key=("hash",),
        indexes=(
            Index(("hash",), unique=True, across=True),
            Index(("issued_ms",), across=True),
            Index(("widget_id",)),
            Index(("visitor_id",)),
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
