"""A SAML identity provider for tests: writes responses, signs them, and does what an attacker would."""

import base64
import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml import CanonicalizationMethod, DigestAlgorithm, SignatureMethod, SignatureReference, XMLSigner

DS = "{http://www.w3.org/2000/09/xmldsig#}"
SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
ENTITY = "https://directory.example/saml"
SIGN_IN = "https://directory.example/sign-in"
EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"

_RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_response" Version="2.0" IssueInstant="{now}"
 Destination="{destination}" InResponseTo="{in_response_to}"><saml:Issuer>{issuer}</saml:Issuer>
 <samlp:Status><samlp:StatusCode Value="{status}"/></samlp:Status>
 <saml:Assertion ID="{assertion_id}" Version="2.0" IssueInstant="{now}"><saml:Issuer>{issuer}</saml:Issuer>
 <saml:Subject><saml:NameID Format="{name_format}">{name}</saml:NameID>
 <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 InResponseTo="{confirmed_for}" Recipient="{recipient}" NotOnOrAfter="{until}"/></saml:SubjectConfirmation>
 </saml:Subject><saml:Conditions NotBefore="{begins}" NotOnOrAfter="{until}"><saml:AudienceRestriction>
 <saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
 <saml:AuthnStatement AuthnInstant="{now}"><saml:AuthnContext><saml:AuthnContextClassRef>
 urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>
 </saml:AuthnStatement><saml:AttributeStatement xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><saml:Attribute Name="email"><saml:AttributeValue
 xsi:type="xs:string">{email}</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups">
 <saml:AttributeValue>staff</saml:AttributeValue><saml:AttributeValue>board</saml:AttributeValue>
 </saml:Attribute></saml:AttributeStatement></saml:Assertion></samlp:Response>"""
_METADATA = """<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}">
<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
<ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{sign_in}"/>
</md:IDPSSODescriptor></md:EntityDescriptor>"""

_C14N = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class _Signer(XMLSigner):
    """Says which prefixes it includes; the library does so for other signatures than enveloped ones."""

    def _build_transforms_for_reference(
        self, *, transforms_node: etree._Element, reference: SignatureReference, **given: bool
    ) -> None:
        super()._build_transforms_for_reference(
            transforms_node=transforms_node, reference=reference, exclude_c14n_transform_element=False
        )
        if reference.inclusive_ns_prefixes:
            name = f"{{{_C14N.value}}}InclusiveNamespaces"
            etree.SubElement(transforms_node[-1], name, PrefixList=" ".join(reference.inclusive_ns_prefixes))


def certified(key: Key) -> x509.Certificate:
    """Make a certificate that a key signs for itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "directory.example")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(begin).not_valid_after(begin + timedelta(days=3650))
    return made.sign(key, SHA256())


@cache
def rsa_key(name: str = "own", bits: int = 2048) -> rsa.RSAPrivateKey:
    """Make a key, the same one for a name."""
    return rsa.generate_private_key(65537, bits)


def moment(now_ms: int, seconds: float = 0) -> str:
    """Write a time as SAML does."""
    at = datetime.fromtimestamp(now_ms / 1000 + seconds, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def in_base64(certificate: x509.Certificate) -> str:
    """Write a certificate as metadata has it."""
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


@dataclass
class SamlProvider:
    """Who signs; what a response says can be changed by name."""

    now_ms: int = 1_790_000_000_000
    acs_url: str = "https://mainstay.example/sso/sso_1/acs"
    audience: str = "https://mainstay.example/sso/sso_1/metadata"
    request_id: str = "s-the-request"
    key: Key = field(default_factory=rsa_key)

    def __post_init__(self) -> None:
        self.certificate = certified(self.key)

    @property
    def trusted(self) -> list[str]:
        """Give the certificates as a connection keeps them."""
        return [in_base64(self.certificate)]

    def metadata(self) -> str:
        """Write the provider's metadata."""
        return _METADATA.format(entity=ENTITY, sign_in=SIGN_IN, certificate=self.trusted[0])

    def written(self, **said: str) -> bytes:
        """Write a response, unsigned."""
        values = {
            "now": moment(self.now_ms),
            "begins": moment(self.now_ms, -5),
            "until": moment(self.now_ms, 300),
            "destination": self.acs_url,
            "recipient": self.acs_url,
            "in_response_to": self.request_id,
            "confirmed_for": self.request_id,
            "audience": self.audience,
            "issuer": ENTITY,
            "status": SUCCESS,
            "assertion_id": "_assertion",
            "name": "ada@harbour.example",
            "name_format": EMAIL_FORMAT,
            "email": "ada@harbour.example",
        }
        return _RESPONSE.format(**{**values, **said}).encode()

    def sign(
        self,
        document: bytes,
        *elements: str,
        method: SignatureMethod = SignatureMethod.RSA_SHA256,
        digest: DigestAlgorithm = DigestAlgorithm.SHA256,
        prefixes: str = "",
    ) -> bytes:
        """Sign elements of a document by their names, the inner ones first."""
        signer = _Signer(signature_algorithm=method, digest_algorithm=digest, c14n_algorithm=_C14N)
        for name in elements:
            root = etree.fromstring(document)
            element = root if etree.QName(root).localname == name else root.find(f"{{*}}{name}")
            assert element is not None
            place = etree.Element(f"{DS}Signature", {"Id": "placeholder"}, nsmap={"ds": DS[1:-1]})
            element.insert(1, place)
            reference = SignatureReference(f"#{element.get('ID')}", _C14N, prefixes.split())
            made = signer.sign(
                element,
                key=self.key,
                cert=[self.certificate],
                reference_uri=[reference],
                id_attribute="ID",
            )
            if element is root:
                root = made
            else:
                root.replace(element, made)
            document = etree.tostring(root)
        return document

    def answer(self, *signed: str, **said: str) -> bytes:
        """Write and sign a response; its assertion if nothing is said."""
        return self.sign(self.written(**said), *(signed or ("Assertion",)))


def _parts(document: bytes) -> tuple[etree._Element, etree._Element, etree._Element]:
    """Give a response, its signed assertion, and an assertion that an attacker wrote in its image."""
    root = etree.fromstring(document)
    genuine = root.find(f"{SAML}Assertion")
    assert genuine is not None
    evil = copy.deepcopy(genuine)
    name = evil.find(f"{SAML}Subject/{SAML}NameID")
    assert name is not None
    name.text = "root@harbour.example"
    return root, genuine, evil


def _signature(element: etree._Element) -> etree._Element:
    found = element.find(f"{DS}Signature")
    assert found is not None
    return found


def _without_signature(element: etree._Element) -> etree._Element:
    element.remove(_signature(element))
    return element


def _beside(document: bytes, evil_id: str) -> bytes:
    root, genuine, evil = _parts(document)
    evil.set("ID", evil_id)
    root.insert(root.index(genuine), _without_signature(evil))
    return etree.tostring(root)


def _around(document: bytes, evil_id: str) -> bytes:
    root, genuine, evil = _parts(document)
    evil.set("ID", evil_id)
    root.replace(genuine, _without_signature(evil))
    evil.append(genuine)
    return etree.tostring(root)


def _with_its_signature(document: bytes, evil_id: str) -> bytes:
    root, genuine, evil = _parts(document)
    evil.set("ID", evil_id)
    root.replace(genuine, evil)
    root.append(_without_signature(genuine))
    return etree.tostring(root)


def _in_the_signature(document: bytes, evil_id: str) -> bytes:
    root, genuine, evil = _parts(document)
    evil.set("ID", evil_id)
    root.replace(genuine, evil)
    held = etree.SubElement(_signature(evil), f"{DS}Object")
    held.append(_without_signature(genuine))
    return etree.tostring(root)


def _in_an_extension(document: bytes, evil_id: str) -> bytes:
    root, genuine, evil = _parts(document)
    evil.set("ID", evil_id)
    root.replace(genuine, _without_signature(evil))
    extensions = etree.Element(f"{SAMLP}Extensions")
    root.insert(1, extensions)
    extensions.append(genuine)
    return etree.tostring(root)


def _signature_taken_along(document: bytes, evil_id: str) -> bytes:
    """The evil assertion has the signature, whose reference finds the genuine one in a foreign element."""
    root, genuine, evil = _parts(document)
    evil.set("ID", evil_id)
    root.replace(genuine, evil)
    hidden = etree.SubElement(root, "{urn:elsewhere}Attic")
    hidden.append(_without_signature(genuine))
    return etree.tostring(root)


WRAPPINGS: dict[str, Callable[[bytes, str], bytes]] = {
    "beside": _beside,
    "around": _around,
    "with its signature": _with_its_signature,
    "in the signature": _in_the_signature,
    "in an extension": _in_an_extension,
    "in a foreign element": _signature_taken_along,
}
"""Ways to let a signature over one assertion vouch for another (Somorovsky et al. 2012, XSW 3 to 8)."""


def wrapped_response(document: bytes, *, inside: bool) -> bytes:
    """Wrap a signed response in another one (XSW 1 and 2): within the signature, or before it."""
    genuine = etree.fromstring(document)
    evil = copy.deepcopy(genuine)
    evil.set("ID", "_evil")
    name = evil.find(f".//{SAML}NameID")
    assert name is not None
    name.text = "root@harbour.example"
    signature = _signature(evil)
    plain = _without_signature(genuine)
    if inside:
        etree.SubElement(signature, f"{DS}Object").append(plain)
    else:
        evil.insert(evil.index(signature), plain)
    return etree.tostring(evil)


def changed(document: bytes, path: str, change: Callable[[etree._Element], object]) -> bytes:
    """Change one element of a document after it was signed."""
    root = etree.fromstring(document)
    found: Sequence[etree._Element] = root.findall(path)
    change(found[0])
    return etree.tostring(root)
