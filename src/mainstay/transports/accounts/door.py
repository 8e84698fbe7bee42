"""The account pages: forms in, the road, pages out."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Application, Message, RequestInvalid
from mainstay.kernel.interface import operations_of
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, Unauthenticated
from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES
from mainstay.services.federation.interface import Federation
from mainstay.services.people.interface import NewSession, People
from mainstay.transports.accounts import pages
from mainstay.transports.accounts.cookies import form_cookie, form_secret, session_cookie, session_credential
from mainstay.transports.accounts.forms import local, read_form, token_for
from mainstay.transports.accounts.leaving import leave
from mainstay.transports.accounts.looks import POLICY, page
from mainstay.transports.accounts.markup import NOTHING, Html, joined
from mainstay.transports.accounts.pages import CHOSEN, EMAIL, NEW, PASSWORD, Form
from mainstay.transports.rest.problems import BUG_STATUS, BUG_TITLE, status_of

HOME = "/account/sessions"
_AGENT_LENGTH_MAX = 200
_SEE_OTHER = 303
_OPERATIONS = {operation.name: operation for operation in operations_of(People)}
_SIGN_IN = Form("/account/sign-in", (EMAIL, PASSWORD), "Sign in")
_ACCEPT = Form("/account/accept", (CHOSEN,), "Accept")
_FORGOTTEN = Form("/account/forgotten", (EMAIL,), "Send me a link")
_RESET = Form("/account/reset", (NEW,), "Change the password")
_CONFIRM = Form("/account/confirm", (), "Confirm this address")
_CHANGE = Form("/account/password", (PASSWORD, NEW), "Change the password")
_FORGOT_LINK = pages.link("/account/forgotten", "I forgot my password")
_SIGN_IN_LINK = pages.link("/account/sign-in", "Sign in")

logger = logging.getLogger("mainstay")

Page = Callable[["Visit"], Awaitable[Response]]


class Visit:
    """One request of a browser."""

    def __init__(self, request: Request, application: Application, fresh: str) -> None:
        """Take the request, the house, and a secret for a browser that has none."""
        self.request = request
        self.scheme = request.url.scheme
        self._application = application
        known = form_secret(request.scope["headers"], self.scheme)
        self._fresh = "" if known else fresh
        self.token = token_for(known or fresh)
        self.fields: Mapping[str, str] = {}

    async def call(self, name: str, **values: Any) -> Any:
        """Walk the road as whoever the session cookie stands for, or as a stranger."""

        async def read() -> Mapping[str, Any]:
            return values

        client = self.request.client
        message = Message(
            credential=self.credential(),
            read=read,
            request_id=self.request.state.request_id,
            door="account",
            address=client.host if client else "",
            agent=self.request.headers.get("user-agent", "")[:_AGENT_LENGTH_MAX],
        )
        return (await self._application.dispatch(_OPERATIONS[name], message)).value

    def credential(self) -> Credential | None:
        """Give the credential of the session cookie."""
        return session_credential(self.request.scope["headers"], self.scheme)

    def show(self, html: str, status: int = 200, retry_after_s: float | None = None) -> Response:
        """Answer with a page that nobody keeps, frames or sends on."""
        headers = {
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store",
            # Without a referrer browsers would not say of a form from where it comes.
            "Referrer-Policy": "same-origin",
        }
        if retry_after_s is not None:
            headers["Retry-After"] = str(max(1, round(retry_after_s)))
        answer = HTMLResponse(html, status, headers)
        if self._fresh:
            answer.headers.append("Set-Cookie", form_cookie(self._fresh, self.scheme))
        return answer

    def ask(
        self, title: str, form: Form, more: Html = NOTHING, failure: Failure | None = None, **values: str
    ) -> Response:
        """Answer with a form, and with what was wrong with it."""
        wrong, status, retry_after_s, choices = "", 200, None, NOTHING
        if failure is not None:
            wrong = _told(failure)
            status, retry_after_s = status_of(type(failure)), failure.retry_after_s
            named = [each for each in failure.problems if "tenant_id" in each]
            choices = pages.tenants(named) if named else NOTHING
        body = pages.form(form, self.token, values, wrong=wrong, choices=choices)
        return self.show(page(title, joined([body, more])), status, retry_after_s)


def _told(failure: Failure) -> str:
    """Say what was wrong, by field where it was a field."""
    if isinstance(failure, RequestInvalid):
        return " ".join(f"{each['field'].replace('_', ' ')}: {each['problem']}" for each in failure.problems)
    return f"{failure.title}. {failure.detail}" if failure.detail != failure.title else failure.title


def _went(path: str, cookie: str = "") -> Response:
    answer = RedirectResponse(path, _SEE_OTHER, {"Cache-Control": "no-store"})
    if cookie:
        answer.headers.append("Set-Cookie", cookie)
    return answer


class Accounts:
    """The account pages of a house."""

    def __init__(self, application: Application, clock: Clock, random: Random) -> None:
        """Take the house, and from where secrets come."""
        self._application = application
        self._clock = clock
        self._random = random

    def routes(self) -> list[Route]:
        """Give the routes, each for reading and for sending."""
        both: dict[str, tuple[Page, Page]] = {
            "/account/sign-in": (self._sign_in, self._signed_in),
            "/account/accept": (self._accept, self._accepted),
            "/account/forgotten": (self._forgotten, self._forgot),
            "/account/reset": (self._reset, self._was_reset),
            "/account/confirm": (self._confirm, self._confirmed),
            "/account/password": (self._password, self._password_changed),
            "/account/sessions": (self._sessions, self._session_ended),
        }
        found = [Route("/account/sign-out", self._answering(None, self._sign_out), methods=["POST"])]
        for path, (read, send) in both.items():
            found.append(Route(path, self._answering(read, send), methods=["GET", "POST"]))
        return found

    def _answering(self, read: Page | None, send: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            visit = Visit(request, self._application, self._random.token(TOKEN_BYTES).hex())
            try:
                if request.method == "POST" or read is None:
                    visit.fields = await read_form(request)
                    return await send(visit)
                return await read(visit)
            except Unauthenticated:
                query = f"?next={request.url.path}" if read is not None else ""
                return _went(f"/account/sign-in{query}", session_cookie("", visit.scheme, 0))
            except Failure as failure:
                body = joined([pages.problem(failure.detail), _SIGN_IN_LINK])
                return visit.show(page(failure.title, body), status_of(type(failure)), failure.retry_after_s)
            except Exception:
                logger.exception("An unexpected error (request %s)", request.state.request_id)
                return visit.show(page(BUG_TITLE, pages.problem(request.state.request_id)), BUG_STATUS)

        return answer

    async def _sign_in(self, visit: Visit) -> Response:
        following = local(visit.request.query_params.get("next", ""))
        return visit.ask("Sign in", _SIGN_IN, self._other_ways(following), next=following)

    async def _signed_in(self, visit: Visit) -> Response:
        email, tenant = visit.fields.get("email", ""), visit.fields.get("tenant_id") or None
        following = local(visit.fields.get("next", ""))
        try:
            begun = await visit.call(
                "sign_in", email=email.strip(), password=visit.fields.get("password", ""), tenant_id=tenant
            )
        except Failure as failure:
            return visit.ask(
                "Sign in", _SIGN_IN, self._other_ways(following), failure, email=email, next=following
            )
        return self._entered(visit, begun, following)

    def _other_ways(self, following: str) -> Html:
        if Federation not in self._application.interfaces:
            return _FORGOT_LINK
        query = f"?{urlencode({'next': following})}" if following else ""
        return joined([pages.link(f"/account/single-sign-on{query}", "Single sign-on"), _FORGOT_LINK])

    def _entered(self, visit: Visit, begun: NewSession, following: str = "") -> Response:
        lasts_s = (begun.ends_ms - self._clock.now_ms()) // 1000
        cookie = session_cookie(begun.secret, visit.scheme, lasts_s)
        if not following or following.startswith("/account/"):
            answer = _went(following or HOME, cookie)
        else:
            answer = visit.show(pages.continuing(following))
            answer.headers.append("Set-Cookie", cookie)
        # Forms of before must not work after: another secret than the browser came with.
        fresh = self._random.token(TOKEN_BYTES).hex()
        answer.headers.append("Set-Cookie", form_cookie(fresh, visit.scheme))
        return answer

    async def _accept(self, visit: Visit) -> Response:
        return visit.ask("Accept the invitation", _ACCEPT, code=visit.request.query_params.get("code", ""))

    async def _accepted(self, visit: Visit) -> Response:
        code = visit.fields.get("code", "")
        try:
            begun = await visit.call(
                "accept_invitation", code=code, password=visit.fields.get("password", "")
            )
        except Failure as failure:
            return visit.ask("Accept the invitation", _ACCEPT, NOTHING, failure, code=code)
        return self._entered(visit, begun)

    async def _forgotten(self, visit: Visit) -> Response:
        return visit.ask("Choose a new password", _FORGOTTEN, _SIGN_IN_LINK)

    async def _forgot(self, visit: Visit) -> Response:
        email = visit.fields.get("email", "")
        try:
            await visit.call("request_password_reset", email=email.strip())
        except Failure as failure:
            return visit.ask("Choose a new password", _FORGOTTEN, _SIGN_IN_LINK, failure, email=email)
        said = pages.done("If anybody has this address here, a link is on its way. It works for 30 minutes.")
        return visit.show(page("Look into your mailbox", joined([said, _SIGN_IN_LINK])))

    async def _reset(self, visit: Visit) -> Response:
        return visit.ask("Choose a new password", _RESET, code=visit.request.query_params.get("code", ""))

    async def _was_reset(self, visit: Visit) -> Response:
        code = visit.fields.get("code", "")
        try:
            await visit.call("reset_password", code=code, password=visit.fields.get("new_password", ""))
        except Failure as failure:
            return visit.ask("Choose a new password", _RESET, NOTHING, failure, code=code)
        said = pages.done("Your password was changed, and all your sessions have ended.")
        return visit.show(page("Done", joined([said, _SIGN_IN_LINK])))

    async def _confirm(self, visit: Visit) -> Response:
        code = visit.request.query_params.get("code", "")
        return visit.ask("Confirm your e-mail address", _CONFIRM, code=code)

    async def _confirmed(self, visit: Visit) -> Response:
        try:
            await visit.call("confirm_email", code=visit.fields.get("code", ""))
        except Failure as failure:
            return visit.ask("Confirm your e-mail address", _CONFIRM, NOTHING, failure)
        said = pages.done("From now on you sign in with this address.")
        return visit.show(page("Done", joined([said, _SIGN_IN_LINK])))

    async def _password(self, visit: Visit) -> Response:
        await visit.call("list_sessions")  # whoever has not signed in is sent to do so
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
        found = await visit.call("list_sessions")
        return visit.show(pages.sessions(found, visit.token, pages.done(said) if said else NOTHING))

    async def _session_ended(self, visit: Visit) -> Response:
        if visit.fields.get("all") == "others":
            ended = await visit.call("end_other_sessions")
            return await self._sessions(visit, f"Sessions that have ended: {ended.ended}.")
        await visit.call("end_session", session_id=visit.fields.get("session_id", ""))
        return await self._sessions(visit, "The session has ended.")

    async def _sign_out(self, visit: Visit) -> Response:
        await leave(visit.call)
        return _went("/account/sign-in", session_cookie("", visit.scheme, 0))


def account_routes(application: Application, clock: Clock, random: Random) -> list[Route]:
    """Give the routes of the account pages; none where the service that knows people does not run."""
    here = People in application.interfaces
    return Accounts(application, clock, random).routes() if here else []
