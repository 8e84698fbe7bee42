"""Second factors of people, and how their sessions were begun."""

from mainstay.engines.database.revisions import add_column, create_table, drop_column, drop_table
from mainstay.ports.database import Column, Table

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="authenticator_apps",
        columns=(
            Column("person_id", "text"),
            Column("secret", "bytes"),
            Column("created_ms", "integer"),
            Column("confirmed_ms", "integer", nullable=True),
            Column("last_step", "integer"),
        ),
        key=("person_id",),
        scoped=False,
    ),
    Table(
        name="recovery_codes",
        columns=(Column("person_id", "text"), Column("hash", "text")),
        key=("person_id", "hash"),
        scoped=False,
    ),
)


def upgrade() -> None:
    """Go forward; every session that lasts was begun with a password."""
    for table in TABLES:
        create_table(table)
    add_column("sessions", Column("methods", "text"), filled="pwd")


def downgrade() -> None:
    """Go back; the password alone signs people in again."""
    drop_column("sessions", "methods")
    for table in reversed(TABLES):
        drop_table(table.name)
