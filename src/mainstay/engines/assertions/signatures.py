"""Verifies XML signatures (XML-DSig) of the one form that SAML uses, and gives the bytes that were signed.

Enveloped in the element that it signs, which it names by its ID; exclusive canonicalisation; RSA or ECDSA
with SHA-2. Every algorithm, transform and place is looked at before anything is canonicalised: a signature is
written by a stranger until it has been verified. Keys come from the identity provider's metadata alone; what
a signature says of its key is not looked at.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hmac import compare_digest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509 import load_der_x509_certificate
from lxml import etree

from mainstay.engines.assertions.documents import (
    SIGNATURE,
    DocumentRefused,
    Element,
    at_most_one,
    children,
    only,
    text_of,
)
from mainstay.ports.assertions import SignatureRefused

RSA_BITS_MIN = 2048
_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_PREFIXES = f"{{{_C14N}}}InclusiveNamespaces"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_DIGESTS: Mapping[str, str] = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    f"{_MORE}sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_METHODS: Mapping[str, tuple[str, hashes.HashAlgorithm]] = {
    f"{_MORE}{kind}-{name}": (kind, made) for kind in ("rsa", "ecdsa") for name, made in _HASHES.items()
}
Key = RSAPublicKey | EllipticCurvePublicKey


@dataclass(frozen=True)
class _Signature:
    """A signature whose form was checked; nothing of it is verified yet."""

    node: Element
    signed_info: Element
    info_prefixes: list[str]
    method: str
    value: bytes
    prefixes: list[str]
    digest_method: str
    digest: bytes


def keys_of(certificates: Sequence[str]) -> list[Key]:
    """Give the public keys of certificates (DER in base 64); raises ValueError when one cannot be used."""
    return [_key(certificate) for certificate in certificates]


def _key(certificate: str) -> Key:
    key = load_der_x509_certificate(base64.b64decode(certificate, validate=True)).public_key()
    if isinstance(key, RSAPublicKey):
        if key.key_size < RSA_BITS_MIN:
            raise ValueError(f"an RSA key has {RSA_BITS_MIN} bits at least")
        return key
    if isinstance(key, EllipticCurvePublicKey):
        return key
    raise ValueError("a certificate has an RSA or an elliptic curve's key")


def check_places(root: Element, signable: Sequence[Element]) -> None:
    """Refuse ids that are there twice, and signatures that stand in other elements than may be signed."""
    ids = [value for element in root.iter() for value in _ids(element)]
    if len(ids) != len(set(ids)):
        raise SignatureRefused("Two elements of the answer have the same ID.")
    for node in root.iter(f"{SIGNATURE}Signature"):
        if node.getparent() not in signable:
            raise SignatureRefused("The answer has a signature where none belongs.")


def _ids(element: Element) -> Iterator[str]:
    for name, value in element.attrib.items():
        if str(name).rpartition("}")[2].lower() == "id":
            yield str(value)


def signed_bytes(element: Element, keys: Sequence[Key]) -> bytes | None:
    """Give what an element's own signature covers, canonical, without the signature; None if it has none.

    Raises SignatureRefused. The signature is taken out of the document.
    """
    node = at_most_one(element, f"{SIGNATURE}Signature")
    if node is None:
        return None
    signature = _read(node, element)
    _verify(signature, keys)
    _take_out(signature.node)
    covered = _canonical(element, signature.prefixes)
    made = hashlib.new(_DIGESTS[signature.digest_method], covered).digest()
    if not compare_digest(made, signature.digest):
        raise SignatureRefused("What was signed has been changed.")
    return covered


def _read(node: Element, element: Element) -> _Signature:
    children(node, [f"{SIGNATURE}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo")])
    info = only(node, f"{SIGNATURE}SignedInfo")
    children(
        info, [f"{SIGNATURE}{name}" for name in ("CanonicalizationMethod", "SignatureMethod", "Reference")]
    )
    reference = only(info, f"{SIGNATURE}Reference")
    children(reference, [f"{SIGNATURE}{name}" for name in ("Transforms", "DigestMethod", "DigestValue")])
    identifier = element.get("ID")
    if not identifier or reference.get("URI") != f"#{identifier}":
        raise SignatureRefused("A signature covers another element than the one that it stands in.")
    return _Signature(
        node=node,
        signed_info=info,
        info_prefixes=_canonicalisation(only(info, f"{SIGNATURE}CanonicalizationMethod")),
        method=_algorithm(only(info, f"{SIGNATURE}SignatureMethod"), _METHODS),
        value=_bytes(only(node, f"{SIGNATURE}SignatureValue")),
        prefixes=_transforms(only(reference, f"{SIGNATURE}Transforms")),
        digest_method=_algorithm(only(reference, f"{SIGNATURE}DigestMethod"), _DIGESTS),
        digest=_bytes(only(reference, f"{SIGNATURE}DigestValue")),
    )


def _algorithm(node: Element, allowed: Mapping[str, object]) -> str:
    name = node.get("Algorithm", "")
    if name not in allowed or len(node):
        raise SignatureRefused(
            "A signature uses an algorithm that is refused; use RSA or ECDSA with SHA-256."
        )
    return name


def _transforms(node: Element) -> list[str]:
    """Check that nothing is transformed but what SAML allows, in its order."""
    found = children(node, [f"{SIGNATURE}Transform"])
    names = [each.get("Algorithm") for each in found]
    if names != [_ENVELOPED, _C14N] or len(found[0]):
        raise SignatureRefused("A signature asks for a transform that is refused.")
    return _canonicalisation(found[1])


def _canonicalisation(node: Element) -> list[str]:
    """Check that it is exclusive and without comments; give the prefixes that it includes all the same."""
    if node.get("Algorithm") != _C14N:
        raise SignatureRefused(
            "A signature asks for a canonicalisation that is refused; use the exclusive one."
        )
    children(node, [_PREFIXES])
    named = at_most_one(node, _PREFIXES)
    return [] if named is None else named.get("PrefixList", "").split()


def _bytes(node: Element) -> bytes:
    try:
        return base64.b64decode("".join(text_of(node).split()), validate=True)
    except (binascii.Error, ValueError):
        raise DocumentRefused("a signature is not in base 64") from None


def _canonical(element: Element, prefixes: list[str]) -> bytes:
    return etree.tostring(
        element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes or None
    )


def _verify(signature: _Signature, keys: Sequence[Key]) -> None:
    statement = _canonical(signature.signed_info, signature.info_prefixes)
    kind, hashed = _METHODS[signature.method]
    if not any(_fits(key, kind, signature.value, statement, hashed) for key in keys):
        raise SignatureRefused(
            "The answer was not signed with a key of the identity provider's metadata. If it has new keys, "
            "an administrator updates the connection with its present metadata."
        )


def _fits(key: Key, kind: str, value: bytes, statement: bytes, hashed: hashes.HashAlgorithm) -> bool:
    try:
        if isinstance(key, RSAPublicKey) and kind == "rsa":
            key.verify(value, statement, PKCS1v15(), hashed)
            return True
        if isinstance(key, EllipticCurvePublicKey) and kind == "ecdsa" and _two_halves(key, value):
            half = len(value) // 2
            pair = int.from_bytes(value[:half]), int.from_bytes(value[half:])
            key.verify(encode_dss_signature(*pair), statement, ECDSA(hashed))
            return True
    except InvalidSignature:
        pass
    return False


def _two_halves(key: EllipticCurvePublicKey, value: bytes) -> bool:
    return len(value) == 2 * ((key.curve.key_size + 7) // 8)


def _take_out(node: Element) -> None:
    """Remove an element, and leave the text that follows it."""
    parent, before = node.getparent(), node.getprevious()
    if parent is None:
        raise DocumentRefused("a signature stands alone")
    if node.tail and before is not None:
        before.tail = (before.tail or "") + node.tail
    elif node.tail:
        parent.text = (parent.text or "") + node.tail
    parent.remove(node)
