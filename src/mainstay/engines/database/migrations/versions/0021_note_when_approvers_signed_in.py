"""When somebody who let an app act had signed in."""

from mainstay.engines.database.revisions import add_column, drop_column
from mainstay.ports.database import Column

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("authorization_codes", "token_families")


def upgrade() -> None:
    """Go forward."""
    for table in TABLES:
        add_column(table, Column("signed_in_ms", "integer", nullable=True))


def downgrade() -> None:
    """Go back."""
    for table in TABLES:
        drop_column(table, "signed_in_ms")
