"""The tables of single sign-on."""

from mainstay.ports.database import Column, Index, Sealed, Table


def secret_place(connection_id: str) -> tuple[str, ...]:
    """Give what a connection's client secret is sealed to."""
    return "sso_connections", "client_secret", connection_id


CONNECTIONS = Table(
    name="sso_connections",
    columns=(
        Column("connection_id", "text"),
        Column("name", "text"),
        Column("kind", "text"),
        Column("state", "text"),
        Column("issuer", "text"),
        Column("client_id", "text"),
        Column("client_secret", "bytes", nullable=True, sealed=Sealed(("connection_id",), secret_place)),
        Column("sign_in_url", "text"),
        Column("certificates", "text"),
        Column("mapping", "text"),
        Column("create_members", "integer"),
        Column("created_ms", "integer"),
        Column("created_by", "text"),
    ),
    key=("connection_id",),
    indexes=(Index(("connection_id",), unique=True, across=True),),
    exported=(
        "connection_id",
        "name",
        "kind",
        "state",
        "issuer",
        "client_id",
        "sign_in_url",
        "certificates",
        "mapping",
        "create_members",
        "created_ms",
        "created_by",
    ),
    subjects=("created_by",),
)

DOMAINS = Table(
    name="sso_domains",
    columns=(Column("domain", "text"), Column("connection_id", "text")),
    key=("domain",),
    indexes=(Index(("domain",), unique=True, across=True), Index(("connection_id",))),
    exported=("domain", "connection_id"),
)

LINKS = Table(
    name="sso_links",
    columns=(
        Column("connection_id", "text"),
        Column("subject_index", "text"),
        Column("user_id", "text"),
        Column("created_ms", "integer"),
    ),
    key=("connection_id", "subject_index"),
    subjects=("user_id",),
)

USED = Table(
    name="sso_used",
    columns=(Column("name", "text"), Column("expires_ms", "integer")),
    key=("name",),
    indexes=(Index(("expires_ms",)),),
)
