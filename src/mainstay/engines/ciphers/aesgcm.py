"""AES-256-GCM with keys derived from a key file: the first format; and how key files are kept."""

import errno
import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mainstay.kit.random import Random
from mainstay.ports.ciphers import CipherUnavailable

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16
_NONCE_AT = len(_VERSION) + _KEY_ID_BYTES
_CONTENT_AT = _NONCE_AT + _NONCE_BYTES
_SCOPE_PARTS = 2  # a derived key serves one tenant and one purpose: the context's first two parts
_KEYS_CACHED_MAX = 4096
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class AesGcmCipher:
    """Seals as version (1 byte), key id (4), nonce (12), ciphertext and tag (16).

    Each pair of the context's first two parts (tenant and purpose) has a key of its own, derived by
    HKDF-SHA-256 (RFC 5869), so that random nonces stay far below 2^32 messages for one key (NIST SP
    800-38D, 8.3). The whole context, each part prefixed by its length, is the associated data.
    """

    def __init__(self, key: bytes, random: Random) -> None:
        """Take the 32-byte master key and the source of nonces."""
        if len(key) != KEY_BYTES:
            raise CipherUnavailable(f"The key must have {KEY_BYTES} bytes; it has {len(key)}.")
        self._master = key
        self._random = random
        self._head = _VERSION + hashlib.sha256(b"mainstay key id" + key).digest()[:_KEY_ID_BYTES]
        self._derived: dict[tuple[str, ...], AESGCM] = {}

    def seal(self, content: bytes, context: tuple[str, ...]) -> bytes:
        """Encrypt and authenticate; 33 bytes longer than the content."""
        nonce = self._random.token(_NONCE_BYTES)
        return self._head + nonce + self._key(context).encrypt(nonce, content, associated(context))

    def open(self, sealed: bytes, context: tuple[str, ...]) -> bytes:
        """Decrypt; raises CipherUnavailable when key, context or a single bit differs."""
        if len(sealed) < _CONTENT_AT + _TAG_BYTES:
            raise CipherUnavailable("The sealed bytes are cut short; restore them from a backup.")
        if sealed[:1] != _VERSION:
            raise CipherUnavailable(
                f"The bytes were sealed in format {sealed[0]}, which this version cannot read."
            )
        if sealed[:_NONCE_AT] != self._head:
            raise CipherUnavailable(
                f"The bytes were sealed with key {sealed[1:_NONCE_AT].hex()}, "
                f"not with the present key {self._head[1:].hex()}; put the old key file back."
            )
        try:
            return self._key(context).decrypt(
                sealed[_NONCE_AT:_CONTENT_AT], sealed[_CONTENT_AT:], associated(context)
            )
        except InvalidTag:
            raise CipherUnavailable(
                "The sealed bytes were changed or moved; restore them from a backup."
            ) from None

    def _key(self, context: tuple[str, ...]) -> AESGCM:
        scope = context[:_SCOPE_PARTS]
        found = self._derived.get(scope)
        return found or self._derive(scope)

    def _derive(self, scope: tuple[str, ...]) -> AESGCM:
        hkdf = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"mainstay seal" + associated(scope))
        derived = AESGCM(hkdf.derive(self._master))
        if len(self._derived) >= _KEYS_CACHED_MAX:
            self._derived.clear()
        self._derived[scope] = derived
        return derived


def associated(context: tuple[str, ...]) -> bytes:
    """Give a context as associated data, each part prefixed by its length."""
    parts = [_VERSION]
    for text in context:
        part = text.encode("utf-8", "surrogatepass")
        parts.append(len(part).to_bytes(4))
        parts.append(part)
    return b"".join(parts)


def load_or_make_key(path: Path, random: Random, *, holds_data: bool = False) -> bytes:
    """Read the key file; make it, whole or not at all, when this is the first start.

    `holds_data` says that something was sealed before: then a missing key is an error, not a first
    start. Raises CipherUnavailable, with what to do, when the file is missing, has the wrong size,
    or may be read by others.
    """
    try:
        try:
            return _read_key(path)
        except FileNotFoundError:
            if holds_data:
                raise CipherUnavailable(
                    f"The key file {path} is missing, but there is data sealed with it; "
                    "put the file back from its backup."
                ) from None
        _make_key(path, random)
        return _read_key(path)
    except OSError as error:
        raise CipherUnavailable(f"The key file {path} cannot be used: {error.strerror}.") from error


def _read_key(path: Path) -> bytes:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise CipherUnavailable(f"The key file {path} is not a plain file.")
        if mode & _OTHERS:
            raise CipherUnavailable(f"The key file {path} may be read by others; run: chmod 600 {path}")
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise CipherUnavailable(
            f"The key file {path} does not have {KEY_BYTES} bytes; put it back from its backup."
        )
    return key


def _make_key(path: Path, random: Random) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{random.token(8).hex()}")
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(random.token(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike rename, it never replaces the key another process just made
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
