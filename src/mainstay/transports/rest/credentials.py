"""Where credentials stand in a message, the same for every door that speaks HTTP."""

import hmac
from collections.abc import Iterable, Mapping

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.caller import Credential
from mainstay.kernel.guard import CredentialsAmbiguous, CredentialsMissing, CredentialsUnknown
from mainstay.kit.errors import Failure

RESOURCE_PATH = "/.well-known/oauth-protected-resource"
CHALLENGE = 'Bearer realm="mainstay"'
_LENGTH_MAX = 4096


def _only(values: list[bytes], name: str) -> bytes | None:
    if len(values) > 1:
        raise CredentialsAmbiguous(f"Send the header {name} once.")
    return values[0] if values else None


def _bearer(value: bytes) -> bytes:
    scheme, _, token = value.strip().partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        raise CredentialsUnknown(
            "Write the key as `Authorization: Bearer …`, or send it as `X-API-Key: …`; "
            "other schemes are not supported."
        )
    return token.strip()


def read_credential(headers: Iterable[tuple[bytes, bytes]]) -> Credential | None:
    """Find the API key in raw headers (lower-case names); a query string never carries one.

    Raises CredentialsAmbiguous and CredentialsUnknown.
    """
    authorizations: list[bytes] = []
    keys: list[bytes] = []
    for name, value in headers:
        if name == b"authorization":
            authorizations.append(value)
        elif name == b"x-api-key":
            keys.append(value)
    if not authorizations and not keys:
        return None
    authorization = _only(authorizations, "Authorization")
    key = _only(keys, "X-API-Key")
    bearer = _bearer(authorization) if authorization is not None else None
    if bearer is not None and key is not None and not hmac.compare_digest(bearer, key.strip()):
        raise CredentialsAmbiguous("Authorization and X-API-Key carry different keys; send one of them.")
    secret = bearer if bearer is not None else (key or b"").strip()
    if not secret:
        raise CredentialsMissing("The API key is empty; is the variable that should hold it set?")
    if len(secret) > _LENGTH_MAX:
        raise CredentialsUnknown(f"A key or token has 1 to {_LENGTH_MAX} characters.")
    carrier = "authorization" if bearer is not None else "x-api-key"
    return Credential(secret.decode("latin-1"), carrier)


def secret_of(headers: Mapping[bytes, bytes]) -> bytes | None:
    """Give what may be a credential, unread: a hint from whom a message seems to come, never who it is."""
    return headers.get(b"authorization") or headers.get(b"x-api-key")


def challenge(failure: Failure, described_at: str = "") -> str:
    """Give the WWW-Authenticate header that belongs to a refusal (RFC 6750).

    `described_at` is where clients learn how to come by a token (RFC 9728); empty text: nowhere.
    """
    told = f'{CHALLENGE}, resource_metadata="{described_at}"' if described_at else CHALLENGE
    if isinstance(failure, CredentialsUnknown):
        return f'{told}, error="invalid_token"'
    if isinstance(failure, CredentialsAmbiguous):
        return f'{told}, error="invalid_request"'
    return told


def description_of(address: PublicAddress, door: str) -> str:
    """Give where a door is described for clients; empty text while nobody knows the server's address."""
    return f"{address.url}{RESOURCE_PATH}{door}" if address.url else ""
