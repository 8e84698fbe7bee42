"""People, their memberships in tenants, their sessions, and codes they were sent."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="people",
        columns=(
            Column(name="person_id", type="text"),
            Column(name="email_index", type="text"),
            Column(name="email", type="bytes"),
            Column(name="password", type="text", nullable=True),
            Column(name="verified_ms", type="integer", nullable=True),
            Column(name="created_ms", type="integer"),
        ),
        key=("person_id",),
        indexes=(Index(("email_index",), unique=True, across=True),),
        scoped=False,
    ),
    Table(
        name="members",
        columns=(
            Column(name="user_id", type="text"),
            Column(name="person_id", type="text"),
            Column(name="name", type="bytes"),
            Column(name="role", type="text"),
            Column(name="groups", type="text"),
            Column(name="state", type="text"),
            Column(name="created_ms", type="integer"),
            Column(name="created_by", type="text"),
            Column(name="accepted_ms", type="integer", nullable=True),
        ),
        key=("user_id",),
        indexes=(
            Index(("person_id",), unique=True),
            Index(("person_id",), across=True),
            Index(("role", "state")),
        ),
    ),
    Table(
        name="sessions",
        columns=(
            Column(name="session_id", type="text"),
            Column(name="hash", type="text"),
            Column(name="user_id", type="text"),
            Column(name="person_id", type="text"),
            Column(name="created_ms", type="integer"),
            Column(name="used_ms", type="integer"),
            Column(name="address", type="bytes"),
            Column(name="agent", type="bytes"),
        ),
        key=("session_id",),
        indexes=(
            Index(("hash",), unique=True, across=True),
            Index(("person_id",), across=True),
            Index(("created_ms",), across=True),
            Index(("user_id",)),
        ),
    ),
    Table(
        name="places",
        columns=(
            Column(name="person_id", type="text"),
            Column(name="place", type="text"),
            Column(name="at_ms", type="integer"),
        ),
        key=("person_id", "place"),
        scoped=False,
    ),
    Table(
        name="codes",
        columns=(
            Column(name="hash", type="text"),
            Column(name="purpose", type="text"),
            Column(name="person_id", type="text"),
            Column(name="member_tenant", type="text"),
            Column(name="user_id", type="text"),
            Column(name="email", type="bytes"),
            Column(name="expires_ms", type="integer"),
            Column(name="used_ms", type="integer", nullable=True),
        ),
        key=("hash",),
        indexes=(Index(("person_id",), across=True), Index(("expires_ms",), across=True)),
        scoped=False,
    ),
)


def upgrade() -> None:
    """Go forward."""
    for table in TABLES:
        create_table(table)


def downgrade() -> None:
    """Go back; whoever was invited has to be invited again."""
    for table in reversed(TABLES):
        drop_table(table.name)
