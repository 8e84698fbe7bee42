"""What somebody of a tenant may do now, by the tenant's state and the role."""

from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import CredentialsUnknown, TenantSuspended
from mainstay.kit.clock import Clock
from mainstay.services.identity import bounds
from mainstay.services.identity.keyring import IdentitySettings
from mainstay.services.identity.roles import PERMISSIONS, permitted
from mainstay.services.identity.store import IdentityStore


class TenantStanding:
    """Makes callers of those who are not keys; keys carry what is needed in their own row."""

    def __init__(self, store: IdentityStore, clock: Clock, settings: IdentitySettings) -> None:
        """Take the parts."""
        self._store = store
        self._clock = clock
        self._settings = settings

    async def caller_of(
        self,
        tenant_id: str,
        subject: str,
        role: str,
        groups: frozenset[str] = frozenset(),
        limit_per_minute: int | None = None,
    ) -> Caller:
        """Make the caller; raises CredentialsUnknown and TenantSuspended."""
        row = await self._store.standing(tenant_id, role)
        if row is None:
            raise CredentialsUnknown("There is no such tenant any more.")
        known = Caller(
            tenant_id=tenant_id,
            subject=subject,
            roles=(role,) if role else (),
            permissions=permitted(role, row.permissions),
            groups=groups,
            limit_per_minute=bounds.allowed(limit_per_minute, row.ceiling, self._settings.limit_per_minute),
            own_limit=bool(limit_per_minute or row.ceiling),
            writes_per_minute=self._settings.writes_per_minute,
            tenant_limit_per_minute=self._settings.tenant_limit_per_minute,
            operator=row.operator,
        )
        if row.suspended:
            raise TenantSuspended("Its data stays as it is. Ask the operator of this installation.", known)
        return known

    async def permitted(self, tenant_id: str, role: str) -> frozenset[str] | None:
        """Give what a role permits now; None if there is no such role."""
        if role in PERMISSIONS:
            return PERMISSIONS[role]
        row = await self._store.standing(tenant_id, role)
        return None if row is None else row.permissions

    async def named(self, tenant_id: str) -> str:
        """Give a tenant's name, empty if there is no such tenant."""
        row = await self._store.tenant(tenant_id)
        return "" if row is None else row.name

    async def has_admin_key(self, tenant_id: str) -> bool:
        """Say whether a key with the role `admin` works now."""
        return await self._store.keys_of(tenant_id).has_of("admin", self._clock.now_ms())
