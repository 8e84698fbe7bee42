"""Makes access tokens."""

from collections.abc import Sequence
from typing import Any

from mainstay.kernel.caller import Caller
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.services.authorization import scopes
from mainstay.services.authorization.claims import ACCESS, IDENTITY, Access
from mainstay.services.authorization.failures import ResourceRefused
from mainstay.services.authorization.records import TokenAnswer
from mainstay.services.authorization.signing import AuthorizationSettings, SigningKeys
from mainstay.services.authorization.telling import Telling

DOORS = ("", "/v1", "/api/v1", "/mcp")


def audiences(issuer: str) -> frozenset[str]:
    """Give what tokens can be for: this server, or one of its doors."""
    return frozenset(issuer + door for door in DOORS)


def audience(issuer: str, resource: str) -> str:
    """Give the audience of a wished resource; raises ResourceRefused."""
    wished = resource.rstrip("/") or issuer
    if wished not in audiences(issuer):
        raise ResourceRefused(
            f"This server makes tokens for {issuer} and the doors below it. Is MAINSTAY_PUBLIC_URL right?"
        )
    return wished


class Issuer:
    """Makes tokens for callers."""

    def __init__(
        self, keys: SigningKeys, telling: Telling, clock: Clock, ids: Ids, settings: AuthorizationSettings
    ) -> None:
        """Take the parts."""
        self._keys = keys
        self._telling = telling
        self._clock = clock
        self._ids = ids
        self._settings = settings

    @property
    def name(self) -> str:
        """Give the name under which tokens are made."""
        return self._keys.issuer

    def audience(self, resource: str) -> str:
        """Give the audience of a wished resource; raises ResourceRefused."""
        return audience(self._keys.issuer, resource)

    async def access(
        self,
        holder: Caller,
        client_id: str,
        granted: Sequence[str],
        audience_: str,
        family_id: str = "",
        authenticated_s: int | None = None,
    ) -> TokenAnswer:
        """Make an access token."""
        now_s = self._clock.now_ms() // 1000
        access = Access(
            subject=holder.subject,
            tenant_id=holder.tenant_id,
            client_id=client_id,
            audience=audience_,
            scopes=tuple(granted),
            token_id=self._ids.new("token"),
            family_id=family_id,
            issued_s=now_s,
            expires_s=now_s + self._settings.access_s,
            roles=holder.roles,
            authenticated_s=authenticated_s,
        )
        token = (await self._keys.active()).sign(ACCESS, access.claims(self._keys.issuer))
        return TokenAnswer(
            access_token=token, expires_in=self._settings.access_s, scope=scopes.joined(granted)
        )

    async def identity(
        self,
        holder: Caller,
        client_id: str,
        answer: TokenAnswer,
        nonce: str = "",
        authenticated_s: int | None = None,
    ) -> str:
        """Make the ID token that goes with an access token (OpenID Connect Core, 2)."""
        now_s, key = self._clock.now_ms() // 1000, await self._keys.active()
        claims: dict[str, Any] = {
            "iss": self._keys.issuer,
            "sub": holder.subject,
            "aud": client_id,
            "tenant": holder.tenant_id,
            "iat": now_s,
            "exp": now_s + self._settings.access_s,
            "at_hash": key.half_hash(answer.access_token),
            **await self._telling.about(holder, scopes.split(answer.scope)),
        }
        if nonce:
            claims["nonce"] = nonce
        if authenticated_s is not None:
            claims["auth_time"] = authenticated_s
        return key.sign(IDENTITY, claims)
