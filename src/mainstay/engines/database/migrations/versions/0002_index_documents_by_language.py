"""Index documents by language."""

from mainstay.engines.database.revisions import create_index, drop_index
from mainstay.ports.database import Index, Table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    create_index(
        Table("documents", (), (), scoped=True),
        Index(columns=("collection", "language"), unique=False, across=False),
    )


def downgrade() -> None:
    """Go back."""
    drop_index(
        Table("documents", (), (), scoped=True),
        Index(columns=("collection", "language"), unique=False, across=False),
    )
