"""Who is who: tenants, and the API keys by which callers are recognised."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.guard import ANYBODY
from mainstay.kernel.interface import Interface, Record, reads, writes
from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound

Role = Literal["admin", "developer", "user"]
KeyName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="For people: what the key is for."),
]
Group = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.:@/-]+$")]
Groups = Annotated[
    list[Group],
    Field(
        max_length=100, description="Groups of document permissions; documents of other groups stay hidden."
    ),
]
Limit = Annotated[
    int, Field(ge=1, le=1_000_000, description="Requests a minute; the server's default if not given.")
]
KeyId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
TenantId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]


class KeyMissing(NotFound):
    """There is no such key in this tenant."""

    title = "There is no such API key"


class AdminKeyInvalid(Invalid):
    """The administrator's key of the settings cannot be one."""

    title = "The first administrator's key is not valid"


class KeyInUse(Invalid):
    """A key cannot revoke itself."""

    title = "A key cannot revoke itself"


class TenantMissing(NotFound):
    """There is no such tenant."""

    title = "There is no such tenant"


class TenantNameTaken(Conflict):
    """Another tenant has this name."""

    title = "This tenant's name is taken"


class OperatorNeeded(Forbidden):
    """Only administrators of the operator's tenant make tenants."""

    title = "Only the operator of this installation may do this"


class Me(Record):
    """The caller, as the house sees it."""

    tenant_id: str
    subject: str
    roles: list[str]
    permissions: list[str]
    groups: list[str]
    limit_per_minute: int
    operator: bool


class ApiKey(Record):
    """An API key, without its secret."""

    key_id: str
    name: str
    role: Role
    groups: list[str]
    limit_per_minute: int | None
    created_ms: int
    start: str = Field(description="The first characters of the secret, to tell keys apart.")


class NewApiKey(ApiKey):
    """An API key that was just made; `key` is shown this once and stored as a hash only."""

    key: str


class Tenant(Record):
    """A team with documents, keys and settings of its own; no other tenant sees them."""

    tenant_id: str
    name: str
    operator: bool
    created_ms: int


class Identity(Interface):
    """Tenants and API keys."""

    @reads("GET /me", may=ANYBODY)
    async def whoami(self) -> Me:
        """Tell who you are: tenant, roles, permissions, groups and limit of the key you sent."""

    @writes(
        "POST /api-keys",
        may="keys:write",
        status=201,
        example={"name": "Website", "role": "user", "groups": ["public"]},
    )
    async def create_key(
        self,
        name: KeyName,
        role: Role = "user",
        groups: Groups | None = None,
        limit_per_minute: Limit | None = None,
    ) -> NewApiKey:
        """Make an API key of your tenant.

        The secret is in this answer only. Roles: `admin` may do everything, `developer` may read and write
        documents and run evaluations, `user` may search and ask.
        """

    @reads("GET /api-keys", may="keys:read")
    async def list_keys(self) -> list[ApiKey]:
        """List your tenant's API keys, oldest first, without their secrets."""

    @writes(
        "DELETE /api-keys/{key_id}",
        may="keys:write",
        fails=(KeyMissing, KeyInUse),
        example={"key_id": "key_01k9z6q7h8e4v5c3x2b1n0m9a8"},
    )
    async def revoke_key(self, key_id: KeyId) -> ApiKey:
        """Revoke an API key; the next request with it is refused."""

    @writes(
        "POST /tenants",
        may="tenants:write",
        status=201,
        fails=(OperatorNeeded, TenantNameTaken),
        example={"name": "Harbour Logistics"},
    )
    async def create_tenant(self, name: KeyName) -> Tenant:
        """Make a tenant; for administrators of the operator's tenant."""

    @reads("GET /tenants", may="tenants:read", fails=(OperatorNeeded,))
    async def list_tenants(self) -> list[Tenant]:
        """List all tenants, oldest first; for administrators of the operator's tenant."""

    @writes(
        "POST /tenants/{tenant_id}/api-keys",
        may="tenants:write",
        status=201,
        fails=(OperatorNeeded, TenantMissing),
        example={
            "tenant_id": "tenant_01k9z6q7h8e4v5c3x2b1n0m9a8",
            "name": "First administrator",
            "role": "admin",
        },
    )
    async def create_tenant_key(
        self,
        tenant_id: TenantId,
        name: KeyName,
        role: Role = "admin",
        groups: Groups | None = None,
        limit_per_minute: Limit | None = None,
    ) -> NewApiKey:
        """Make an API key of another tenant, such as its first administrator's; for the operator."""
