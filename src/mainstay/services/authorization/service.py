"""Looks after clients and signing keys, gives tokens, and recognises who comes with one."""

from urllib.parse import urlencode

from mainstay.kernel.caller import Caller, Credential
from mainstay.kernel.operating import needs_operator
from mainstay.kernel.permissions import Permissions
from mainstay.kernel.work import become, caller, note_target
from mainstay.kit.clock import Clock
from mainstay.ports.tokens import TokenInvalid
from mainstay.services.authorization import bearers, redirects, scopes
from mainstay.services.authorization.bearers import Bearers
from mainstay.services.authorization.claims import IDENTITY, LEEWAY_S, Access
from mainstay.services.authorization.clients import OWN, REGISTRANTS, Clients, Wish
from mainstay.services.authorization.failures import (
    ClientRefused,
    GrantRefused,
    GrantUnsupported,
    TokenCannotApprove,
)
from mainstay.services.authorization.grants import Grants, Wanted
from mainstay.services.authorization.interface import Authorization
from mainstay.services.authorization.issuing import Issuer
from mainstay.services.authorization.key_store import SigningKeyRow
from mainstay.services.authorization.records import (
    OVERLAP_S,
    Approval,
    AuthorizationRequest,
    Authorized,
    Client,
    Grant,
    Introspection,
    KeySet,
    LoggedOut,
    NewClient,
    Registration,
    Revoked,
    SigningKey,
    TokenAnswer,
    UserInfo,
)
from mainstay.services.authorization.registration import Registrar
from mainstay.services.authorization.signing import SigningKeys
from mainstay.services.authorization.store import RevocationStore
from mainstay.services.authorization.telling import Telling

ROUND_S = 60.0


class AuthorizationService(Authorization):
    """The authorization service; it recognises access tokens for the guard, and finds service accounts."""

    round_s = ROUND_S

    def __init__(
        self,
        clients: Clients,
        keys: SigningKeys,
        issuer: Issuer,
        grants: Grants,
        registrar: Registrar,
        holders: Bearers,
        telling: Telling,
        revocations: RevocationStore,
        permissions: Permissions,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._clients = clients
        self._keys = keys
        self._issuer = issuer
        self._grants = grants
        self._registrar = registrar
        self._bearers = holders
        self._telling = telling
        self._revocations = revocations
        self._permissions = permissions
        self._clock = clock

    def takes(self, secret: str) -> bool:
        """Say whether a secret is a signed token."""
        return bearers.is_token(secret)

    async def recognise(self, credential: Credential) -> Caller:
        """Give the caller behind an access token; raises CredentialsUnknown and TenantSuspended."""
        return await self._bearers.caller(credential.secret)

    async def find(self, tenant_id: str, subject: str) -> Caller | None:
        """Give the caller that a client is by itself now."""
        return await self._clients.account(tenant_id, subject)

    async def at_start(self) -> None:
        """Make the first signing keys."""
        await self._keys.begin()

    async def go_round(self) -> None:
        """Turn the signing keys when it is time, and forget what has run out."""
        await self._keys.tend()
        now = self._clock.now_ms()
        await self._grants.forget(now)
        await self._clients.forget(now)
        if await self._revocations.run_out(now):
            await self._revocations.forget(now)

    async def create_client(
        self,
        name: str,
        confidential: bool = True,
        role: str | None = None,
        scopes: list[str] | None = None,
        groups: list[str] | None = None,
        redirect_uris: list[str] | None = None,
        grants: list[Grant] | None = None,
    ) -> NewClient:
        """Make a client of the caller's tenant."""
        wish = Wish(name, confidential, role, scopes, groups or (), redirect_uris or (), grants)
        made = await self._clients.make(caller(), wish)
        note_target(made.client_id)
        return made

    async def list_clients(self) -> list[Client]:
        """List the clients of the caller's tenant."""
        return await self._clients.all()

    async def get_client(self, client_id: str) -> Client:
        """Give a client of the caller's tenant."""
        note_target(client_id)
        return await self._clients.find(client_id)

    async def update_client(
        self,
        client_id: str,
        name: str | None = None,
        redirect_uris: list[str] | None = None,
        groups: list[str] | None = None,
    ) -> Client:
        """Change a client of the caller's tenant."""
        note_target(client_id)
        return await self._clients.change(caller(), client_id, name, redirect_uris, groups)

    async def rotate_client(self, client_id: str, overlap_s: int = OVERLAP_S) -> NewClient:
        """Give a client of the caller's tenant another secret."""
        note_target(client_id)
        return await self._clients.rotate(caller(), client_id, overlap_s)

    async def delete_client(self, client_id: str) -> Client:
        """Delete a client of the caller's tenant."""
        note_target(client_id)
        return await self._clients.delete(client_id)

    async def grant_token(
        self, client_id: str, client_secret: str, scope: str = "", resource: str = ""
    ) -> TokenAnswer:
        """Give a client a token of its own."""
        client = await self._clients.proven(client_id, client_secret)
        note_target(client.client_id)
        account = await self._clients.account(client.tenant_id, client.client_id)
        if account is None:
            raise GrantUnsupported(f"This client has not the grant `{OWN}`: give it a role or scopes.")
        become(account)
        wished = scopes.split(scope) or tuple(sorted(account.permissions))
        scopes.check_known(wished, self._permissions)
        scopes.check_within(wished, account.permissions)
        return await self._issuer.access(account, client_id, wished, self._issuer.audience(resource))

    async def check_authorization(
        self, client_id: str, redirect_uri: str, scope: str = "", resource: str = ""
    ) -> AuthorizationRequest:
        """Check what a client asks for."""
        client = await self._clients.named(client_id)
        wanted = Wanted(redirect_uri, "", scope, resource)
        return AuthorizationRequest(
            client_id=client.client_id,
            client_name=client.name,
            registered=client.tenant_id == REGISTRANTS,
            redirect_uri=redirect_uri,
            scopes=list(self._grants.check(client, wanted)),
            lasts_days=self._grants.lasts_days,
        )

    async def approve_authorization(
        self,
        client_id: str,
        redirect_uri: str,
        code_challenge: str,
        code_challenge_method: str,
        scope: str = "",
        resource: str = "",
        nonce: str = "",
        state: str = "",
    ) -> Approval:
        """Let a client act in the caller's name."""
        note_target(client_id)
        me = _decider()
        client = await self._clients.named(client_id)
        wanted = Wanted(redirect_uri, code_challenge, scope, resource, nonce, state)
        approval = await self._grants.approve(me, client, wanted)
        await self._clients.keep(client)
        return approval

    async def list_authorizations(self) -> list[Authorized]:
        """List what the caller has let clients do."""
        return await self._grants.approvals(_decider())

    async def revoke_authorization(self, authorization_id: str) -> Authorized:
        """Take back what the caller has let a client do."""
        note_target(authorization_id)
        return await self._grants.take_back(_decider(), authorization_id)

    async def register_client(
        self,
        redirect_uris: list[str],
        client_name: str = "An app that gave no name",
        grant_types: list[str] | None = None,
        response_types: list[str] | None = None,
        scope: str = "",
    ) -> Registration:
        """Let a client register by itself."""
        made = await self._registrar.register(
            caller(), client_name, redirect_uris, grant_types, response_types, scope
        )
        note_target(made.client_id)
        return made

    async def redeem_code(
        self,
        client_id: str,
        code: str,
        code_verifier: str,
        redirect_uri: str | None = None,
        client_secret: str | None = None,
        resource: str = "",
    ) -> TokenAnswer:
        """Give a client the tokens for a code."""
        client = await self._clients.proven(client_id, client_secret)
        note_target(client.client_id)
        return await self._grants.redeem(client, code, code_verifier, redirect_uri, resource)

    async def refresh_token(
        self,
        refresh_token: str,
        client_id: str | None = None,
        client_secret: str | None = None,
        scope: str = "",
        resource: str = "",
    ) -> TokenAnswer:
        """Give new tokens for a refresh token."""
        token = await self._grants.find(refresh_token)
        client = await self._clients.proven(client_id or token.family.client_id, client_secret)
        note_target(token.family.family_id)
        return await self._grants.refresh(token, client, scope, resource)

    async def end_session(
        self, id_token_hint: str, post_logout_redirect_uri: str | None = None, state: str = ""
    ) -> LoggedOut:
        """Let a client's tokens of somebody work no more."""
        tenant_id, subject, client_id = await self._hinted(id_token_hint)
        note_target(subject)
        back = None
        if post_logout_redirect_uri is not None:
            client = await self._clients.named(client_id)
            redirects.check_named(post_logout_redirect_uri, client.redirect_uris)
            mark = "&" if "?" in post_logout_redirect_uri else "?"
            back = post_logout_redirect_uri + (f"{mark}{urlencode({'state': state})}" if state else "")
        become(Caller(tenant_id, subject, (), frozenset()))
        await self._grants.revoke_all(subject, client_id)
        return LoggedOut(subject=subject, redirect_to=back)

    async def get_userinfo(self) -> UserInfo:
        """Tell who the caller is."""
        me = caller()
        told = await self._telling.about(me, await self._bearers.scopes(me.secret))
        return UserInfo(sub=me.subject, tenant=me.tenant_id, roles=list(me.roles), **told)

    async def revoke_token(self, token: str, client_id: str, client_secret: str | None = None) -> Revoked:
        """Let a token work no more."""
        client = await self._clients.proven(client_id, client_secret)
        if not bearers.is_token(token):
            await self._grants.revoke_refresh(client, token)
            return Revoked()
        access = await self._bearers.working(token)
        if access is not None and access.client_id == client.client_id:
            note_target(access.token_id)
            await self._revocations.revoke(access.token_id, (access.expires_s + LEEWAY_S) * 1000)
        return Revoked()

    async def introspect_token(self, token: str, client_id: str, client_secret: str) -> Introspection:
        """Tell a client what a token of its tenant says."""
        client = await self._clients.proven(client_id, client_secret)
        if client.hash is None:
            raise ClientRefused("Only clients with a secret may ask.")
        return await self._told(token, client.tenant_id)

    async def inspect_token(self, token: str) -> Introspection:
        """Tell what a token of the caller's tenant says."""
        return await self._told(token, caller().tenant_id)

    async def get_keys(self) -> KeySet:
        """Give the public keys."""
        rows = await self._keys.all()
        return KeySet(keys=[_published(row) for row in rows])

    async def list_signing_keys(self) -> list[SigningKey]:
        """List the signing keys."""
        needs_operator()
        return await self._shown_keys()

    async def rotate_signing_keys(self, at_once: bool = False, discard: bool = False) -> list[SigningKey]:
        """Let the next key sign."""
        needs_operator()
        await self._keys.turn(at_once=at_once, discard=discard)
        return await self._shown_keys()

    async def _shown_keys(self) -> list[SigningKey]:
        return [
            SigningKey(
                key_id=row.key_id,
                algorithm=row.algorithm,
                state=row.state,
                created_ms=row.created_ms,
                active_ms=row.active_ms,
                retired_ms=row.retired_ms,
            )
            for row in await self._keys.all()
        ]

    async def _hinted(self, id_token: str) -> tuple[str, str, str]:
        """Give the tenant, subject and client of an ID token, which may have ended; raises GrantRefused."""
        try:
            _, said = await self._keys.verify(id_token, IDENTITY)
        except TokenInvalid:
            said = {}
        found = [said.get(name) for name in ("iss", "tenant", "sub", "aud")]
        issuer, tenant_id, subject, client_id = (str(each) for each in found)
        if issuer != self._keys.issuer:
            raise GrantRefused("The ID token was not made here.")
        return tenant_id, subject, client_id

    async def _told(self, token: str, tenant_id: str) -> Introspection:
        access = await self._bearers.working(token)
        if access is None or access.tenant_id != tenant_id or not await self._bearers.holds(access):
            return Introspection(active=False)
        return _introspected(access, self._keys.issuer)


def _introspected(access: Access, issuer: str) -> Introspection:
    return Introspection(
        active=True,
        scope=" ".join(access.scopes),
        client_id=access.client_id,
        sub=access.subject,
        aud=access.audience,
        iss=issuer,
        exp=access.expires_s,
        iat=access.issued_s,
        jti=access.token_id,
        tenant=access.tenant_id,
        token_type="Bearer",  # noqa: S106 - a type, not a secret
    )


def _published(row: SigningKeyRow) -> dict[str, str]:
    return {**row.public, "kid": row.key_id, "alg": row.algorithm, "use": "sig"}


def _decider() -> Caller:
    """Give the caller, who decides what clients may do in his name; raises TokenCannotApprove."""
    me = caller()
    if bearers.is_token(me.secret):
        raise TokenCannotApprove("Sign in, or use an API key.")
    return me
