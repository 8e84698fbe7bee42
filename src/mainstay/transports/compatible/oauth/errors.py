"""How failures are told in the protocol's words (RFC 6749, 5.2; RFC 6750; RFC 7591)."""

from collections.abc import Mapping
from dataclasses import dataclass

from mainstay.kit.errors import Conflict, Failure, Forbidden, NotFound, TooMany, Unauthenticated, Unavailable
from mainstay.transports.rest.credentials import challenge
from mainstay.transports.rest.problems import (
    BodyTooLarge,
    BodyTooSlow,
    MediaTypeUnsupported,
    MethodUnsupported,
    retry_after,
    status_of,
)

BASIC = 'Basic realm="mainstay", charset="UTF-8"'
_BAD = 400
_NAMES: Mapping[str, str] = {
    "ClientRefused": "invalid_client",
    "ClientProofUnclear": "invalid_client",
    "GrantRefused": "invalid_grant",
    "GrantReused": "invalid_grant",
    "GrantUnknown": "unsupported_grant_type",
    "GrantUnsupported": "unauthorized_client",
    "ScopeRefused": "invalid_scope",
    "ResourceRefused": "invalid_target",
}
_KINDS: Mapping[type[Failure], str] = {
    Unauthenticated: "invalid_token",
    Forbidden: "access_denied",
    TooMany: "temporarily_unavailable",
    Unavailable: "temporarily_unavailable",
    Conflict: "invalid_request",
    NotFound: "invalid_request",
}
_OWN_STATUS = (
    BodyTooLarge,
    BodyTooSlow,
    Forbidden,
    MediaTypeUnsupported,
    MethodUnsupported,
    TooMany,
    Unauthenticated,
    Unavailable,
)


@dataclass(frozen=True)
class Told:
    """An error as the protocol writes it."""

    status: int
    error: str
    description: str
    headers: Mapping[str, str]


def name_of(failure: Failure) -> str:
    """Give the protocol's name for a failure."""
    kind = next((name for each, name in _KINDS.items() if isinstance(failure, each)), "invalid_request")
    return _NAMES.get(failure.code(), kind)


def told(failure: Failure) -> Told:
    """Tell a failure."""
    error, headers = name_of(failure), retry_after(failure)
    status = status_of(type(failure)) if isinstance(failure, _OWN_STATUS) else _BAD
    if error == "invalid_client":
        headers["WWW-Authenticate"] = BASIC
    elif isinstance(failure, Unauthenticated):
        headers["WWW-Authenticate"] = challenge(failure)
    return Told(status, error, described(failure.detail), headers)


def described(text: str) -> str:
    """Write a text in the letters that `error_description` may have."""
    plain = text.replace('"', "'").replace("\\", "/").encode("ascii", "replace").decode()
    return "".join(each if each.isprintable() else " " for each in plain)
