"""Remember which keys were destroyed."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Table

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="destroyed_keys",
        columns=(
            Column(name="key_id", type="bytes"),
            Column(name="owner", type="text"),
            Column(name="at_ms", type="integer"),
        ),
        key=("key_id",),
    ),
)


def upgrade() -> None:
    """Go forward."""
    for table in TABLES:
        create_table(table)


def downgrade() -> None:
    """Go back; an older version cannot read what was sealed since."""
    for table in reversed(TABLES):
        drop_table(table.name)
