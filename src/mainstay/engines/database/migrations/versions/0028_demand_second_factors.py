"""What tenants demand of whoever signs in."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Table

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

SETTINGS = Table(
    name="sign_in_settings",
    columns=(Column("name", "text"), Column("second_factor", "text")),
    key=("name",),
)


def upgrade() -> None:
    """Go forward."""
    create_table(SETTINGS)


def downgrade() -> None:
    """Go back; nobody demands anything then."""
    drop_table(SETTINGS.name)
