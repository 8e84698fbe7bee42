"""Every reader of SAML behind ports.assertions: what is signed is read, whatever else there is."""

import re
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml import DigestAlgorithm, SignatureMethod

from mainstay.engines.assertions.documents import BYTES_MAX, DEPTH_MAX
from mainstay.engines.assertions.saml import SamlAssertions
from mainstay.kit.errors import Failure
from mainstay.ports.assertions import (
    AnswerUnreadable,
    Assertion,
    AssertionEncrypted,
    MetadataUnreadable,
    SignatureRefused,
)
from saml_provider import (
    DS,
    EMAIL_FORMAT,
    ENTITY,
    SAML,
    SIGN_IN,
    SUCCESS,
    WRAPPINGS,
    SamlProvider,
    changed,
    rsa_key,
    wrapped_response,
)

REFUSED = (AnswerUnreadable, SignatureRefused)
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
INFO = f".//{DS}SignedInfo"


@pytest.fixture(scope="module")
def provider() -> SamlProvider:
    return SamlProvider()


def read(provider: SamlProvider, document: bytes) -> Assertion:
    return SamlAssertions().assertion(document, provider.trusted)


@pytest.mark.parametrize("signed", [("Assertion",), ("Response",), ("Assertion", "Response")])
def test_what_is_signed_is_read(provider: SamlProvider, signed: tuple[str, ...]) -> None:
    found = read(provider, provider.answer(*signed))
    assert (found.issuer, found.name_id, found.name_id_format) == (
        ENTITY,
        "ada@harbour.example",
        EMAIL_FORMAT,
    )
    assert found.attributes == {"email": ("ada@harbour.example",), "groups": ("staff", "board")}
    assert found.audiences == (frozenset({provider.audience}),)
    assert (found.assertion_id, found.not_before_ms) == ("_assertion", provider.now_ms - 5000)
    confirmation = found.confirmations[0]
    assert (confirmation.recipient, confirmation.in_response_to) == (provider.acs_url, provider.request_id)
    assert confirmation.not_on_or_after_ms == found.not_on_or_after_ms == provider.now_ms + 300_000


def test_the_envelope_is_read(provider: SamlProvider) -> None:
    said = SamlAssertions().envelope(provider.written())
    assert (said.status, said.reason, said.issuer) == (SUCCESS, "Success", ENTITY)
    assert (said.destination, said.in_response_to) == (provider.acs_url, provider.request_id)


@pytest.mark.parametrize(
    ("method", "digest"),
    [
        (SignatureMethod.RSA_SHA256, DigestAlgorithm.SHA256),
        (SignatureMethod.RSA_SHA512, DigestAlgorithm.SHA512),
        (SignatureMethod.ECDSA_SHA256, DigestAlgorithm.SHA256),
        (SignatureMethod.ECDSA_SHA384, DigestAlgorithm.SHA384),
    ],
)
@pytest.mark.parametrize("prefixes", ["", "xs saml"])
def test_another_signer_is_understood(
    method: SignatureMethod, digest: DigestAlgorithm, prefixes: str
) -> None:
    key = ec.generate_private_key(ec.SECP256R1()) if "ECDSA" in method.name else rsa_key()
    signer = SamlProvider(key=key)
    document = signer.sign(signer.written(), "Assertion", method=method, digest=digest, prefixes=prefixes)
    assert (b"PrefixList" in document) == bool(prefixes)
    assert read(signer, document).name_id == "ada@harbour.example"
    forged = document.replace(b"ada@harbour", b"bob@harbour")
    with pytest.raises(SignatureRefused, match="has been changed"):
        read(signer, forged)


def test_what_is_not_signed_is_refused(provider: SamlProvider) -> None:
    with pytest.raises(SignatureRefused, match="is not signed"):
        read(provider, provider.written())


def test_another_key_is_refused_whatever_the_signature_says_of_it(provider: SamlProvider) -> None:
    other = SamlProvider(key=rsa_key("other"))
    with pytest.raises(SignatureRefused, match="not signed with a key"):
        read(provider, other.answer())
    assert SamlAssertions().assertion(other.answer(), [*provider.trusted, *other.trusted])
    with pytest.raises(SignatureRefused):
        SamlAssertions().assertion(other.answer(), [])


@pytest.mark.parametrize("evil_id", ["_assertion", "_evil"])
@pytest.mark.parametrize("name", list(WRAPPINGS))
@pytest.mark.parametrize("signed", [("Assertion",), ("Assertion", "Response")])
def test_a_wrapped_assertion_is_refused(
    provider: SamlProvider, name: str, evil_id: str, signed: tuple[str, ...]
) -> None:
    with pytest.raises(REFUSED):
        read(provider, WRAPPINGS[name](provider.answer(*signed), evil_id))


@pytest.mark.parametrize("inside", [True, False])
def test_a_wrapped_response_is_refused(provider: SamlProvider, *, inside: bool) -> None:
    with pytest.raises(REFUSED):
        read(provider, wrapped_response(provider.answer("Response"), inside=inside))


@pytest.mark.parametrize(
    "path", [f".//{SAML}NameID", f".//{SAML}Audience", f".//{SAML}AttributeValue", f".//{DS}DigestValue"]
)
@pytest.mark.parametrize("signed", ["Assertion", "Response"])
def test_a_changed_word_is_refused(provider: SamlProvider, path: str, signed: str) -> None:
    def change(element: etree._Element) -> None:
        element.text = "A" + (element.text or "")[1:]

    with pytest.raises(REFUSED):
        read(provider, changed(provider.answer(signed), path, change))


def test_a_signature_over_the_response_must_hold_even_if_the_assertions_does(provider: SamlProvider) -> None:
    document = provider.answer("Assertion", "Response")
    with pytest.raises(SignatureRefused):
        read(provider, document.replace(b'Destination="https', b'Destination="httpx'))


def test_a_comment_does_not_cut_a_name_short(provider: SamlProvider) -> None:
    document = provider.answer(name="ada@harbour.example.elsewhere.example")
    cut = document.replace(b"ada@harbour.example.else", b"ada@harbour.example<!-- -->.else")
    assert cut != document
    assert read(provider, cut).name_id == "ada@harbour.example.elsewhere.example"


def _algorithm(value: str) -> Callable[[etree._Element], object]:
    return lambda element: element.set("Algorithm", value)


def _transform(algorithm: str) -> Callable[[etree._Element], object]:
    return lambda element: etree.SubElement(element, f"{DS}Transform", Algorithm=algorithm)


def _twice(element: etree._Element) -> None:
    element.append(etree.fromstring(etree.tostring(element[2])))


FORMS: list[tuple[str, str, Callable[[etree._Element], object]]] = [
    ("rsa-sha1", f"{INFO}/{DS}SignatureMethod", _algorithm("http://www.w3.org/2000/09/xmldsig#rsa-sha1")),
    ("hmac", f"{INFO}/{DS}SignatureMethod", _algorithm("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")),
    ("sha1", f"{INFO}//{DS}DigestMethod", _algorithm("http://www.w3.org/2000/09/xmldsig#sha1")),
    ("with comments", f"{INFO}/{DS}CanonicalizationMethod", _algorithm(f"{C14N}WithComments")),
    (
        "inclusive",
        f"{INFO}/{DS}CanonicalizationMethod",
        _algorithm("http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
    ),
    ("xslt", f"{INFO}//{DS}Transforms", _transform(XSLT)),
    ("xpath", f"{INFO}//{DS}Transforms", _transform("http://www.w3.org/TR/1999/REC-xpath-19991116")),
    ("base64", f"{INFO}//{DS}Transforms", _transform("http://www.w3.org/2000/09/xmldsig#base64")),
    ("no transform", f"{INFO}//{DS}Transforms", lambda element: element.clear()),
    ("the whole document", f"{INFO}/{DS}Reference", lambda element: element.set("URI", "")),
    ("elsewhere", f"{INFO}/{DS}Reference", lambda element: element.set("URI", "https://evil.example/a.xml")),
    ("a pointer", f"{INFO}/{DS}Reference", lambda element: element.set("URI", "#xpointer(id('_assertion'))")),
    ("two references", INFO, _twice),
    ("an object", f".//{DS}Signature", lambda element: etree.SubElement(element, f"{DS}Object")),
    ("a value of no base 64", f".//{DS}SignatureValue", lambda element: setattr(element, "text", "!")),
]


@pytest.mark.parametrize(("label", "path", "change"), FORMS, ids=[each[0] for each in FORMS])
def test_a_signature_of_another_form_is_refused_before_anything_is_made_of_it(
    provider: SamlProvider,
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    path: str,
    change: Callable[[etree._Element], object],
) -> None:
    document = changed(provider.answer(), path, change)

    def never(*_: object) -> bytes:
        raise AssertionError(label)

    monkeypatch.setattr("mainstay.engines.assertions.signatures._canonical", never)
    with pytest.raises(REFUSED):
        read(provider, document)


def test_an_xslt_bomb_does_not_go_off(provider: SamlProvider) -> None:
    def plant(element: etree._Element) -> None:
        transform = etree.SubElement(element, f"{DS}Transform", Algorithm=XSLT)
        sheet = etree.fromstring(
            '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
            '<xsl:template match="/"><xsl:call-template name="a"/></xsl:template><xsl:template name="a">'
            '<xsl:call-template name="a"/><xsl:call-template name="a"/></xsl:template></xsl:stylesheet>'
        )
        transform.append(sheet)

    document = changed(provider.answer(), f"{INFO}//{DS}Transforms", plant)
    begun = time.perf_counter()
    with pytest.raises(SignatureRefused, match="transform that is refused"):
        read(provider, document)
    assert time.perf_counter() - begun < 1


def _doctype(inner: str) -> Callable[[bytes], bytes]:
    return lambda document: f"<!DOCTYPE r [{inner}]>".encode() + document


BOMB = '<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + each)} "{f"&{chr(97 + each)};" * 10}">' for each in range(10)
)
HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "an external entity": _doctype('<!ENTITY x SYSTEM "file:///etc/passwd">'),
    "an external type": lambda document: b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">' + document,
    "a billion laughs": _doctype(BOMB),
    "an attribute list": _doctype('<!ATTLIST r ID ID "x">'),
    "another encoding": lambda document: b'<?xml version="1.0" encoding="UTF-7"?>' + document,
    "UTF-16": lambda document: document.decode().encode("utf-16"),
    "an instruction": lambda document: document.replace(b"<saml:Subject>", b"<?php x?><saml:Subject>"),
    "no XML": lambda _: b"not at all",
    "nothing": lambda _: b"",
    "half": lambda document: document[: len(document) // 2],
    "another kind": lambda _: b"<a/>",
    "an older version": lambda document: document.replace(b'Version="2.0"', b'Version="1.1"'),
    "too large": lambda document: document.replace(b"staff", b"x" * BYTES_MAX),
    "too deep": lambda document: document.replace(b"staff", b"<a>" * DEPTH_MAX + b"</a>" * DEPTH_MAX),
    "too many elements": lambda document: document.replace(b"staff", b"<a/>" * 6000),
    "too many namespaces": lambda document: document.replace(
        b"staff", b"".join(b'<a xmlns:n%d="u%d"/>' % (each, each) for each in range(200))
    ),
    "two assertions": lambda document: document.replace(
        b"</samlp:Response>", b'<saml:Assertion ID="_2" Version="2.0"/></samlp:Response>'
    ),
    "no assertion": lambda document: re.sub(
        rb"<saml:Assertion.*</saml:Assertion>", b"", document, flags=re.DOTALL
    ),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_a_hostile_document_is_refused(provider: SamlProvider, name: str) -> None:
    document = HOSTILE[name](provider.answer())
    with pytest.raises(AnswerUnreadable):
        read(provider, document)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("<saml:Subject>", "<saml:Subject><saml:NameID>root</saml:NameID>", AnswerUnreadable),
        ("<saml:OneTimeUse/>", "", None),
        ("<saml:AudienceRestriction>", "<saml:Condition/><saml:AudienceRestriction>", AnswerUnreadable),
        ('NotBefore="2', 'NotBefore="x2', AnswerUnreadable),
        (
            "<saml:AttributeStatement",
            "<saml:EncryptedAssertion/><saml:AttributeStatement",
            AssertionEncrypted,
        ),
        ('<saml:Attribute Name="email">', "<saml:EncryptedAttribute/><saml:Attribute>", AssertionEncrypted),
        ('xsi:type="xs:string">ada', 'xsi:type="xs:string"><b>a</b>da', None),
    ],
)
def test_what_a_provider_may_sign_is_bounded(
    provider: SamlProvider, before: str, after: str, kind: type[Failure] | None
) -> None:
    document = provider.sign(provider.written().replace(before.encode(), after.encode()), "Assertion")
    if kind is None:
        assert read(provider, document).attributes["email"] == ("ada@harbour.example",)
        return
    with pytest.raises(kind):
        read(provider, document)


def test_the_largest_answer_is_read_quickly(provider: SamlProvider) -> None:
    many = b"<saml:AttributeValue>%s</saml:AttributeValue>" % (b"x" * 200)
    written = provider.written().replace(b"<saml:AttributeValue>staff</saml:AttributeValue>", many * 900)
    document = provider.sign(written, "Assertion", "Response")
    assert 200_000 < len(document) <= BYTES_MAX
    begun = time.perf_counter()
    assert len(read(provider, document).attributes["groups"]) == 901
    assert time.perf_counter() - begun < 0.5


def test_metadata_is_read(provider: SamlProvider) -> None:
    found = SamlAssertions().provider(provider.metadata().encode())
    assert (found.entity_id, found.sign_in_url) == (ENTITY, SIGN_IN)
    assert list(found.certificates) == provider.trusted
    several = f'<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">{provider.metadata()}'
    assert SamlAssertions().provider(f"{several}</md:EntitiesDescriptor>".encode()) == found
    with pytest.raises(MetadataUnreadable, match="2 elements EntityDescriptor"):
        SamlAssertions().provider(f"{several}{provider.metadata()}</md:EntitiesDescriptor>".encode())


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("HTTP-Redirect", "HTTP-POST", "redirect binding"),
        (SIGN_IN, "javascript:alert(1)//", "does not begin with https"),
        ('use="signing"', 'use="encryption"', "0 certificates"),
        ("IDPSSODescriptor", "SPSSODescriptor", "0 elements IDPSSODescriptor"),
        (f'entityID="{ENTITY}"', "", "describes no entity"),
        ("<ds:X509Certificate>MII", "<ds:X509Certificate>MIJ", "cannot be used"),
        ("<md:EntityDescriptor", "<!DOCTYPE a><md:EntityDescriptor", "document type"),
    ],
)
def test_other_metadata_is_refused(provider: SamlProvider, before: str, after: str, told: str) -> None:
    text = provider.metadata().replace(before, after)
    with pytest.raises(MetadataUnreadable, match=told):
        SamlAssertions().provider(text.encode())


def test_a_short_key_is_refused() -> None:
    weak = SamlProvider(key=rsa_key("weak", 1024))
    with pytest.raises(MetadataUnreadable, match="2048 bits"):
        SamlAssertions().provider(weak.metadata().encode())
    with pytest.raises(SignatureRefused, match="2048 bits"):
        read(weak, weak.answer())
