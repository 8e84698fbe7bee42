"""Which web pages of other hosts may call the door (CORS, WHATWG Fetch)."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ASKED = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "X-API-Key",
    "X-Request-ID",
    "traceparent",
)
_TOLD = (
    "ETag",
    "Idempotency-Replayed",
    "Quota",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
)
_PREFLIGHT_S = 600


def for_pages(door: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Let the scripts of these origins' pages call a door and read its answers.

    Credentials that a browser keeps (cookies) stay out of it: keys are sent in headers.
    """
    if not origins:
        return door
    return CORSMiddleware(
        door,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=_ASKED,
        expose_headers=_TOLD,
        max_age=_PREFLIGHT_S,
    )
