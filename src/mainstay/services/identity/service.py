"""Makes tenants and keys, and recognises who comes with one."""

from dataclasses import dataclass

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.kernel.work import caller, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random
from mainstay.ports.database import UniqueViolated
from mainstay.services.identity import keys
from mainstay.services.identity.interface import (
    AdminKeyInvalid,
    ApiKey,
    Identity,
    KeyInUse,
    KeyMissing,
    Me,
    NewApiKey,
    OperatorNeeded,
    Role,
    Tenant,
    TenantMissing,
    TenantNameTaken,
)
from mainstay.services.identity.roles import PERMISSIONS
from mainstay.services.identity.store import IdentityStore, KeyRow, TenantRow

LOCAL_KEY = "key_local"
LOCAL_LIMIT = 1_000_000


@dataclass(frozen=True)
class IdentitySettings:
    """What an operator may set."""

    limit_per_minute: int = 1000


def _shown(row: KeyRow) -> ApiKey:
    return ApiKey(
        key_id=row.key_id,
        name=row.name,
        role=_role(row.role),
        groups=list(row.groups),
        limit_per_minute=row.limit_per_minute,
        created_ms=row.created_ms,
        start=row.start,
    )


def _role(name: str) -> Role:
    for role in PERMISSIONS:
        if role == name:
            return role
    raise ValueError(f"The database names a role that does not exist: {name}")


class IdentityService(Identity):
    """The identity service; it is the guard's authenticator too."""

    def __init__(
        self, store: IdentityStore, clock: Clock, ids: Ids, random: Random, settings: IdentitySettings
    ) -> None:
        """Take the parts."""
        self._store = store
        self._clock = clock
        self._ids = ids
        self._random = random
        self._settings = settings

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller behind an API key; raises CredentialsUnknown."""
        row = None
        if keys.well_formed(credential.secret):
            row = await self._store.key_by_hash(keys.hashed(credential.secret))
        if row is None:
            raise CredentialsUnknown("The key is unknown or was revoked. Ask an administrator for a new one.")
        return Caller(
            tenant_id=row.tenant_id,
            subject=row.key_id,
            roles=(row.role,),
            permissions=PERMISSIONS[_role(row.role)],
            groups=frozenset(row.groups),
            limit_per_minute=row.limit_per_minute or self._settings.limit_per_minute,
            operator=row.operator,
            secret=credential.secret,
        )

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
            operator=me.operator,
        )

    async def create_key(
        self,
        name: str,
        role: Role = "user",
        groups: list[str] | None = None,
        limit_per_minute: int | None = None,
    ) -> NewApiKey:
        """Make a key of the caller's tenant."""
        return await self._make_key(caller().tenant_id, name, role, groups or [], limit_per_minute)

    async def list_keys(self) -> list[ApiKey]:
        """List the keys of the caller's tenant."""
        return [_shown(row) for row in await self._store.keys_of(caller().tenant_id)]

    async def revoke_key(self, key_id: str) -> ApiKey:
        """Revoke a key of the caller's tenant."""
        me = caller()
        note_target(key_id)
        if key_id == me.subject:
            raise KeyInUse("Use another administrator's key to revoke this one.")
        for row in await self._store.keys_of(me.tenant_id):
            if row.key_id == key_id:
                await self._store.remove_key(me.tenant_id, key_id)
                return _shown(row)
        raise KeyMissing("List the keys to see their ids.")

    async def create_tenant(self, name: str) -> Tenant:
        """Make a tenant."""
        self._operator()
        row = TenantRow(self._ids.new("tenant"), name, operator=False, created_ms=self._clock.now_ms())
        note_target(row.tenant_id)
        try:
            await self._store.add_tenant(row)
        except UniqueViolated:
            raise TenantNameTaken("Choose another name.") from None
        return Tenant(
            tenant_id=row.tenant_id, name=row.name, operator=row.operator, created_ms=row.created_ms
        )

    async def list_tenants(self) -> list[Tenant]:
        """List all tenants."""
        self._operator()
        return [
            Tenant(tenant_id=row.tenant_id, name=row.name, operator=row.operator, created_ms=row.created_ms)
            for row in await self._store.tenants()
        ]

    async def create_tenant_key(
        self,
        tenant_id: str,
        name: str,
        role: Role = "admin",
        groups: list[str] | None = None,
        limit_per_minute: int | None = None,
    ) -> NewApiKey:
        """Make a key of another tenant."""
        self._operator()
        if await self._store.tenant(tenant_id) is None:
            raise TenantMissing("List the tenants to see their ids.")
        return await self._make_key(tenant_id, name, role, groups or [], limit_per_minute)

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
            if await self._store.key_by_hash(keys.hashed(secret)) is None:
                await self._add_key(operator.tenant_id, "First administrator", "admin", [], None, secret)
            return None
        if any(key.key_id != LOCAL_KEY for key in await self._store.keys_of(operator.tenant_id)):
            return None
        made = keys.form(self._random.token(keys.SECRET_BYTES))
        await self._add_key(operator.tenant_id, "First administrator", "admin", [], None, made)
        return made

    async def make_local_key(self) -> str:
        """Make the key by which commands on this machine speak for its owner; the one before it ends."""
        tenants = await self._store.tenants()
        operator = next(tenant for tenant in tenants if tenant.operator)
        secret = keys.form(self._random.token(keys.SECRET_BYTES))
        row = KeyRow(
            tenant_id=operator.tenant_id,
            key_id=LOCAL_KEY,
            name="This machine's own key, kept in local.key",
            role="admin",
            groups=(),
            limit_per_minute=LOCAL_LIMIT,
            start=secret[: keys.START_LENGTH],
            created_ms=self._clock.now_ms(),
        )
        await self._store.remove_key(operator.tenant_id, LOCAL_KEY)
        await self._store.add_key(row, keys.hashed(secret))
        return secret

    def _operator(self) -> None:
        if not caller().operator:
            raise OperatorNeeded("Use an administrator's key of the tenant that runs this installation.")

    async def _make_key(
        self, tenant_id: str, name: str, role: Role, groups: list[str], limit_per_minute: int | None
    ) -> NewApiKey:
        secret = keys.form(self._random.token(keys.SECRET_BYTES))
        row = await self._add_key(tenant_id, name, role, groups, limit_per_minute, secret)
        note_target(row.key_id)
        return NewApiKey(**_shown(row).model_dump(), key=secret)

    async def _add_key(
        self,
        tenant_id: str,
        name: str,
        role: Role,
        groups: list[str],
        limit_per_minute: int | None,
        secret: str,
    ) -> KeyRow:
        row = KeyRow(
            tenant_id=tenant_id,
            key_id=self._ids.new("key"),
            name=name,
            role=role,
            groups=tuple(dict.fromkeys(groups)),
            limit_per_minute=limit_per_minute,
            start=secret[: keys.START_LENGTH],
            created_ms=self._clock.now_ms(),
        )
        await self._store.add_key(row, keys.hashed(secret))
        return row
