"""Exports of a tenant."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Table

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="tenant_exports",
        columns=(
            Column("export_id", "text"),
            Column("state", "text"),
            Column("job_id", "text"),
            Column("asked_ms", "integer"),
            Column("done_ms", "integer", nullable=True),
            Column("expires_ms", "integer", nullable=True),
            Column("parts", "integer"),
            Column("size", "integer"),
            Column("counts", "text"),
            Column("cursor", "text"),
        ),
        key=("export_id",),
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
