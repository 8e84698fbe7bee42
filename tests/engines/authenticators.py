"""A passkey in software: answers as browsers do, truly or with one thing changed."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, SYNCABLE, SYNCED, HAS_KEY = 1, 4, 8, 16, 64
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(encoded: str) -> bytes:
    return urlsafe_b64decode(encoded + "===")


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def cose(key: Key) -> dict[int, Any]:
    """Give a public key as COSE writes it."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {1: 1, 3: -8, -1: 6, -2: key.public_key().public_bytes_raw()}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {1: 3, 3: -257, -1: _number(numbers.n), -2: _number(numbers.e)}
    point = key.public_key().public_numbers()
    size = (key.curve.key_size + 7) // 8
    algorithm, curve = (-7, 1) if key.curve.name == "secp256r1" else (-36, 3)
    return {
        1: 2,
        3: algorithm,
        -1: curve,
        -2: point.x.to_bytes(size, "big"),
        -3: point.y.to_bytes(size, "big"),
    }


def sign(key: Key, statement: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(statement)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(statement, padding.PKCS1v15(), SHA256())
    return key.sign(statement, ec.ECDSA(SHA256()))


@dataclass
class Authenticator:
    """Holds one passkey; what it says may be changed by tests."""

    key: Key = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = b"a passkey's id, 32 bytes of them"
    origin: str = "https://mainstay.example"
    rp_id: str = "mainstay.example"
    flags: int = PRESENT | VERIFIED
    count: int = 1
    said: dict[str, Any] = field(default_factory=dict)
    """What the browser says in its own words beside, or instead of, the truth."""

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        data = (
            self._data(HAS_KEY) + bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        )
        attestation = {"fmt": "none", "attStmt": {}, "authData": data + cbor2.dumps(cose(self.key))}
        return self._answer(
            {
                "clientDataJSON": text(self._client("webauthn.create", options)),
                "attestationObject": text(cbor2.dumps(attestation)),
            }
        )

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        client, data = self._client("webauthn.get", options), self._data(0)
        signature = sign(self.key, data + hashlib.sha256(client).digest())
        return self._answer(
            {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature)}
        )

    def _data(self, more: int) -> bytes:
        head = hashlib.sha256(self.rp_id.encode()).digest()
        return head + bytes([self.flags | more]) + self.count.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        told = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(told | self.said).encode()

    def _answer(self, response: dict[str, str]) -> dict[str, Any]:
        name = text(self.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
