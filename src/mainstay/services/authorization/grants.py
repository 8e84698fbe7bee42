"""What is granted in somebody's name: codes of one use, and refresh tokens that change at every use.

RFC 6749, 7636 and 9700: a code or refresh token that comes a second time was stolen from somebody, and
nobody can tell from whom, so that everything which came from the same approval is revoked.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlencode

from mainstay.kernel.caller import EVERYTHING, Caller
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.kernel.permissions import Permissions
from mainstay.kernel.recognising import Recognisers
from mainstay.kernel.work import become
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.kit.random import Random
from mainstay.kit.tokens import hashed
from mainstay.services.authorization import handles, redirects, scopes
from mainstay.services.authorization.client_store import ClientRow, FoundClient
from mainstay.services.authorization.clients import CODE, REFRESH, REGISTRANTS
from mainstay.services.authorization.failures import (
    ApprovalMissing,
    ClientRefused,
    GrantRefused,
    GrantReused,
    GrantUnsupported,
    ScopeRefused,
)
from mainstay.services.authorization.grant_store import (
    CodeRow,
    FamilyRow,
    GrantLookup,
    GrantStore,
    RefreshRow,
)
from mainstay.services.authorization.interface import USUAL
from mainstay.services.authorization.issuing import Issuer
from mainstay.services.authorization.records import Approval, Authorized, TokenAnswer
from mainstay.services.authorization.signing import DAY_MS, AuthorizationSettings
from mainstay.services.authorization.store import RevocationStore

CODE_S = 60
CODE_KEPT_S = 24 * 3600
"""How long what has ended is remembered, so that a code that comes again is known as such."""
_REVOKED_FOR = 2  # access tokens' lives: one may be made at the moment of the revocation


@dataclass(frozen=True)
class Wanted:
    """What a client asks somebody for."""

    redirect_uri: str
    challenge: str
    scope: str
    resource: str
    nonce: str = ""
    state: str = ""


class Grants:
    """Approves, redeems, refreshes and revokes."""

    def __init__(
        self,
        store: GrantStore,
        lookup: GrantLookup,
        revocations: RevocationStore,
        issuer: Issuer,
        recognisers: Recognisers,
        permissions: Permissions,
        clock: Clock,
        ids: Ids,
        random: Random,
        settings: AuthorizationSettings,
    ) -> None:
        """Take the parts; `permissions` is all that there is."""
        self._store = store
        self._lookup = lookup
        self._revocations = revocations
        self._issuer = issuer
        self._recognisers = recognisers
        self._permissions = permissions
        self._clock = clock
        self._ids = ids
        self._random = random
        self._settings = settings

    @property
    def lasts_days(self) -> int:
        """Say how long an approval holds."""
        return self._settings.refresh_days

    def check(self, client: ClientRow, wanted: Wanted) -> tuple[str, ...]:
        """Give the scopes that a client asks for; raises what is wrong with its request.

        The redirect address comes first: before it is known to be the client's, nobody is sent there.
        """
        redirects.check_named(wanted.redirect_uri, client.redirect_uris)
        if CODE not in client.grants:
            raise GrantUnsupported("This client may not ask people.")
        wished = scopes.split(wanted.scope)
        scopes.check_known(wished, self._permissions)
        self._issuer.audience(wanted.resource)
        return wished if set(wished) - scopes.SIGNS else (*wished, *USUAL)

    async def approve(self, holder: Caller, client: FoundClient, wanted: Wanted) -> Approval:
        """Give a code for what somebody lets a client do in his name: at most what he may."""
        if client.tenant_id not in {holder.tenant_id, REGISTRANTS}:
            raise ClientRefused("There is no such client in your tenant.")
        wished = self.check(client, wanted)
        granted = [each for each in wished if each in scopes.SIGNS | {EVERYTHING} or holder.may(each)]
        if not set(granted) - scopes.SIGNS:
            raise ScopeRefused("You may do nothing yourself of what the client asks for.")
        secret = handles.new(handles.CODE, self._random)
        await self._store.add_code(
            CodeRow(
                hash=hashed(secret),
                family_id=self._ids.new("family"),
                client_id=client.client_id,
                subject=holder.subject,
                redirect_uri=wanted.redirect_uri,
                challenge=wanted.challenge,
                scope=scopes.joined(granted),
                audience=self._issuer.audience(wanted.resource),
                nonce=wanted.nonce,
                signed_in_ms=holder.signed_in_ms,
                expires_ms=self._clock.now_ms() + CODE_S * 1000,
            )
        )
        told = {"code": secret, "iss": self._issuer.name}
        if wanted.state:
            told["state"] = wanted.state
        mark = "&" if "?" in wanted.redirect_uri else "?"
        return Approval(
            authorization_code=secret,
            redirect_to=f"{wanted.redirect_uri}{mark}{urlencode(told)}",
            expires_in=CODE_S,
        )

    async def redeem(
        self, client: ClientRow, code: str, verifier: str, redirect_uri: str | None, resource: str
    ) -> TokenAnswer:
        """Give the tokens for a code; raises GrantRefused and GrantReused."""
        row = await self._lookup.code(hashed(code))
        now = self._clock.now_ms()
        if row is None or row.client_id != client.client_id:
            raise GrantRefused("The code is unknown, or another client's. Ask for authorization again.")
        if row.used_ms is not None:
            await self._reused(row.tenant_id, row.subject, row.family_id)
        if row.expires_ms <= now:
            raise GrantRefused(f"The code has expired: it works for {CODE_S} s. Ask for authorization again.")
        if redirect_uri not in {None, row.redirect_uri}:
            raise GrantRefused("The redirect address is another than the code was sent to.")
        if not handles.same(_challenge(verifier), row.challenge):
            raise GrantRefused("The code verifier does not fit the code challenge (PKCE, S256).")
        if resource and self._issuer.audience(resource) != row.audience:
            raise GrantRefused("The resource is another than was asked for.")
        holder = await self._holder(row.tenant_id, row.subject, row.expires_ms - CODE_S * 1000)
        if not await self._lookup.of(row.tenant_id).use_code(row, now):
            await self._reused(row.tenant_id, row.subject, row.family_id)
        become(holder)
        family = FamilyRow(
            family_id=row.family_id,
            client_id=row.client_id,
            subject=row.subject,
            scope=row.scope,
            audience=row.audience,
            created_ms=now,
            expires_ms=now + self._settings.refresh_days * DAY_MS,
            signed_in_ms=row.signed_in_ms,
        )
        await self._store.add_family(family)
        return await self._answer(holder, client, family, scopes.split(row.scope), row.nonce)

    async def refresh(self, token: RefreshRow, client: ClientRow, scope: str, resource: str) -> TokenAnswer:
        """Give new tokens for a refresh token, and use it up; raises GrantRefused and GrantReused."""
        family, now = token.family, self._clock.now_ms()
        if family.client_id != client.client_id:
            raise GrantRefused("The refresh token is another client's.")
        if token.used_ms is not None:
            await self._reused(token.tenant_id, family.subject, family.family_id)
        if family.revoked_ms is not None or family.expires_ms <= now:
            raise GrantRefused("What was authorized has ended. Ask for authorization again.")
        granted = scopes.split(family.scope)
        wished = scopes.split(scope) or granted
        scopes.check_within(wished, granted)
        if resource and self._issuer.audience(resource) != family.audience:
            raise GrantRefused("The resource is another than was authorized.")
        holder = await self._holder(token.tenant_id, family.subject, family.created_ms)
        if not await self._lookup.of(token.tenant_id).use_refresh(token.hash, now):
            await self._reused(token.tenant_id, family.subject, family.family_id)
        become(holder)
        return await self._answer(holder, client, family, wished, "")

    async def find(self, secret: str) -> RefreshRow:
        """Give what a refresh token is; raises GrantRefused."""
        row = await self._lookup.refresh(hashed(secret))
        if row is None:
            raise GrantRefused("The refresh token is unknown. Ask for authorization again.")
        return row

    async def revoke_refresh(self, client: ClientRow, secret: str) -> None:
        """Let the family of a client's refresh token work no more; one that is unknown changes nothing."""
        row = await self._lookup.refresh(hashed(secret))
        if row is not None and row.family.client_id == client.client_id:
            await self._revoke(row.family.family_id, self._lookup.of(row.tenant_id))

    async def _revoke(self, family_id: str, store: GrantStore) -> None:
        """Let everything that came from an approval work no more."""
        now = self._clock.now_ms()
        await store.revoke_family(family_id, now)
        until = now + _REVOKED_FOR * self._settings.access_s * 1000
        await self._revocations.revoke(family_id, until)

    async def approvals(self, holder: Caller) -> list[Authorized]:
        """List what somebody has let clients do."""
        now = self._clock.now_ms()
        since_ms = (await self._recognisers.find(holder.tenant_id, holder.subject)).granted_since_ms
        found = await self._lookup.approvals(holder.tenant_id, holder.subject, now)
        return [_authorized(family, name) for family, name in found if family.created_ms >= since_ms]

    async def take_back(self, holder: Caller, family_id: str) -> Authorized:
        """Let what somebody has let a client do work no more; raises ApprovalMissing."""
        now = self._clock.now_ms()
        found = await self._lookup.approval(holder.tenant_id, holder.subject, now, family_id)
        if found is None:
            raise ApprovalMissing("List your authorizations to see what there is.")
        await self._revoke(family_id, self._store)
        return _authorized(*found)

    async def revoke_all(self, subject: str, client_id: str) -> None:
        """Let nothing work any more that somebody of the caller's tenant has let a client do."""
        for family_id in await self._store.families_of(subject, client_id):
            await self._revoke(family_id, self._store)

    async def of_subject(self, subject: str) -> Sequence[FamilyRow]:
        """List what somebody has let clients do."""
        return await self._store.families_of_subject(subject)

    async def erase(self, subject: str) -> None:
        """End and erase what somebody has let clients do; tokens that are about work no more."""
        for family in await self._store.families_of_subject(subject):
            await self._revoke(family.family_id, self._store)
        await self._store.forget_subject(subject)

    async def forget(self, now_ms: int) -> None:
        """Forget what has run out."""
        before_ms = now_ms - CODE_KEPT_S * 1000
        if await self._lookup.run_out(before_ms):
            await self._lookup.forget(before_ms)

    async def _holder(self, tenant_id: str, subject: str, granted_ms: int) -> Caller:
        """Give whose a grant is, if it still counts; raises GrantRefused."""
        try:
            holder = await self._recognisers.find(tenant_id, subject)
        except CredentialsUnknown:
            raise GrantRefused("Who authorized this is not known any more.") from None
        if granted_ms < holder.granted_since_ms:
            raise GrantRefused(
                "What was authorized ended with the password, or with access. Ask for authorization again."
            )
        return holder

    async def _reused(self, tenant_id: str, subject: str, family_id: str) -> NoReturn:
        become(Caller(tenant_id, subject, (), frozenset()))
        await self._revoke(family_id, self._store)
        raise GrantReused(
            "It was used before; all that came from it is revoked. Ask for authorization again."
        )

    async def _answer(
        self, holder: Caller, client: ClientRow, family: FamilyRow, granted: Sequence[str], nonce: str
    ) -> TokenAnswer:
        signed_in_s = None if family.signed_in_ms is None else family.signed_in_ms // 1000
        answer = await self._issuer.access(
            holder, client.client_id, granted, family.audience, family.family_id, signed_in_s
        )
        more: dict[str, str] = {}
        if REFRESH in client.grants:
            secret = more["refresh_token"] = handles.new(handles.REFRESH, self._random)
            await self._store.add_refresh(family, hashed(secret), self._clock.now_ms())
        if scopes.OPENID in granted:
            more["id_token"] = await self._issuer.identity(
                holder, client.client_id, answer, nonce, signed_in_s
            )
        return answer.model_copy(update=more)


def _authorized(family: FamilyRow, client_name: str) -> Authorized:
    return Authorized(
        authorization_id=family.family_id,
        client_id=family.client_id,
        client_name=client_name,
        scopes=list(scopes.split(family.scope)),
        created_ms=family.created_ms,
        expires_ms=family.expires_ms,
    )


def _challenge(verifier: str) -> str:
    """Give the challenge of a verifier (RFC 7636, 4.2)."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
