"""Makes, changes, rotates and lists API keys, each within what whoever asks may do himself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mainstay.kernel.bounds import Rights
from mainstay.kernel.caller import Caller
from mainstay.kernel.changing import State
from mainstay.kernel.quotas import Quotas
from mainstay.kernel.work import note_change
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random
from mainstay.kit.tokens import hashed
from mainstay.services.identity import bounds, keys
from mainstay.services.identity.failures import (
    KeyChanged,
    KeyExpired,
    KeyIsLocal,
    KeyMayTooMuch,
    KeyMissing,
    KeyRightsUnclear,
    TenantMissing,
)
from mainstay.services.identity.key_store import ApiKeyStore, KeyRow
from mainstay.services.identity.moments import expiry_ms, written
from mainstay.services.identity.records import ApiKey, NewApiKey
from mainstay.services.identity.rolebook import Rolebook
from mainstay.services.identity.roles import permitted
from mainstay.services.identity.store import IdentityStore, TenantRow

LOCAL_KEY = "key_local"
UNSAID = ""
"""An `expires_at` that was left out; null says that the key does not expire."""
UNSAID_LIMIT = 0


@dataclass(frozen=True)
class IdentitySettings:
    """What an operator may set."""

    limit_per_minute: int = 1000
    writes_per_minute: int = 0
    tenant_limit_per_minute: int = 0


@dataclass(frozen=True)
class Wish:
    """What a key shall be."""

    name: str
    role: str | None
    scopes: Sequence[str] | None
    groups: Sequence[str]
    limit_per_minute: int | None
    expires_at: str | None


def shown(row: KeyRow, now_ms: int) -> ApiKey:
    """Give what may be told of a key."""
    expired = row.expires_ms is not None and row.expires_ms <= now_ms
    overlaps = row.old_until_ms is not None and row.old_until_ms > now_ms and not expired
    return ApiKey(
        key_id=row.key_id,
        name=row.name,
        role=row.role or None,
        scopes=None if row.role or row.permissions is None else list(row.permissions),
        groups=list(row.groups),
        limit_per_minute=row.limit_per_minute,
        created_ms=row.created_ms,
        start=row.start,
        state="expired" if expired else "active",
        expires_at=written(row.expires_ms),
        last_used_ms=row.used_ms,
        created_by=row.created_by,
        rotated_ms=row.rotated_ms,
        overlap_until_ms=row.old_until_ms if overlaps else None,
    )


class Keyring:
    """The keys of the caller's tenant; the operator makes keys of others too."""

    def __init__(
        self,
        store: IdentityStore,
        own: ApiKeyStore,
        roles: Rolebook,
        clock: Clock,
        ids: Ids,
        random: Random,
        settings: IdentitySettings,
        quotas: Quotas,
    ) -> None:
        """Take the parts."""
        self._quotas = quotas
        self._store = store
        self._own = own
        self._roles = roles
        self._clock = clock
        self._ids = ids
        self._random = random
        self._settings = settings

    async def make(self, giver: Caller, wish: Wish) -> NewApiKey:
        """Make a key of the caller's tenant, of a user when nothing is said."""
        return await self._make(giver, giver.tenant_id, wish, "user", (self._own, self._roles))

    async def make_of(self, giver: Caller, tenant_id: str, wish: Wish) -> NewApiKey:
        """Make a key of another tenant, of an administrator when nothing is said."""
        theirs = self._store.keys_of(tenant_id), self._roles.of(self._store.roles_of(tenant_id))
        return await self._make(giver, tenant_id, wish, "admin", theirs)

    async def _make(
        self,
        giver: Caller,
        tenant_id: str,
        wish: Wish,
        role: str,
        place: tuple[ApiKeyStore, Rolebook],
    ) -> NewApiKey:
        """Make a key where a tenant's keys and roles are."""
        store, roles = place
        if wish.role is not None and wish.scopes is not None:
            raise KeyRightsUnclear("Give either `role` or `scopes`.")
        tenant = await self._tenant(tenant_id)
        named = "" if wish.scopes is not None else wish.role or role
        own, permissions = await self._wished(roles, named, wish.scopes)
        secret = self._secret()
        row = KeyRow(
            key_id=self._ids.new("key"),
            hash=hashed(secret),
            name=wish.name,
            role=named,
            groups=tuple(dict.fromkeys(wish.groups)),
            limit_per_minute=wish.limit_per_minute,
            start=secret[: keys.START_LENGTH],
            created_ms=self._clock.now_ms(),
            permissions=permissions,
            expires_ms=expiry_ms(wish.expires_at, self._clock.now_ms()) or giver.ends_ms,
            created_by=giver.subject,
        )
        bounds.check_end(giver, row.expires_ms)
        bounds.check_ceiling(wish.limit_per_minute, tenant.limit_per_minute)
        bounds.check(giver, self._rights(row, tenant))
        if own:
            row = replace(row, permissions=await roles.hold(named))
            bounds.check(giver, self._rights(row, tenant))  # somebody may have raised the role meanwhile
        await store.add(row)
        note_change(None, self._told(row))
        return self._new(row, secret)

    async def _wished(
        self, roles: Rolebook, role: str, scopes: Sequence[str] | None
    ) -> tuple[bool, tuple[str, ...] | None]:
        """Say whether a role is the tenant's own, and which permissions a key needs written down."""
        if scopes is not None:
            return False, roles.known(scopes)
        found = await roles.find(role)
        return not found.built_in, None if found.built_in else tuple(found.permissions)

    async def page(self, after: str, limit: int) -> list[ApiKey]:
        """List some of the keys."""
        now = self._clock.now_ms()
        return [shown(row, now) for row in await self._own.page(after, limit)]

    async def find(self, key_id: str) -> ApiKey:
        """Give a key; raises KeyMissing."""
        return shown(await self._row(key_id), self._clock.now_ms())

    async def change(
        self,
        giver: Caller,
        key_id: str,
        name: str | None,
        groups: Sequence[str] | None,
        limit_per_minute: int | None,
        expires_at: str | None,
    ) -> ApiKey:
        """Change a key; what it could before and what it can then are both within what the giver may."""
        row, tenant = await self._givable(giver, key_id)
        wished = self._wished_of(name, groups, limit_per_minute, expires_at)
        changed = replace(row, **wished)
        if changed.limit_per_minute != row.limit_per_minute:
            bounds.check_ceiling(changed.limit_per_minute, tenant.limit_per_minute)
        bounds.check(giver, self._rights(changed, tenant))
        if _ends(changed) > _ends(row):
            bounds.check_end(giver, changed.expires_ms)
            if key_id == giver.subject:
                raise KeyMayTooMuch("A key cannot make its own life longer. Use another administrator's key.")
        row = await self._held(key_id)
        changed = replace(row, **wished)
        for each in (row, changed):  # somebody may have raised it meanwhile
            bounds.check(giver, self._rights(each, tenant))
        await self._own.change(row, changed)
        note_change(self._told(row), self._told(changed))
        return shown(changed, self._clock.now_ms())

    def _wished_of(
        self,
        name: str | None,
        groups: Sequence[str] | None,
        limit_per_minute: int | None,
        expires_at: str | None,
    ) -> dict[str, Any]:
        """Give the columns of a key that were named, with what they are to be; raises ExpiryInvalid."""
        wished: dict[str, Any] = {}
        if name:
            wished["name"] = name
        if groups is not None:
            wished["groups"] = tuple(dict.fromkeys(groups))
        if limit_per_minute != UNSAID_LIMIT:
            wished["limit_per_minute"] = limit_per_minute
        if expires_at != UNSAID:
            wished["expires_ms"] = expiry_ms(expires_at, self._clock.now_ms())
        return wished

    async def rotate(self, giver: Caller, key_id: str, overlap_s: int) -> NewApiKey:
        """Give a key another secret; one before that secret's own overlap ends at once."""
        row, _ = await self._givable(giver, key_id)
        bounds.check_end(giver, row.expires_ms)
        now = self._clock.now_ms()
        if row.expires_ms is not None and row.expires_ms <= now:
            raise KeyExpired("Give it a later `expires_at` first.")
        secret = self._secret()
        until = now + overlap_s * 1000 if overlap_s else None
        start = secret[: keys.START_LENGTH]
        if not await self._own.change_secret(row, hashed(secret), start, now, until):
            raise KeyChanged("It was rotated or revoked at this moment. Look at it before you try again.")
        await self._store.note_revoked(row.hash, now)
        rotated = await self._held(key_id)
        before = replace(rotated, start=row.start, rotated_ms=row.rotated_ms, old_until_ms=row.old_until_ms)
        note_change(self._told(before), self._told(rotated))
        return self._new(rotated, secret)

    async def revoke(self, key_id: str) -> ApiKey:
        """Forget a key with both of its secrets."""
        row = await self._own.hold(key_id)
        if row is None:
            raise KeyMissing("List the keys to see their ids.")
        await self._own.remove(key_id)
        await self._store.note_revoked(row.hash, self._clock.now_ms())
        note_change(self._told(row), None)
        return shown(row, self._clock.now_ms())

    def _told(self, row: KeyRow) -> State:
        return shown(row, self._clock.now_ms()).model_dump()

    def _secret(self) -> str:
        return keys.form(self._random.token(keys.SECRET_BYTES))

    def _new(self, row: KeyRow, secret: str) -> NewApiKey:
        return NewApiKey(**shown(row, self._clock.now_ms()).model_dump(), key=secret)

    async def _row(self, key_id: str) -> KeyRow:
        row = await self._own.find(key_id)
        if row is None:
            raise KeyMissing("List the keys to see their ids.")
        return row

    async def _held(self, key_id: str) -> KeyRow:
        """Give a key as it is until this operation ends; raises KeyChanged."""
        row = await self._own.hold(key_id)
        if row is None:
            raise KeyChanged("It was revoked at this moment.")
        return row

    async def _tenant(self, tenant_id: str) -> TenantRow:
        """Give a tenant, with the lower of its own limit and its tier's as that of its keys."""
        tenant = await self._store.tenant(tenant_id)
        if tenant is None:
            raise TenantMissing("List the tenants to see their ids.")
        limits = (await self._quotas.terms_of(tenant_id)).limits
        known = [each for each in (tenant.limit_per_minute, limits.get("key_per_minute")) if each is not None]
        return replace(tenant, limit_per_minute=min(known, default=None))

    async def _givable(self, giver: Caller, key_id: str) -> tuple[KeyRow, TenantRow]:
        """Give a key of the giver's tenant that may no more than he, and that may be changed at all."""
        row = await self._row(key_id)
        tenant = await self._tenant(giver.tenant_id)
        bounds.check(giver, self._rights(row, tenant))
        if key_id == LOCAL_KEY:
            raise KeyIsLocal("It is made anew whenever the server starts.")
        return row, tenant

    def _rights(self, row: KeyRow, tenant: TenantRow) -> Rights:
        """Say what a key may do."""
        limit = bounds.allowed(row.limit_per_minute, tenant.limit_per_minute, self._settings.limit_per_minute)
        return Rights(permitted(row.role, row.permissions), frozenset(row.groups), limit)


def _ends(row: KeyRow) -> float:
    return float("inf") if row.expires_ms is None else row.expires_ms
