"""One request of a browser to the account pages: who comes, what was sent, and how it is answered."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Application, Message, RequestInvalid
from mainstay.kernel.guard import SecondFactorRequired
from mainstay.kernel.interface import Operation, operations_of
from mainstay.kit.errors import Failure
from mainstay.ports.passkeys import Site
from mainstay.services.authorization.interface import Authorization
from mainstay.services.people.interface import Account, People
from mainstay.transports.accounts import pages
from mainstay.transports.accounts.cookies import (
    form_cookie,
    form_secret,
    session_cookie,
    session_credential,
)
from mainstay.transports.accounts.forms import token_for
from mainstay.transports.accounts.leaving import leave
from mainstay.transports.accounts.looks import POLICY, POLICY_WITH_SCRIPT, page
from mainstay.transports.accounts.markup import NOTHING, Html, joined
from mainstay.transports.accounts.pages import Form
from mainstay.transports.accounts.script import script_tag
from mainstay.transports.rest.problems import status_of

NOWHERE = PublicAddress("")
_AGENT_LENGTH_MAX = 200
_SEE_OTHER = 303
_DESK = "assistant.follow_desk"
DEMANDED = "/account/second-factor?demanded=1"
"""Where whoever has to add a second factor first is led."""
_OF_APPS = ("list_authorizations", "revoke_authorization")
_OPERATIONS = {operation.name: operation for operation in operations_of(People)} | {
    operation.name: operation for operation in operations_of(Authorization) if operation.name in _OF_APPS
}

Page = Callable[["Visit"], Awaitable[Response]]


class Visit:
    """One request of a browser."""

    def __init__(
        self, request: Request, application: Application, fresh: str, address: PublicAddress = NOWHERE
    ) -> None:
        """Take the request, the house, and a secret for a browser that has none, or empty text: no forms.

        At the `address` browsers are asked for passkeys.
        """
        self.request = request
        self.who: Account | None = None
        self.answers = False
        self.passkeys_at, self.no_passkeys = _site(address)
        self.scheme = request.url.scheme
        self.headers = request.scope["headers"]
        self._application = application
        known = form_secret(self.headers, self.scheme)
        self._fresh = "" if known else fresh
        self.token = token_for(known or fresh)
        self.fields: Mapping[str, str] = {}

    async def call(self, name: str, /, **values: Any) -> Any:
        """Ask about people, as whoever the session cookie stands for, or as a stranger."""
        return await self.walk(_OPERATIONS[name], self.credential(), values)

    async def walk(
        self, operation: Operation, credential: Credential | None, values: Mapping[str, Any]
    ) -> Any:
        """Walk the road to an operation; give its answer."""

        async def read() -> Mapping[str, Any]:
            return values

        client = self.request.client
        message = Message(
            credential=credential,
            read=read,
            request_id=self.request.state.request_id,
            door="account",
            address=client.host if client else "",
            agent=self.request.headers.get("user-agent", "")[:_AGENT_LENGTH_MAX],
        )
        return (await self._application.dispatch(operation, message)).value

    async def recognise(self) -> None:
        """Learn who has signed in, and whether he may answer at the desk; raises Unauthenticated."""
        self.who = await self.call("get_account")
        desk = next((each for each in self._application.operations if each.full_name == _DESK), None)
        if desk is not None:
            self.answers = (await self._application.guard.authenticate(self.credential())).may(desk.may)

    def page(self, title: str, body: Html, *, script: bool = False) -> str:
        """Give a page, for whoever has signed in with the way to the others."""
        here = self.request.url.path if self.who is not None else ""
        tag = script_tag(self.passkeys_at) if script else NOTHING
        return page(title, body, who=self.who, here=here, script=tag, desk=self.answers)

    def credential(self) -> Credential | None:
        """Give the credential of the session cookie."""
        return session_credential(self.headers, self.scheme)

    def show(
        self, html: str, status: int = 200, retry_after_s: float | None = None, *, script: bool = False
    ) -> Response:
        """Answer with a page that nobody keeps, frames or sends on."""
        headers = {
            "Content-Security-Policy": POLICY_WITH_SCRIPT if script else POLICY,
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

    async def enter(self, answer: Response, secret: str, lasts_s: int, fresh: str) -> Response:
        """Let the browser keep a session instead of the one that it had, which ends.

        Forms of before do not work after, for they have another secret.
        """
        if self.credential() is not None:
            with contextlib.suppress(Failure):
                await leave(self.call, self.scheme)
        answer.headers.append("Set-Cookie", session_cookie(secret, self.scheme, lasts_s))
        answer.headers.append("Set-Cookie", form_cookie(fresh, self.scheme))
        return answer

    def ask(
        self,
        title: str,
        form: Form,
        more: Html = NOTHING,
        failure: Failure | None = None,
        before: Html = NOTHING,
        **values: str,
    ) -> Response:
        """Answer with a form, what stands before and behind it, and what was wrong with it."""
        if isinstance(failure, SecondFactorRequired):
            return went(DEMANDED)
        wrong, status, retry_after_s, choices = "", 200, None, NOTHING
        if failure is not None:
            wrong = told(failure)
            status, retry_after_s = status_of(type(failure)), failure.retry_after_s
            named = [each for each in failure.problems if "tenant_id" in each]
            choices = pages.tenants(named) if named else NOTHING
        body = pages.form(form, self.token, values, choices=choices, wrong=bool(wrong))
        html = self.page(title, joined([pages.problem(wrong), before, body, more]), script=form.script)
        return self.show(html, status, retry_after_s, script=form.script)


def _site(address: PublicAddress) -> tuple[str, str]:
    """Say at which address browsers know passkeys, or why at none."""
    try:
        return Site.of(address.named, "").origin, ""
    except ValueError as unusable:
        set_it = "Its operator sets another as MAINSTAY_PUBLIC_URL."
        return "", f"{unusable} This server's is {address.named}. {set_it}"


def told(failure: Failure) -> str:
    """Say what was wrong, by field where it was a field."""
    if isinstance(failure, RequestInvalid):
        return " ".join(f"{each['field'].replace('_', ' ')}: {each['problem']}" for each in failure.problems)
    return f"{failure.title}. {failure.detail}" if failure.detail != failure.title else failure.title


def went(path: str, cookie: str = "") -> Response:
    """Send a browser on with a GET."""
    answer = RedirectResponse(path, _SEE_OTHER, {"Cache-Control": "no-store"})
    if cookie:
        answer.headers.append("Set-Cookie", cookie)
    return answer
