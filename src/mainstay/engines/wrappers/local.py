"""Root keys wrapped with a key that this machine holds: a file, or a variable of the environment."""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mainstay.engines.ciphers.aesgcm import KEY_BYTES
from mainstay.kit.random import Random
from mainstay.ports.ciphers import CipherUnavailable

_NONCE_BYTES = 12
_PURPOSE = b"mainstay wraps root keys"


class LocalWrapper:
    """AES-256-GCM with a key that HKDF-SHA-256 makes of the one that is held, for this purpose alone."""

    def __init__(self, key: bytes, where: str, random: Random) -> None:
        """Take the 32-byte key, and where it is held."""
        self._cipher = AESGCM(HKDF(SHA256(), KEY_BYTES, salt=None, info=_PURPOSE).derive(key))
        self._where = where
        self._id = hashlib.sha256(b"mainstay key id" + key).hexdigest()[:8]
        self._random = random

    @property
    def name(self) -> str:
        """Say where the key is held, and which it is."""
        return f"{self._where}:{self._id}"

    async def wrap(self, key: bytes) -> bytes:
        """Encrypt and authenticate a root key."""
        nonce = self._random.token(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, _PURPOSE)

    async def unwrap(self, wrapped: bytes) -> bytes:
        """Give the root key back; raises CipherUnavailable."""
        try:
            return self._cipher.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _PURPOSE)
        except (InvalidTag, ValueError):
            raise CipherUnavailable(
                f"A root key cannot be opened with the key {self.name}: the key store was changed. "
                "Put the copy of the keys back."
            ) from None

    async def close(self) -> None:
        """Have nothing to give back."""


def key_of(text: str) -> bytes:
    """Read a 32-byte key as it stands in a variable, in Base64; raises ValueError."""
    try:
        key = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("it is not Base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"it has {len(key)} bytes, not {KEY_BYTES}")
    return key
