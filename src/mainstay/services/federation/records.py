"""What goes into the operations on single sign-on, with its limits, and what comes out."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Input, Record

Kind = Literal["oidc", "saml"]
State = Literal["active", "test", "disabled"]
ConnectionId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
ConnectionName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="What stands on the sign-in page's button."),
]
WishedState = Annotated[
    State,
    Field(description="In `test` a sign-in ends with what it would give, and nobody is signed in."),
]
Issuer = Annotated[
    str,
    StringConstraints(
        min_length=8,
        max_length=500,
        pattern=r"^(https://|http://(localhost|127\.0\.0\.1|\[::1\])[:/])[^\s\x7f-\x9f\ufeff?#]*$",
    ),
    Field(description="OpenID Connect: the provider's issuer, exactly as it writes it itself."),
]
ClientId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=256, pattern=r"^[\x21-\x7e]+$"),
    Field(description="OpenID Connect: the name by which the provider knows this server."),
]
ClientSecret = Annotated[
    str,
    StringConstraints(min_length=1, max_length=512, pattern=r"^[\x20-\x7e]+$"),
    Field(description="OpenID Connect: the secret that the provider gave; stored sealed, never shown."),
]
Metadata = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200_000, pattern=r"^[^\x00]+$"),
    Field(description="SAML: the identity provider's metadata document (XML)."),
]
MetadataUrl = Annotated[
    str,
    StringConstraints(min_length=8, max_length=1000, pattern=r"^https?://[^\s\x7f-\x9f\ufeff]+$"),
    Field(description="SAML: where the metadata is, instead of the document itself; read once, now."),
]
ClaimName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
ClaimValue = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_-]*$")]
Group = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.:@/-]+$")]
Domain = Annotated[
    str,
    StringConstraints(
        min_length=3, max_length=253, pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}\.){1,8}[a-z0-9-]{1,62}[a-z0-9]$"
    ),
]
Domains = Annotated[
    list[Domain], Field(max_length=50, description="Domains of e-mail addresses, in small letters.")
]
TenantId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
ReturnTo = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=500, pattern=r"^/(?:[A-Za-z0-9_~.-][A-Za-z0-9_~./%?&=+:@,-]*)?$"
    ),
    Field(description="The path of this server to which the browser goes afterwards."),
]
Email = Annotated[
    str,
    StringConstraints(
        min_length=3,
        max_length=254,
        pattern=r"^[^\s\x00-\x1f\x7f-\x9f\ufeff@]+@[^\s\x00-\x1f\x7f-\x9f\ufeff@]+$",
    ),
]
Attempt = Annotated[
    str,
    StringConstraints(min_length=40, max_length=4000, pattern=r"^[A-Za-z0-9_-]+$"),
    Field(description="What the start of the sign-in gave; it belongs to the browser that began."),
]
Code = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[\x20-\x7e]*$")]
SamlResponse = Annotated[
    str,
    StringConstraints(min_length=1, max_length=400_000, pattern=r"^[A-Za-z0-9+/= \t\r\n]+$"),
    Field(description="The field `SAMLResponse` as the identity provider sent it."),
]


class Rule(Input):
    """Who has a value in a claim gets a role, groups, or both."""

    claim: ClaimName = Field(description="A claim or attribute, as `groups` or `realm_access.roles`.")
    value: ClaimValue = Field(description="The value, letter by letter.")
    role: RoleName | None = None
    groups: list[Group] = Field([], max_length=100)


class ClaimMapping(Input):
    """What the identity provider's claims give."""

    rules: list[Rule] = Field(
        [],
        max_length=100,
        description="The first rule that fits and has a role gives it; all that fit give groups.",
    )
    default_role: RoleName | None = Field(None, description="For whom no rule gives a role; null: no access.")
    email_claim: ClaimName = "email"
    name_claim: ClaimName = "name"


class SignOnConnection(Record):
    """A way for a tenant's people to come by their own identity provider."""

    connection_id: str
    name: str
    kind: Kind
    state: State
    issuer: str = Field(description="The provider: its issuer (OpenID Connect) or entity id (SAML).")
    client_id: str = Field(description="OpenID Connect; empty for SAML.")
    sign_in_url: str = Field(description="SAML: where browsers are sent; empty for OpenID Connect.")
    certificates: list[str] = Field(description="SAML: SHA-256 of each certificate that signs.")
    mapping: ClaimMapping
    create_members: bool
    domains: list[str] = Field(description="Domains that the operator has approved.")
    redirect_uri: str = Field(description="For the provider (OpenID Connect): redirect URI.")
    acs_url: str = Field(description="For the provider (SAML): assertion consumer service, by HTTP POST.")
    entity_id: str = Field(
        description="For the provider (SAML): this server's entity id; its metadata is there."
    )
    created_ms: int
    created_by: str


class Choice(Record):
    """A connection as somebody sees it who wants to sign in."""

    connection_id: str
    name: str


class Started(Record):
    """Where the browser goes now, and what it keeps until it comes back."""

    url: str
    attempt: str
    state: str = Field(description="By which name the provider's answer tells to which sign-in it belongs.")
    expires_ms: int


class ServiceMetadata(Record):
    """This server's own metadata for a SAML connection."""

    xml: str


class BegunSession(Record):
    """A session that has begun."""

    user_id: str
    session_id: str
    secret: str = Field(description="In this answer only; send it as `Authorization: Bearer …`.")
    ends_ms: int


class Arrival(Record):
    """Who came by an identity provider, and what he gets."""

    connection_id: str
    tenant_id: str
    subject: str = Field(description="The provider's own name for the person.")
    email: str = Field(description="Empty if the provider gives none.")
    email_proven: bool = Field(description="Whether its domain is approved for this connection.")
    name: str
    role: str
    groups: list[str]
    session: BegunSession | None = Field(description="Null while the connection is in `test`.")
    return_to: str
