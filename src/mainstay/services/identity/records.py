"""What goes into the operations on tenants, roles and keys, with its limits, and what comes out."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Record

OVERLAP_S_MAX = 30 * 24 * 3600
OVERLAP_S = 24 * 3600

KeyName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="For people: what the key is for."),
]
RoleName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_-]*$"),
    Field(description="A role's name, as `user`; `GET /roles` lists them."),
]
RoleDescription = Annotated[
    str,
    StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$"),
    Field(description="For people: whom the role is for."),
]
PermissionName = Annotated[
    str, StringConstraints(min_length=3, max_length=64, pattern=r"^[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*$")
]
Scopes = Annotated[
    list[PermissionName],
    Field(min_length=1, max_length=200, description="Permissions; `GET /permissions` lists what there is."),
]
Group = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.:@/-]+$")]
Groups = Annotated[
    list[Group],
    Field(
        max_length=100, description="Groups of document permissions; documents of other groups stay hidden."
    ),
]
Limit = Annotated[
    int, Field(ge=1, le=1_000_000, description="Requests a minute; the tenant's or server's if not given.")
]
ExpiresAt = Annotated[
    str,
    StringConstraints(
        min_length=20,
        max_length=35,
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$",
    ),
    Field(
        description="When the key ends (RFC 3339), within ten years; null: never.",
        json_schema_extra={"format": "date-time"},
    ),
]
Overlap = Annotated[
    int, Field(ge=0, le=OVERLAP_S_MAX, description="For how many seconds the secret before goes on working.")
]
PageSize = Annotated[int, Field(ge=1, le=500)]
KeyId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
AfterKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$"),
    Field(description="The last key of the page before."),
]
TenantId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]


class Me(Record):
    """The caller, as the house sees it."""

    tenant_id: str
    subject: str
    roles: list[str]
    permissions: list[str]
    groups: list[str]
    limit_per_minute: int
    writes_per_minute: int = Field(0, description="Writes a minute of this key; 0: as many as requests.")
    tenant_limit_per_minute: int = Field(
        0, description="Requests a minute of all keys of the tenant together; 0: no limit of that kind."
    )
    operator: bool


class ApiKey(Record):
    """An API key, without its secret."""

    key_id: str
    name: str
    role: str | None = Field(description="Null for a key with scopes.")
    scopes: list[str] | None = Field(None, description="The key's permissions; null for one with a role.")
    groups: list[str]
    limit_per_minute: int | None
    created_ms: int
    start: str = Field(description="The first characters of the secret, to tell keys apart.")
    state: Literal["active", "expired"] = "active"
    expires_at: str | None = Field(None, description="When the key ends (RFC 3339); null: never.")
    last_used_ms: int | None = Field(
        None, description="When it was used last, to the minute; noted within a minute; null: never noted."
    )
    created_by: str = Field("", description="The key that made it; empty: the server, or an older version.")
    rotated_ms: int | None = Field(None, description="When its secret was changed last.")
    overlap_until_ms: int | None = Field(
        None, description="Until when the secret before goes on working; null: it does not."
    )


class NewApiKey(ApiKey):
    """An API key whose secret was just made; `key` is shown this once and stored as a hash only."""

    key: str


class Role(Record):
    """What those who have it may do."""

    name: str
    description: str
    permissions: list[str] = Field(description="`*` stands for all.")
    built_in: bool = Field(description="Whether it comes with the server; such roles cannot be changed.")
    changed_ms: int | None


class Permission(Record):
    """What can be permitted."""

    name: str
    operations: list[str] = Field(description="What it opens; empty for one that only shows more.")
    description: str = Field(description="What it shows more; empty for one that opens operations.")


class Tenant(Record):
    """A team with documents, keys and settings of its own; no other tenant sees them."""

    tenant_id: str
    name: str
    operator: bool
    created_ms: int
    suspended: bool = False
    limit_per_minute: int | None = Field(
        None, description="What its keys have that have no limit of their own, and the most any of them has."
    )


GraceDays = Annotated[
    int,
    Field(
        ge=0,
        le=90,
        description="For so many days the erasure can be called off; 0: it begins within seconds.",
    ),
]


class ErasedPart(Record):
    """What one service removed of a tenant; `late` is what was written while the others removed theirs."""

    service: str
    done: bool
    counts: dict[str, int] = Field(description="How many of each kind so far: rows of tables, files, people.")


class TenantErasure(Record):
    """The erasure of a tenant; it names nobody, and outlives the tenant."""

    erasure_id: str
    tenant_id: str
    state: Literal["waiting", "running", "done", "called_off"] = Field(
        description="`waiting`: until `due_ms` it can be called off."
    )
    job_id: str
    asked_ms: int
    due_ms: int
    done_ms: int | None
    parts: list[ErasedPart]

    def pending(self) -> bool:
        """Say whether it is still to be done."""
        return self.state in {"waiting", "running"}
