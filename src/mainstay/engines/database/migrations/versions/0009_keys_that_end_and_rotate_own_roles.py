"""Keys that end and rotate, roles of one's own, tenants that are suspended."""

from mainstay.engines.database.revisions import (
    add_column,
    create_index,
    create_table,
    drop_column,
    drop_index,
    drop_table,
)
from mainstay.ports.database import Column, Index, Table

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="roles",
        columns=(
            Column(name="name", type="text"),
            Column(name="description", type="text"),
            Column(name="permissions", type="text"),
            Column(name="changed_ms", type="integer"),
        ),
        key=("name",),
    ),
    Table(
        name="key_uses",
        columns=(Column(name="key_id", type="text"), Column(name="used_ms", type="integer")),
        key=("key_id",),
    ),
)
KEYS = Table("api_keys", (), ())
INDEXES = (Index(("old_hash",), across=True), Index(("role",)))


def upgrade() -> None:
    """Go forward."""
    for table in TABLES:
        create_table(table)
    add_column("api_keys", Column(name="permissions", type="text", nullable=True))
    add_column("api_keys", Column(name="expires_ms", type="integer", nullable=True))
    add_column("api_keys", Column(name="created_by", type="text"), filled="")
    add_column("api_keys", Column(name="rotated_ms", type="integer", nullable=True))
    add_column("api_keys", Column(name="old_hash", type="text", nullable=True))
    add_column("api_keys", Column(name="old_until_ms", type="integer", nullable=True))
    add_column("tenants", Column(name="suspended", type="integer"), filled=0)
    add_column("tenants", Column(name="limit_per_minute", type="integer", nullable=True))
    for index in INDEXES:
        create_index(KEYS, index)


def downgrade() -> None:
    """Go back; keys with scopes or a role of one's own are refused then, and keys that end do not end."""
    for index in INDEXES:
        drop_index(KEYS, index)
    drop_column("tenants", "limit_per_minute")
    drop_column("tenants", "suspended")
    for name in ("old_until_ms", "old_hash", "rotated_ms", "created_by", "expires_ms", "permissions"):
        drop_column("api_keys", name)
    for table in reversed(TABLES):
        drop_table(table.name)
