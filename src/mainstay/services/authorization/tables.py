"""The tables of signing keys, clients, codes and tokens."""

from mainstay.ports.database import Column, Index, Sealed, Table
from mainstay.ports.tokens import private_half

SIGNING_KEYS = Table(
    name="signing_keys",
    columns=(
        Column("key_id", "text"),
        Column("turn", "integer"),
        Column("state", "text"),
        Column("algorithm", "text"),
        Column("public", "text"),
        Column("sealed", "bytes", sealed=Sealed(("key_id",), private_half, across=True)),
        Column("created_ms", "integer"),
        Column("active_ms", "integer", nullable=True),
        Column("retired_ms", "integer", nullable=True),
    ),
    key=("key_id",),
    indexes=(Index(("turn",), unique=True, across=True),),
    scoped=False,
)

CLIENTS = Table(
    name="oauth_clients",
    columns=(
        Column("client_id", "text"),
        Column("name", "text"),
        Column("hash", "text", nullable=True),
        Column("old_hash", "text", nullable=True),
        Column("old_until_ms", "integer", nullable=True),
        Column("start", "text"),
        Column("role", "text"),
        Column("permissions", "text", nullable=True),
        Column("groups", "text"),
        Column("redirect_uris", "text"),
        Column("grants", "text"),
        Column("created_ms", "integer"),
        Column("created_by", "text"),
        Column("rotated_ms", "integer", nullable=True),
        Column("expires_ms", "integer", nullable=True),
    ),
    key=("client_id",),
    indexes=(Index(("client_id",), unique=True, across=True), Index(("expires_ms",), across=True)),
    exported=(
        "client_id",
        "name",
        "role",
        "permissions",
        "groups",
        "redirect_uris",
        "grants",
        "created_ms",
        "created_by",
        "expires_ms",
    ),
    subjects=("client_id", "created_by"),
)

REVOCATIONS = Table(
    name="token_revocations",
    columns=(Column("id", "text"), Column("until_ms", "integer")),
    key=("id",),
    indexes=(Index(("until_ms",), across=True),),
    scoped=False,
)

CODES = Table(
    name="authorization_codes",
    columns=(
        Column("hash", "text"),
        Column("family_id", "text"),
        Column("client_id", "text"),
        Column("subject", "text"),
        Column("redirect_uri", "text"),
        Column("challenge", "text"),
        Column("scope", "text"),
        Column("audience", "text"),
        Column("nonce", "text"),
        Column("expires_ms", "integer"),
        Column("used_ms", "integer", nullable=True),
        Column("signed_in_ms", "integer", nullable=True),
    ),
    key=("hash",),
    indexes=(Index(("hash",), unique=True, across=True), Index(("expires_ms",), across=True)),
    subjects=("subject",),
)

FAMILIES = Table(
    name="token_families",
    columns=(
        Column("family_id", "text"),
        Column("client_id", "text"),
        Column("subject", "text"),
        Column("scope", "text"),
        Column("audience", "text"),
        Column("created_ms", "integer"),
        Column("expires_ms", "integer"),
        Column("revoked_ms", "integer", nullable=True),
        Column("signed_in_ms", "integer", nullable=True),
    ),
    key=("family_id",),
    indexes=(
        Index(("family_id",), unique=True, across=True),
        Index(("subject", "client_id")),
        Index(("expires_ms",), across=True),
    ),
    subjects=("subject",),
)

REFRESH_TOKENS = Table(
    name="refresh_tokens",
    columns=(
        Column("hash", "text"),
        Column("family_id", "text"),
        Column("created_ms", "integer"),
        Column("expires_ms", "integer"),
        Column("used_ms", "integer", nullable=True),
    ),
    key=("hash",),
    indexes=(Index(("hash",), unique=True, across=True), Index(("expires_ms",), across=True)),
)
