"""What we ask of signed tokens: claims that only the holder of a key can have made (JWT, RFC 7519)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Algorithm = Literal["ES256", "Ed25519", "RS256"]
Claims = Mapping[str, Any]

TOKEN_LENGTH_MAX = 4096
INSTALLATION = "installation"
"""Whose keys seal private halves: they sign for every tenant."""


def private_half(key_id: str) -> tuple[str, ...]:
    """Give what a sealed private half is bound to."""
    return "signing_keys", INSTALLATION, key_id


class TokenInvalid(Exception):
    """This is no token of the wanted type that the given key has signed."""


@dataclass(frozen=True)
class PublicKey:
    """What checks a key's signatures; `members` are those of its JWK (RFC 7517)."""

    key_id: str
    algorithm: Algorithm
    members: Mapping[str, str]


@dataclass(frozen=True)
class KeyPair:
    """A key with its private half, which nobody but the engine can open."""

    public: PublicKey
    sealed: bytes


class Tokens(Protocol):
    """Makes keys, signs claims, and checks what others bring.

    A token's header says its algorithm, its type and the id of its key, and nothing else.
    """

    def make_key(self, key_id: str, algorithm: Algorithm) -> KeyPair:
        """Make a key."""
        ...

    def sign(self, key: KeyPair, kind: str, claims: Claims) -> str:
        """Sign claims as a token of a type, such as `at+jwt`."""
        ...

    def key_id(self, token: str, kind: str) -> str:
        """Say which key a token of a type names; nothing is checked but its form; raises TokenInvalid."""
        ...

    def verify(self, token: str, kind: str, key: PublicKey) -> dict[str, Any]:
        """Give the claims of a token that a key has signed; raises TokenInvalid.

        What the claims say is for the caller to check.
        """
        ...
