"""Tokens for programs and for those in whose name programs ask: OAuth 2.1 and OpenID Connect."""

from mainstay.kernel.guard import ANYBODY, STRANGER, TenantSuspended
from mainstay.kernel.interface import Interface, reads, writes
from mainstay.kernel.operating import OperatorNeeded
from mainstay.services.authorization.failures import (
    ApprovalMissing,
    ClientChanged,
    ClientMayTooMuch,
    ClientMissing,
    ClientRefused,
    ClientsTooMany,
    ClientUnclear,
    GrantRefused,
    GrantReused,
    GrantUnsupported,
    MetadataRefused,
    RedirectRefused,
    RegistrationClosed,
    RegistrationsTooMany,
    ResourceRefused,
    ScopeRefused,
    SigningKeysChanged,
    SigningKeysMissing,
    SigningKeyTooNew,
    TokenCannotApprove,
)
from mainstay.services.authorization.records import (
    OVERLAP_S,
    Approval,
    AuthorizationId,
    AuthorizationRequest,
    Authorized,
    Challenge,
    Client,
    ClientId,
    ClientName,
    Echo,
    Grants,
    Groups,
    Introspection,
    KeySet,
    LoggedOut,
    Method,
    Names,
    NewClient,
    Overlap,
    Permissions,
    Redirects,
    Registration,
    Resource,
    Revoked,
    Role,
    Scope,
    Secret,
    SigningKey,
    Token,
    TokenAnswer,
    Uri,
    UserInfo,
    Verifier,
)

USUAL = ("collections:read", "documents:read", "feedback:write", "jobs:read")
"""The scopes of an app that names none: to search, to ask and to read."""
_CLIENT = {"client_id": "client_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_PROOF = {**_CLIENT, "client_secret": "mcs_the-secret-that-was-shown-once"}
_REQUEST = {**_CLIENT, "redirect_uri": "https://app.example.com/back"}
_CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
_ASKING = (ClientRefused, RedirectRefused, GrantUnsupported, ScopeRefused, ResourceRefused)


__all__ = ["Authorization", "Authorized"]


class Authorization(Interface):
    """Clients, the tokens they are given, and the keys that sign these."""

    @writes(
        "POST /oauth/clients",
        may="clients:write",
        status=201,
        fails=(ClientUnclear, RedirectRefused, ScopeRefused, ClientMayTooMuch, ClientsTooMany),
        example={"name": "Nightly import", "role": "developer"},
    )
    async def create_client(
        self,
        name: ClientName,
        confidential: bool = True,
        role: Role | None = None,
        scopes: Permissions | None = None,
        groups: Groups | None = None,
        redirect_uris: Redirects | None = None,
        grants: Grants | None = None,
    ) -> NewClient:
        """Make a client of your tenant: a program that asks for tokens.

        With a `role` or `scopes` it is a service account, which has tokens of its own; with `redirect_uris`
        it asks people for theirs. The secret is in this answer only; a client on people's machines has none
        (`confidential` false).
        """

    @reads("GET /oauth/clients", may="clients:read")
    async def list_clients(self) -> list[Client]:
        """List your tenant's clients, oldest first, without their secrets."""

    @reads("GET /oauth/clients/{client_id}", may="clients:read", fails=(ClientMissing,), example=_CLIENT)
    async def get_client(self, client_id: ClientId) -> Client:
        """Give a client of your tenant, without its secret."""

    @writes(
        "PATCH /oauth/clients/{client_id}",
        may="clients:write",
        fails=(ClientMissing, ClientUnclear, RedirectRefused, ClientMayTooMuch, ClientChanged),
        example={**_CLIENT, "name": "Nightly import"},
    )
    async def update_client(
        self,
        client_id: ClientId,
        name: ClientName | None = None,
        redirect_uris: Redirects | None = None,
        groups: Groups | None = None,
    ) -> Client:
        """Change a client's name, redirect addresses or groups; what is left out stays as it is."""

    @writes(
        "POST /oauth/clients/{client_id}/rotate",
        may="clients:write",
        fails=(ClientMissing, ClientUnclear, ClientMayTooMuch, ClientChanged),
        example={**_CLIENT, "overlap_s": 3600},
    )
    async def rotate_client(self, client_id: ClientId, overlap_s: Overlap = OVERLAP_S) -> NewClient:
        """Give a client a new secret; the one before goes on working for the overlap, a day if not said."""

    @writes("DELETE /oauth/clients/{client_id}", may="clients:write", fails=(ClientMissing,), example=_CLIENT)
    async def delete_client(self, client_id: ClientId) -> Client:
        """Delete a client; its tokens are refused from the next request on."""

    @writes(
        "POST /oauth/tokens",
        may=STRANGER,
        fails=(ClientRefused, GrantUnsupported, ScopeRefused, ResourceRefused, SigningKeysMissing),
        example={**_PROOF, "scope": "documents:read"},
    )
    async def grant_token(
        self, client_id: ClientId, client_secret: Secret, scope: Scope = "", resource: Resource = ""
    ) -> TokenAnswer:
        """Give a client a token of its own (RFC 6749, 4.4); without a `scope`, for all that it may.

        Standard clients ask at `/v1/auth/token` with `grant_type=client_credentials`.
        """

    @reads("POST /oauth/authorizations/check", may=STRANGER, fails=_ASKING, example=_REQUEST)
    async def check_authorization(
        self, client_id: ClientId, redirect_uri: Uri, scope: Scope = "", resource: Resource = ""
    ) -> AuthorizationRequest:
        """Check what a client asks for, before anybody is asked to approve it or sent anywhere.

        Browsers come to `/v1/auth/authorize`.
        """

    @writes(
        "POST /auth/authorizations",
        may=ANYBODY,
        fails=(*_ASKING, TokenCannotApprove),
        example={**_REQUEST, "code_challenge": _CHALLENGE, "code_challenge_method": "S256"},
    )
    async def approve_authorization(
        self,
        client_id: ClientId,
        redirect_uri: Uri,
        code_challenge: Challenge,
        code_challenge_method: Method,
        scope: Scope = "",
        resource: Resource = "",
        nonce: Echo = "",
        state: Echo = "",
    ) -> Approval:
        """Let a client act in your name, within its scopes and what you may; it gets a code for its tokens.

        Without a `scope` it may search, ask and read. Tokens cannot approve: they would grow by it.
        """

    @reads("GET /auth/authorizations", may=ANYBODY, fails=(TokenCannotApprove,))
    async def list_authorizations(self) -> list[Authorized]:
        """List what you have let clients do and have not taken back, newest first, at most 500.

        Each time that you let a client act is one.
        """

    @writes(
        "DELETE /auth/authorizations/{authorization_id}",
        may=ANYBODY,
        fails=(ApprovalMissing, TokenCannotApprove),
        example={"authorization_id": "family_01k9z6q7h8e4v5c3x2b1n0m9a8"},
    )
    async def revoke_authorization(self, authorization_id: AuthorizationId) -> Authorized:
        """Take back what you have let a client do; its tokens are refused from the next request on."""

    @writes(
        "POST /oauth/tokens/code",
        may=STRANGER,
        fails=(ClientRefused, GrantRefused, GrantReused, ResourceRefused, TenantSuspended),
        example={**_CLIENT, "code": "mac_the-code", "code_verifier": _CHALLENGE},
    )
    async def redeem_code(
        self,
        client_id: ClientId,
        code: Secret,
        code_verifier: Verifier,
        redirect_uri: Uri | None = None,
        client_secret: Secret | None = None,
        resource: Resource = "",
    ) -> TokenAnswer:
        """Give a client the tokens for a code, once; a second time revokes what the first gave.

        Standard clients ask at `/v1/auth/token` with `grant_type=authorization_code`.
        """

    @writes(
        "POST /oauth/tokens/refresh",
        may=STRANGER,
        fails=(ClientRefused, GrantRefused, GrantReused, ScopeRefused, ResourceRefused, TenantSuspended),
        example={"refresh_token": "mrt_the-refresh-token"},
    )
    async def refresh_token(
        self,
        refresh_token: Secret,
        client_id: ClientId | None = None,
        client_secret: Secret | None = None,
        scope: Scope = "",
        resource: Resource = "",
    ) -> TokenAnswer:
        """Give new tokens for a refresh token, which is used up by it.

        One that comes a second time was stolen from somebody: all tokens of its family are revoked. Standard
        clients ask at `/v1/auth/token` with `grant_type=refresh_token`, or at `/v1/auth/refresh`.
        """

    @writes(
        "POST /oauth/logout",
        may=STRANGER,
        fails=(GrantRefused, RedirectRefused),
        example={"id_token_hint": "eyJ.of.somebody"},
    )
    async def end_session(
        self, id_token_hint: Token, post_logout_redirect_uri: Uri | None = None, state: Echo = ""
    ) -> LoggedOut:
        """Let a client's tokens of somebody work no more, when he logs out there (RP-initiated logout).

        The ID token, which may have ended, says whose and which client's. Browsers come to `/v1/auth/logout`.
        """

    @reads("GET /auth/userinfo", may=ANYBODY)
    async def get_userinfo(self) -> UserInfo:
        """Tell a client in whose name it asks (OpenID Connect)."""

    @writes(
        "POST /oauth/registrations",
        may=STRANGER,
        status=201,
        fails=(RegistrationClosed, RegistrationsTooMany, RedirectRefused, MetadataRefused, ScopeRefused),
        example={"redirect_uris": ["http://127.0.0.1/back"], "client_name": "Assistant"},
    )
    async def register_client(
        self,
        redirect_uris: Redirects,
        client_name: ClientName = "An app that gave no name",
        grant_types: Names | None = None,
        response_types: Names | None = None,
        scope: Scope = "",
    ) -> Registration:
        """Register a client that nobody here has made, as MCP clients do (RFC 7591), if the operator lets it.

        It has no secret and no rights of its own, and is forgotten after a day unless somebody lets it act in
        his name. Standard clients register at `/v1/auth/register`.
        """

    @writes(
        "POST /oauth/tokens/revoke", may=STRANGER, fails=(ClientRefused,), example={**_PROOF, "token": "eyJ"}
    )
    async def revoke_token(
        self, token: Token, client_id: ClientId, client_secret: Secret | None = None
    ) -> Revoked:
        """Let a token work no more (RFC 7009); of a token that is unknown, the answer is the same.

        Standard clients ask at `/v1/auth/revoke`.
        """

    @reads(
        "POST /oauth/tokens/introspect",
        may=STRANGER,
        fails=(ClientRefused,),
        example={**_PROOF, "token": "eyJ"},
    )
    async def introspect_token(
        self, token: Token, client_id: ClientId, client_secret: Secret
    ) -> Introspection:
        """Tell a client what a token of its own tenant says, if it works (RFC 7662).

        Standard clients ask at `/v1/auth/introspect`.
        """

    @reads("POST /oauth/tokens/inspect", may="tokens:read", example={"token": "eyJ"})
    async def inspect_token(self, token: Token) -> Introspection:
        """Tell what a token of your tenant says, if it works."""

    @reads("GET /oauth/keys", may=STRANGER)
    async def get_keys(self) -> KeySet:
        """Give the public keys that check tokens (RFC 7517); the same as at `/.well-known/jwks.json`."""

    @reads("GET /oauth/signing-keys", may="signing-keys:read", fails=(OperatorNeeded,))
    async def list_signing_keys(self) -> list[SigningKey]:
        """List the keys that sign tokens, in the order of their turns; for the operator's administrators."""

    @writes(
        "POST /oauth/signing-keys/rotate",
        may="signing-keys:write",
        fails=(OperatorNeeded, SigningKeyTooNew, SigningKeysChanged),
        example={},
    )
    async def rotate_signing_keys(self, at_once: bool = False, discard: bool = False) -> list[SigningKey]:
        """Let the next key sign; for the operator's administrators. It happens by itself too, by a schedule.

        The key before goes on checking what it has signed. If it has leaked, `discard` it: every token that
        it has signed is refused from the next request on. `at_once` does not wait until the next key is
        known to all who keep the set of keys for a while.
        """
