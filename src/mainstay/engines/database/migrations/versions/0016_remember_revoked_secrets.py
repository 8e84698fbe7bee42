"""Remember revoked secrets."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Table

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TABLE = Table(
    name="revoked_secrets",
    columns=(Column(name="hash", type="text"), Column(name="revoked_ms", type="integer")),
    key=("hash",),
    scoped=False,
)


def upgrade() -> None:
    """Go forward; what was revoked before is not known."""
    create_table(TABLE)


def downgrade() -> None:
    """Go back; a revoked secret in MAINSTAY_ADMIN_KEY comes back then."""
    drop_table(TABLE.name)
