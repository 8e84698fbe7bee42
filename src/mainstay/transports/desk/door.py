"""The desk's routes: its page for whoever may answer, and its scripts."""

import logging
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mainstay.kernel.caller import Caller
from mainstay.kernel.dispatch import Application
from mainstay.kernel.guard import SecondFactorRequired
from mainstay.kit.errors import Failure, Forbidden, Unauthenticated
from mainstay.services.assistant.interface import Assistant
from mainstay.services.people.interface import Account, People
from mainstay.transports.accounts import pages
from mainstay.transports.accounts.cookies import session_cookie
from mainstay.transports.accounts.markup import joined
from mainstay.transports.accounts.visit import DEMANDED, Visit, went
from mainstay.transports.desk.page import POLICY, SCRIPTS, Script, desk_page
from mainstay.transports.rest.problems import BUG_STATUS, BUG_TITLE, status_of

logger = logging.getLogger("mainstay")

PATH = "/desk"
_NEEDED = ("conversations:answer", "conversations:read", "conversations:all")
_CORRECTS = "assistants:use"
_YEAR_S = 31_536_000


class DeskClosed(Forbidden):
    """Whoever has signed in may not answer instead of a bot."""

    title = "You may not answer here"


class DeskDoor:
    """The desk of a house."""

    def __init__(self, application: Application) -> None:
        """Take the house."""
        self._application = application

    def routes(self) -> Sequence[Route]:
        """Give the routes; none where conversations or people are with another process."""
        if not {Assistant, People} <= set(self._application.interfaces):
            return []
        return [Route(PATH, self._page, methods=["GET"]), *(_route(each) for each in SCRIPTS)]

    async def _page(self, request: Request) -> Response:
        visit = Visit(request, self._application, "")
        try:
            await visit.recognise()
            return self._shown(visit.who, await self._caller(visit))
        except SecondFactorRequired:
            return went(DEMANDED)
        except Unauthenticated:
            return went(f"/account/sign-in?next={PATH}", session_cookie("", visit.scheme, 0))
        except Failure as failure:
            body = joined([pages.problem(failure.detail), pages.link("/account/sessions", "Your account")])
            return visit.show(
                visit.page(failure.title, body), status_of(type(failure)), failure.retry_after_s
            )
        except Exception:
            logger.exception("An unexpected error (request %s)", request.state.request_id)
            return visit.show(visit.page(BUG_TITLE, pages.problem(request.state.request_id)), BUG_STATUS)

    async def _caller(self, visit: Visit) -> Caller:
        caller = await self._application.guard.authenticate(visit.credential())
        missing = [each for each in _NEEDED if not caller.may(each)]
        if missing:
            raise DeskClosed(
                f"To answer people instead of a bot takes {', '.join(missing)}, which your role has not. "
                "An administrator can give you a role that has."
            )
        return caller

    def _shown(self, who: Account | None, caller: Caller) -> Response:
        if who is None:
            raise RuntimeError("Whoever was recognised has no account")
        html = desk_page(who, caller.subject, corrects=caller.may(_CORRECTS))
        return HTMLResponse(html, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})


def _route(script: Script) -> Route:
    async def answer(_: Request) -> Response:
        headers = {
            "Cache-Control": f"public, max-age={_YEAR_S}, immutable",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        return Response(script.content, media_type="text/javascript", headers=headers)

    return Route(script.path, answer, methods=["GET"])
