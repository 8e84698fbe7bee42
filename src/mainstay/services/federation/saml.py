"""SAML 2.0 as the service provider: what is asked, and what an answer has to say (Web browser SSO)."""

import base64
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn
from xml.sax.saxutils import escape, quoteattr

from mainstay.ports.assertions import Assertion, Confirmation, Envelope
from mainstay.services.federation.failures import SignInRefused

SKEW_MS = 60_000
NAME_LENGTH_MAX = 255
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_REQUEST = (
    '<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
    ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID={id} Version="2.0" IssueInstant={instant}'
    " Destination={destination} AssertionConsumerServiceURL={acs} ProtocolBinding={binding}>"
    "<saml:Issuer>{entity}</saml:Issuer></samlp:AuthnRequest>"
)
_METADATA = (
    '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID={entity}>'
    '<md:SPSSODescriptor AuthnRequestsSigned="false" WantAssertionsSigned="true"'
    ' protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
    '<md:AssertionConsumerService Binding={binding} Location={acs} index="0" isDefault="true"/>'
    "</md:SPSSODescriptor></md:EntityDescriptor>"
)


@dataclass(frozen=True)
class Expected:
    """What the answer to a request of ours has to say."""

    issuer: str
    entity_id: str
    acs_url: str
    request_id: str
    now_ms: int


def request(expected: Expected, destination: str) -> str:
    """Write a request as the redirect binding carries it: deflated, in base 64."""
    instant = datetime.fromtimestamp(expected.now_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = _REQUEST.format(
        id=quoteattr(expected.request_id),
        instant=quoteattr(instant),
        destination=quoteattr(destination),
        acs=quoteattr(expected.acs_url),
        binding=quoteattr(_POST),
        entity=escape(expected.entity_id),
    )
    deflate = zlib.compressobj(wbits=-15)
    return base64.b64encode(deflate.compress(text.encode()) + deflate.flush()).decode()


def metadata(entity_id: str, acs_url: str) -> str:
    """Write this server's own metadata."""
    return _METADATA.format(entity=quoteattr(entity_id), binding=quoteattr(_POST), acs=quoteattr(acs_url))


def check_envelope(envelope: Envelope, expected: Expected) -> None:
    """Check what a response says around its assertion; raises SignInRefused."""
    if envelope.status != _SUCCESS:
        reason = "".join(letter for letter in envelope.reason[:40] if letter.isalnum())
        _refuse(f"the identity provider says no ({reason or 'no reason given'})")
    if envelope.destination not in {"", expected.acs_url}:
        _refuse("the answer was sent to another address")
    if envelope.in_response_to != expected.request_id:
        _refuse("the answer is not to the request of this sign-in")
    if envelope.issuer not in {"", expected.issuer}:
        _refuse("the answer is another identity provider's")


def check(assertion: Assertion, expected: Expected) -> str:
    """Check what an assertion says; give its subject; raises SignInRefused."""
    if assertion.issuer != expected.issuer:
        _refuse("the assertion is another identity provider's")
    if not assertion.audiences or not all(expected.entity_id in names for names in assertion.audiences):
        _refuse("the assertion is for another service")
    if not _holds(assertion.not_before_ms, assertion.not_on_or_after_ms, expected.now_ms):
        _refuse("the assertion is not valid now; check the clocks of both servers")
    if not any(_confirms(each, expected) for each in assertion.confirmations):
        _refuse("the assertion is not confirmed for this address, this request and this time")
    if not assertion.assertion_id or not 1 <= len(assertion.name_id) <= NAME_LENGTH_MAX:
        _refuse("the assertion names nobody")
    if assertion.name_id_format == _TRANSIENT:
        _refuse("the name is another one each time; choose a persistent name or the e-mail address as NameID")
    return assertion.name_id


def valid_until_ms(assertion: Assertion, expected: Expected) -> int:
    """Say until when an assertion could be presented again."""
    ends = [each.not_on_or_after_ms or 0 for each in assertion.confirmations if _confirms(each, expected)]
    return max(ends) + SKEW_MS


def _refuse(why: str) -> NoReturn:
    raise SignInRefused(f"The sign-in is refused: {why}. Sign in again, or ask your administrator.")


def _holds(not_before_ms: int | None, not_on_or_after_ms: int | None, now_ms: int) -> bool:
    begun = not_before_ms is None or not_before_ms <= now_ms + SKEW_MS
    return begun and (not_on_or_after_ms is None or now_ms - SKEW_MS < not_on_or_after_ms)


def _confirms(each: Confirmation, expected: Expected) -> bool:
    return (
        each.recipient == expected.acs_url
        and each.in_response_to == expected.request_id
        and each.not_on_or_after_ms is not None
        and _holds(each.not_before_ms, each.not_on_or_after_ms, expected.now_ms)
    )
