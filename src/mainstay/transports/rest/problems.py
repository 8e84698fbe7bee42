"""How failures are told over HTTP: one table of kinds and statuses, and RFC 9457 problem documents."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from mainstay.kit.errors import (
    Conflict,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)

PROBLEM_MEDIA_TYPE = "application/problem+json"
BUG_CODE = "InternalError"
BUG_STATUS = 500
BUG_TITLE = "An unexpected error"


class MessageMalformed(Invalid):
    """The message cannot be read: its JSON, its form or one of its headers is broken."""

    title = "The message cannot be read"


class HeaderRepeated(MessageMalformed):
    """A header that says one thing was sent more than once."""

    title = "A header was sent twice"


class RouteMissing(NotFound):
    """No operation has this path."""

    title = "There is nothing at this path"


class MethodUnsupported(Invalid):
    """The path exists, but not with this method; the Allow header names those it has."""

    title = "This path has not this method"


class UpgradeRequired(Invalid):
    """This path speaks WebSocket (RFC 6455), which a request has to ask for by its Upgrade header."""

    title = "This path speaks WebSocket"


class AnswerUnacceptable(Invalid):
    """The Accept header rules out every form in which the operation can answer."""

    title = "No acceptable form of answer"


class BodyTooSlow(Invalid):
    """The body did not arrive in time; nothing was done."""

    title = "The body did not arrive in time"


class BodyTooLarge(Invalid):
    """The body is larger than this server takes; nothing was done."""

    title = "The body is too large"


class MediaTypeUnsupported(Invalid):
    """The body has a media type or an encoding that the operation does not read."""

    title = "The body's media type is not supported"


STATUS: Mapping[type[Failure], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooMany: 429,
    Unavailable: 503,
    MessageMalformed: 400,
    MethodUnsupported: 405,
    AnswerUnacceptable: 406,
    BodyTooSlow: 408,
    BodyTooLarge: 413,
    MediaTypeUnsupported: 415,
    UpgradeRequired: 426,
}
"""The one table; a failure has the status of its nearest ancestor here."""


def status_of(failure: type[Failure]) -> int:
    """Give the HTTP status of a failure's class."""
    for ancestor in failure.__mro__:
        if ancestor in STATUS:
            return STATUS[ancestor]
    return BUG_STATUS


def retry_after(failure: Failure, otherwise_s: float | None = None) -> dict[str, str]:
    """Give the header that says when to come back, in `otherwise_s` if nobody knows; none without it."""
    wait_s = otherwise_s if failure.retry_after_s is None else failure.retry_after_s
    return {} if wait_s is None else {"Retry-After": str(max(1, math.ceil(wait_s)))}


def slug(code: str) -> str:
    """Give a code as it stands in a problem's type: `DocumentTooLarge` as `document-too-large`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", code).lower()


def problem(failure: Failure, request_id: str) -> dict[str, Any]:
    """Describe a failure as a problem document."""
    code = failure.code()
    told: dict[str, Any] = {
        "type": f"/problems/{slug(code)}",
        "title": failure.title,
        "status": status_of(type(failure)),
        "detail": failure.detail,
        "code": code,
        "request_id": request_id,
    }
    if failure.problems:
        told["errors"] = failure.problems
    if failure.retry_after_s is not None:
        told["retry_after_s"] = round(failure.retry_after_s, 3)
    return told


def bug(request_id: str) -> dict[str, Any]:
    """Describe an unexpected error without telling anything of it."""
    return {
        "type": f"/problems/{slug(BUG_CODE)}",
        "title": BUG_TITLE,
        "status": BUG_STATUS,
        "detail": "Something failed that should not have. It is in the server's log under this request id.",
        "code": BUG_CODE,
        "request_id": request_id,
    }


def encoded(told: Mapping[str, Any]) -> bytes:
    """Give a problem document as bytes."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
