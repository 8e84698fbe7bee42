"""The tables of tenants, roles and keys."""

from mainstay.ports.database import Column, Index, Table

API_KEYS = Table(
    name="api_keys",
    columns=(
        Column("key_id", "text"),
        Column("hash", "text"),
        Column("name", "text"),
        Column("role", "text"),
        Column("groups", "text"),
        Column("limit_per_minute", "integer", nullable=True),
        Column("start", "text"),
        Column("created_ms", "integer"),
        Column("permissions", "text", nullable=True),
        Column("expires_ms", "integer", nullable=True),
        Column("created_by", "text"),
        Column("rotated_ms", "integer", nullable=True),
        Column("old_hash", "text", nullable=True),
        Column("old_until_ms", "integer", nullable=True),
    ),
    key=("key_id",),
    indexes=(
        Index(("hash",), unique=True, across=True),
        Index(("old_hash",), across=True),
        Index(("role",)),
    ),
    exported=(
        "key_id",
        "name",
        "role",
        "groups",
        "limit_per_minute",
        "permissions",
        "created_ms",
        "expires_ms",
        "created_by",
    ),
    subjects=("key_id", "created_by"),
)

KEY_USES = Table(
    name="key_uses",
    columns=(Column("key_id", "text"), Column("used_ms", "integer")),
    key=("key_id",),
)

ROLES = Table(
    name="roles",
    columns=(
        Column("name", "text"),
        Column("description", "text"),
        Column("permissions", "text"),
        Column("changed_ms", "integer"),
    ),
    key=("name",),
    exported=("name", "description", "permissions", "changed_ms"),
)

TENANTS = Table(
    name="tenants",
    columns=(
        Column("tenant_id", "text"),
        Column("name", "text"),
        Column("operator", "integer"),
        Column("created_ms", "integer"),
        Column("suspended", "integer"),
        Column("limit_per_minute", "integer", nullable=True),
    ),
    key=("tenant_id",),
    indexes=(Index(("name",), unique=True, across=True),),
    scoped=False,
)

TENANT_ERASURES = Table(
    name="tenant_erasures",
    columns=(
        Column("erasure_id", "text"),
        Column("tenant_id", "text"),
        Column("state", "text"),
        Column("job_id", "text"),
        Column("operator_id", "text"),
        Column("asked_ms", "integer"),
        Column("due_ms", "integer"),
        Column("done_ms", "integer", nullable=True),
    ),
    key=("erasure_id",),
    indexes=(Index(("tenant_id",), across=True),),
    scoped=False,
)

TENANT_PARTS = Table(
    name="tenant_erasure_parts",
    columns=(Column("erasure_id", "text"), Column("service", "text"), Column("done", "integer")),
    key=("erasure_id", "service"),
    scoped=False,
)

REVOKED = Table(
    name="revoked_secrets",
    columns=(Column("hash", "text"), Column("revoked_ms", "integer")),
    key=("hash",),
    scoped=False,
)
