"""Files with their parts, and uploads in several parts."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="files",
        columns=(
            Column("file_id", "text"),
            Column("name", "text"),
            Column("purpose", "text"),
            Column("media_type", "text"),
            Column("bytes", "integer"),
            Column("sha256", "text"),
            Column("groups", "text", nullable=True),
            Column("created_ms", "integer"),
            Column("expires_ms", "integer", nullable=True),
        ),
        key=("file_id",),
    ),
    Table(
        name="file_parts",
        columns=(
            Column("file_id", "text"),
            Column("number", "integer"),
            Column("blob", "text"),
            Column("bytes", "integer"),
        ),
        key=("file_id", "number"),
    ),
    Table(
        name="uploads",
        columns=(
            Column("upload_id", "text"),
            Column("name", "text"),
            Column("purpose", "text"),
            Column("media_type", "text"),
            Column("bytes", "integer"),
            Column("groups", "text", nullable=True),
            Column("expires_in_s", "integer", nullable=True),
            Column("state", "text"),
            Column("file_id", "text", nullable=True),
            Column("created_ms", "integer"),
            Column("expires_ms", "integer"),
        ),
        key=("upload_id",),
    ),
    Table(
        name="upload_parts",
        columns=(
            Column("part_id", "text"),
            Column("number", "integer"),
            Column("upload_id", "text"),
            Column("blob", "text"),
            Column("bytes", "integer"),
        ),
        key=("part_id", "number"),
        indexes=(Index(("upload_id",)),),
    ),
)


def upgrade() -> None:
    """Go forward; there are no files yet."""
    for table in TABLES:
        create_table(table)


def downgrade() -> None:
    """Go back."""
    for table in reversed(TABLES):
        drop_table(table.name)
