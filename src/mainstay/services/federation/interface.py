"""Single sign-on: people of a tenant come by its own identity provider (OpenID Connect or SAML 2.0)."""

from mainstay.kernel.admission import AdmissionDisturbed, NotAdmitted
from mainstay.kernel.guard import STRANGER
from mainstay.kernel.interface import Interface, reads, writes
from mainstay.kernel.operating import OperatorNeeded
from mainstay.ports.assertions import (
    AnswerUnreadable,
    AssertionEncrypted,
    MetadataUnreadable,
    SignatureRefused,
)
from mainstay.ports.id_tokens import IdTokenKeyUnknown, IdTokenRefused
from mainstay.services.federation.failures import (
    AttemptEnded,
    ConnectionIncomplete,
    ConnectionMissing,
    ConnectionsTooMany,
    DomainTaken,
    MappingMayTooMuch,
    NobodyMapped,
    ProviderChanged,
    ProviderUnusable,
    SignInRefused,
)
from mainstay.services.federation.records import (
    Arrival,
    Attempt,
    Choice,
    ClaimMapping,
    ClientId,
    ClientSecret,
    Code,
    ConnectionId,
    ConnectionName,
    Domains,
    Email,
    Issuer,
    Kind,
    Metadata,
    MetadataUrl,
    ReturnTo,
    SamlResponse,
    ServiceMetadata,
    SignOnConnection,
    Started,
    TenantId,
    WishedState,
)

__all__ = ["Arrival", "Federation", "Started"]

_TENANT = {"tenant_id": "tenant_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_CONNECTION = {"connection_id": "sso_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_RULES = {"rules": [{"claim": "groups", "value": "staff", "role": "developer"}], "default_role": "user"}
_ATTEMPT = "bm9ib2R5cyBzaWduLWluIHRoYXQgbmV2ZXIgYmVnYW4gYW55d2hlcmU"
_ANSWERS = (
    ConnectionMissing,
    AttemptEnded,
    SignInRefused,
    NobodyMapped,
    NotAdmitted,
    AdmissionDisturbed,
)


class Federation(Interface):
    """Connections to identity providers, and sign-ins by them."""

    @writes(
        "POST /sso/connections",
        may="sso:write",
        status=201,
        fails=(
            ConnectionIncomplete,
            ConnectionsTooMany,
            MappingMayTooMuch,
            MetadataUnreadable,
            ProviderUnusable,
        ),
        example={
            "name": "Harbour's directory",
            "kind": "oidc",
            "issuer": "https://login.example.com/realms/harbour",
            "client_id": "mainstay",
            "client_secret": "shown once by the provider",
            "mapping": _RULES,
        },
    )
    async def create_connection(
        self,
        name: ConnectionName,
        kind: Kind,
        issuer: Issuer | None = None,
        client_id: ClientId | None = None,
        client_secret: ClientSecret | None = None,
        metadata: Metadata | None = None,
        metadata_url: MetadataUrl | None = None,
        mapping: ClaimMapping = ClaimMapping(),
        create_members: bool = False,
        state: WishedState = "test",
    ) -> SignOnConnection:
        """Connect an identity provider to your tenant.

        OpenID Connect needs `issuer` and `client_id`; SAML needs `metadata` or `metadata_url`. The answer has
        what the provider wants to know of this server. A mapping gives at most what you may yourself. With
        `create_members`, whom a rule gives a role becomes a member at the first sign-in.
        """

    @reads("GET /sso/connections", may="sso:read")
    async def list_connections(self) -> list[SignOnConnection]:
        """List your tenant's connections, oldest first."""

    @reads(
        "GET /sso/connections/{connection_id}",
        may="sso:read",
        fails=(ConnectionMissing,),
        example=_CONNECTION,
    )
    async def get_connection(self, connection_id: ConnectionId) -> SignOnConnection:
        """Give a connection of your tenant."""

    @writes(
        "PATCH /sso/connections/{connection_id}",
        may="sso:write",
        fails=(
            ConnectionMissing,
            ConnectionIncomplete,
            MappingMayTooMuch,
            MetadataUnreadable,
            ProviderChanged,
        ),
        example={**_CONNECTION, "state": "active"},
    )
    async def update_connection(
        self,
        connection_id: ConnectionId,
        name: ConnectionName | None = None,
        client_secret: ClientSecret | None = None,
        metadata: Metadata | None = None,
        mapping: ClaimMapping | None = None,
        create_members: bool | None = None,
        state: WishedState | None = None,
    ) -> SignOnConnection:
        """Change a connection, from the next sign-in on; what is left out stays as it is.

        Another provider needs another connection: people are known by who vouched for them.
        """

    @writes(
        "DELETE /sso/connections/{connection_id}",
        may="sso:write",
        fails=(ConnectionMissing,),
        example=_CONNECTION,
    )
    async def delete_connection(self, connection_id: ConnectionId) -> SignOnConnection:
        """Delete a connection. Its members stay; they can no longer come by it."""

    @writes(
        "PUT /tenants/{tenant_id}/sso/connections/{connection_id}/domains",
        may="tenants:write",
        fails=(OperatorNeeded, ConnectionMissing, DomainTaken),
        example={
            "tenant_id": "tenant_01k9z6q7h8e4v5c3x2b1n0m9a8",
            **_CONNECTION,
            "domains": ["harbour.example"],
        },
    )
    async def approve_domains(
        self, tenant_id: TenantId, connection_id: ConnectionId, domains: Domains
    ) -> SignOnConnection:
        """Say in which domains a connection's word about e-mail addresses is taken; for the operator.

        Who gives such an address at the sign-in page is sent to this connection. Check before that the
        domains belong to the tenant: its provider can name anybody in them.
        """

    @reads("GET /auth/sso", may=STRANGER, example={"email": "ada@harbour.example"})
    async def find_connection(self, email: Email) -> list[Choice]:
        """Say by which connection people with an e-mail address sign in, judged by its domain alone."""

    @reads(
        "POST /auth/sso/{connection_id}/start",
        may=STRANGER,
        fails=(ConnectionMissing, ProviderUnusable),
        example=_CONNECTION,
    )
    async def start_sign_in(self, connection_id: ConnectionId, return_to: ReturnTo = "/") -> Started:
        """Begin a sign-in: where the browser goes, and what it keeps until it comes back.

        For programs that show pages of their own; the page `/sso/{connection_id}/start` does it for browsers.
        """

    @writes(
        "POST /auth/sso/{connection_id}/callback",
        may=STRANGER,
        fails=(*_ANSWERS, ProviderUnusable, IdTokenRefused, IdTokenKeyUnknown),
        example={
            **_CONNECTION,
            "attempt": _ATTEMPT,
            "code": "SplxlOBeZQQYbYS6WxSbIA",
            "state": "af0ifjsldkj",
        },
    )
    async def finish_oidc(
        self,
        connection_id: ConnectionId,
        attempt: Attempt,
        code: Code,
        state: Code,
        iss: Code | None = None,
    ) -> Arrival:
        """End a sign-in with the code that an OpenID Connect provider gave, once."""

    @writes(
        "POST /auth/sso/{connection_id}/acs",
        may=STRANGER,
        fails=(*_ANSWERS, AnswerUnreadable, AssertionEncrypted, SignatureRefused),
        example={**_CONNECTION, "attempt": _ATTEMPT, "saml_response": "PHNhbWxwOlJlc3BvbnNlLz4="},
    )
    async def finish_saml(
        self, connection_id: ConnectionId, attempt: Attempt, saml_response: SamlResponse
    ) -> Arrival:
        """End a sign-in with the response of a SAML identity provider, once."""

    @reads(
        "GET /auth/sso/{connection_id}/metadata",
        may=STRANGER,
        fails=(ConnectionMissing,),
        example=_CONNECTION,
    )
    async def get_metadata(self, connection_id: ConnectionId) -> ServiceMetadata:
        """Give this server's metadata for a SAML connection, which its identity provider reads."""
