"""Serves the script of widgets: one file, the same for everybody, asked of this house alone."""

import hashlib
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mainstay.kernel.embedding import Embedding

PATH = "/widget.js"
SCRIPT = Path(__file__).with_name("widget.js").read_bytes()
_TAG = f'"{hashlib.sha256(SCRIPT).hexdigest()[:32]}"'
_HEADERS = {
    "Cache-Control": "public, max-age=300",
    "ETag": _TAG,
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}


async def _script(request: Request) -> Response:
    if _TAG in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=_HEADERS)
    return Response(SCRIPT, media_type="text/javascript", headers=_HEADERS)


def widget_routes(embedding: Embedding) -> list[Route]:
    """Give the route of the script; none where nothing is put into pages."""
    return [Route(PATH, _script)] if embedding.any else []
