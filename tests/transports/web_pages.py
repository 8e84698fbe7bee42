"""A house whose bot stands on a plain page of another origin, for real browsers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mainstay.transports.rest.embedded import for_embedded
from transports.real_house import Running

PAGE = """<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"></head>
<body><main><h1>A shop</h1><p>Shoes and jackets.</p><a href="#more">More</a></main>
<script src="{url}/widget.js" data-widget="{widget_id}" async></script></body></html>"""


class Embedding(Running):
    """A house that pages of other hosts may talk to, as it is served."""

    def outermost(self) -> Any:
        return for_embedded(self.app, self.app, self.house.embedding)


class Shop:
    """A web server of somebody else; its policy lets in what the handbook says and nothing more."""

    def __init__(self, url: str) -> None:
        self.url, self.page = url, ""
        self.policy = f"default-src 'none'; script-src {url}; connect-src {url}"
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = shop.page.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", shop.policy)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("", 0), Handler)
        self.origin = f"http://localhost:{self.server.server_port}"

    def shows(self, widget_id: str, language: str = "en", direction: str = "ltr") -> None:
        self.page = PAGE.format(url=self.url, widget_id=widget_id, language=language, direction=direction)


@contextmanager
def a_shop(url: str) -> Iterator[Shop]:
    """Serve a page of another origin."""
    shop = Shop(url)
    thread = threading.Thread(target=shop.server.serve_forever, name="shop")
    thread.start()
    try:
        yield shop
    finally:
        shop.server.shutdown()
        thread.join()
        shop.server.server_close()
