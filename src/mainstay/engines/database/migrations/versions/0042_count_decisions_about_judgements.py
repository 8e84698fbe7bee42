"""Count decisions about judgements."""

from mainstay.engines.database.revisions import add_column, drop_column
from mainstay.ports.database import Column

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; what was decided before is not counted."""
    add_column("assistant_feedback", Column(name="decided", type="integer", nullable=True))


def downgrade() -> None:
    """Go back."""
    drop_column("assistant_feedback", "decided")
