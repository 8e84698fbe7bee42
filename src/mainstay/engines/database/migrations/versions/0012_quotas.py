"""How much each tenant may use."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Table

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="quotas",
        columns=(Column(name="name", type="text"), Column(name="most", type="integer")),
        key=("name",),
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
