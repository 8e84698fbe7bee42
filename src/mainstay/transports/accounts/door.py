"""The account pages: forms in, the road, pages out."""

import contextlib
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.dispatch import Application
from mainstay.kernel.guard import SecondFactorRequired
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, Unauthenticated
from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES
from mainstay.services.federation.interface import Federation
from mainstay.services.people.interface import NewSession, People, SecondFactorNeeded
from mainstay.transports.accounts import pages
from mainstay.transports.accounts.apps import app_pages
from mainstay.transports.accounts.cookies import session_cookie
from mainstay.transports.accounts.forms import local, read_form
from mainstay.transports.accounts.leaving import leave
from mainstay.transports.accounts.looks import page
from mainstay.transports.accounts.mailed import ADDRESS, INVITATION, RESET, Link, ask_by
from mainstay.transports.accounts.markup import NOTHING, Html, joined
from mainstay.transports.accounts.pages import CODE, EMAIL, NEW, PASSWORD, Form
from mainstay.transports.accounts.passkey_pages import button as passkey_button
from mainstay.transports.accounts.passkey_pages import passkey_pages, passkey_sign_in_pages, second_step
from mainstay.transports.accounts.script import script_route
from mainstay.transports.accounts.second_factor import second_factor_pages
from mainstay.transports.accounts.visit import DEMANDED, Page, Visit, went
from mainstay.transports.rest.acceptance import chosen
from mainstay.transports.rest.problems import BUG_STATUS, BUG_TITLE, RouteMissing, status_of

HOME = "/account/sessions"
_SIGN_IN = Form("/account/sign-in", (EMAIL, PASSWORD), "Sign in", script=True)
_CODE = Form("/account/sign-in/code", (CODE,), "Sign in", script=True)
_FORGOTTEN = Form("/account/forgotten", (EMAIL,), "Send me a link")
_LEAVE = Form("/account/sign-out", (), "Sign out")
_CHANGE = Form("/account/password", (PASSWORD, NEW), "Change the password")
_FORGOT_LINK = pages.link("/account/forgotten", "I forgot my password")
_BEGIN_ANEW_LINK = pages.link("/account/sign-in", "Begin anew")
_SIGN_IN_LINK = pages.link("/account/sign-in", "Sign in")

logger = logging.getLogger("mainstay")


class Accounts:
    """The account pages of a house."""

    def __init__(
        self, application: Application, address: PublicAddress, clock: Clock, random: Random
    ) -> None:
        """Take the house, where it is reached, and from where secrets come."""
        self._application = application
        self._address = address
        self._clock = clock
        self._random = random

    def routes(self) -> list[Route]:
        """Give the routes, each for reading and for sending."""
        both: dict[str, tuple[Page, Page]] = {
            "/account/sign-in": (self._sign_in, self._signed_in),
            "/account/sign-in/code": (self._sign_in, self._completed),
            "/account/accept": (_opening(INVITATION), self._accepted),
            "/account/forgotten": (self._forgotten, self._forgot),
            "/account/reset": (_opening(RESET), self._was_reset),
            "/account/confirm": (_opening(ADDRESS), self._confirmed),
            **passkey_sign_in_pages(self._entered),
        }
        own: dict[str, tuple[Page, Page]] = {
            "/account/password": (self._password, self._password_changed),
            "/account/sessions": (self._sessions, self._session_ended),
            **second_factor_pages(),
            **passkey_pages(),
            **app_pages(),
        }
        found = [script_route(), Route("/account", _home, methods=["GET"])]
        leaving = self._answering(None, self._sign_out)
        found.append(Route("/account/sign-out", leaving, methods=["POST"]))
        asking = self._answering(self._leaving, self._sign_out, own=True)
        found.append(Route("/account/sign-out", asking, methods=["GET"]))
        for path, (read, send) in {**both, **own}.items():
            answer = self._answering(read, send, own=path in own)
            found.append(Route(path, answer, methods=["GET", "POST"]))
        return found

    def _answering(
        self, read: Page | None, send: Page, *, own: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            fresh = self._random.token(TOKEN_BYTES).hex()
            visit = Visit(request, self._application, fresh, self._address)
            sent = request.method == "POST" or read is None
            try:
                if sent:
                    visit.fields = await read_form(request)
                if own:
                    await visit.recognise()  # whoever has not signed in is sent to do so
                return await (send if sent or read is None else read)(visit)
            except SecondFactorRequired:
                return went(DEMANDED)
            except Unauthenticated:
                query = f"?next={request.url.path}" if read is not None else ""
                return went(f"/account/sign-in{query}", session_cookie("", visit.scheme, 0))
            except Failure as failure:
                body = joined([pages.problem(failure.detail), _SIGN_IN_LINK])
                html = visit.page(failure.title, body)
                return visit.show(html, status_of(type(failure)), failure.retry_after_s)
            except Exception:
                logger.exception("An unexpected error (request %s)", request.state.request_id)
                return visit.show(visit.page(BUG_TITLE, pages.problem(request.state.request_id)), BUG_STATUS)

        return answer

    async def _sign_in(self, visit: Visit) -> Response:
        following = local(visit.request.query_params.get("next", ""))
        out = visit.request.query_params.get("left") and visit.credential() is None
        said = pages.done("You are signed out.") if out else NOTHING
        return visit.ask("Sign in", _SIGN_IN, self._other_ways(following), before=said, next=following)

    async def _signed_in(self, visit: Visit) -> Response:
        email, tenant = visit.fields.get("email", ""), visit.fields.get("tenant_id") or None
        following = local(visit.fields.get("next", ""))
        try:
            begun = await visit.call(
                "sign_in", email=email.strip(), password=visit.fields.get("password", ""), tenant_id=tenant
            )
        except SecondFactorNeeded as needed:
            return await self._ask_for_factor(visit, needed, following)
        except Failure as failure:
            kept = {"email": email, "next": following}
            return visit.ask("Sign in", _SIGN_IN, self._other_ways(following), failure, NOTHING, **kept)
        return await self._entered(visit, begun, following)

    def _other_ways(self, following: str) -> Html:
        query = f"?{urlencode({'next': following})}" if following else ""
        ways = [passkey_button(query)]
        if Federation in self._application.interfaces:
            ways.append(pages.link(f"/account/single-sign-on{query}", "Single sign-on"))
        return joined([*ways, _FORGOT_LINK, pages.NO_ACCOUNT])

    async def _ask_for_factor(
        self, visit: Visit, needed: SecondFactorNeeded, following: str = ""
    ) -> Response:
        """Ask for a passkey or a code; the page has what the sign-in waits under, and no password."""
        [waiting] = needed.problems
        return await self._second_factor(visit, waiting["pending_token"], following)

    async def _second_factor(
        self, visit: Visit, pending: str, following: str, failure: Failure | None = None
    ) -> Response:
        more = NOTHING
        with contextlib.suppress(Failure):  # without a passkey, and where there are none, a code will do
            more = await second_step(visit, pending, following)
        kept, more = {"pending_token": pending, "next": following}, joined([more, _BEGIN_ANEW_LINK])
        return visit.ask("Your second factor", _CODE, more, failure, NOTHING, **kept)

    async def _completed(self, visit: Visit) -> Response:
        pending, following = visit.fields.get("pending_token", ""), local(visit.fields.get("next", ""))
        try:
            begun = await visit.call(
                "finish_sign_in", pending_token=pending, code=visit.fields.get("code", "").strip()
            )
        except Failure as failure:
            return await self._second_factor(visit, pending, following, failure)
        return await self._entered(visit, begun, following)

    async def _entered(self, visit: Visit, begun: NewSession, following: str = "") -> Response:
        lasts_s = (begun.ends_ms - self._clock.now_ms()) // 1000
        if begun.limited:
            answer = went(DEMANDED)
        elif not following or following.startswith("/account/"):
            answer = went(following or HOME)
        else:
            answer = visit.show(pages.continuing(following))
        return await visit.enter(answer, begun.secret, lasts_s, self._random.token(TOKEN_BYTES).hex())

    async def _accepted(self, visit: Visit) -> Response:
        code = visit.fields.get("code", "")
        try:
            begun = await visit.call(
                "accept_invitation", code=code, password=visit.fields.get("password", "")
            )
        except SecondFactorNeeded as needed:
            return await self._ask_for_factor(visit, needed)
        except Failure as failure:
            return await ask_by(visit, INVITATION, failure)
        return await self._entered(visit, begun)

    async def _forgotten(self, visit: Visit) -> Response:
        return visit.ask("Choose a new password", _FORGOTTEN, _SIGN_IN_LINK)

    async def _forgot(self, visit: Visit) -> Response:
        email = visit.fields.get("email", "")
        try:
            await visit.call("request_password_reset", email=email.strip())
        except Failure as failure:
            return visit.ask("Choose a new password", _FORGOTTEN, _SIGN_IN_LINK, failure, email=email)
        said = pages.done("If anybody has this address here, a link is on its way. It works for 30 minutes.")
        return visit.show(visit.page("Look into your mailbox", joined([said, _SIGN_IN_LINK])))

    async def _was_reset(self, visit: Visit) -> Response:
        code = visit.fields.get("code", "")
        try:
            await visit.call("reset_password", code=code, password=visit.fields.get("new_password", ""))
        except Failure as failure:
            return await ask_by(visit, RESET, failure)
        said = pages.done("Your password was changed, and all your sessions have ended.")
        return visit.show(visit.page("Done", joined([said, _SIGN_IN_LINK])))

    async def _confirmed(self, visit: Visit) -> Response:
        try:
            await visit.call("confirm_email", code=visit.fields.get("code", ""))
        except Failure as failure:
            return await ask_by(visit, ADDRESS, failure)
        said = pages.done("From now on you sign in with this address.")
        return visit.show(visit.page("Done", joined([said, _SIGN_IN_LINK])))

    async def _password(self, visit: Visit) -> Response:
        return visit.ask("Change your password", _CHANGE)

    async def _password_changed(self, visit: Visit) -> Response:
        try:
            await visit.call(
                "change_password",
                password=visit.fields.get("password", ""),
                new_password=visit.fields.get("new_password", ""),
            )
        except Unauthenticated:
            raise
        except Failure as failure:
            return visit.ask("Change your password", _CHANGE, NOTHING, failure)
        return await self._sessions(visit, "Your password was changed, and your other sessions have ended.")

    async def _sessions(self, visit: Visit, said: str = "") -> Response:
        found = pages.sessions(await visit.call("list_sessions"), visit.token)
        return visit.show(visit.page("Your sessions", joined([pages.done(said) if said else NOTHING, found])))

    async def _session_ended(self, visit: Visit) -> Response:
        if visit.fields.get("all") == "others":
            ended = await visit.call("end_other_sessions")
            return await self._sessions(visit, f"Sessions that have ended: {ended.ended}.")
        await visit.call("end_session", session_id=visit.fields.get("session_id", ""))
        return await self._sessions(visit, "The session has ended.")

    async def _leaving(self, visit: Visit) -> Response:
        return visit.ask("Sign out", _LEAVE)

    async def _sign_out(self, visit: Visit) -> Response:
        answer = went("/account/sign-in?left=1")
        answer.headers.update(await leave(visit.call, visit.scheme))
        return answer


def _opening(link: Link) -> Page:
    """Give the page that a link of a mail opens."""

    async def opened(visit: Visit) -> Response:
        return await ask_by(visit, link)

    return opened


def account_routes(
    application: Application, address: PublicAddress, clock: Clock, random: Random
) -> list[Route]:
    """Give the routes of the account pages; none where the service that knows people does not run."""
    here = People in application.interfaces
    return Accounts(application, address, clock, random).routes() if here else []


async def _home(_request: Request) -> Response:
    return went(HOME)


def lost_routes(application: Application) -> list[Route]:
    """Give what tells browsers that there is no such account page, behind the routes of those that there are.

    Programs are told in the words of the interface.
    """

    async def lost(request: Request) -> Response:
        missing = RouteMissing("Check the address, or go on from your sessions.")
        forms = [("application/json", False), ("text/html", True)]
        if not chosen(forms, request.headers.get("accept")):
            raise missing
        body = joined([pages.problem(missing.detail), pages.link(HOME, "Your sessions")])
        return Visit(request, application, "").show(page(missing.title, body), status_of(RouteMissing))

    return [Route("/account/{path:path}", lost, methods=["GET"])] if People in application.interfaces else []
