"""Which problems an operation can answer, for the OpenAPI document and for the pages that explain them."""

from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.kernel.at_once import TooManyAtOnce
from mainstay.kernel.dispatch import Application, RequestInvalid
from mainstay.kernel.guard import (
    ANYBODY,
    STRANGER,
    CredentialsAmbiguous,
    CredentialsMissing,
    CredentialsUnknown,
    PermissionMissing,
    QuotaUsedUp,
    RateLimited,
    SecondFactorRequired,
    TenantSuspended,
)
from mainstay.kernel.idempotency import IdempotencyKeyInvalid, IdempotencyKeyReused, KeyTaken
from mainstay.kernel.interface import Operation, Route
from mainstay.kernel.shedding import Overloaded, Throttled
from mainstay.kit.errors import Failure
from mainstay.ports.database import DatabaseUnavailable
from mainstay.transports.rest.origins import OriginRefused
from mainstay.transports.rest.problems import (
    BUG_CODE,
    BUG_STATUS,
    PROBLEM_MEDIA_TYPE,
    AnswerUnacceptable,
    BodyTooLarge,
    BodyTooSlow,
    HeaderRepeated,
    MediaTypeUnsupported,
    MessageMalformed,
    MethodUnsupported,
    RouteMissing,
    UpgradeRequired,
    slug,
    status_of,
)
from mainstay.transports.websocket.problems import GuestsStayOut, OperationMissing, SocketFull, SocketsTooMany

Schema = dict[str, Any]
Kinds = tuple[type[Failure], ...]

EVERY: Kinds = (
    MessageMalformed,
    HeaderRepeated,
    CredentialsMissing,
    CredentialsUnknown,
    CredentialsAmbiguous,
    AnswerUnacceptable,
    RequestInvalid,
    RateLimited,
    SecondFactorRequired,
    QuotaUsedUp,
    TooManyAtOnce,
    TenantSuspended,
    Overloaded,
    Throttled,
    DatabaseUnavailable,
)
_OF_CREDENTIALS: Kinds = (
    CredentialsMissing,
    CredentialsUnknown,
    CredentialsAmbiguous,
    SecondFactorRequired,
    TenantSuspended,
)
_BODY: Kinds = (BodyTooSlow, BodyTooLarge, MediaTypeUnsupported)
_WRITE: Kinds = (IdempotencyKeyInvalid, IdempotencyKeyReused, KeyTaken)
_NOWHERE: Kinds = (RouteMissing, MethodUnsupported)
_SOCKET: Kinds = (UpgradeRequired, OriginRefused, GuestsStayOut, OperationMissing, SocketsTooMany, SocketFull)
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_NAMES: Mapping[int, str] = {
    400: "MessageMalformed",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "NotFound",
    406: "AnswerUnacceptable",
    408: "BodyTooSlow",
    409: "Conflict",
    413: "BodyTooLarge",
    415: "MediaTypeUnsupported",
    422: "Invalid",
    429: "TooMany",
    500: "InternalError",
    503: "Unavailable",
}
PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "description": "What went wrong, and what to do about it (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "A page that explains this problem.",
        },
        "title": {"type": "string", "description": "The kind of problem, the same every time."},
        "status": {"type": "integer", "description": "The HTTP status."},
        "detail": {"type": "string", "description": "What is wrong in this case, and what to do next."},
        "code": {"type": "string", "description": "The stable name of the problem, for programs."},
        "request_id": {"type": "string", "description": "Name it when you ask for help."},
        "errors": {
            "type": "array",
            "description": "The fields at fault.",
            "items": {"$ref": "#/components/schemas/FieldProblem"},
        },
        "retry_after_s": {"type": "number", "description": "When trying again makes sense, in seconds."},
    },
}
FIELD_PROBLEM_SCHEMA: Schema = {
    "type": "object",
    "description": "What is wrong with one field; what was sent is never repeated.",
    "required": ["field", "problem"],
    "properties": {
        "field": {"type": "string", "description": "The field's path, such as `documents.0.text`."},
        "problem": {"type": "string"},
        "got": {"type": "string", "description": "The kind of value that was sent."},
    },
    "additionalProperties": {"type": "string"},
}


def failures_of(operation: Operation, route: Route) -> Kinds:
    """Give every failure that an operation can answer on a route, its own first."""
    found: list[type[Failure]] = [*operation.fails, *EVERY]
    if operation.may == STRANGER:
        found = [each for each in found if each not in _OF_CREDENTIALS]
    elif operation.may != ANYBODY:
        found.append(PermissionMissing)
    if route.method in _BODY_METHODS:
        found.extend(_BODY)
    if "{" in route.path:
        found.append(RouteMissing)  # an empty name is another path
    if operation.kind == "write" and operation.may != STRANGER:
        found.extend(_WRITE)
    if operation.own_key:
        found.append(IdempotencyKeyInvalid)
    return tuple(dict.fromkeys(found))


def every_failure(application: Application) -> dict[str, type[Failure]]:
    """Give every failure that the house can answer, by the last part of its problem type."""
    found: list[type[Failure]] = [*EVERY, *_BODY, *_WRITE, *_NOWHERE, *_SOCKET, PermissionMissing]
    for operation in application.operations:
        found.extend(operation.fails)
    return {slug(failure.code()): failure for failure in found}


def sentence(failure: type[Failure]) -> str:
    """Give a failure's docstring in one line."""
    return " ".join((failure.__doc__ or failure.title).split())


def _response(status: int, failures: Sequence[type[Failure]]) -> Schema:
    if status == BUG_STATUS:
        codes, lines = [BUG_CODE], ["Something failed that should not have; it is in the server's log."]
    else:
        codes = [failure.code() for failure in failures]
        lines = [f"`{failure.code()}`: {sentence(failure)}" for failure in failures]
    response: Schema = {
        "description": lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines),
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}},
        "content": {
            PROBLEM_MEDIA_TYPE: {
                "schema": {
                    "allOf": [
                        {"$ref": "#/components/schemas/Problem"},
                        {"properties": {"code": {"enum": codes}}},
                    ]
                }
            }
        },
    }
    if status in {429, 503}:
        response["headers"]["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    if status == 401:  # noqa: PLR2004 - the number is the protocol's
        response["headers"]["WWW-Authenticate"] = {"$ref": "#/components/headers/Challenge"}
    return response


class Refusals:
    """Problem responses; those that many operations share are written once."""

    def __init__(self) -> None:
        """Begin with nothing shared."""
        self.components: dict[str, Schema] = {}

    def responses(self, failures: Sequence[type[Failure]]) -> dict[str, Schema]:
        """Give the responses by status, 500 included."""
        by_status: dict[int, list[type[Failure]]] = {BUG_STATUS: []}
        for failure in failures:
            by_status.setdefault(status_of(failure), []).append(failure)
        return {str(status): self._shared(status, by_status[status]) for status in sorted(by_status)}

    def _shared(self, status: int, failures: Sequence[type[Failure]]) -> Schema:
        response = _response(status, failures)
        name = _NAMES[status]
        road = {*EVERY, *_BODY, *_WRITE, PermissionMissing}
        if not set(failures) <= road:
            return response
        if set(failures) & set(_WRITE):
            name += "Write"
        self.components[name] = response
        return {"$ref": f"#/components/responses/{name}"}
