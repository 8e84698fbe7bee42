"""Lock documents without changing them."""

from mainstay.engines.database.revisions import add_column, drop_column
from mainstay.ports.database import Column

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    add_column("documents", Column(name="locked_ms", type="integer", nullable=True))


def downgrade() -> None:
    """Go back."""
    drop_column("documents", "locked_ms")
