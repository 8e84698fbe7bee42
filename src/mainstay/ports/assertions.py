"""What we ask of a reader of SAML: what a signed answer says, and nothing that was not signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mainstay.kit.errors import Invalid, Unauthenticated


class AnswerUnreadable(Invalid):
    """The identity provider's answer is no SAML response of the form that is read here."""

    title = "The identity provider's answer cannot be read"


class AssertionEncrypted(Invalid):
    """The assertion is encrypted, which is not read here."""

    title = "The identity provider encrypts its assertions"


class SignatureRefused(Unauthenticated):
    """The answer is not signed, or not by the identity provider, or its signature does not cover it."""

    title = "The identity provider's signature is refused"


class MetadataUnreadable(Invalid):
    """The document is no metadata of a SAML identity provider."""

    title = "The identity provider's metadata cannot be read"


@dataclass(frozen=True)
class Envelope:
    """What the response around an assertion says; signed only if the response is.

    Empty where nothing is said. `reason` is the last part of the innermost status.
    """

    status: str
    reason: str
    issuer: str
    destination: str
    in_response_to: str


@dataclass(frozen=True)
class Confirmation:
    """Where, for which request and until when a bearer may present an assertion."""

    recipient: str
    in_response_to: str
    not_before_ms: int | None
    not_on_or_after_ms: int | None


@dataclass(frozen=True)
class Assertion:
    """What an identity provider has signed of somebody.

    `audiences` has one set of names for each restriction; all of them hold.
    """

    assertion_id: str
    issuer: str
    name_id: str
    name_id_format: str
    not_before_ms: int | None
    not_on_or_after_ms: int | None
    audiences: tuple[frozenset[str], ...]
    confirmations: tuple[Confirmation, ...]
    attributes: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Provider:
    """What an identity provider's metadata says of it; certificates are DER in base 64."""

    entity_id: str
    sign_in_url: str
    certificates: tuple[str, ...]


class Assertions(Protocol):
    """Reads SAML 2.0; whatever a document asks for, nothing is fetched, expanded or transformed."""

    def envelope(self, document: bytes) -> Envelope:
        """Read the unsigned outside of a response; raises AnswerUnreadable."""
        ...

    def assertion(self, document: bytes, certificates: Sequence[str]) -> Assertion:
        """Read the one assertion of a response, out of the very bytes that were signed.

        Raises AnswerUnreadable, AssertionEncrypted, and SignatureRefused unless all signatures are right and
        at least one is there.
        """
        ...

    def provider(self, document: bytes) -> Provider:
        """Read an identity provider's metadata; raises MetadataUnreadable."""
        ...
