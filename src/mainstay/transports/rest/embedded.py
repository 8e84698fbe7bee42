"""Which pages of other hosts may talk to what stands in them, each thing by itself (CORS)."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.types import Message as AsgiMessage

from mainstay.kernel.embedding import Embedding, PageForeign
from mainstay.kit.errors import Failure
from mainstay.transports.rest.door import RestDoor, raw_path
from mainstay.transports.rest.routes import tell

_EMBEDDED = re.compile(
    rb"/(?:api/)?v1/assistant/widgets/([\w-]{1,64})/(look|visits|turns|conversations)(?:/|$)"
)
_FOR_BROWSERS = b"visits"
_ASKED = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}
_TOLD = b"Retry-After, X-Request-ID"
_VARY = (b"vary", b"Origin")


def for_embedded(app: ASGIApp, door: RestDoor, embedding: Embedding) -> ASGIApp:
    """Let pages where a thing may stand call what is its own, and refuse all others before they are read.

    What is no browser may say what it likes in `Origin`: tokens and limits hold whoever sends them.
    """
    if not embedding.any:
        return app

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        found = _EMBEDDED.match(raw_path(scope)) if scope["type"] == "http" else None
        origin = b"" if found is None else dict(scope["headers"]).get(b"origin", b"")
        if found is None or not (origin or (found[2] == _FOR_BROWSERS and scope["method"] == "POST")):
            await app(scope, receive, send)
            return
        exchange = door.exchange(scope, receive, send)
        try:
            allowed = await embedding.allows(found[1].decode(), origin.decode("latin-1"))
        except Failure as failure:
            await tell(exchange, failure, {})
            return
        if not allowed:
            # Gone, misspelt or foreign: strangers are not told which, so the words are for all three.
            refused = PageForeign(
                "Check the widget's id (`data-widget` in the page), and add the page's origin to the widget, "
                "as its browser names it in `Origin`."
            )
            await tell(exchange, refused, {"Vary": "Origin"})
        elif scope["method"] == "OPTIONS":
            told = {**_ASKED, "Access-Control-Allow-Origin": origin.decode("latin-1"), "Vary": "Origin"}
            await exchange.answer(204, b"", b"", told)
        else:
            await app(scope, receive, _shared(send, origin))

    return answer


def _shared(send: Send, origin: bytes) -> Send:
    """Let the page read what is answered, whatever it is."""

    async def shared(message: AsgiMessage) -> None:
        if message["type"] == "http.response.start":
            told = ((b"access-control-allow-origin", origin), (b"access-control-expose-headers", _TOLD))
            message["headers"] = [*message.get("headers", ()), *told, _VARY]
        await send(message)

    return shared
