"""What generators were asked and answered, what they cost, and responses that are kept."""

from mainstay.engines.database.revisions import add_column, create_table, drop_column, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="generation_traces",
        columns=(
            Column("trace_id", "text"),
            Column("at_ms", "integer"),
            Column("subject", "text"),
            Column("request_id", "text"),
            Column("generator", "text"),
            Column("outcome", "text"),
            Column("cached", "integer"),
            Column("tokens_input", "integer"),
            Column("tokens_output", "integer"),
            Column("cost", "real"),
            Column("first_piece_ms", "integer", nullable=True),
            Column("took_ms", "integer"),
            Column("told", "bytes"),
        ),
        key=("trace_id",),
        indexes=(Index(("subject", "trace_id")), Index(("at_ms",), across=True)),
    ),
    Table(
        name="generation_responses",
        columns=(
            Column("response_id", "text"),
            Column("previous_id", "text"),
            Column("subject", "text"),
            Column("created_ms", "integer"),
            Column("told", "bytes"),
        ),
        key=("response_id",),
        indexes=(Index(("subject", "response_id")),),
    ),
)


def upgrade() -> None:
    """Go forward."""
    for table in TABLES:
        create_table(table)
    add_column("usage", Column("cost_micros", "integer"), filled=0)


def downgrade() -> None:
    """Go back."""
    drop_column("usage", "cost_micros")
    for table in reversed(TABLES):
        drop_table(table.name)
