"""Makes, changes and shows connections to identity providers."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mainstay.kernel.caller import ALL_DOCUMENTS, EVERYTHING, Caller
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.ports.assertions import Assertions, Provider
from mainstay.ports.ciphers import Cipher
from mainstay.ports.fetchers import Fetcher
from mainstay.services.federation.addresses import Addresses
from mainstay.services.federation.failures import (
    ConnectionIncomplete,
    ConnectionMissing,
    ConnectionsTooMany,
    MappingMayTooMuch,
    ProviderChanged,
    ProviderUnusable,
)
from mainstay.services.federation.providers import Providers
from mainstay.services.federation.records import ClaimMapping, Kind, SignOnConnection, State
from mainstay.services.federation.store import ConnectionRow, FederationStore
from mainstay.services.federation.tables import secret_place
from mainstay.services.identity.interface import Identity

CONNECTIONS_MAX = 200


@dataclass(frozen=True)
class Wish:
    """What somebody wants to connect."""

    name: str
    kind: Kind
    issuer: str | None
    client_id: str | None
    client_secret: str | None
    metadata: str | None
    metadata_url: str | None
    mapping: ClaimMapping
    create_members: bool
    state: State


@dataclass(frozen=True)
class Change:
    """What somebody wants changed of a connection; none: as it is."""

    name: str | None
    client_secret: str | None
    metadata: str | None
    mapping: ClaimMapping | None
    create_members: bool | None
    state: State | None


class Connections:
    """The connections of tenants."""

    def __init__(
        self,
        store: FederationStore,
        providers: Providers,
        assertions: Assertions,
        fetcher: Fetcher,
        identity: Identity,
        cipher: Cipher,
        addresses: Addresses,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._providers = providers
        self._assertions = assertions
        self._fetcher = fetcher
        self._identity = identity
        self._cipher = cipher
        self._addresses = addresses
        self._clock = clock
        self._ids = ids

    async def make(self, giver: Caller, wish: Wish) -> SignOnConnection:
        """Connect a provider, after looking whether it answers as it should."""
        _check_fields(wish)
        await self._check_mapping(giver, wish.mapping)
        if len(await self._store.all()) >= CONNECTIONS_MAX:
            raise ConnectionsTooMany(f"A tenant has at most {CONNECTIONS_MAX} connections; delete one.")
        provider = await self._provider(wish)
        connection_id = self._ids.new("sso")
        row = ConnectionRow(
            connection_id=connection_id,
            name=wish.name,
            kind=wish.kind,
            state=wish.state,
            issuer=provider.entity_id,
            client_id=wish.client_id or "",
            client_secret=self._sealed(connection_id, wish.client_secret),
            sign_in_url=provider.sign_in_url,
            certificates=provider.certificates,
            mapping=wish.mapping.model_dump_json(),
            create_members=wish.create_members,
            created_ms=self._clock.now_ms(),
            created_by=giver.subject,
        )
        await self._store.add(row)
        return self.shown(row, ())

    async def change(self, giver: Caller, connection_id: str, change: Change) -> SignOnConnection:
        """Change a connection; neither before nor then may it give more than the giver may."""
        row = await self.own(connection_id)
        await self._check_mapping(giver, ClaimMapping.model_validate_json(row.mapping))
        if change.mapping is not None:
            await self._check_mapping(giver, change.mapping)
        changed = replace(
            self._renewed(row, change),
            name=change.name or row.name,
            mapping=row.mapping if change.mapping is None else change.mapping.model_dump_json(),
            create_members=row.create_members if change.create_members is None else change.create_members,
            state=change.state or row.state,
        )
        domains = await self._store.domains()
        if not await self._store.change(changed):
            raise ConnectionMissing("It was deleted at this moment.")
        return self.shown(changed, domains.get(connection_id, ()))

    async def own(self, connection_id: str, store: FederationStore | None = None) -> ConnectionRow:
        """Find a connection of the caller's tenant, or of the store's; raises ConnectionMissing."""
        row = await (store or self._store).find(connection_id)
        if row is None:
            raise ConnectionMissing("List the connections to see their ids.")
        return row

    def shown(self, row: ConnectionRow, domains: Sequence[str]) -> SignOnConnection:
        """Give a connection as its tenant's administrators see it."""
        saml = row.kind == "saml"
        return SignOnConnection(
            connection_id=row.connection_id,
            name=row.name,
            kind="saml" if saml else "oidc",
            state=_state(row.state),
            issuer=row.issuer,
            client_id=row.client_id,
            sign_in_url=row.sign_in_url,
            certificates=[hashlib.sha256(base64.b64decode(each)).hexdigest() for each in row.certificates],
            mapping=ClaimMapping.model_validate_json(row.mapping),
            create_members=row.create_members,
            domains=list(domains),
            redirect_uri="" if saml else self._addresses.redirect_uri(row.connection_id),
            acs_url=self._addresses.acs_url(row.connection_id) if saml else "",
            entity_id=self._addresses.entity_id(row.connection_id) if saml else "",
            created_ms=row.created_ms,
            created_by=row.created_by,
        )

    def secret(self, row: ConnectionRow) -> str:
        """Open a connection's client secret; empty when it has none. The caller is of its tenant."""
        if row.client_secret is None:
            return ""
        return self._cipher.open(row.client_secret, secret_place(row.connection_id)).decode()

    def _sealed(self, connection_id: str, secret: str | None) -> bytes | None:
        return None if secret is None else self._cipher.seal(secret.encode(), secret_place(connection_id))

    async def _provider(self, wish: Wish) -> Provider:
        if wish.kind == "oidc":
            await self._providers.discover(wish.issuer or "")
            return Provider(wish.issuer or "", "", ())
        if wish.metadata is not None:
            return self._assertions.provider(wish.metadata.encode())
        try:
            page = await self._fetcher.fetch(wish.metadata_url or "")
        except Failure as failure:
            raise ProviderUnusable(f"{wish.metadata_url}: {failure.detail}") from None
        return self._assertions.provider(page.content)

    def _renewed(self, row: ConnectionRow, change: Change) -> ConnectionRow:
        """Give the connection with its new secret, or new metadata of the same provider."""
        if (row.kind == "saml" and change.client_secret) or (row.kind == "oidc" and change.metadata):
            raise ConnectionIncomplete("A secret belongs to OpenID Connect, metadata to SAML.")
        if change.client_secret is not None:
            return replace(row, client_secret=self._sealed(row.connection_id, change.client_secret))
        if change.metadata is None:
            return row
        provider = self._assertions.provider(change.metadata.encode())
        if provider.entity_id != row.issuer:
            raise ProviderChanged("Make another connection for another identity provider.")
        return replace(row, sign_in_url=provider.sign_in_url, certificates=provider.certificates)

    async def _check_mapping(self, giver: Caller, mapping: ClaimMapping) -> None:
        """Refuse roles and groups that the giver could not give; raises MappingMayTooMuch."""
        groups = {group for rule in mapping.rules for group in rule.groups} - giver.groups
        if groups and not giver.may(ALL_DOCUMENTS):
            raise MappingMayTooMuch(f"You are not in these groups: {', '.join(sorted(groups))}.")
        if giver.may(EVERYTHING):
            return
        for role in sorted({mapping.default_role, *(rule.role for rule in mapping.rules)} - {None}, key=str):
            permissions = (await self._identity.get_role(str(role))).permissions
            more = sorted(each for each in permissions if not giver.may(each))
            if more:
                raise MappingMayTooMuch(f"The role {role} has what you have not yourself: {', '.join(more)}.")


def _state(text: str) -> State:
    return "active" if text == "active" else "test" if text == "test" else "disabled"


def _check_fields(wish: Wish) -> None:
    oidc = (wish.issuer, wish.client_id)
    saml = (wish.metadata, wish.metadata_url)
    if wish.kind == "oidc" and (None in oidc or any(saml)):
        raise ConnectionIncomplete("OpenID Connect needs `issuer` and `client_id`, and no metadata.")
    if wish.kind == "saml" and (any((*oidc, wish.client_secret)) or saml.count(None) != 1):
        raise ConnectionIncomplete(
            "SAML needs `metadata` or `metadata_url`, one of them, and neither `issuer` nor a client."
        )
