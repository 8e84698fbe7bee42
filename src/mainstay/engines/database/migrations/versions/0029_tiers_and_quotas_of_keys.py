"""Tiers of tenants, and quotas of single keys."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="key_quotas",
        columns=(Column("subject", "text"), Column("name", "text"), Column("most", "integer")),
        key=("subject", "name"),
    ),
    Table(
        name="tiers",
        columns=(Column("tier", "text"), Column("name", "text"), Column("most", "integer")),
        key=("tier", "name"),
        scoped=False,
    ),
    Table(
        name="tenant_tiers",
        columns=(Column("tier", "text"),),
        key=("tier",),
        indexes=(Index(("tier",), across=True),),
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
