"""Log requests."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="request_log",
        columns=(
            Column(name="seq", type="integer", nullable=False),
            Column(name="at_ms", type="integer", nullable=False),
            Column(name="request_id", type="text", nullable=False),
            Column(name="subject", type="text", nullable=False),
            Column(name="operation", type="text", nullable=False),
            Column(name="outcome", type="text", nullable=False),
            Column(name="door", type="text", nullable=False),
            Column(name="origin", type="text", nullable=False),
            Column(name="took_ms", type="real", nullable=False),
            Column(name="told", type="bytes", nullable=False),
        ),
        key=("seq",),
        indexes=(
            Index(columns=("at_ms", "seq"), unique=False, across=False),
            Index(columns=("subject", "at_ms", "seq"), unique=False, across=False),
            Index(columns=("operation", "at_ms", "seq"), unique=False, across=False),
            Index(columns=("request_id", "at_ms", "seq"), unique=False, across=False),
        ),
        scoped=True,
        sequence="seq",
    ),
    Table(
        name="request_settings",
        columns=(
            Column(name="name", type="text", nullable=False),
            Column(name="log_requests", type="integer", nullable=False),
            Column(name="sample", type="real", nullable=False),
            Column(name="operations", type="text", nullable=False),
            Column(name="hidden_fields", type="text", nullable=False),
            Column(name="characters_max", type="integer", nullable=False),
            Column(name="kept_days", type="integer", nullable=False),
            Column(name="changed_ms", type="integer", nullable=False),
        ),
        key=("name",),
        indexes=(),
        scoped=True,
        sequence=None,
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
