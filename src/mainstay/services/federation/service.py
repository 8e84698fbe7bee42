"""Lets people of a tenant come by its own identity provider."""

import re
from dataclasses import asdict

from mainstay.kernel.admission import Admission, Vouched
from mainstay.kernel.operating import needs_operator
from mainstay.kernel.work import caller, note_target
from mainstay.kit.clock import Clock
from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import UniqueViolated
from mainstay.services.federation import saml
from mainstay.services.federation.addresses import Addresses
from mainstay.services.federation.connections import Change, Connections, Wish
from mainstay.services.federation.failures import (
    AttemptEnded,
    ConnectionMissing,
    DomainTaken,
    NobodyMapped,
)
from mainstay.services.federation.interface import Federation
from mainstay.services.federation.mapping import first_of, granted
from mainstay.services.federation.records import (
    Arrival,
    BegunSession,
    Choice,
    ClaimMapping,
    Kind,
    ServiceMetadata,
    SignOnConnection,
    Started,
    State,
)
from mainstay.services.federation.sign_in import Proven, SignIns
from mainstay.services.federation.store import (
    ConnectionRow,
    FederationLookup,
    FederationStore,
    FoundConnection,
)

_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f@]+@[^\s\x00-\x1f\x7f@]+")
_ADDRESS_LENGTH_MAX = 254


class FederationService(Federation):
    """The service of single sign-on."""

    def __init__(
        self,
        store: FederationStore,
        lookup: FederationLookup,
        connections: Connections,
        sign_ins: SignIns,
        addresses: Addresses,
        admission: Admission,
        cipher: Cipher,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._lookup = lookup
        self._connections = connections
        self._sign_ins = sign_ins
        self._addresses = addresses
        self._admission = admission
        self._cipher = cipher
        self._clock = clock

    async def create_connection(
        self,
        name: str,
        kind: Kind,
        issuer: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        metadata: str | None = None,
        metadata_url: str | None = None,
        mapping: ClaimMapping = ClaimMapping(),  # noqa: B008 - frozen
        create_members: bool = False,
        state: State = "test",
    ) -> SignOnConnection:
        """Connect an identity provider."""
        wish = Wish(
            name,
            kind,
            issuer,
            client_id,
            client_secret,
            metadata,
            metadata_url,
            mapping,
            create_members,
            state,
        )
        made = await self._connections.make(caller(), wish)
        note_target(made.connection_id)
        return made

    async def list_connections(self) -> list[SignOnConnection]:
        """List the tenant's connections."""
        domains = await self._store.domains()
        return [
            self._connections.shown(row, domains.get(row.connection_id, ()))
            for row in await self._store.all()
        ]

    async def get_connection(self, connection_id: str) -> SignOnConnection:
        """Give a connection."""
        return await self._shown(await self._connections.own(connection_id))

    async def update_connection(
        self,
        connection_id: str,
        name: str | None = None,
        client_secret: str | None = None,
        metadata: str | None = None,
        mapping: ClaimMapping | None = None,
        create_members: bool | None = None,
        state: State | None = None,
    ) -> SignOnConnection:
        """Change a connection."""
        note_target(connection_id)
        change = Change(name, client_secret, metadata, mapping, create_members, state)
        return await self._connections.change(caller(), connection_id, change)

    async def delete_connection(self, connection_id: str) -> SignOnConnection:
        """Delete a connection."""
        note_target(connection_id)
        row = await self._connections.own(connection_id)
        shown = await self._shown(row)
        if not await self._store.remove(row):
            raise ConnectionMissing("It was deleted at this moment.")
        return shown

    async def approve_domains(
        self, tenant_id: str, connection_id: str, domains: list[str]
    ) -> SignOnConnection:
        """Say in which domains a connection's word is taken."""
        needs_operator()
        note_target(connection_id)
        theirs = self._lookup.of(tenant_id)
        row = await self._connections.own(connection_id, theirs)
        wanted = sorted(set(domains))
        try:
            await theirs.replace_domains(row, wanted)
        except UniqueViolated:
            raise DomainTaken("Take it from the other connection first.") from None
        return self._connections.shown(row, wanted)

    async def find_connection(self, email: str) -> list[Choice]:
        """Say by which connection people with an address sign in."""
        row = await self._lookup.by_domain(_domain(email))
        return [] if row is None else [Choice(connection_id=row.connection_id, name=row.name)]

    async def start_sign_in(self, connection_id: str, return_to: str = "/") -> Started:
        """Begin a sign-in."""
        return await self._sign_ins.start(connection_id, return_to)

    async def finish_oidc(
        self, connection_id: str, attempt: str, code: str, state: str, iss: str | None = None
    ) -> Arrival:
        """End a sign-in by OpenID Connect."""
        row = await self._sign_ins.connection(connection_id, ["oidc"])
        return await self._arrive(row, await self._sign_ins.by_oidc(row, attempt, code, state, iss))

    async def finish_saml(self, connection_id: str, attempt: str, saml_response: str) -> Arrival:
        """End a sign-in by SAML."""
        row = await self._sign_ins.connection(connection_id, ["saml"])
        return await self._arrive(row, self._sign_ins.by_saml(row, attempt, saml_response))

    async def get_metadata(self, connection_id: str) -> ServiceMetadata:
        """Give this server's SAML metadata."""
        row = await self._sign_ins.connection(connection_id, ["saml"])
        addresses = self._addresses
        return ServiceMetadata(
            xml=saml.metadata(addresses.entity_id(row.connection_id), addresses.acs_url(row.connection_id))
        )

    async def _shown(self, row: ConnectionRow) -> SignOnConnection:
        domains = await self._store.domains()
        return self._connections.shown(row, domains.get(row.connection_id, ()))

    async def _arrive(self, row: FoundConnection, proven: Proven) -> Arrival:
        """Let in whom a provider has vouched for, once for each answer of it."""
        mapping = ClaimMapping.model_validate_json(row.mapping)
        grant = granted(proven.claims, mapping)
        domains = (await self._store.domains()).get(row.connection_id, ())
        arrival = Arrival(
            connection_id=row.connection_id,
            tenant_id=row.tenant_id,
            subject=proven.subject,
            email=proven.email,
            email_proven=_is_address(proven.email) and _domain(proven.email) in domains,
            name=first_of(proven.claims, mapping.name_claim),
            role=grant.role,
            groups=sorted(grant.groups),
            session=None,
            return_to=proven.begun.return_to,
        )
        try:
            await self._store.use(proven.used, self._clock.now_ms())
        except UniqueViolated:
            raise AttemptEnded("This answer was presented before. Begin the sign-in again.") from None
        if not grant.role:
            raise NobodyMapped("No rule of this connection gives you a role. Ask your administrator.")
        return arrival if row.state == "test" else await self._let_in(row, arrival)

    async def _let_in(self, row: FoundConnection, arrival: Arrival) -> Arrival:
        """Begin a session of the user as whom somebody came before, or is found to be now."""
        index = self._cipher.blind(arrival.subject.encode(), ("sso_links", row.connection_id)).hex()
        known = await self._store.linked(row, index)
        vouched = Vouched(
            user_id=known,
            email=arrival.email if arrival.email_proven else "",
            name=arrival.name,
            role=arrival.role,
            groups=frozenset(arrival.groups),
            joins=row.create_members,
        )
        admitted = await self._admission.admit(row.tenant_id, vouched)
        if admitted.user_id != known:
            await self._store.link(row, index, admitted.user_id, self._clock.now_ms())
        return arrival.model_copy(update={"session": BegunSession(**asdict(admitted))})


def _is_address(text: str) -> bool:
    """Say whether a claim is one address, and not something of which a part looks like another one."""
    return len(text) <= _ADDRESS_LENGTH_MAX and _ADDRESS.fullmatch(text) is not None


def _domain(email: str) -> str:
    return email.rpartition("@")[2].lower()
