"""How failures are told in SCIM's words (RFC 7644, 3.12)."""

from collections.abc import Mapping
from typing import Any

from mainstay.kit.errors import Conflict, Failure, Invalid, Unauthenticated
from mainstay.transports.rest.credentials import challenge
from mainstay.transports.rest.problems import MessageMalformed, retry_after, status_of

SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
_TYPES: Mapping[str, str] = {
    "UserExists": "uniqueness",
    "UserNameTaken": "uniqueness",
    "GroupNameTaken": "uniqueness",
}
_NAMED = frozenset({"UserMissing", "GroupMissing"})
_STALE = 412


def document(status: int, detail: str, scim_type: str = "") -> dict[str, Any]:
    """Write an error."""
    told = {"schemas": [SCHEMA], "status": str(status), "detail": detail}
    return {**told, "scimType": scim_type} if scim_type else told


def told(failure: Failure, missing: str = "") -> tuple[int, dict[str, Any], dict[str, str]]:
    """Tell a failure: its status, the document, and the headers.

    `missing` is the failure that says of the path that nothing is there; in a body it is a wrong value.
    """
    status, name = status_of(type(failure)), failure.code()
    scim_type = _TYPES.get(name, "")
    if name in _NAMED and name != missing:
        status, scim_type = 400, "invalidValue"
    elif isinstance(failure, MessageMalformed):
        status, scim_type = 400, "invalidSyntax"
    elif isinstance(failure, Invalid) and status in {400, 422}:
        status, scim_type = 400, "invalidValue"
    elif isinstance(failure, Conflict):
        status = _STALE if name == "VersionStale" else status
    headers = retry_after(failure)
    if isinstance(failure, Unauthenticated):
        headers["WWW-Authenticate"] = challenge(failure)
    return status, document(status, _described(failure), scim_type), headers


def _described(failure: Failure) -> str:
    fields = "; ".join(f"{each['field']}: {each['problem']}" for each in failure.problems if "field" in each)
    return " ".join(part for part in (f"{failure.title}.", failure.detail, fields) if part)
