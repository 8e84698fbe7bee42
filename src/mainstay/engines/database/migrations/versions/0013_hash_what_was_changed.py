"""Hash what was changed."""

from mainstay.engines.database.revisions import add_column, drop_column
from mainstay.ports.database import Column

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NAMES = ("before_hash", "after_hash")


def upgrade() -> None:
    """Go forward; rows that are there have no such hashes, and stay chained as they are."""
    for name in NAMES:
        add_column("audit", Column(name=name, type="bytes", nullable=True))


def downgrade() -> None:
    """Go back; entries that had such hashes cannot be checked any more."""
    for name in NAMES:
        drop_column("audit", name)
