"""Consents, and the texts that persons agree to."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="consent_purposes",
        columns=(
            Column("purpose", "text"),
            Column("version", "integer"),
            Column("text", "text"),
            Column("created_ms", "integer"),
        ),
        key=("purpose", "version"),
    ),
    Table(
        name="consents",
        columns=(
            Column("number", "integer"),
            Column("subject", "text"),
            Column("purpose", "text"),
            Column("version", "integer"),
            Column("given", "integer"),
            Column("at_ms", "integer"),
            Column("recorded_by", "text"),
            Column("evidence", "bytes"),
        ),
        key=("number",),
        sequence="number",
        indexes=(Index(("subject", "purpose", "number")),),
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
