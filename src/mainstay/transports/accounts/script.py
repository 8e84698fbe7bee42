"""The one script of the account pages: without it everything works but passkeys."""

import base64
import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mainstay.transports.accounts.markup import Html, fill

PATH = "/account/passkeys.js"
SCRIPT = Path(__file__).with_name("passkeys.js").read_bytes()
DIGEST = "sha256-" + base64.b64encode(hashlib.sha256(SCRIPT).digest()).decode()
_YEAR_S = 31_536_000
_VERSION = hashlib.sha256(SCRIPT).hexdigest()[:16]
_TAG = '<script src="$path?v=$version" integrity="$digest" data-site="$site" defer></script>'


def script_tag(site: str) -> Html:
    """Give what lets a page run the script; it asks for passkeys at the pages of this site alone."""
    return fill(_TAG, path=PATH, version=_VERSION, digest=DIGEST, site=site)


def script_route() -> Route:
    """Give the route of the script; each version has an address of its own."""

    async def answer(_: Request) -> Response:
        headers = {
            "Cache-Control": f"public, max-age={_YEAR_S}, immutable",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        return Response(SCRIPT, media_type="text/javascript", headers=headers)

    return Route(PATH, answer, methods=["GET"])
