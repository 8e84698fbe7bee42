"""The door's own pages: the front page, the reference, the document itself, and what each problem means."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from mainstay.kernel.dispatch import Application
from mainstay.transports.rest.acceptance import chosen, quality
from mainstay.transports.rest.front import front_page
from mainstay.transports.rest.looks import POLICY, page
from mainstay.transports.rest.problems import (
    BUG_CODE,
    BUG_STATUS,
    BUG_TITLE,
    PROBLEM_MEDIA_TYPE,
    RouteMissing,
    encoded,
    problem,
    slug,
    status_of,
)
from mainstay.transports.rest.reference import Reference
from mainstay.transports.rest.refusals import every_failure, sentence

_KEEP = "public, max-age=300"
_BUG_MEANING = "Something failed that should not have. Look for the request id in the server's log."
_LINKS = {"docs": "/docs", "openapi": "/openapi.json", "health": "/healthz", "ready": "/readyz"}
Document = Callable[[], Mapping[str, Any]]


def _html(text: str, keep: str = _KEEP) -> Response:
    return HTMLResponse(text, headers={"Content-Security-Policy": POLICY, "Cache-Control": keep})


def _either(request: Request, told: Mapping[str, Any], html: str, keep: str = _KEEP) -> Response:
    """Answer programs in JSON, and people with a page."""
    accept = request.headers.get("accept")
    wanted = chosen([("application/json", False), ("text/html", True)], accept)
    answer = _html(html, keep) if wanted else JSONResponse(told, headers={"Cache-Control": keep})
    answer.headers["Vary"] = "Accept"
    return answer


def _meanings(application: Application) -> dict[str, dict[str, Any]]:
    """Explain every problem by the last part of its type."""
    found = {
        name: {
            "code": failure.code(),
            "title": failure.title,
            "status": status_of(failure),
            "meaning": sentence(failure),
        }
        for name, failure in every_failure(application).items()
    }
    bug = {"code": BUG_CODE, "title": BUG_TITLE, "status": BUG_STATUS, "meaning": _BUG_MEANING}
    return {**found, slug(BUG_CODE): bug}


def _explained(meaning: Mapping[str, Any]) -> str:
    return page(
        meaning["title"],
        f"<main><h1>{escape(meaning['title'])}</h1><p>{escape(meaning['meaning'])}</p>"
        f"<p>Code <code>{meaning['code']}</code>, HTTP status {meaning['status']}. "
        "The problem's <code>detail</code> says what to do in your case.</p>"
        '<p><a href="/docs">Reference</a></p></main>',
    )


def lost_page(accept: str | None) -> str | None:
    """Give the page for an address at which there is none; None where a program asks."""
    if quality("text/html", accept) <= quality(PROBLEM_MEDIA_TYPE, accept):
        return None
    return page(
        RouteMissing.title,
        f"<main><h1>{RouteMissing.title}</h1><p>Check the address, also for a slash at its end.</p>"
        '<p><a href="/">Start</a> · <a href="/account/sign-in">Sign in</a> · <a href="/desk">Desk</a> · '
        '<a href="/docs">Reference</a></p></main>',
    )


def page_routes(application: Application, document: Document, version: str) -> list[Route]:
    """Give `/`, `/docs`, `/openapi.json` and `/problems/{name}`; none asks for credentials."""

    @cache
    def written() -> bytes:
        return json.dumps(document(), ensure_ascii=False, indent=2).encode()

    @cache
    def reference() -> str:
        return Reference(document()).html()

    @cache
    def meanings() -> dict[str, dict[str, Any]]:
        return _meanings(application)

    async def front(request: Request) -> Response:
        told = {"name": "Mainstay", "version": version, **_LINKS}
        # It names the address by which it was asked, so nobody else shall be given this answer.
        return _either(request, told, front_page(version, str(request.base_url).rstrip("/")), "no-store")

    async def docs(_: Request) -> Response:
        return _html(reference())

    async def openapi(_: Request) -> Response:
        return Response(written(), media_type="application/json", headers={"Cache-Control": _KEEP})

    async def explain(request: Request) -> Response:
        meaning = meanings().get(request.path_params["name"])
        if meaning is None:
            told = problem(RouteMissing("There is no such problem."), request.state.request_id)
            return Response(encoded(told), told["status"], None, PROBLEM_MEDIA_TYPE)
        return _either(request, meaning, _explained(meaning))

    return [
        Route("/", front, methods=["GET"]),
        Route("/docs", docs, methods=["GET"]),
        Route("/openapi.json", openapi, methods=["GET"]),
        Route("/problems/{name}", explain, methods=["GET"]),
    ]
