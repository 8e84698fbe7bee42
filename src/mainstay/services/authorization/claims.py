"""What tokens say, and whether it still holds: access tokens by RFC 9068, times with 30 seconds of leeway."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from mainstay.ports.tokens import TokenInvalid

ACCESS = "at+jwt"
IDENTITY = "JWT"
LEEWAY_S = 30
_TEXTS = ("iss", "aud", "sub", "tenant", "client_id", "jti", "scope")
_TEXT_LENGTH_MAX = 2048


@dataclass(frozen=True)
class Access:
    """What an access token says."""

    subject: str
    tenant_id: str
    client_id: str
    audience: str
    scopes: tuple[str, ...]
    token_id: str
    family_id: str
    issued_s: int
    expires_s: int
    roles: tuple[str, ...] = ()
    authenticated_s: int | None = None

    def claims(self, issuer: str) -> dict[str, Any]:
        """Write it down."""
        found: dict[str, Any] = {
            "iss": issuer,
            "sub": self.subject,
            "aud": self.audience,
            "client_id": self.client_id,
            "tenant": self.tenant_id,
            "roles": list(self.roles),
            "scope": " ".join(self.scopes),
            "jti": self.token_id,
            "iat": self.issued_s,
            "nbf": self.issued_s,
            "exp": self.expires_s,
        }
        if self.family_id:
            found["family"] = self.family_id
        if self.authenticated_s is not None:
            found["auth_time"] = self.authenticated_s
        return found


def read(claims: Mapping[str, Any], issuer: str, audiences: Collection[str], now_s: float) -> Access:
    """Read an access token's claims, and check who made it, for whom, and when; raises TokenInvalid."""
    texts = {name: _text(claims, name) for name in _TEXTS}
    issued_s, expires_s = _time(claims, "iat"), _time(claims, "exp")
    if texts["iss"] != issuer or texts["aud"] not in audiences:
        raise TokenInvalid("it was made by another server, or for another one")
    if max(issued_s, _time(claims, "nbf")) > now_s + LEEWAY_S:
        raise TokenInvalid("it is not valid yet")
    if expires_s + LEEWAY_S <= now_s:
        raise TokenInvalid("it has expired")
    return Access(
        subject=texts["sub"],
        tenant_id=texts["tenant"],
        client_id=texts["client_id"],
        audience=texts["aud"],
        scopes=tuple(texts["scope"].split()),
        token_id=texts["jti"],
        family_id=_text(claims, "family") if "family" in claims else "",
        issued_s=issued_s,
        expires_s=expires_s,
        roles=tuple(str(each) for each in claims.get("roles", ())),
        authenticated_s=_time(claims, "auth_time") if "auth_time" in claims else None,
    )


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or len(found) > _TEXT_LENGTH_MAX:
        raise TokenInvalid(f"its {name} is no text")
    return found


def _time(claims: Mapping[str, Any], name: str) -> int:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise TokenInvalid(f"its {name} is no time")
    return found
