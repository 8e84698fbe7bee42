"""Groups as rows, and users that an identity provider provisions."""

from mainstay.engines.database.revisions import add_column, create_table, drop_column, drop_table
from mainstay.ports.database import Column, Index, Table

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TABLES: tuple[Table, ...] = (
    Table(
        name="user_groups",
        columns=(
            Column("group_id", "text"),
            Column("name", "text"),
            Column("display_name", "text"),
            Column("external_id", "text", nullable=True),
            Column("created_ms", "integer"),
            Column("created_by", "text"),
            Column("changed_ms", "integer"),
        ),
        key=("group_id",),
        indexes=(Index(("name",), unique=True),),
    ),
    Table(
        name="provisioned_users",
        columns=(
            Column("user_id", "text"),
            Column("name_index", "text"),
            Column("external_index", "text"),
            Column("profile", "bytes"),
            Column("changed_ms", "integer"),
        ),
        key=("user_id",),
        indexes=(Index(("name_index",), unique=True), Index(("external_index",))),
    ),
    Table(
        name="provisioning_settings",
        columns=(Column("name", "text"), Column("default_role", "text"), Column("rules", "text")),
        key=("name",),
    ),
)


def upgrade() -> None:
    """Go forward; groups that only have a name stay as they are, and nobody is provisioned yet."""
    for table in TABLES:
        create_table(table)
    add_column("members", Column("changed_ms", "integer", nullable=True))
    add_column("members", Column("kept", "text"), filled="")
    add_column("members", Column("locked_ms", "integer", nullable=True))


def downgrade() -> None:
    """Go back; members keep their groups, which are names again."""
    drop_column("members", "locked_ms")
    drop_column("members", "kept")
    drop_column("members", "changed_ms")
    for table in reversed(TABLES):
        drop_table(table.name)
