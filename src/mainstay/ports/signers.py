"""What we ask of a signer: statements that everybody can check and only the holder of the key can make."""

from typing import Protocol

from mainstay.kit.errors import Unavailable


class SignerUnavailable(Unavailable):
    """The signing key is damaged, or readable by others."""

    title = "Nothing can be signed now"


class Signer(Protocol):
    """Signs with one key, and checks signatures by any."""

    @property
    def key_id(self) -> str:
        """Give the short name of the key, which follows from its public half."""
        ...

    @property
    def public_key(self) -> str:
        """Give the public half, as 64 hexadecimal digits."""
        ...

    def sign(self, statement: bytes) -> bytes:
        """Sign."""
        ...


class Verifier(Protocol):
    """Checks signatures by one public key."""

    def __call__(self, key_id: str, statement: bytes, signature: bytes) -> bool | None:
        """Say whether a signature is valid; None when it is another key's."""
        ...
