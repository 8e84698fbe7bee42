"""The programs that ask for tokens: made, changed and recognised, each within what its maker may."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from mainstay.kernel.bounds import Rights, beyond
from mainstay.kernel.caller import Caller
from mainstay.kernel.guard import NOBODYS
from mainstay.kernel.permissions import Permissions
from mainstay.kernel.recognising import Standing
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random
from mainstay.kit.tokens import hashed
from mainstay.services.authorization import handles, redirects, scopes
from mainstay.services.authorization.client_store import ClientLookup, ClientRow, ClientStore, FoundClient
from mainstay.services.authorization.failures import (
    ClientChanged,
    ClientMayTooMuch,
    ClientMissing,
    ClientRefused,
    ClientsTooMany,
    ClientUnclear,
)
from mainstay.services.authorization.records import Client, Grant, NewClient
from mainstay.services.authorization.signing import AuthorizationSettings

CLIENTS_MAX = 500
OWN = "client_credentials"
CODE = "authorization_code"
REFRESH = "refresh_token"
REGISTRANTS = NOBODYS
"""Stands where a tenant would, of clients that have registered by themselves; anybody may use them."""
_KIND = "client_"
_NOBODYS_HASH = hashed("")
_UNKNOWN = "The client is unknown, or its secret is wrong. Ask who registered it for its id and a new secret."


@dataclass(frozen=True)
class Wish:
    """What a client shall be."""

    name: str
    confidential: bool
    role: str | None = None
    permissions: Sequence[str] | None = None
    groups: Sequence[str] = ()
    redirect_uris: Sequence[str] = ()
    grants: Sequence[str] | None = None


def shown(row: ClientRow, now_ms: int) -> Client:
    """Give what may be told of a client."""
    overlaps = row.old_until_ms is not None and row.old_until_ms > now_ms
    return Client(
        client_id=row.client_id,
        name=row.name,
        confidential=row.hash is not None,
        role=row.role or None,
        scopes=None if row.permissions is None else list(row.permissions),
        groups=list(row.groups),
        redirect_uris=list(row.redirect_uris),
        grants=cast("list[Grant]", list(row.grants)),
        created_ms=row.created_ms,
        created_by=row.created_by,
        start=row.start,
        rotated_ms=row.rotated_ms,
        overlap_until_ms=row.old_until_ms if overlaps else None,
    )


class Clients:
    """The clients of all tenants."""

    def __init__(
        self,
        store: ClientStore,
        lookup: ClientLookup,
        standing: Standing,
        permissions: Permissions,
        clock: Clock,
        ids: Ids,
        random: Random,
        settings: AuthorizationSettings,
    ) -> None:
        """Take the parts; `permissions` is all that there is."""
        self._store = store
        self._lookup = lookup
        self._standing = standing
        self._permissions = permissions
        self._clock = clock
        self._ids = ids
        self._random = random
        self._settings = settings

    async def make(self, maker: Caller, wish: Wish) -> NewClient:
        """Make a client of the maker's tenant."""
        secret = handles.new(handles.CLIENT, self._random) if wish.confidential else None
        usual = (CODE, REFRESH) if wish.redirect_uris else (OWN,)
        row = ClientRow(
            client_id=self._ids.new("client"),
            name=wish.name,
            hash=None if secret is None else hashed(secret),
            start="" if secret is None else secret[: handles.START_LENGTH],
            role=wish.role or "",
            permissions=None if wish.permissions is None else tuple(sorted(set(wish.permissions))),
            groups=tuple(dict.fromkeys(wish.groups)),
            redirect_uris=tuple(dict.fromkeys(wish.redirect_uris)),
            grants=tuple(sorted(set(wish.grants or usual))),
            created_ms=self._clock.now_ms(),
            created_by=maker.subject,
        )
        self._check_parts(row)
        await self._check_bounds(maker, row)
        if len(await self._store.all()) >= CLIENTS_MAX:
            raise ClientsTooMany(f"A tenant has at most {CLIENTS_MAX} clients; delete one.")
        await self._store.add(row)
        return self._new(row, secret)

    async def all(self) -> list[Client]:
        """List the clients of the caller's tenant."""
        now = self._clock.now_ms()
        return [shown(row, now) for row in await self._store.all()]

    async def find(self, client_id: str) -> Client:
        """Give a client of the caller's tenant; raises ClientMissing."""
        return shown(await self._row(client_id), self._clock.now_ms())

    async def change(
        self,
        changer: Caller,
        client_id: str,
        name: str | None,
        redirect_uris: Sequence[str] | None,
        groups: Sequence[str] | None,
    ) -> Client:
        """Change a client; neither before nor then may it do more than the changer."""
        row = await self._row(client_id)
        await self._check_bounds(changer, row)
        changed = replace(
            row,
            name=name or row.name,
            redirect_uris=row.redirect_uris if redirect_uris is None else tuple(dict.fromkeys(redirect_uris)),
            groups=row.groups if groups is None else tuple(dict.fromkeys(groups)),
        )
        self._check_parts(changed)
        await self._check_bounds(changer, changed)
        if not await self._store.change(changed):
            raise ClientChanged("It was deleted at this moment.")
        return shown(changed, self._clock.now_ms())

    async def rotate(self, changer: Caller, client_id: str, overlap_s: int) -> NewClient:
        """Give a client another secret; the one before goes on working for the overlap."""
        row = await self._row(client_id)
        await self._check_bounds(changer, row)
        if row.hash is None:
            raise ClientUnclear("A public client has no secret.")
        now = self._clock.now_ms()
        secret = handles.new(handles.CLIENT, self._random)
        start = secret[: handles.START_LENGTH]
        until = now + overlap_s * 1000 if overlap_s else None
        if not await self._store.change_secret(row, hashed(secret), start, now, until):
            raise ClientChanged("It was rotated or deleted at this moment. Look at it before you try again.")
        return self._new(replace(row, start=start, rotated_ms=now, old_until_ms=until), secret)

    async def delete(self, client_id: str) -> Client:
        """Forget a client; its tokens are refused from the next request on."""
        row = await self._row(client_id)
        if not await self._store.remove(row):
            raise ClientMissing("It was deleted at this moment.")
        return shown(row, self._clock.now_ms())

    async def proven(self, client_id: str, secret: str | None) -> FoundClient:
        """Give the client that somebody is, by its secret if it has one; raises ClientRefused.

        What is unknown and what has another secret take the same time.
        """
        row = await self._lookup.find(client_id)
        now = self._clock.now_ms()
        if row is not None and row.hash is None and secret is None:
            if row.expires_ms is not None and row.expires_ms <= now:
                raise ClientRefused("The registration has expired. Register again.")
            return row
        given = hashed(secret or "")
        right = handles.same(given, (row and row.hash) or _NOBODYS_HASH)
        old = row.old_hash if row and row.old_hash and (row.old_until_ms or 0) > now else _NOBODYS_HASH
        right |= handles.same(given, old)
        if row is None or row.hash is None or not secret or not right:
            raise ClientRefused(_UNKNOWN)
        return row

    async def named(self, client_id: str) -> FoundClient:
        """Give the client that somebody names, without any proof; raises ClientRefused."""
        row = await self._lookup.find(client_id)
        if row is None or (row.expires_ms is not None and row.expires_ms <= self._clock.now_ms()):
            raise ClientRefused("There is no such client in your tenant.")
        return row

    async def keep(self, client: FoundClient) -> None:
        """Keep a client that somebody uses, although it has registered by itself."""
        if client.expires_ms is not None:
            await self._lookup.of(client.tenant_id).keep(client)

    async def forget(self, now_ms: int) -> None:
        """Forget clients that have registered by themselves, and that nobody has used."""
        if await self._lookup.run_out(now_ms):
            await self._lookup.forget(now_ms)

    async def account(self, tenant_id: str, client_id: str) -> Caller | None:
        """Give the caller that a client is by itself, None where it has no rights of its own."""
        if not client_id.startswith(_KIND):
            return None  # a key's or a person's id: nothing to look up
        row = await self._lookup.of(tenant_id).find(client_id)
        return None if row is None or OWN not in row.grants else await self._caller(tenant_id, row)

    async def _caller(self, tenant_id: str, row: ClientRow) -> Caller:
        known = await self._standing.caller_of(tenant_id, row.client_id, row.role, frozenset(row.groups))
        return known if row.permissions is None else replace(known, permissions=frozenset(row.permissions))

    def _check_parts(self, row: ClientRow) -> None:
        """Refuse what does not go together; raises ClientUnclear, RedirectRefused and ScopeRefused."""
        for uri in row.redirect_uris:
            redirects.check(uri, self._settings.native_schemes)
        own = OWN in row.grants
        if row.role and row.permissions is not None:
            raise ClientUnclear("Give either `role` or `scopes`.")
        if own != bool(row.role or row.permissions is not None):
            raise ClientUnclear(
                "A client that asks for tokens of its own (`client_credentials`) needs a `role` or `scopes`, "
                "and any other has none."
            )
        if own and row.hash is None:
            raise ClientUnclear("A public client cannot have tokens of its own: it has no secret.")
        if (CODE in row.grants) != bool(row.redirect_uris):
            raise ClientUnclear("`redirect_uris` and the grant `authorization_code` go together.")
        if REFRESH in row.grants and CODE not in row.grants:
            raise ClientUnclear("The grant `refresh_token` goes together with `authorization_code`.")
        scopes.check_known(row.permissions or (), self._permissions)

    async def _check_bounds(self, giver: Caller, row: ClientRow) -> None:
        """Refuse rights that go beyond the giver's; raises ClientMayTooMuch and ClientUnclear."""
        own = frozenset[str]()
        if OWN in row.grants:
            own = (await self._caller(giver.tenant_id, row)).permissions
        if OWN in row.grants and not own:
            raise ClientUnclear("There is no such role, or it permits nothing. List the roles.")
        if own and giver.ends_ms is not None:
            raise ClientMayTooMuch(
                "Your key ends, and a client with rights of its own does not. Use another key."
            )
        more = beyond(giver, Rights(own, frozenset(row.groups), giver.limit_per_minute))
        if more:
            raise ClientMayTooMuch(more)

    async def _row(self, client_id: str) -> ClientRow:
        row = await self._store.find(client_id)
        if row is None:
            raise ClientMissing("List the clients to see their ids.")
        return row

    def _new(self, row: ClientRow, secret: str | None) -> NewClient:
        return NewClient(**shown(row, self._clock.now_ms()).model_dump(), client_secret=secret)
