"""What we ask of a cipher: bytes at rest that only the holder of the key can read or change."""

from typing import Protocol

from mainstay.kit.errors import NotFound, Unavailable


class CipherUnavailable(Unavailable):
    """The key is missing, readable by others, or not the one that sealed this."""

    title = "What is stored cannot be decrypted now"


class KeyDestroyed(NotFound):
    """The key that sealed this was destroyed, with a tenant or a person: nobody can read it any more."""

    title = "This was erased for good"


class Cipher(Protocol):
    """Seals and opens bytes; `context` (table, tenant, column, row) is bound to them as associated data.

    What is sealed for an `owner` of its own, a person of the tenant, can be made unreadable on its own by
    destroying that owner's key. Without one it is the key of the context's second part.
    """

    def seal(self, content: bytes, context: tuple[str, ...], *, owner: str = "") -> bytes:
        """Encrypt and authenticate; raises KeyDestroyed for an owner who was erased."""
        ...

    def open(self, sealed: bytes, context: tuple[str, ...]) -> bytes:
        """Decrypt; raises KeyDestroyed, or CipherUnavailable when key, context or a single bit differs."""
        ...

    def stale(self, sealed: bytes) -> bool:
        """Say whether the bytes would be sealed with another key now; raises KeyDestroyed."""
        ...

    def blind(self, content: bytes, context: tuple[str, ...]) -> bytes:
        """Give 32 bytes that are the same for the same content and context, and tell nothing without the key.

        For finding what is sealed: a blind index.
        """
        ...


class PersonalCipher(Cipher, Protocol):
    """A cipher to which nothing of the caller is bound.

    For what belongs to persons: they may be members of several tenants, and come as strangers. The context's
    second part is the person, who thus has a key of its own.
    """
