"""Since when grants in a member's name count."""

from mainstay.engines.database.revisions import add_column, drop_column
from mainstay.ports.database import Column

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; what was granted before counts on."""
    add_column("members", Column("granted_since_ms", "integer"), filled=0)


def downgrade() -> None:
    """Go back."""
    drop_column("members", "granted_since_ms")
