"""Passkeys of people."""

from mainstay.engines.database.revisions import create_table, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

PASSKEYS = Table(
    name="passkeys",
    columns=(
        Column("passkey_id", "text"),
        Column("person_id", "text"),
        Column("credential_hash", "text"),
        Column("credential_id", "bytes"),
        Column("public_key", "bytes"),
        Column("sign_count", "integer"),
        Column("synced", "integer"),
        Column("name", "bytes"),
        Column("created_ms", "integer"),
        Column("used_ms", "integer", nullable=True),
    ),
    key=("passkey_id",),
    indexes=(Index(("credential_hash",), unique=True, across=True), Index(("person_id",), across=True)),
    scoped=False,
)


def upgrade() -> None:
    """Go forward."""
    create_table(PASSKEYS)


def downgrade() -> None:
    """Go back; passwords and codes sign people in as before."""
    drop_table(PASSKEYS.name)
