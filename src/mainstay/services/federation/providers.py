"""What OpenID Connect providers publish, read over the network and kept for a while; and codes for tokens."""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.ports.cache import Cache, Limit
from mainstay.ports.fetchers import Fetcher, Page
from mainstay.ports.id_tokens import IdToken, IdTokenKeyUnknown, IdTokens
from mainstay.services.federation.failures import ProviderUnusable
from mainstay.services.federation.oidc import basic

KEPT_S = 3600.0
ASK_AGAIN_S = 60.0
FETCHES_PER_MINUTE = 10
DOCUMENT_BYTES_MAX = 1024 * 1024
KEPT_BYTES_MAX = 32 * DOCUMENT_BYTES_MAX
KEYS_MAX = 50
_WELL_KNOWN = "/.well-known/openid-configuration"
Made = TypeVar("Made")


@dataclass(frozen=True)
class Discovered:
    """What a provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_url: str
    token_url: str
    keys_url: str
    secret_in_body: bool
    names_itself: bool


@dataclass(frozen=True)
class Exchange:
    """A code, and what shows that it is ours."""

    client_id: str
    client_secret: str
    code: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True)
class Given:
    """What a provider gives for a code."""

    id_token: str
    access_token: str


class Providers:
    """Talks to OpenID Connect providers."""

    def __init__(self, fetcher: Fetcher, cache: Cache, id_tokens: IdTokens, clock: Clock) -> None:
        """Take the parts."""
        self._fetcher = fetcher
        self._cache = cache
        self._id_tokens = id_tokens
        self._documents = _Documents(clock)

    async def discover(self, issuer: str) -> Discovered:
        """Read what a provider says of itself; raises ProviderUnusable."""
        told = await self._kept(issuer.rstrip("/") + _WELL_KNOWN)
        if told.get("issuer") != issuer:
            raise ProviderUnusable(
                "The provider calls itself by another issuer; write it as its discovery document does."
            )
        methods = told.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Discovered(
            issuer=issuer,
            authorization_url=_endpoint(told, "authorization_endpoint", issuer),
            token_url=_endpoint(told, "token_endpoint", issuer),
            keys_url=_endpoint(told, "jwks_uri", issuer),
            secret_in_body="client_secret_basic" not in methods and "client_secret_post" in methods,
            names_itself=told.get("authorization_response_iss_parameter_supported") is True,
        )

    async def exchange(self, provider: Discovered, exchange: Exchange) -> Given:
        """Give a code, and take tokens; raises ProviderUnusable."""
        fields = {
            "grant_type": "authorization_code",
            "code": exchange.code,
            "redirect_uri": exchange.redirect_uri,
            "code_verifier": exchange.verifier,
        }
        headers = {"Accept": "application/json"}
        if exchange.client_secret and not provider.secret_in_body:
            headers["Authorization"] = basic(exchange.client_id, exchange.client_secret)
        else:
            fields["client_id"] = exchange.client_id
        if exchange.client_secret and provider.secret_in_body:
            fields["client_secret"] = exchange.client_secret
        try:
            told = _object(await self._fetcher.post(provider.token_url, fields, headers))
        except Failure as failure:
            raise ProviderUnusable(
                f"The identity provider does not accept the code ({failure.detail.rstrip('.')}). "
                "Sign in again; if it stays so, check the connection's client id and secret."
            ) from None
        tokens = told.get("id_token"), told.get("access_token", "")
        if not all(isinstance(each, str) for each in tokens) or not told.get("id_token"):
            raise ProviderUnusable("The identity provider gave no ID token; is the scope `openid` allowed?")
        return Given(str(told["id_token"]), str(told.get("access_token", "")))

    async def verified(self, provider: Discovered, id_token: str) -> IdToken:
        """Verify an ID token's signature; raises IdTokenRefused and ProviderUnusable.

        For a key that is not known the provider is asked again, once a minute at most whoever asks.
        """
        try:
            return self._id_tokens.verify(id_token, _keys(await self._kept(provider.keys_url)))
        except IdTokenKeyUnknown:
            limit = Limit(f"sso:again:{provider.keys_url}", 1, ASK_AGAIN_S)
            if not (await self._cache.take([limit])).allowed:
                raise
        return self._id_tokens.verify(id_token, _keys(await self._fetched(provider.keys_url)))

    async def _kept(self, url: str) -> Mapping[str, Any]:
        kept = self._documents.get(url)
        if kept is None:
            return await self._fetched(url)
        found: dict[str, Any] = json.loads(kept)
        return found

    async def _fetched(self, url: str) -> Mapping[str, Any]:
        """Read a document anew; however many strangers want to sign in, a provider is asked rarely."""
        if not (await self._cache.take([Limit(f"sso:fetch:{url}", FETCHES_PER_MINUTE, 60)])).allowed:
            raise ProviderUnusable(
                "The identity provider was asked often and does not answer. Wait a minute."
            )
        try:
            told = _object(await self._fetcher.fetch(url))
        except Failure as failure:
            raise ProviderUnusable(f"{url}: {failure.detail}") from None
        self._documents.keep(url, json.dumps(told).encode())
        return told


class _Documents:
    """What providers publish, kept in this process alone.

    Who is let in depends on it, so that it is not for a shared cache: whoever can write there would name the
    keys that sign.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0

    def get(self, url: str) -> bytes | None:
        """Give a document that is young enough."""
        content, until_s = self._kept.get(url, (None, 0.0))
        return content if self._clock.monotonic_s() < until_s else None

    def keep(self, url: str, content: bytes) -> None:
        """Keep a document for a while; those that were kept longest ago make room."""
        self._bytes -= len(self._kept.pop(url, (b"", 0.0))[0])
        self._kept[url] = content, self._clock.monotonic_s() + KEPT_S
        self._bytes += len(content)
        while self._bytes > KEPT_BYTES_MAX:
            self._bytes -= len(self._kept.popitem(last=False)[1][0])


def _object(page: Page) -> dict[str, Any]:
    try:
        told = json.loads(page.content) if len(page.content) <= DOCUMENT_BYTES_MAX else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise ProviderUnusable("The identity provider answers with what is no JSON object.")
    return told


def _endpoint(told: Mapping[str, Any], name: str, issuer: str) -> str:
    url = told.get(name)
    scheme = issuer.partition("://")[0]
    if not isinstance(url, str) or not url.startswith(("https://", f"{scheme}://")):
        raise ProviderUnusable(f"The provider's discovery document has no safe `{name}`.")
    return url


def _keys(told: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    keys = told.get("keys")
    if not isinstance(keys, list):
        raise ProviderUnusable("The identity provider publishes no keys.")
    return [key for key in keys[:KEYS_MAX] if isinstance(key, dict)]
