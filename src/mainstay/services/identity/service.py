"""Makes tenants, roles and keys, and recognises who comes with one."""

import logging

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.guard import CredentialsUnknown, TenantSuspended
from mainstay.kernel.operating import needs_operator
from mainstay.kernel.work import caller, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random
from mainstay.kit.tokens import hashed
from mainstay.services.identity import bounds, keys
from mainstay.services.identity.erasures import TenantErasures
from mainstay.services.identity.failures import AdminKeyInvalid, KeyInUse
from mainstay.services.identity.interface import Identity
from mainstay.services.identity.key_store import KeyRow
from mainstay.services.identity.keyring import LOCAL_KEY, IdentitySettings, Keyring, Wish
from mainstay.services.identity.records import (
    OVERLAP_S,
    ApiKey,
    Me,
    NewApiKey,
    Permission,
    Role,
    Tenant,
    TenantErasure,
)
from mainstay.services.identity.rolebook import Rolebook
from mainstay.services.identity.roles import permitted
from mainstay.services.identity.store import IdentityStore, Recognised, TenantRow
from mainstay.services.identity.tenancy import Tenancy
from mainstay.services.identity.uses import Uses

logger = logging.getLogger("mainstay")

LOCAL_LIMIT = 1_000_000
_PAGE = 500


class IdentityService(Identity):
    """The identity service; it is the guard's authenticator too."""

    def __init__(
        self,
        store: IdentityStore,
        keyring: Keyring,
        rolebook: Rolebook,
        tenancy: Tenancy,
        erasures: TenantErasures,
        uses: Uses,
        clock: Clock,
        ids: Ids,
        random: Random,
        settings: IdentitySettings,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._keyring = keyring
        self._rolebook = rolebook
        self._tenancy = tenancy
        self._erasures = erasures
        self._uses = uses
        self._clock = clock
        self._ids = ids
        self._random = random
        self._settings = settings

    def takes(self, secret: str) -> bool:
        """Say whether a secret may be an API key: one that nobody else takes, for they had no form once."""
        return keys.well_formed(secret)

    async def find(self, tenant_id: str, subject: str) -> Caller | None:
        """Give the caller that a key makes now, by its id."""
        row = await self._store.recognised_key(tenant_id, subject)
        if row is None or (row.expires_ms is not None and row.expires_ms <= self._clock.now_ms()):
            return None
        return self._caller(row, "")

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller behind an API key; raises CredentialsUnknown and TenantSuspended."""
        row = await self._valid(credential.secret)
        if row is None:
            raise CredentialsUnknown(
                "The key is unknown, has expired, or was revoked. Ask an administrator for a new one."
            )
        known = self._caller(row, credential.secret)
        self._uses.note(row.tenant_id, row.key_id, self._clock.now_ms())
        return known

    def _caller(self, row: Recognised, secret: str) -> Caller:
        known = Caller(
            tenant_id=row.tenant_id,
            subject=row.key_id,
            roles=(row.role,) if row.role else (),
            permissions=permitted(row.role, row.permissions),
            groups=frozenset(row.groups),
            limit_per_minute=bounds.allowed(
                row.limit_per_minute, row.ceiling, self._settings.limit_per_minute
            ),
            own_limit=bool(row.limit_per_minute or row.ceiling),
            writes_per_minute=self._settings.writes_per_minute,
            tenant_limit_per_minute=self._settings.tenant_limit_per_minute,
            operator=row.operator,
            ends_ms=row.expires_ms,
            secret=secret,
        )
        if row.suspended:
            raise TenantSuspended("Its data stays as it is. Ask the operator of this installation.", known)
        return known

    async def _valid(self, secret: str) -> Recognised | None:
        """Find the key that a secret opens now.

        What is unknown, expired, revoked or out of its overlap costs the same two looks, so that a stranger
        cannot tell by the time which it was.
        """
        if not keys.well_formed(secret):
            return None
        key_hash, now = hashed(secret), self._clock.now_ms()
        row = await self._store.key_by_hash(key_hash)
        if row is not None and (row.expires_ms is None or row.expires_ms > now):
            return row
        row = await self._store.key_by_old_hash(key_hash)
        if row is None or row.old_until_ms is None or row.old_until_ms <= now:
            return None
        if row.expires_ms is not None and row.expires_ms <= now:
            return None
        row.expires_ms = min(row.old_until_ms, row.expires_ms or row.old_until_ms)
        return row

    async def whoami(self) -> Me:
        """Tell who the caller is."""
        me = caller()
        return Me(
            tenant_id=me.tenant_id,
            subject=me.subject,
            roles=list(me.roles),
            permissions=sorted(me.permissions),
            groups=sorted(me.groups),
            limit_per_minute=me.limit_per_minute,
            writes_per_minute=me.writes_per_minute,
            tenant_limit_per_minute=me.tenant_limit_per_minute,
            operator=me.operator,
        )

    async def create_key(
        self,
        name: str,
        role: str | None = None,
        groups: list[str] | None = None,
        limit_per_minute: int | None = None,
        scopes: list[str] | None = None,
        expires_at: str | None = None,
    ) -> NewApiKey:
        """Make a key of the caller's tenant."""
        wish = Wish(name, role, scopes, groups or [], limit_per_minute, expires_at)
        made = await self._keyring.make(caller(), wish)
        note_target(made.key_id)
        return made

    async def list_keys(self, limit: int = _PAGE, after: str | None = None) -> list[ApiKey]:
        """List the keys of the caller's tenant."""
        return await self._keyring.page(after or "", limit)

    async def get_key(self, key_id: str) -> ApiKey:
        """Give a key of the caller's tenant."""
        note_target(key_id)
        return await self._keyring.find(key_id)

    async def update_key(
        self,
        key_id: str,
        name: str | None = None,
        groups: list[str] | None = None,
        limit_per_minute: int | None = 0,
        expires_at: str | None = "",
    ) -> ApiKey:
        """Change a key of the caller's tenant."""
        note_target(key_id)
        return await self._keyring.change(caller(), key_id, name, groups, limit_per_minute, expires_at)

    async def rotate_key(self, key_id: str, overlap_s: int = OVERLAP_S) -> NewApiKey:
        """Give a key of the caller's tenant another secret."""
        note_target(key_id)
        return await self._keyring.rotate(caller(), key_id, overlap_s)

    async def revoke_key(self, key_id: str) -> ApiKey:
        """Revoke a key of the caller's tenant."""
        me = caller()
        note_target(key_id)
        if key_id == me.subject:
            raise KeyInUse("Use another administrator's key to revoke this one.")
        gone = await self._keyring.revoke(key_id)
        self._uses.forget(me.tenant_id, key_id)
        return gone

    async def list_permissions(self) -> list[Permission]:
        """List what can be permitted."""
        return self._rolebook.permissions()

    async def list_roles(self) -> list[Role]:
        """List the roles of the caller's tenant."""
        return await self._rolebook.all()

    async def create_role(self, name: str, permissions: list[str], description: str = "") -> Role:
        """Make a role of the caller's tenant."""
        note_target(name)
        return await self._rolebook.make(caller(), name, permissions, description)

    async def get_role(self, name: str) -> Role:
        """Give a role of the caller's tenant."""
        note_target(name)
        return await self._rolebook.find(name)

    async def replace_role(self, name: str, permissions: list[str], description: str = "") -> Role:
        """Replace a role of the caller's tenant."""
        note_target(name)
        return await self._rolebook.change(caller(), name, permissions, description)

    async def delete_role(self, name: str) -> Role:
        """Delete a role of the caller's tenant."""
        note_target(name)
        return await self._rolebook.delete(caller(), name)

    async def create_tenant(self, name: str, limit_per_minute: int | None = None) -> Tenant:
        """Make a tenant."""
        needs_operator()
        made = await self._tenancy.make(name, limit_per_minute)
        note_target(made.tenant_id)
        return made

    async def list_tenants(self) -> list[Tenant]:
        """List all tenants."""
        needs_operator()
        return await self._tenancy.all()

    async def get_tenant(self, tenant_id: str) -> Tenant:
        """Give a tenant."""
        needs_operator()
        note_target(tenant_id)
        return await self._tenancy.find(tenant_id)

    async def update_tenant(
        self,
        tenant_id: str,
        name: str | None = None,
        suspended: bool | None = None,
        limit_per_minute: int | None = 0,
    ) -> Tenant:
        """Change a tenant."""
        needs_operator()
        note_target(tenant_id)
        return await self._tenancy.change(tenant_id, name, suspended, limit_per_minute)

    async def erase_tenant(self, tenant_id: str, name: str, grace_days: int = 7) -> TenantErasure:
        """Erase a tenant."""
        needs_operator()
        note_target(tenant_id)
        return await self._erasures.ask(tenant_id, name, grace_days)

    async def get_tenant_erasure(self, tenant_id: str) -> TenantErasure:
        """Report on a tenant's erasure."""
        needs_operator()
        return await self._erasures.report(tenant_id)

    async def call_off_tenant_erasure(self, tenant_id: str) -> TenantErasure:
        """Call a tenant's erasure off."""
        needs_operator()
        return await self._erasures.call_off(tenant_id)

    async def create_tenant_key(
        self,
        tenant_id: str,
        name: str,
        role: str | None = None,
        groups: list[str] | None = None,
        limit_per_minute: int | None = None,
        scopes: list[str] | None = None,
        expires_at: str | None = None,
    ) -> NewApiKey:
        """Make a key of another tenant."""
        needs_operator()
        wish = Wish(name, role, scopes, groups or [], limit_per_minute, expires_at)
        made = await self._keyring.make_of(caller(), tenant_id, wish)
        note_target(made.key_id)
        return made

    async def make_first_key(self, secret: str | None) -> str | None:
        """Make the operator's tenant and its administrator's key; with a given secret, that is the key.

        Gives the secret of a key that was made now and that nobody has seen, else None.
        """
        tenants = await self._store.tenants()
        if not tenants:
            tenants = [
                TenantRow(self._ids.new("tenant"), "operator", operator=True, created_ms=self._clock.now_ms())
            ]
            await self._store.add_tenant(tenants[0])
        operator = next(tenant for tenant in tenants if tenant.operator)
        if secret is not None:
            if not keys.well_formed(secret):
                raise AdminKeyInvalid(
                    f"MAINSTAY_ADMIN_KEY has {keys.SECRET_LENGTH_MIN} to {keys.SECRET_LENGTH_MAX} printable"
                    " ASCII characters without spaces."
                )
            if await self._store.was_revoked(hashed(secret)):
                logger.warning("MAINSTAY_ADMIN_KEY holds a secret that was revoked: it is not taken again.")
            elif await self._store.key_by_hash(hashed(secret)) is None:
                await self._add_own(operator.tenant_id, self._ids.new("key"), "First administrator", secret)
            return None
        some = await self._store.keys_of(operator.tenant_id).page("", 2)
        if any(key.key_id != LOCAL_KEY for key in some):
            return None
        made = keys.form(self._random.token(keys.SECRET_BYTES))
        await self._add_own(operator.tenant_id, self._ids.new("key"), "First administrator", made)
        return made

    async def make_local_key(self) -> str:
        """Make the key by which commands on this machine speak for its owner; the one before it ends."""
        operator = next(tenant for tenant in await self._store.tenants() if tenant.operator)
        secret = keys.form(self._random.token(keys.SECRET_BYTES))
        await self._store.keys_of(operator.tenant_id).remove(LOCAL_KEY)
        name = "This machine's own key, kept in local.key"
        await self._add_own(operator.tenant_id, LOCAL_KEY, name, secret, LOCAL_LIMIT)
        return secret

    async def _add_own(
        self, tenant_id: str, key_id: str, name: str, secret: str, limit_per_minute: int | None = None
    ) -> None:
        """Store an administrator's key that the house makes itself."""
        await self._store.keys_of(tenant_id).add(
            KeyRow(
                key_id=key_id,
                hash=hashed(secret),
                name=name,
                role="admin",
                groups=(),
                limit_per_minute=limit_per_minute,
                start=secret[: keys.START_LENGTH],
                created_ms=self._clock.now_ms(),
            )
        )
