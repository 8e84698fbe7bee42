"""How a problem document (RFC 9457) becomes the exception that it was at the server."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.kernel.at_once import TooManyAtOnce
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import (
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
from mainstay.kernel.shedding import Overloaded, Throttled
from mainstay.kit.errors import (
    KINDS,
    Conflict,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)

_ROAD: tuple[type[Failure], ...] = (
    RequestInvalid,
    CredentialsAmbiguous,
    CredentialsMissing,
    CredentialsUnknown,
    PermissionMissing,
    RateLimited,
    SecondFactorRequired,
    QuotaUsedUp,
    TooManyAtOnce,
    TenantSuspended,
    Overloaded,
    Throttled,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    KeyTaken,
)
_BY_STATUS: Mapping[int, type[Failure]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    429: TooMany,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
    507: Unavailable,
}
_TEXT_LENGTH_MAX = 4000
_PROBLEMS_MAX = 100
_RETRY_AFTER_S_MAX = 86_400.0
_CLIENT_ERRORS = range(400, 500)


class ServerFault(Exception):
    """The server answered with a bug of its own, or with something that is no answer.

    `request_id` finds it in the server's log.
    """

    def __init__(self, detail: str, request_id: str = "") -> None:
        """Keep what is known."""
        super().__init__(f"{detail} (request {request_id})" if request_id else detail)
        self.detail = detail
        self.request_id = request_id


class ServerUnreachable(Unavailable):
    """No connection to the server could be made, or it broke."""

    title = "The server cannot be reached"


def parsed(body: bytes) -> Mapping[str, Any]:
    """Read a problem document; what is none gives an empty one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _told(problem: Mapping[str, Any], name: str) -> str:
    value = problem.get(name)
    return value[:_TEXT_LENGTH_MAX] if isinstance(value, str) else ""


def _fields(value: object) -> list[dict[str, str]]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [
        {str(name): str(told)[:_TEXT_LENGTH_MAX] for name, told in each.items()}
        for each in value[:_PROBLEMS_MAX]
        if isinstance(each, Mapping)
    ]


def _seconds(value: object) -> float | None:
    try:
        seconds = float(value)  # type: ignore[arg-type]  # what is no number is caught
    except (TypeError, ValueError):
        return None
    return min(seconds, _RETRY_AFTER_S_MAX) if seconds >= 0 else None


def _class(status: int, code: str, fails: Sequence[type[Failure]]) -> type[Failure] | None:
    for known in (*fails, *_ROAD, *KINDS):
        if known.code() == code:
            return known
    return _BY_STATUS.get(status) or (Invalid if status in _CLIENT_ERRORS else None)


def raised(
    status: int, problem: Mapping[str, Any], fails: Sequence[type[Failure]], retry_after: str | None = None
) -> Exception:
    """Make the exception of a problem: the very class that the operation's interface names.

    A code that is not known here becomes the kind that its status stands for; a server's bug becomes a
    ServerFault. The code and the request id stand in the exception's notes.
    """
    code, request_id = _told(problem, "code"), _told(problem, "request_id")
    detail = _told(problem, "detail") or _told(problem, "title")
    found = _class(status, code, fails)
    if found is None:
        return ServerFault(detail or f"The server answered with status {status} and no reason", request_id)
    waits = _seconds(problem.get("retry_after_s"))
    failure = found(
        detail or f"The server answered with status {status} and no reason.",
        problems=_fields(problem.get("errors")),
        retry_after_s=_seconds(retry_after) if waits is None else waits,
    )
    if code and code != found.code():
        failure.add_note(f"Code: {code}")
    if request_id:
        failure.add_note(f"Request: {request_id}")
    return failure
