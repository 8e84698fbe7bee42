"""Erasures of tenants, and how much they removed."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="tenant_erasures",
        columns=(
            Column("erasure_id", "text"),
            Column("tenant_id", "text"),
            Column("state", "text"),
            Column("job_id", "text"),
            Column("operator_id", "text"),
            Column("asked_ms", "integer"),
            Column("due_ms", "integer"),
            Column("done_ms", "integer", nullable=True),
        ),
        key=("erasure_id",),
        indexes=(Index(("tenant_id",), across=True),),
        scoped=False,
    ),
    Table(
        name="tenant_erasure_parts",
        columns=(Column("erasure_id", "text"), Column("service", "text"), Column("done", "integer")),
        key=("erasure_id", "service"),
        scoped=False,
    ),
    Table(
        name="cleared",
        columns=(
            Column("clearance_id", "text"),
            Column("service", "text"),
            Column("kind", "text"),
            Column("things", "integer"),
        ),
        key=("clearance_id", "service", "kind"),
        scoped=False,
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
