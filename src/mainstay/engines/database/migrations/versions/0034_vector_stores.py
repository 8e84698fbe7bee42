"""Collections as vector stores, and files that are attached to them."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="vector_stores",
        columns=(
            Column("collection", "text"),
            Column("title", "text"),
            Column("metadata", "text"),
            Column("expires_days", "integer", nullable=True),
            Column("used_ms", "integer"),
        ),
        key=("collection",),
    ),
    Table(
        name="attached_files",
        columns=(
            Column("collection", "text"),
            Column("file_id", "text"),
            Column("doc_id", "text"),
            Column("batch_id", "text"),
            Column("job_id", "text"),
            Column("name", "text"),
            Column("bytes", "integer"),
            Column("attributes", "text"),
            Column("groups", "text", nullable=True),
            Column("state", "text"),
            Column("problem_code", "text", nullable=True),
            Column("problem", "text", nullable=True),
            Column("created_ms", "integer"),
        ),
        key=("collection", "file_id"),
        indexes=(Index(("doc_id",)), Index(("file_id",)), Index(("collection", "batch_id"))),
    ),
)


def upgrade() -> None:
    """Go forward; every collection is a vector store without more being said."""
    for table in TABLES:
        create_table(table)


def downgrade() -> None:
    """Go back; the documents that were made of files stay."""
    for table in reversed(TABLES):
        drop_table(table.name)
