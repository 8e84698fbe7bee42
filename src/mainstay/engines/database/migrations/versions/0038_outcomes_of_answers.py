"""Which prompt an answer was made of, how well it did, and whether answers are given again."""

from mainstay.engines.database.revisions import add_column, create_table, drop_column, drop_table
from mainstay.ports.database import Column, Index, Scalar, Table

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="generation_outcomes",
        columns=(
            Column("trace_id", "text"),
            Column("author", "text"),
            Column("subject", "text"),
            Column("value", "real"),
            Column("at_ms", "integer"),
        ),
        key=("trace_id", "author"),
        indexes=(Index(("subject",)), Index(("author",))),
    ),
    Table(
        name="generation_caching",
        columns=(Column("name", "text"), Column("exact", "integer"), Column("semantic", "integer")),
        key=("name",),
    ),
)
ADDED: tuple[tuple[Column, Scalar], ...] = (
    (Column("prompt", "text"), ""),
    (Column("prompt_version", "integer"), 0),
    (Column("experiment_id", "text"), ""),
    (Column("arm", "text"), ""),
    (Column("exposure_id", "text"), ""),
)


def upgrade() -> None:
    """Go forward; earlier answers were made of no prompt."""
    for table in TABLES:
        create_table(table)
    for column, filled in ADDED:
        add_column("generation_traces", column, filled=filled)


def downgrade() -> None:
    """Go back."""
    for column, _ in reversed(ADDED):
        drop_column("generation_traces", column.name)
    for table in reversed(TABLES):
        drop_table(table.name)
