"""Verifies ID tokens with joserfc, which is given one key and one algorithm and decides nothing."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import jiter
from joserfc import jwk, jws
from joserfc._rfc7515.model import JWSAlgModel
from joserfc.errors import JoseError, UnsupportedAlgorithmError

from mainstay.ports.id_tokens import ALGORITHMS, IdToken, IdTokenKeyUnknown, IdTokenRefused

TOKEN_LENGTH_MAX = 32 * 1024
RSA_BITS_MIN = 2048
_PARTS = 3
_KINDS: Mapping[str, tuple[str, str]] = {
    "RS": ("RSA", ""),
    "PS": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
}
_SAME = {"EdDSA": "Ed25519", "Ed25519": "EdDSA"}
_TYPES = frozenset({"", "jwt", "application/jwt"})


class JoseIdTokens:
    """Verifies signatures of ID tokens."""

    def verify(self, token: str, keys: Sequence[Mapping[str, Any]]) -> IdToken:
        """Give the claims of a token that one of these keys signed."""
        if len(token) > TOKEN_LENGTH_MAX or token.count(".") != _PARTS - 1:
            _refuse("it is no signed token, or too long")
        header = _json(token.partition(".")[0], "header")
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            _refuse("its algorithm is not accepted")
        if "crit" in header or "b64" in header or "zip" in header:
            _refuse("it asks for extensions that are not known")
        if str(header.get("typ", "")).lower() not in _TYPES:
            _refuse("it is a token of another kind")
        content = _checked(token, _chosen(keys, algorithm, header.get("kid")), algorithm)
        return IdToken(_parsed(content, "claims"), algorithm)


class _Registry(jws.JWSRegistry):
    """One algorithm, which was chosen already; headers that it does not know are let be."""

    max_header_length = 4096

    def __init__(self, algorithm: str) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)
        self._algorithm = algorithm

    def get_alg(self, name: str) -> JWSAlgModel:
        if name != self._algorithm:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def _refuse(why: str) -> NoReturn:
    raise IdTokenRefused(f"The token of the identity provider is refused: {why}.")


def _json(part: str, what: str) -> dict[str, Any]:
    try:
        content = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        _refuse(f"its {what} is not in base 64")
    return _parsed(content, what)


def _parsed(content: bytes, what: str) -> dict[str, Any]:
    try:
        value = jiter.from_json(content, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError:
        _refuse(f"its {what} is no JSON")
    if not isinstance(value, dict):
        _refuse(f"its {what} is no object")
    return value


def _chosen(keys: Sequence[Mapping[str, Any]], algorithm: str, named: object) -> jwk.Key:
    """Choose the key by the name that the token gives, or the only one that fits."""
    kind, curve = _KINDS.get(algorithm) or _KINDS[algorithm[:2]]
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind
        and (not curve or key.get("crv") == curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) in {algorithm, _SAME.get(algorithm)}
    ]
    if named is not None:
        fitting = [key for key in fitting if key.get("kid") == named]
    if len(fitting) != 1:
        raise IdTokenKeyUnknown(
            "The token is signed with a key that the identity provider has not published, or names none of "
            "several."
        )
    return _key(fitting[0], kind)


def _key(given: Mapping[str, Any], kind: str) -> jwk.Key:
    public: dict[str, str | list[str]] = {
        name: str(given[name]) for name in ("kty", "crv", "n", "e", "x", "y") if name in given
    }
    try:
        if kind == "RSA":
            key = jwk.RSAKey.import_key(public)
            if key.public_key.key_size < RSA_BITS_MIN:
                _refuse("it is signed with a key that is too short")
            return key
        return jwk.ECKey.import_key(public) if kind == "EC" else jwk.OKPKey.import_key(public)
    except (JoseError, ValueError, TypeError, KeyError):
        _refuse("the provider's key cannot be used")


def _checked(token: str, key: jwk.Key, algorithm: str) -> bytes:
    try:
        return jws.deserialize_compact(token, key, registry=_Registry(algorithm)).payload
    except (JoseError, ValueError):
        _refuse("its signature is not valid")
