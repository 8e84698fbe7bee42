"""OpenID Connect as the relying party: what is asked, and what an ID token has to say (Core 1.0, 3.1.3.7)."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

from mainstay.ports.id_tokens import IdToken, IdTokenRefused

SKEW_S = 60
AGE_S_MAX = 600
SUBJECT_LENGTH_MAX = 255
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


@dataclass(frozen=True)
class Expected:
    """What the answer to a request of ours has to say."""

    issuer: str
    client_id: str
    nonce: str
    now_ms: int


def encoded(content: bytes) -> str:
    """Write bytes in base 64 for addresses, without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def challenge_of(verifier: str) -> str:
    """Give what proves later that the code is ours (RFC 7636, S256)."""
    return encoded(hashlib.sha256(verifier.encode()).digest())


def basic(client_id: str, secret: str) -> str:
    """Write a client's credentials for its header (RFC 6749, 2.3.1: each part is form-encoded)."""
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def with_query(url: str, fields: Mapping[str, str]) -> str:
    """Add fields to an address that may have a query already."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"


def check(token: IdToken, expected: Expected, access_token: str) -> str:
    """Check what an ID token says; give its subject; raises IdTokenRefused."""
    claims, now_s = token.claims, expected.now_ms / 1000
    if claims.get("iss") != expected.issuer:
        _refuse("it is another provider's")
    _check_audience(claims, expected.client_id)
    if _number(claims, "exp") <= now_s - SKEW_S:
        _refuse("it has expired")
    issued_s = _number(claims, "iat")
    if issued_s > now_s + SKEW_S or issued_s < now_s - AGE_S_MAX - SKEW_S:
        _refuse("it was not made now; check both clocks")
    if "nbf" in claims and _number(claims, "nbf") > now_s + SKEW_S:
        _refuse("it is not valid yet; check both clocks")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not compare_digest(nonce.encode(), expected.nonce.encode()):
        _refuse("it answers another sign-in")
    if "at_hash" in claims:
        _check_hash(token, access_token)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_LENGTH_MAX:
        _refuse("it names nobody")
    return subject


def _refuse(why: str) -> NoReturn:
    raise IdTokenRefused(f"The token of the identity provider is refused: {why}. Sign in again.")


def _number(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(f"its {name} is no time")
    return value


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    many = audience if isinstance(audience, list) else [audience]
    if client_id not in many:
        _refuse("it is for somebody else")
    if claims.get("azp", client_id if len(many) == 1 else None) != client_id:
        _refuse("it was given to somebody else")


def _check_hash(token: IdToken, access_token: str) -> None:
    """Compare the access token with what the ID token says of it: half of its hash."""
    make = _HASHES.get(token.algorithm[-3:], hashlib.sha512)  # Ed25519 hashes with SHA-512
    whole = make(access_token.encode()).digest()
    said = token.claims["at_hash"]
    made = encoded(whole[: len(whole) // 2])
    if not isinstance(said, str) or not compare_digest(said.encode(), made.encode()):
        _refuse("it came with another access token")
