"""Who is who: tenants, roles, and the API keys by which callers are recognised."""

from pydantic import Field

from mainstay.kernel.guard import ANYBODY
from mainstay.kernel.interface import Interface, reads, writes
from mainstay.kernel.operating import OperatorNeeded
from mainstay.services.identity.failures import (
    ExpiryInvalid,
    KeyChanged,
    KeyExpired,
    KeyInUse,
    KeyIsLocal,
    KeyMayTooMuch,
    KeyMissing,
    KeyRightsUnclear,
    PermissionUnknown,
    RoleBuiltIn,
    RoleInUse,
    RoleMissing,
    RoleNameTaken,
    RolesTooMany,
    TenantBeingErased,
    TenantErasureBegun,
    TenantErasureMissing,
    TenantIsOperator,
    TenantMissing,
    TenantNameDiffers,
    TenantNameTaken,
)
from mainstay.services.identity.records import (
    OVERLAP_S,
    AfterKey,
    ApiKey,
    ExpiresAt,
    GraceDays,
    Groups,
    KeyId,
    KeyName,
    Limit,
    Me,
    NewApiKey,
    Overlap,
    PageSize,
    Permission,
    Role,
    RoleDescription,
    RoleName,
    Scopes,
    Tenant,
    TenantErasure,
    TenantId,
)

_MAKING = (RoleMissing, KeyRightsUnclear, PermissionUnknown, ExpiryInvalid, KeyMayTooMuch)
_KEY_EXAMPLE = {"key_id": "key_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_TENANT_EXAMPLE = {"tenant_id": "tenant_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_ROLE_EXAMPLE = {"name": "support", "permissions": ["documents:read", "collections:read", "jobs:read"]}


class Identity(Interface):
    """Tenants, roles and API keys."""

    @reads("GET /me", may=ANYBODY)
    async def whoami(self) -> Me:
        """Tell who you are: tenant, roles, permissions, groups and limit of the key you sent."""

    @writes(
        "POST /api-keys",
        may="keys:write",
        status=201,
        fails=_MAKING,
        example={"name": "Website", "role": "user", "groups": ["public"]},
    )
    async def create_key(
        self,
        name: KeyName,
        role: RoleName | None = None,
        groups: Groups | None = None,
        limit_per_minute: Limit | None = None,
        scopes: Scopes | None = None,
        expires_at: ExpiresAt | None = None,
    ) -> NewApiKey:
        """Make an API key of your tenant.

        The secret is in this answer only. A key has a role (`user` if nothing is said) or scopes, which are
        permissions. It may at most what your own key may, in groups that your key is in, and ends with it at
        the latest.
        """

    @reads("GET /api-keys", may="keys:read")
    async def list_keys(self, limit: PageSize = 500, after: AfterKey | None = None) -> list[ApiKey]:
        """List your tenant's API keys, oldest first, without their secrets.

        A page has 500 keys if nothing is said; the next one begins `after` the last key of this one.
        """

    @reads("GET /api-keys/{key_id}", may="keys:read", fails=(KeyMissing,), example=_KEY_EXAMPLE)
    async def get_key(self, key_id: KeyId) -> ApiKey:
        """Give an API key of your tenant, without its secret."""

    @writes(
        "PATCH /api-keys/{key_id}",
        may="keys:write",
        fails=(KeyMissing, ExpiryInvalid, KeyMayTooMuch, KeyIsLocal, KeyChanged),
        example={**_KEY_EXAMPLE, "name": "Website", "groups": ["public"]},
    )
    async def update_key(
        self,
        key_id: KeyId,
        name: KeyName | None = None,
        groups: Groups | None = None,
        limit_per_minute: Limit | None = Field(default_factory=int),
        expires_at: ExpiresAt | None = Field(default_factory=str),
    ) -> ApiKey:
        """Change an API key's name, groups, limit or end, from the next request on.

        What is left out stays as it is. Null takes a limit of its own or an end away. Neither before nor then
        may the key do more than yours; and a key cannot put off its own end.
        """

    @writes(
        "POST /api-keys/{key_id}/rotate",
        may="keys:write",
        fails=(KeyMissing, KeyExpired, KeyMayTooMuch, KeyIsLocal, KeyChanged),
        example={**_KEY_EXAMPLE, "overlap_s": 3600},
    )
    async def rotate_key(self, key_id: KeyId, overlap_s: Overlap = OVERLAP_S) -> NewApiKey:
        """Give an API key a new secret; the one before goes on working for the overlap, a day if not said.

        The new secret is in this answer only. Both belong to one key: its rights, its limit, its end, and its
        revocation hold for both. Rotated again within the overlap, the oldest secret ends at once. Of two
        rotations at the same moment one is refused with a conflict.
        """

    @writes("DELETE /api-keys/{key_id}", may="keys:write", fails=(KeyMissing, KeyInUse), example=_KEY_EXAMPLE)
    async def revoke_key(self, key_id: KeyId) -> ApiKey:
        """Revoke an API key, with a secret that still overlaps; the next request with either is refused."""

    @reads("GET /permissions", may="roles:read")
    async def list_permissions(self) -> list[Permission]:
        """List what can be permitted, with the operations that each permission opens."""

    @reads("GET /roles", may="roles:read")
    async def list_roles(self) -> list[Role]:
        """List the roles: those that come with the server, then your tenant's own by name."""

    @writes(
        "POST /roles",
        may="roles:write",
        status=201,
        fails=(RoleNameTaken, RolesTooMany, PermissionUnknown, KeyMayTooMuch),
        example=_ROLE_EXAMPLE,
    )
    async def create_role(
        self, name: RoleName, permissions: Scopes, description: RoleDescription = ""
    ) -> Role:
        """Make a role of your tenant from permissions that your own key has."""

    @reads("GET /roles/{name}", may="roles:read", fails=(RoleMissing,), example={"name": "user"})
    async def get_role(self, name: RoleName) -> Role:
        """Give a role with its permissions."""

    @writes(
        "PUT /roles/{name}",
        may="roles:write",
        fails=(RoleMissing, RoleBuiltIn, PermissionUnknown, KeyMayTooMuch),
        example=_ROLE_EXAMPLE,
    )
    async def replace_role(
        self, name: RoleName, permissions: Scopes, description: RoleDescription = ""
    ) -> Role:
        """Replace what a role of your tenant may; it holds for its keys from their next request on."""

    @writes(
        "DELETE /roles/{name}",
        may="roles:write",
        fails=(RoleMissing, RoleBuiltIn, RoleInUse, KeyMayTooMuch),
        example={"name": "support"},
    )
    async def delete_role(self, name: RoleName) -> Role:
        """Delete a role of your tenant that no key, user, or client has, and that no rule gives."""

    @writes(
        "POST /tenants",
        may="tenants:write",
        status=201,
        fails=(OperatorNeeded, TenantNameTaken),
        example={"name": "Harbour Logistics"},
    )
    async def create_tenant(self, name: KeyName, limit_per_minute: Limit | None = None) -> Tenant:
        """Make a tenant; for administrators of the operator's tenant."""

    @reads("GET /tenants", may="tenants:read", fails=(OperatorNeeded,))
    async def list_tenants(self) -> list[Tenant]:
        """List all tenants, oldest first; for administrators of the operator's tenant."""

    @reads(
        "GET /tenants/{tenant_id}",
        may="tenants:read",
        fails=(OperatorNeeded, TenantMissing),
        example=_TENANT_EXAMPLE,
    )
    async def get_tenant(self, tenant_id: TenantId) -> Tenant:
        """Give a tenant; for administrators of the operator's tenant."""

    @writes(
        "PATCH /tenants/{tenant_id}",
        may="tenants:write",
        fails=(OperatorNeeded, TenantMissing, TenantNameTaken, TenantIsOperator, TenantBeingErased),
        example={**_TENANT_EXAMPLE, "suspended": True},
    )
    async def update_tenant(
        self,
        tenant_id: TenantId,
        name: KeyName | None = None,
        suspended: bool | None = None,
        limit_per_minute: Limit | None = Field(default_factory=int),
    ) -> Tenant:
        """Change a tenant's name or limit, suspend or resume it; for the operator's administrators.

        What is left out stays as it is; null takes the limit away. The keys of a suspended tenant are refused
        from the next request on, its data stays, and jobs that have begun go on to their end.
        """

    @writes(
        "POST /tenants/{tenant_id}/erasure",
        may="tenants:erase",
        status=202,
        pending=True,
        fails=(OperatorNeeded, TenantMissing, TenantIsOperator, TenantNameDiffers, TenantBeingErased),
        example={**_TENANT_EXAMPLE, "name": "Harbour Logistics", "grace_days": 7},
    )
    async def erase_tenant(
        self, tenant_id: TenantId, name: KeyName, grace_days: GraceDays = 7
    ) -> TenantErasure:
        """Erase a tenant with everything that it has, in backups too; for the operator's administrators.

        `name` confirms it: the tenant's, letter by letter. The tenant is suspended at once, and erased when
        the days are over: a week if nothing is said. Until then it can be called off. From then on its jobs
        end, its keys are destroyed, and every service removes what it has; it goes on after a crash. What
        stays of the audit says what was done and when, but not by whom or about what.
        """

    @reads(
        "GET /tenants/{tenant_id}/erasure",
        may="tenants:read",
        fails=(OperatorNeeded, TenantErasureMissing),
        example=_TENANT_EXAMPLE,
    )
    async def get_tenant_erasure(self, tenant_id: TenantId) -> TenantErasure:
        """Report on a tenant's last erasure: what each service removed; also when the tenant is gone."""

    @writes(
        "DELETE /tenants/{tenant_id}/erasure",
        may="tenants:erase",
        fails=(OperatorNeeded, TenantErasureMissing, TenantErasureBegun),
        example=_TENANT_EXAMPLE,
    )
    async def call_off_tenant_erasure(self, tenant_id: TenantId) -> TenantErasure:
        """Call a tenant's erasure off before it begins; the tenant stays suspended until it is resumed."""

    @writes(
        "POST /tenants/{tenant_id}/api-keys",
        may="tenants:write",
        status=201,
        fails=(OperatorNeeded, TenantMissing, *_MAKING),
        example={**_TENANT_EXAMPLE, "name": "First administrator", "role": "admin"},
    )
    async def create_tenant_key(
        self,
        tenant_id: TenantId,
        name: KeyName,
        role: RoleName | None = None,
        groups: Groups | None = None,
        limit_per_minute: Limit | None = None,
        scopes: Scopes | None = None,
        expires_at: ExpiresAt | None = None,
    ) -> NewApiKey:
        """Make an API key of another tenant, such as its first administrator's; for the operator.

        Its role is `admin` if neither a role nor scopes are given.
        """
