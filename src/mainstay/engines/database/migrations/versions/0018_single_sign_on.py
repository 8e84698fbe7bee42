"""Connections to identity providers."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="sso_connections",
        columns=(
            Column(name="connection_id", type="text"),
            Column(name="name", type="text"),
            Column(name="kind", type="text"),
            Column(name="state", type="text"),
            Column(name="issuer", type="text"),
            Column(name="client_id", type="text"),
            Column(name="client_secret", type="bytes", nullable=True),
            Column(name="sign_in_url", type="text"),
            Column(name="certificates", type="text"),
            Column(name="mapping", type="text"),
            Column(name="create_members", type="integer"),
            Column(name="created_ms", type="integer"),
            Column(name="created_by", type="text"),
        ),
        key=("connection_id",),
        indexes=(Index(("connection_id",), unique=True, across=True),),
    ),
    Table(
        name="sso_domains",
        columns=(Column(name="domain", type="text"), Column(name="connection_id", type="text")),
        key=("domain",),
        indexes=(Index(("domain",), unique=True, across=True), Index(("connection_id",))),
    ),
    Table(
        name="sso_links",
        columns=(
            Column(name="connection_id", type="text"),
            Column(name="subject_index", type="text"),
            Column(name="user_id", type="text"),
            Column(name="created_ms", type="integer"),
        ),
        key=("connection_id", "subject_index"),
    ),
    Table(
        name="sso_used",
        columns=(Column(name="name", type="text"), Column(name="expires_ms", type="integer")),
        key=("name",),
        indexes=(Index(("expires_ms",)),),
    ),
)


def upgrade() -> None:
    """Go forward."""
    for table in TABLES:
        create_table(table)


def downgrade() -> None:
    """Go back; nobody can come by an identity provider then."""
    for table in reversed(TABLES):
        drop_table(table.name)
