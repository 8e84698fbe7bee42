"""What we ask of a cipher: bytes at rest that only the holder of the key can read or change."""

from typing import Protocol

from mainstay.kit.errors import Unavailable


class CipherUnavailable(Unavailable):
    """The key is missing, readable by others, or not the one that sealed this."""

    title = "What is stored cannot be decrypted now"


class Cipher(Protocol):
    """Seals and opens bytes; `context` (tenant, table, column, row) is bound to them as associated data."""

    def seal(self, content: bytes, context: tuple[str, ...]) -> bytes:
        """Encrypt and authenticate."""
        ...

    def open(self, sealed: bytes, context: tuple[str, ...]) -> bytes:
        """Decrypt; raises CipherUnavailable when key, context or a single bit differs."""
        ...

    def blind(self, content: bytes, context: tuple[str, ...]) -> bytes:
        """Give 32 bytes that are the same for the same content and context, and tell nothing without the key.

        For finding what is sealed: a blind index.
        """
        ...


class PersonalCipher(Cipher, Protocol):
    """A cipher to which nothing of the caller is bound.

    For what belongs to persons: they may be members of several tenants, and come as strangers.
    """
