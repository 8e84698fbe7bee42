"""Which web pages of other hosts may call a door (CORS, WHATWG Fetch), and which hosts it answers for."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from mainstay.kit.errors import Forbidden

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


class OriginRefused(Forbidden):
    """The request comes from a web page of another host, or names a host that this server is not."""

    title = "Requests from this origin are refused"


def refuse_foreign(headers: Headers, hosts: Sequence[str], origins: Sequence[str]) -> None:
    """Raise OriginRefused for other hosts than these (none given: any), and for pages of other hosts.

    `origins` are web pages that may call beside those of the host itself.
    """
    host = _host_of(f"//{headers.get('host', '')}")
    if hosts and host not in hosts:
        raise OriginRefused("This server does not answer for this host; an operator can allow it.")
    origin = headers.get("origin")
    if origin is None or origin in origins:
        return
    if not host or _host_of(origin) != host:
        raise OriginRefused("Web pages of other hosts may not call; an operator can allow them.")


def _host_of(address: str) -> str:
    """Give an address's host, empty where it names none; raises OriginRefused."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        raise OriginRefused("The Host or Origin header is not an address; send a valid one.") from None


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
