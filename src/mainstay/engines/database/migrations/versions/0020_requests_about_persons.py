"""Requests to export and erase what is stored about persons."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="privacy_requests",
        columns=(
            Column(name="request_id", type="text"),
            Column(name="kind", type="text"),
            Column(name="subject", type="text"),
            Column(name="subject_sha256", type="text"),
            Column(name="job_id", type="text"),
            Column(name="asked_ms", type="integer"),
            Column(name="done_ms", type="integer", nullable=True),
        ),
        key=("request_id",),
        indexes=(Index(("subject",)),),
    ),
    Table(
        name="privacy_parts",
        columns=(
            Column(name="request_id", type="text"),
            Column(name="service", type="text"),
            Column(name="done", type="integer"),
            Column(name="counts", type="text"),
            Column(name="content", type="bytes", nullable=True),
        ),
        key=("request_id", "service"),
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
