"""Weigh steps, and count how often a server ended while it worked on one."""

from mainstay.engines.database.revisions import add_column, drop_column
from mainstay.ports.database import Column

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; what waits now has no weight."""
    add_column("outbox", Column(name="weight", type="integer", nullable=False), filled=0)
    add_column("outbox", Column(name="interrupted", type="integer", nullable=False), filled=0)


def downgrade() -> None:
    """Go back."""
    drop_column("outbox", "interrupted")
    drop_column("outbox", "weight")
