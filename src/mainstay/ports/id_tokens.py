"""What we ask of a reader of ID tokens: the claims, once the signature is the provider's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mainstay.kit.errors import Unauthenticated

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519")
"""What a provider may sign with; no `none`, and nothing with a shared secret."""


class IdTokenRefused(Unauthenticated):
    """The ID token is no token, or not signed by the provider in a way that is accepted."""

    title = "The identity provider's token is refused"


class IdTokenKeyUnknown(Unauthenticated):
    """The ID token names a key that the provider has not published."""

    title = "The identity provider's token is signed with an unknown key"


@dataclass(frozen=True)
class IdToken:
    """What a token says, and how it was signed."""

    claims: Mapping[str, Any]
    algorithm: str


class IdTokens(Protocol):
    """Verifies signatures of ID tokens (JWS in compact form, RFC 7515 and 8725)."""

    def verify(self, token: str, keys: Sequence[Mapping[str, Any]]) -> IdToken:
        """Give the claims of a token that one of these public keys (JWK) signed.

        Keys are the provider's own; none that the token brings along is looked at. Raises IdTokenRefused and
        IdTokenKeyUnknown.
        """
        ...
