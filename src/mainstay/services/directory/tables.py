"""The tables of the directory: groups, what provisioning knows of users, and what it may give."""

from mainstay.ports.database import Column, Index, Sealed, Table


def profile_place(user_id: str) -> tuple[str, ...]:
    """Give what a user's profile is sealed to."""
    return "provisioned_users", user_id


GROUPS = Table(
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
    exported=("group_id", "name", "display_name", "external_id", "created_ms", "created_by", "changed_ms"),
    subjects=("created_by",),
)

USERS = Table(
    name="provisioned_users",
    columns=(
        Column("user_id", "text"),
        Column("name_index", "text"),
        Column("external_index", "text"),
        Column("profile", "bytes", sealed=Sealed(("user_id",), profile_place, owner="user_id")),
        Column("changed_ms", "integer"),
    ),
    key=("user_id",),
    indexes=(Index(("name_index",), unique=True), Index(("external_index",))),
    exported=("user_id", "profile", "changed_ms"),
    subjects=("user_id",),
)

SETTINGS = Table(
    name="provisioning_settings",
    columns=(Column("name", "text"), Column("default_role", "text"), Column("rules", "text")),
    key=("name",),
    exported=("name", "default_role", "rules"),
)
