"""After how many days a tenant's things are removed."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Table

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

POLICIES = Table(
    name="retention_policies",
    columns=(Column("kind", "text"), Column("days", "integer"), Column("changed_ms", "integer")),
    key=("kind",),
)


def upgrade() -> None:
    """Go forward."""
    create_table(POLICIES)


def downgrade() -> None:
    """Go back."""
    drop_table(POLICIES.name)
