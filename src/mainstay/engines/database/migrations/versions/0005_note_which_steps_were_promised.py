"""Note which steps were promised."""

from mainstay.engines.database.revisions import add_column, drop_column, fill_column
from mainstay.ports.database import Column

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


PROMISED = Column(name="promised", type="integer", nullable=False)
_KINDS = ("deleted", "collection_deleted", "faq", "feedback")
_OF_SUCH = " OR ".join(f'body LIKE \'%"kind":"{kind}"%\'' for kind in _KINDS)


def upgrade() -> None:
    """Go forward; what waits, or has failed, of erasures is told by its event."""
    add_column("outbox", PROMISED, filled=0)
    fill_column("outbox", PROMISED, f"CASE WHEN event = 'IndexChanged' AND ({_OF_SUCH}) THEN 1 ELSE 0 END")


def downgrade() -> None:
    """Go back."""
    drop_column("outbox", "promised")
