"""Chain the audit."""

from mainstay.engines.database.revisions import (
    add_column,
    create_index,
    create_table,
    drop_column,
    drop_index,
    drop_table,
    fill_column,
    random_bytes_sql,
)
from mainstay.ports.database import Column, Index, Table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

AUDIT = Table("audit", (), (), scoped=True)
SALT = Column(name="salt", type="bytes", nullable=True)
INDEXES = (
    Index(columns=("sealed", "tenant_id", "seq"), unique=False, across=True),
    Index(columns=("at_ms", "seq"), unique=False, across=False),
    Index(columns=("subject", "at_ms", "seq"), unique=False, across=False),
    Index(columns=("operation", "at_ms", "seq"), unique=False, across=False),
    Index(columns=("outcome", "at_ms", "seq"), unique=False, across=False),
    Index(columns=("target", "at_ms", "seq"), unique=False, across=False),
    Index(columns=("request_id", "at_ms", "seq"), unique=False, across=False),
)
TABLES = (
    Table(
        name="audit_links",
        columns=(
            Column(name="place", type="integer", nullable=False),
            Column(name="seq", type="integer", nullable=False),
            Column(name="commitment", type="bytes", nullable=False),
            Column(name="link", type="bytes", nullable=False),
        ),
        key=("place",),
        indexes=(Index(columns=("seq",), unique=True, across=False),),
    ),
    Table(
        name="audit_checkpoints",
        columns=(
            Column(name="number", type="integer", nullable=False),
            Column(name="place", type="integer", nullable=False),
            Column(name="link", type="bytes", nullable=False),
            Column(name="begins", type="integer", nullable=False),
            Column(name="begins_link", type="bytes", nullable=False),
            Column(name="oldest", type="integer", nullable=False),
            Column(name="at_ms", type="integer", nullable=False),
            Column(name="key_id", type="text", nullable=False),
            Column(name="signature", type="bytes", nullable=False),
        ),
        key=("number",),
        indexes=(Index(columns=("place",), unique=False, across=False),),
    ),
    Table(
        name="audit_turn",
        columns=(
            Column(name="name", type="text", nullable=False),
            Column(name="worker", type="text", nullable=False),
            Column(name="lease_ms", type="integer", nullable=False),
        ),
        key=("name",),
        scoped=False,
    ),
)


def upgrade() -> None:
    """Go forward; rows that are there get their salts now, and are sealed when the server runs."""
    for table in TABLES:
        create_table(table)
    add_column("audit", Column(name="sealed", type="integer", nullable=False), filled=0)
    add_column("audit", SALT)
    add_column("audit", Column(name="hidden", type="bytes", nullable=True))
    fill_column("audit", SALT, random_bytes_sql())
    for index in INDEXES:
        create_index(AUDIT, index)


def downgrade() -> None:
    """Go back; the chains are gone then."""
    for index in reversed(INDEXES):
        drop_index(AUDIT, index)
    for column in ("hidden", "salt", "sealed"):
        drop_column("audit", column)
    for table in reversed(TABLES):
        drop_table(table.name)
