"""JSON Web Tokens (RFC 7519, 8725) on joserfc, behind checks of our own that come before it."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from mainstay.ports.ciphers import Cipher
from mainstay.ports.tokens import (
    TOKEN_LENGTH_MAX,
    Algorithm,
    Claims,
    KeyPair,
    PublicKey,
    TokenInvalid,
    private_half,
)

Key = ECKey | OKPKey | RSAKey

_RSA_BITS = 3072
_HEADER = {"alg", "typ", "kid"}
_PARTS = 3
_KEY_ID = re.compile(r"[\w-]{1,64}", re.ASCII)
_OPEN_MAX = 16
_MAKE: dict[Algorithm, Callable[[], Key]] = {
    "ES256": lambda: ECKey.generate_key("P-256"),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519"),
    "RS256": lambda: RSAKey.generate_key(_RSA_BITS),
}
_KINDS: dict[Algorithm, type[ECKey | OKPKey | RSAKey]] = {"ES256": ECKey, "Ed25519": OKPKey, "RS256": RSAKey}
_TYPES: dict[Algorithm, str] = {"ES256": "EC", "Ed25519": "OKP", "RS256": "RSA"}


class JoseTokens:
    """Signs and checks tokens; private halves are sealed, and those in use kept open in memory."""

    def __init__(self, cipher: Cipher) -> None:
        """Take what seals private halves."""
        self._cipher = cipher
        self._open: dict[bytes, Key] = {}
        self._public: dict[tuple[str, str], Key] = {}

    def make_key(self, key_id: str, algorithm: Algorithm) -> KeyPair:
        """Make a key."""
        key = _MAKE[algorithm]()
        members = {name: str(value) for name, value in key.as_dict(private=False).items() if name != "kid"}
        private = json.dumps(key.as_dict(private=True)).encode()
        return KeyPair(
            PublicKey(key_id, algorithm, members), self._cipher.seal(private, private_half(key_id))
        )

    def sign(self, key: KeyPair, kind: str, claims: Claims) -> str:
        """Sign claims."""
        public = key.public
        header = {"alg": public.algorithm, "typ": kind, "kid": public.key_id}
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return jws.serialize_compact(header, payload, self._private(key), algorithms=[public.algorithm])

    def key_id(self, token: str, kind: str) -> str:
        """Say which key a token names."""
        return _read(token, kind).key_id

    def verify(self, token: str, kind: str, key: PublicKey) -> dict[str, Any]:
        """Give the claims of a token that a key has signed."""
        read = _read(token, kind)
        if read.key_id != key.key_id or read.algorithm != key.algorithm:
            _refuse("another key or algorithm")
        return _object(self.content(token, key))

    def content(self, token: str, key: PublicKey) -> bytes:
        """Give what a key has signed, whatever else the header says; raises TokenInvalid."""
        _written(token)
        try:
            return jws.deserialize_compact(token, self._checking(key), algorithms=[key.algorithm]).payload
        except (JoseError, ValueError):
            _refuse("its signature is not valid")

    def _private(self, key: KeyPair) -> Key:
        found = self._open.get(key.sealed)
        if found is None:
            opened = self._cipher.open(key.sealed, private_half(key.public.key_id))
            found = _KINDS[key.public.algorithm].import_key(json.loads(opened))
            if len(self._open) >= _OPEN_MAX:
                self._open.clear()
            self._open[key.sealed] = found
        return found

    def _checking(self, key: PublicKey) -> Key:
        if key.members.get("kty") != _TYPES[key.algorithm] or key.members.get("use", "sig") != "sig":
            _refuse("its key is for something else")
        known = key.key_id, json.dumps(dict(key.members), sort_keys=True)
        found = self._public.get(known)
        if found is None:
            found = _KINDS[key.algorithm].import_key(cast("Any", dict(key.members)))
            if len(self._public) >= _OPEN_MAX:
                self._public.clear()
            self._public[known] = found
        return found


@dataclass(frozen=True)
class _Read:
    """What a token's header says."""

    algorithm: str
    key_id: str


def _read(token: str, kind: str) -> _Read:
    """Read a token's header, strictly; raises TokenInvalid."""
    header = _object(_written(token)[0])
    if set(header) != _HEADER or not all(isinstance(value, str) for value in header.values()):
        _refuse("its header says more, or less, than alg, typ and kid")
    if header["typ"] != kind:
        _refuse("it is of another type")
    if _KEY_ID.fullmatch(header["kid"]) is None:
        _refuse("its kid is no id of a key")
    return _Read(header["alg"], header["kid"])


def _written(token: str) -> list[bytes]:
    """Give the three parts of a token, if it is written in the one way in which tokens are."""
    if len(token) > TOKEN_LENGTH_MAX:
        _refuse("it is too long")
    parts = token.split(".")
    if len(parts) != _PARTS or not all(parts):
        _refuse("it has not three parts")
    return [_decoded(part) for part in parts]


def _decoded(part: str) -> bytes:
    """Decode base64url without padding; one text for each content, so that no token has two forms."""
    try:
        content = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        _refuse("it is not base64url")
    if base64.urlsafe_b64encode(content).rstrip(b"=") != part.encode("utf-8", "surrogatepass"):
        _refuse("it is not written as base64url is")
    return content


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content, object_pairs_hook=_members, parse_constant=_refuse)
    except (ValueError, RecursionError):
        _refuse("it is not JSON")
    if not isinstance(found, dict):
        _refuse("it is no object")
    return found


def _members(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        _refuse("a member is there twice")
    return found


def _refuse(why: str) -> NoReturn:
    raise TokenInvalid(why)
