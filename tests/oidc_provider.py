"""An OpenID Connect provider for tests: answers in place of the network, and lies where it is told to."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from joserfc import jwk, jws

from mainstay.ports.fetchers import Page, PageMissing, PageUnavailable
from makers import Client

ISSUER = "https://login.example/realms/harbour"
CLIENT = "mainstay"
SECRET = "s3cret/with: signs %"


@cache
def key_named(name: str) -> jwk.RSAKey:
    """Make a key, the same one for a name."""
    return jwk.RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"})


def in_base64(content: bytes) -> str:
    """Write bytes as tokens have them."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


async def connected(by: Client) -> Any:
    """Connect a provider to a tenant, whose house has it as its network."""
    wish = {"name": "Directory", "kind": "oidc", "issuer": ISSUER, "client_id": CLIENT}
    return await by.call("federation.create_connection", **wish, client_secret=SECRET)


@dataclass
class OidcProvider:
    """Who is asked instead of the network; `says` changes its tokens, `documents` what it publishes."""

    now_ms: int
    issuer: str = ISSUER
    key: str = "first"
    published: list[str] = field(default_factory=lambda: ["first"])
    says: dict[str, Any] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)
    id_token: str | None = None
    asked: list[str] = field(default_factory=list)
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    access_token: str = "an access token"
    failing: bool = False

    def discovery(self) -> dict[str, Any]:
        """Give what it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize?tenant=harbour",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
            **self.documents,
        }

    async def fetch(self, url: str) -> Page:
        """Publish."""
        self.asked.append(url)
        if self.failing:
            raise PageUnavailable("The page did not come within 20 s.")
        if url == f"{self.issuer}/.well-known/openid-configuration":
            return self._page(url, self.discovery())
        if url == f"{self.issuer}/keys":
            keys = [key_named(name).as_dict(private=False) for name in self.published]
            return self._page(url, {"keys": keys, **self.documents.get("keys", {})})
        if url == f"{self.issuer}/metadata":
            return Page(url, self.documents["metadata"].encode(), "application/xml")
        raise PageMissing

    async def post(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Page:
        """Give tokens for a code, once."""
        self.asked.append(url)
        given = self.codes.pop(fields["code"], None)
        client = headers.get("Authorization", "")
        if client:
            name, _, secret = base64.b64decode(client.removeprefix("Basic ")).decode().partition(":")
            right = (unquote(name), unquote(secret)) == (CLIENT, SECRET)
        else:
            right = (fields.get("client_id"), fields.get("client_secret", SECRET)) == (CLIENT, SECRET)
        if given is None or not right or not self._proven(given, fields):
            raise PageUnavailable("The page's server answered with status 400.")
        token = self.id_token if self.id_token is not None else self.token(given["nonce"])
        return self._page(url, {"id_token": token, "access_token": self.access_token, "token_type": "Bearer"})

    def _proven(self, given: Mapping[str, str], fields: Mapping[str, str]) -> bool:
        challenge = in_base64(hashlib.sha256(fields["code_verifier"].encode()).digest())
        return given["code_challenge"] == challenge and given["redirect_uri"] == fields["redirect_uri"]

    def authorize(self, url: str) -> dict[str, str]:
        """Sign somebody in; give what the browser brings back."""
        assert url.startswith(f"{self.issuer}/authorize?tenant=harbour&")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.asked)}-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def claims(self, nonce: str) -> dict[str, Any]:
        """Give what a token says."""
        half = hashlib.sha256(self.access_token.encode()).digest()[:16]
        said = {
            "iss": self.issuer,
            "sub": "user-4711",
            "aud": CLIENT,
            "exp": self.now_ms // 1000 + 300,
            "iat": self.now_ms // 1000,
            "nonce": nonce,
            "at_hash": in_base64(half),
            "email": "ada@harbour.example",
            "name": "Ada",
            "groups": ["staff", "board"],
            "realm_access": {"roles": ["editor"]},
            **self.says,
        }
        return {name: value for name, value in said.items() if value is not None}

    def token(self, nonce: str) -> str:
        """Sign a token."""
        header = {"alg": "RS256", "kid": self.key, "typ": "JWT"}
        return jws.serialize_compact(header, json.dumps(self.claims(nonce)), key_named(self.key), ["RS256"])

    def _page(self, url: str, told: Mapping[str, Any]) -> Page:
        return Page(url, json.dumps(told).encode(), "application/json")

    async def close(self) -> None:
        """Have nothing to give back."""
