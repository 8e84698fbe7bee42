"""What each key asked for, by hour and day, and how much each tenant has stored."""

from mainstay.engines.database.revisions import add_column, create_table, drop_column, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="usage",
        columns=(
            Column(name="span", type="text"),
            Column(name="begins_ms", type="integer"),
            Column(name="subject", type="text"),
            Column(name="operation", type="text"),
            Column(name="writer", type="text"),
            Column(name="requests", type="integer"),
            Column(name="refused", type="integer"),
            Column(name="failed", type="integer"),
            Column(name="writes", type="integer"),
            Column(name="tokens", type="integer"),
        ),
        key=("span", "begins_ms", "subject", "operation", "writer"),
        indexes=(Index(columns=("span", "begins_ms"), across=True),),
    ),
    Table(
        name="holdings",
        columns=(
            Column(name="begins_ms", type="integer"),
            Column(name="service", type="text"),
            Column(name="documents", type="integer"),
            Column(name="bytes", type="integer"),
            Column(name="at_ms", type="integer"),
        ),
        key=("begins_ms", "service"),
        indexes=(Index(columns=("begins_ms",), across=True),),
    ),
)


def upgrade() -> None:
    """Go forward; files that were stored before are not counted as storage until they are stored again."""
    for table in TABLES:
        create_table(table)
    add_column("documents", Column(name="file_bytes", type="integer"), filled=0)


def downgrade() -> None:
    """Go back."""
    drop_column("documents", "file_bytes")
    for table in reversed(TABLES):
        drop_table(table.name)
