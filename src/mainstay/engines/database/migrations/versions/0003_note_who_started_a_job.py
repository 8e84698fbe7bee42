"""Note who started a job."""

from mainstay.engines.database.revisions import add_column, drop_column
from mainstay.ports.database import Column

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    add_column("outbox", Column(name="caller", type="text", nullable=False), filled="")


def downgrade() -> None:
    """Go back."""
    drop_column("outbox", "caller")
