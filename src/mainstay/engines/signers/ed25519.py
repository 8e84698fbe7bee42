"""Ed25519 (RFC 8032): signs with a key that is kept in one file."""

import hashlib
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mainstay.engines.ciphers.aesgcm import load_or_make_key
from mainstay.kit.random import Random
from mainstay.ports.ciphers import CipherUnavailable
from mainstay.ports.signers import SignerUnavailable, Verifier

_KEY_ID_LENGTH = 16
_PUBLIC_KEY_BYTES = 32


class Ed25519Signer:
    """Signs with one key."""

    def __init__(self, seed: bytes) -> None:
        """Take the key's 32 bytes."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """Give the short name of the key."""
        return key_id_of(self._public)

    @property
    def public_key(self) -> str:
        """Give the public half, as 64 hexadecimal digits."""
        return self._public.hex()

    def sign(self, statement: bytes) -> bytes:
        """Sign."""
        return self._key.sign(statement)


def key_id_of(public: bytes) -> str:
    """Give the short name of a public key."""
    return hashlib.sha256(b"mainstay audit key" + public).hexdigest()[:_KEY_ID_LENGTH]


def verifier(public_key: str) -> Verifier:
    """Make what checks signatures of a public key; raises ValueError when it is none."""
    public = bytes.fromhex(public_key)
    if len(public) != _PUBLIC_KEY_BYTES:
        raise ValueError("a public key has 64 hexadecimal digits")
    key, own_id = Ed25519PublicKey.from_public_bytes(public), key_id_of(public)

    def verify(key_id: str, statement: bytes, signature: bytes) -> bool | None:
        if key_id != own_id:
            return None
        try:
            key.verify(signature, statement)
        except InvalidSignature:
            return False
        return True

    return verify


def load_or_make_signer(path: Path, random: Random) -> Ed25519Signer:
    """Read the key file, made at the first start; raises SignerUnavailable when others may read it."""
    try:
        return Ed25519Signer(load_or_make_key(path, random))
    except CipherUnavailable as failure:
        raise SignerUnavailable(failure.detail) from None
