"""AES-256-GCM with a data key for each tenant and person."""

import hashlib
import hmac
from typing import Protocol

from cryptography.exceptions import InvalidTag

from mainstay.engines.ciphers.aesgcm import associated
from mainstay.engines.ciphers.ring import KEY_ID_BYTES, NONCE_BYTES, DataKeys
from mainstay.kit.random import Random
from mainstay.ports.ciphers import CipherUnavailable

_FIRST, _PRESENT = 1, 2
_VERSION_BYTES = 4
_TAG_BYTES = 16
_KEY_AT = 1
_VERSION_AT = _KEY_AT + KEY_ID_BYTES
_NONCE_AT = _VERSION_AT + _VERSION_BYTES
_CONTENT_AT = _NONCE_AT + NONCE_BYTES


class Opener(Protocol):
    """Opens what was sealed in the first format, with keys derived from the key file."""

    def open(self, sealed: bytes, context: tuple[str, ...]) -> bytes:
        """Decrypt; raises CipherUnavailable."""
        ...


class NoEarlierKey:
    """Stands where the key file's cipher would, when there is no key file."""

    def open(self, sealed: bytes, context: tuple[str, ...]) -> bytes:
        """Refuse."""
        raise CipherUnavailable(
            "This was sealed with the key file `secret.key` by an earlier version; put the file back."
        )


class EnvelopeCipher:
    """Seals as format (1 byte), key id (8), key version (4), nonce (12), ciphertext and tag (16).

    Everything before the nonce, and the whole context, each part prefixed by its length, is the associated
    data. The context begins with the table and the tenant; the tenant is the owner if no other is named.
    """

    def __init__(self, keys: DataKeys, earlier: Opener, random: Random) -> None:
        """Take the data keys, what opens the first format, and the source of nonces."""
        self._keys = keys
        self._earlier = earlier
        self._random = random

    def seal(self, content: bytes, context: tuple[str, ...], *, owner: str = "") -> bytes:
        """Encrypt and authenticate; 41 bytes longer than the content."""
        purpose, tenant = context[0], context[1]
        owned = self._keys.of_owner(owner or tenant)
        head = bytes((_PRESENT,)) + owned.key_id + owned.version.to_bytes(_VERSION_BYTES)
        nonce = self._random.token(NONCE_BYTES)
        sealed = owned.cipher(owned.version, purpose).encrypt(nonce, content, head + associated(context))
        return head + nonce + sealed

    def open(self, sealed: bytes, context: tuple[str, ...]) -> bytes:
        """Decrypt; raises KeyDestroyed, or CipherUnavailable when key, context or a single bit differs."""
        if _format(sealed) == _FIRST:
            return self._earlier.open(sealed, context)
        version = _version(sealed)
        cipher = self._keys.of_key(sealed[_KEY_AT:_VERSION_AT], version).cipher(version, context[0])
        try:
            return cipher.decrypt(
                sealed[_NONCE_AT:_CONTENT_AT],
                sealed[_CONTENT_AT:],
                sealed[:_NONCE_AT] + associated(context),
            )
        except InvalidTag:
            raise CipherUnavailable(
                "The sealed bytes were changed or moved; restore them from a backup."
            ) from None

    def stale(self, sealed: bytes) -> bool:
        """Say whether the bytes would be sealed with another key now; raises KeyDestroyed."""
        if _format(sealed) == _FIRST:
            return True
        version = _version(sealed)
        return self._keys.of_key(sealed[_KEY_AT:_VERSION_AT], version).version != version

    def blind(self, content: bytes, context: tuple[str, ...]) -> bytes:
        """Give HMAC-SHA-256 of context and content under the index key of the context's second part."""
        key = self._keys.index_key(context[1])
        return hmac.digest(key, associated(context) + content, hashlib.sha256)


def _format(sealed: bytes) -> int:
    least = _CONTENT_AT + _TAG_BYTES if sealed[:1] == bytes((_PRESENT,)) else 1
    if len(sealed) < least:
        raise CipherUnavailable("The sealed bytes are cut short; restore them from a backup.")
    if sealed[0] not in {_FIRST, _PRESENT}:
        raise CipherUnavailable(
            f"The bytes were sealed in format {sealed[0]}, which this version cannot read."
        )
    return sealed[0]


def _version(sealed: bytes) -> int:
    return int.from_bytes(sealed[_VERSION_AT:_NONCE_AT])
