"""Reads SAML 2.0 responses and metadata with libxml2, out of the bytes whose signature was verified."""

import re
from collections.abc import Sequence
from datetime import datetime

from mainstay.engines.assertions.documents import (
    METADATA,
    METADATA_BYTES_MAX,
    PROTOCOL,
    SAML,
    SIGNATURE,
    DocumentRefused,
    Element,
    at_most_one,
    children,
    only,
    parsed,
    text_of,
)
from mainstay.engines.assertions.signatures import Key, check_places, keys_of, signed_bytes
from mainstay.ports.assertions import (
    AnswerUnreadable,
    Assertion,
    AssertionEncrypted,
    Confirmation,
    Envelope,
    MetadataUnreadable,
    Provider,
    SignatureRefused,
)

CERTIFICATES_MAX = 10
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
_CONDITIONS = [f"{SAML}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")]
_MOMENT = re.compile(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z\Z")


class SamlAssertions:
    """Reads what identity providers sign."""

    def envelope(self, document: bytes) -> Envelope:
        """Read the unsigned outside of a response; raises AnswerUnreadable."""
        try:
            return _envelope(_response(document))
        except DocumentRefused as refused:
            raise _unreadable(refused) from None

    def assertion(self, document: bytes, certificates: Sequence[str]) -> Assertion:
        """Read the one assertion, out of the very bytes that were signed."""
        try:
            keys = keys_of(certificates)
        except ValueError as unusable:
            raise SignatureRefused(
                f"A certificate of the connection cannot be used ({unusable}); update its metadata."
            ) from None
        try:
            return _read_assertion(_signed(_response(document), keys))
        except DocumentRefused as refused:
            raise _unreadable(refused) from None

    def provider(self, document: bytes) -> Provider:
        """Read an identity provider's metadata; raises MetadataUnreadable."""
        try:
            return _read_provider(parsed(document, METADATA_BYTES_MAX))
        except DocumentRefused as refused:
            raise MetadataUnreadable(
                f"Give the metadata document (XML) of one identity provider: {refused}."
            ) from None


def _unreadable(refused: DocumentRefused) -> AnswerUnreadable:
    return AnswerUnreadable(f"The identity provider's answer is not what is read here: {refused}.")


def _response(document: bytes) -> Element:
    root = parsed(document)
    if root.tag != f"{PROTOCOL}Response" or root.get("Version") != "2.0":
        raise DocumentRefused("it is no SAML 2.0 response")
    return root


def _envelope(response: Element) -> Envelope:
    codes = only(response, f"{PROTOCOL}Status").findall(f".//{PROTOCOL}StatusCode")
    return Envelope(
        status=codes[0].get("Value", "") if codes else "",
        reason=codes[-1].get("Value", "").rpartition(":")[2] if codes else "",
        issuer=text_of(at_most_one(response, f"{SAML}Issuer")),
        destination=response.get("Destination", ""),
        in_response_to=response.get("InResponseTo", ""),
    )


def _the_assertion(response: Element) -> Element:
    """Give the one assertion that there is, wherever it may stand; raises DocumentRefused."""
    if response.find(f".//{SAML}EncryptedAssertion") is not None:
        raise AssertionEncrypted(
            "Turn the encryption of assertions off at the identity provider; TLS protects them."
        )
    found = list(response.iter(f"{SAML}Assertion"))
    if len(found) != 1 or found[0].getparent() is not response:
        raise DocumentRefused("it does not have one assertion")
    return found[0]


def _signed(response: Element, keys: Sequence[Key]) -> Element:
    """Verify every signature; give the assertion as it was signed, by itself or with its response."""
    assertion = _the_assertion(response)
    check_places(response, [response, assertion])
    around = signed_bytes(response, keys)
    if around is not None:
        assertion = _the_assertion(parsed(around))
    within = signed_bytes(assertion, keys)
    if within is not None:
        return parsed(within)
    if around is None:
        raise SignatureRefused("The answer is not signed. Turn signing on at the identity provider.")
    return assertion


def _read_assertion(assertion: Element) -> Assertion:
    if assertion.tag != f"{SAML}Assertion" or assertion.get("Version") != "2.0":
        raise DocumentRefused("it has no SAML 2.0 assertion")
    only(assertion, f"{SAML}AuthnStatement")
    subject = only(assertion, f"{SAML}Subject")
    name = only(subject, f"{SAML}NameID")
    conditions = only(assertion, f"{SAML}Conditions")
    children(conditions, _CONDITIONS)
    return Assertion(
        assertion_id=assertion.get("ID", ""),
        issuer=text_of(only(assertion, f"{SAML}Issuer")),
        name_id=text_of(name),
        name_id_format=name.get("Format", ""),
        not_before_ms=_moment(conditions, "NotBefore"),
        not_on_or_after_ms=_moment(conditions, "NotOnOrAfter"),
        audiences=tuple(
            frozenset(text_of(each) for each in restriction.findall(f"{SAML}Audience"))
            for restriction in conditions.findall(f"{SAML}AudienceRestriction")
        ),
        confirmations=tuple(
            _confirmation(only(each, f"{SAML}SubjectConfirmationData"))
            for each in subject.findall(f"{SAML}SubjectConfirmation")
            if each.get("Method") == _BEARER
        ),
        attributes=_attributes(assertion),
    )


def _confirmation(data: Element) -> Confirmation:
    return Confirmation(
        recipient=data.get("Recipient", ""),
        in_response_to=data.get("InResponseTo", ""),
        not_before_ms=_moment(data, "NotBefore"),
        not_on_or_after_ms=_moment(data, "NotOnOrAfter"),
    )


def _attributes(assertion: Element) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for statement in assertion.findall(f"{SAML}AttributeStatement"):
        if statement.find(f"{SAML}EncryptedAttribute") is not None:
            raise AssertionEncrypted("Turn the encryption of attributes off at the identity provider.")
        for attribute in statement.findall(f"{SAML}Attribute"):
            values = tuple(text_of(each) for each in attribute.findall(f"{SAML}AttributeValue"))
            name = attribute.get("Name", "")
            found[name] = (*found.get(name, ()), *values)
    return found


def _moment(node: Element, name: str) -> int | None:
    text = node.get(name)
    if text is None:
        return None
    if _MOMENT.match(text) is None:
        raise DocumentRefused(f"{name} is no moment in UTC")
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise DocumentRefused(f"{name} is no moment in UTC") from None


def _read_provider(root: Element) -> Provider:
    entity = (
        only(root, f"{METADATA}EntityDescriptor") if root.tag == f"{METADATA}EntitiesDescriptor" else root
    )
    if entity.tag != f"{METADATA}EntityDescriptor" or not entity.get("entityID"):
        raise DocumentRefused("it describes no entity")
    descriptor = only(entity, f"{METADATA}IDPSSODescriptor")
    urls = [
        each.get("Location", "")
        for each in descriptor.findall(f"{METADATA}SingleSignOnService")
        if each.get("Binding") == _REDIRECT
    ]
    if not urls:
        raise DocumentRefused("it has no sign-in address for the redirect binding")
    if not urls[0].startswith(("https://", "http://")):  # it becomes a link on the sign-in page
        raise DocumentRefused("its sign-in address does not begin with https://")
    certificates = tuple(
        dict.fromkeys(
            "".join(text_of(each).split())
            for key in descriptor.findall(f"{METADATA}KeyDescriptor")
            if key.get("use") in {None, "signing"}
            for each in key.iter(f"{SIGNATURE}X509Certificate")
        )
    )
    _check_certificates(certificates)
    return Provider(str(entity.get("entityID")), urls[0], certificates)


def _check_certificates(certificates: Sequence[str]) -> None:
    if not 1 <= len(certificates) <= CERTIFICATES_MAX:
        raise DocumentRefused(
            f"it has {len(certificates)} certificates for signing, not 1 to {CERTIFICATES_MAX}"
        )
    try:
        keys_of(certificates)
    except ValueError as unusable:
        raise DocumentRefused(f"a certificate cannot be used ({unusable})") from None
