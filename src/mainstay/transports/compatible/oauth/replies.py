"""What this door answers: the protocol's JSON, a page, or the way to another address."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response

from mainstay.transports.accounts.looks import STYLE_SOURCE

_NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True)
class Told:
    """An object."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Give what is sent."""
        body = json.dumps(self.body, ensure_ascii=False).encode()
        return Response(body, self.status, {**_NO_STORE, **self.headers}, "application/json")


@dataclass(frozen=True)
class Shown:
    """A page, from which forms go to this server, and on to `target` at most."""

    html: str
    status: int = 200
    target: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Give what is sent."""
        policy = (
            f"default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {self.target}"
        ).rstrip()
        more = {"Content-Security-Policy": policy, "X-Frame-Options": "DENY"}
        headers = {**_NO_STORE, **more, **self.headers}
        return Response(self.html.encode(), self.status, headers, "text/html; charset=utf-8")


@dataclass(frozen=True)
class Sent:
    """The way to another address."""

    location: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> Response:
        """Give what is sent."""
        return Response(b"", 303, {**_NO_STORE, "Location": self.location, **self.headers})


Reply = Told | Shown | Sent
