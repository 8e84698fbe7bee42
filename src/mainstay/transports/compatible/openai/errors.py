"""How failures are told in OpenAI's words: a status, a type, a code and the field at fault."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import QuotaUsedUp
from mainstay.kit.errors import Failure, Invalid, NotFound, TooMany, Unauthenticated, Unavailable
from mainstay.transports.rest.credentials import challenge
from mainstay.transports.rest.problems import retry_after, slug, status_of

_INVALID_STATUS = 422
_BAD_STATUS = 400
_RETRY_AFTER_S = 5.0
_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}
_BROKEN = 500


class ParameterUnsupported(Invalid):
    """A parameter of the protocol that this server does not have; leaving it out helps."""

    title = "This parameter is not supported"


class ModelMissing(NotFound):
    """There is no model of this name, or none that the caller may use."""

    title = "There is no such model"


class PreviousResponseMissing(NotFound):
    """There is no such response to go on from, or it is somebody else's."""

    title = "There is no such response to go on from"


class SummaryMissing(Unavailable):
    """A generator that had to sum a conversation up wrote nothing."""

    title = "There is no summary"


class ContextTooLong(Invalid):
    """A text has more tokens than the model reads."""

    title = "A text is too long for this model"


_CODES: Sequence[tuple[type[Failure], str]] = (
    (Unauthenticated, "invalid_api_key"),
    (QuotaUsedUp, "insufficient_quota"),
    (ModelMissing, "model_not_found"),
    (PreviousResponseMissing, "previous_response_not_found"),
    (ContextTooLong, "context_length_exceeded"),
    (ParameterUnsupported, "unsupported_parameter"),
    (RequestInvalid, "invalid_value"),
    (TooMany, "rate_limit_exceeded"),
)


def status(failure: Failure) -> int:
    """Give the status by which the protocol's clients choose their exception."""
    found = status_of(type(failure))
    return _BAD_STATUS if found == _INVALID_STATUS else found


def body(failure: Failure) -> dict[str, Any]:
    """Describe a failure."""
    told = failure.detail
    if isinstance(failure, NotFound) and not told.startswith("There is no"):
        told = f"{failure.title}. {told}"
    params = [each.get("field", "") for each in failure.problems]
    if failure.problems and not any(each.get("problem", "") in told for each in failure.problems):
        told = f"{told}{'' if told.endswith(('.', '!', '?', ':')) else '.'} " + "; ".join(
            f"{each.get('field', '')}: {each.get('problem', '')}" for each in failure.problems
        )
    return {
        "error": {
            "message": told,
            "type": _kind(failure),
            "param": params[0] if params else None,
            "code": _code(failure),
        }
    }


def bug() -> dict[str, Any]:
    """Describe an unexpected error without telling anything of it."""
    message = "Something failed that should not have. It is in the server's log under this request's id."
    return {"error": {"message": message, "type": "server_error", "param": None, "code": "internal_error"}}


def headers(failure: Failure) -> dict[str, str]:
    """Give the headers that belong to a failure.

    Clients of the protocol send again what failed with 409, 429 and from 500 on, unless they are told not to.
    """
    if isinstance(failure, Unauthenticated):
        return {"WWW-Authenticate": challenge(failure)}
    if isinstance(failure, QuotaUsedUp) and failure.retry_after_s is not None:
        return {**retry_after(failure), "x-should-retry": "false"}
    if failure.tried:
        return {"x-should-retry": "false"}
    if isinstance(failure, (TooMany, Unavailable)):
        wait_s = _RETRY_AFTER_S if failure.retry_after_s is None else failure.retry_after_s
        return {
            **retry_after(failure, _RETRY_AFTER_S),
            "retry-after-ms": str(max(1, math.ceil(1000 * wait_s))),
        }
    return {}


def _kind(failure: Failure) -> str:
    if isinstance(failure, QuotaUsedUp):
        return "insufficient_quota"
    found = status(failure)
    return "server_error" if found >= _BROKEN else _TYPES.get(found, "invalid_request_error")


def _code(failure: Failure) -> str:
    """Give the protocol's own code where it has one; otherwise the failure's name."""
    own = slug(failure.code()).replace("-", "_")
    return next((code for kind, code in _CODES if isinstance(failure, kind)), own)
