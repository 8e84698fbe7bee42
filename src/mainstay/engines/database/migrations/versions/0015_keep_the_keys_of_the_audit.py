"""Keep the public keys of the audit."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Table

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE = Table(
    name="audit_keys",
    columns=(
        Column(name="number", type="integer"),
        Column(name="key_id", type="text"),
        Column(name="public_key", type="text"),
        Column(name="previous_id", type="text"),
        Column(name="previous_key", type="text"),
        Column(name="at_ms", type="integer"),
        Column(name="by_previous", type="bytes"),
        Column(name="by_itself", type="bytes"),
    ),
    key=("number",),
    scoped=False,
)


def upgrade() -> None:
    """Go forward; the next start writes its key down, when it is the one that signed before."""
    create_table(TABLE)


def downgrade() -> None:
    """Go back; what keys before the present one have signed cannot be checked then."""
    drop_table(TABLE.name)
