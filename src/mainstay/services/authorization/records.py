"""What goes into the operations on clients, keys and tokens, with its limits, and what comes out."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Record

OVERLAP_S_MAX = 30 * 24 * 3600
OVERLAP_S = 24 * 3600
Grant = Literal["client_credentials", "authorization_code", "refresh_token"]

ClientName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$"),
    Field(description="For people: which program it is; shown to those who are asked for consent."),
]
ClientId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
Secret = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$"),
    Field(description="The client's secret; public clients have none."),
]
Role = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_-]*$"),
    Field(description="What the client itself may do, as a service account; `GET /roles` lists the roles."),
]
Permission = Annotated[
    str, StringConstraints(min_length=3, max_length=64, pattern=r"^[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*$")
]
Permissions = Annotated[
    list[Permission],
    Field(min_length=1, max_length=200, description="What the client itself may do, instead of a role."),
]
Group = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.:@/-]+$")]
Groups = Annotated[
    list[Group], Field(max_length=100, description="Groups of document permissions of the client itself.")
]
Uri = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]
Redirects = Annotated[
    list[Uri], Field(max_length=20, description="Where people may be sent back to, letter by letter.")
]
Grants = Annotated[
    list[Grant], Field(min_length=1, max_length=3, description="How the client may ask for tokens.")
]
Overlap = Annotated[
    int, Field(ge=0, le=OVERLAP_S_MAX, description="For how many seconds the secret before goes on working.")
]
Scope = Annotated[
    str,
    StringConstraints(max_length=2000, pattern=r"^[\x20-\x7e]*$"),
    Field(description="Scopes with spaces between; empty: what is usual."),
]
AuthorizationId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w-]+$")]
Resource = Annotated[
    str,
    StringConstraints(max_length=500, pattern=r"^[\x21-\x7e]*$"),
    Field(description="What the token is for (RFC 8707): this server's address, or a door's; empty: all."),
]
Challenge = Annotated[
    str,
    StringConstraints(min_length=43, max_length=43, pattern=r"^[A-Za-z0-9_-]{43}$"),
    Field(description="The SHA-256 of the code verifier, in base64url (RFC 7636)."),
]
Verifier = Annotated[
    str, StringConstraints(min_length=43, max_length=128, pattern=r"^[A-Za-z0-9._~-]{43,128}$")
]
Method = Annotated[Literal["S256"], Field(description="How the challenge was made; `plain` is refused.")]
Echo = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[\x20-\x7e]*$")]
Names = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w:-]+$")]],
    Field(max_length=10),
]
Token = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[\x21-\x7e]+$")]


class Client(Record):
    """A program that asks for tokens, without its secret."""

    client_id: str
    name: str
    confidential: bool = Field(
        description="Whether it has a secret; programs on people's machines have none."
    )
    role: str | None = Field(description="What it may do itself, as a service account.")
    scopes: list[str] | None = Field(description="The same as single permissions; null: a role, or nothing.")
    groups: list[str]
    redirect_uris: list[str]
    grants: list[Grant]
    created_ms: int
    created_by: str
    start: str = Field(description="The first characters of the secret, to tell secrets apart.")
    rotated_ms: int | None = None
    overlap_until_ms: int | None = Field(
        None, description="Until when the secret before goes on working; null: it does not."
    )


class NewClient(Client):
    """A client whose secret was just made; it is shown this once and stored as a hash only."""

    client_secret: str | None = Field(description="Null for public clients.")


class AuthorizationRequest(Record):
    """What a client asks for, as those who shall approve it are told."""

    client_id: str
    client_name: str
    registered: bool = Field(description="Whether it registered by itself: nobody here vouches for its name.")
    redirect_uri: str
    scopes: list[str]
    lasts_days: int = Field(description="How long it holds, unless it is taken back before.")


class Approval(Record):
    """That a client may do something in somebody's name; the code is used once, within a minute."""

    authorization_code: str
    redirect_to: str = Field(description="Where to send the browser: the client's address, with the code.")
    expires_in: int


class Authorized(Record):
    """What you have let a client do, at one time."""

    authorization_id: str
    client_id: str
    client_name: str
    scopes: list[str]
    created_ms: int
    expires_ms: int = Field(description="When it ends at the latest.")


class Registration(Record):
    """A client that has registered by itself (RFC 7591, 3.2.1)."""

    client_id: str
    client_id_issued_at: int
    client_name: str
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    token_endpoint_auth_method: Literal["none"] = "none"  # noqa: S105 - a method, not a secret
    scope: str


def _is_none(value: object) -> bool:
    return value is None


class UserInfo(Record):
    """Who somebody is, as clients are told (OpenID Connect Core, 5.3)."""

    sub: str
    tenant: str
    roles: list[str]
    name: str | None = Field(None, description="With the scope `profile`.", exclude_if=_is_none)
    email: str | None = Field(None, description="With the scope `email`.", exclude_if=_is_none)
    email_verified: bool | None = Field(
        None, description="Whether a mail there was answered; with the scope `email`.", exclude_if=_is_none
    )


class LoggedOut(Record):
    """That a client's tokens of somebody work no more."""

    subject: str = Field(description="Whose: what the ID token says.")
    redirect_to: str | None = Field(description="Where to send the browser; null: stay.")


class TokenAnswer(Record):
    """Tokens, as RFC 6749 (5.1) wants them."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a type, not a secret
    expires_in: int
    scope: str
    refresh_token: str | None = None
    id_token: str | None = None


class Introspection(Record):
    """What is known of a token (RFC 7662); of one that does not work, nothing but that."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    sub: str | None = None
    aud: str | None = None
    iss: str | None = None
    exp: int | None = None
    iat: int | None = None
    jti: str | None = None
    tenant: str | None = None
    token_type: str | None = None


class Revoked(Record):
    """That a token does not work, whether or not it ever did."""

    revoked: Literal[True] = True


class KeySet(Record):
    """The public halves of the keys that sign tokens (RFC 7517)."""

    keys: list[dict[str, Any]]


class SigningKey(Record):
    """A key that signs tokens, signed them, or will."""

    key_id: str
    algorithm: str
    state: Literal["next", "active", "retired"]
    created_ms: int
    active_ms: int | None = Field(description="Since when it signs.")
    retired_ms: int | None = Field(description="Since when it signs no more.")
