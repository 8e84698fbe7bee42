"""Note which steps were promised."""

from mainstay.engines.database.revisions import add_column, drop_column
from mainstay.ports.database import Column

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    add_column("outbox", Column(name="promised", type="integer", nullable=False), filled=0)


def downgrade() -> None:
    """Go back."""
    drop_column("outbox", "promised")
