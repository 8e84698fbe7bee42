"""Single sign-on for browsers: out to an identity provider, and back with what it answers."""

import contextlib
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mainstay.kernel.dispatch import Application, Message
from mainstay.kernel.interface import operations_of
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, Invalid
from mainstay.services.federation.interface import Arrival, Federation, Started
from mainstay.transports.accounts import sso_pages
from mainstay.transports.accounts.cookies import (
    attempt_cookie,
    attempt_of,
    session_cookie,
    session_credential,
)
from mainstay.transports.accounts.forms import FormMalformed, body_of, local
from mainstay.transports.accounts.leaving import Leaving
from mainstay.transports.accounts.looks import POLICY
from mainstay.transports.rest.problems import BUG_STATUS, BUG_TITLE, MediaTypeUnsupported, status_of

ANSWER_BYTES_MAX = 512 * 1024
_HOME = "/account/sessions"
_AGENT_LENGTH_MAX = 200
_FIELDS_MAX = 10
_SEE_OTHER = 303
_MEDIA_TYPE = "application/x-www-form-urlencoded"
_METADATA_TYPE = "application/samlmetadata+xml"
_STATE = re.compile(r"\As[A-Za-z0-9_-]{43}\Z")
_OPERATIONS = {operation.name: operation for operation in operations_of(Federation)}

logger = logging.getLogger("mainstay")

Page = Callable[[Request], Awaitable[Response]]


class ProviderRefused(Invalid):
    """The identity provider did not sign the person in."""

    title = "The identity provider did not sign you in"


class SignInForeign(Invalid):
    """The answer belongs to a sign-in that did not begin in this browser, or too long ago."""

    title = "This sign-in did not begin here"


class SingleSignOn:
    """The pages of single sign-on."""

    def __init__(self, application: Application, clock: Clock) -> None:
        """Take the house."""
        self._application = application
        self._leaving = Leaving(application)
        self._clock = clock

    def routes(self) -> list[Route]:
        """Give the routes: what a browser reads, and where a SAML provider lets it send its answer."""
        reading: dict[str, Page] = {
            "/account/single-sign-on": self._choose,
            "/sso/{connection_id}/start": self._start,
            "/sso/{connection_id}/callback": self._callback,
            "/sso/{connection_id}/metadata": self._metadata,
        }
        found = [Route(path, self._answering(page), methods=["GET"]) for path, page in reading.items()]
        return [*found, Route("/sso/{connection_id}/acs", self._answering(self._answered), methods=["POST"])]

    def _answering(self, page: Page) -> Page:
        async def answer(request: Request) -> Response:
            try:
                return await page(request)
            except Failure as failure:
                return _show(sso_pages.refused(failure.title, failure.detail), status_of(type(failure)))
            except Exception:
                logger.exception("An unexpected error (request %s)", request.state.request_id)
                return _show(sso_pages.refused(BUG_TITLE, request.state.request_id), BUG_STATUS)

        return answer

    async def _call(self, request: Request, name: str, **values: Any) -> Any:
        """Walk the road as a stranger; a session that the browser has is not looked at."""

        async def read() -> Mapping[str, Any]:
            return values

        client = request.client
        message = Message(
            credential=None,
            read=read,
            request_id=request.state.request_id,
            door="account",
            address=client.host if client else "",
            agent=request.headers.get("user-agent", "")[:_AGENT_LENGTH_MAX],
        )
        return (await self._application.dispatch(_OPERATIONS[name], message)).value

    async def _choose(self, request: Request) -> Response:
        email = request.query_params.get("email", "").strip()
        following = local(request.query_params.get("next", ""))
        if not email:
            return _show(sso_pages.choose(following))
        found = await self._call(request, "find_connection", email=email)
        if not found:
            return _show(sso_pages.choose(following, email))
        started = await self._begin(request, found[0].connection_id, following)
        return self._keeping(request, _show(sso_pages.leaving(started.url)), started)

    async def _start(self, request: Request) -> Response:
        following = local(request.query_params.get("next", ""))
        started = await self._begin(request, request.path_params["connection_id"], following)
        return self._keeping(request, _went(started.url), started)

    async def _begin(self, request: Request, connection_id: str, following: str) -> Started:
        values = {"connection_id": connection_id, "return_to": following or _HOME}
        started: Started = await self._call(request, "start_sign_in", **values)
        return started

    def _keeping(self, request: Request, answer: Response, started: Started) -> Response:
        """Let the browser keep the sign-in until it comes back."""
        lasts_s = (started.expires_ms - self._clock.now_ms()) // 1000
        cookie = attempt_cookie(started.state, started.attempt, request.url.scheme, lasts_s)
        answer.headers.append("Set-Cookie", cookie)
        return answer

    async def _callback(self, request: Request) -> Response:
        given = request.query_params
        state = _state(given.get("state", ""))
        if "error" in given:
            why = "".join(letter for letter in given["error"][:40] if letter.isalnum() or letter == "_")
            raise ProviderRefused(f"It says {why or 'nothing more'}. Try again, or ask your administrator.")
        attempt = _attempt(request, state)
        values = {"code": given.get("code", ""), "iss": given.get("iss")}
        arrival = await self._call(
            request,
            "finish_oidc",
            connection_id=request.path_params["connection_id"],
            attempt=attempt,
            state=state,
            **{name: value for name, value in values.items() if value is not None},
        )
        return await self._arrived(request, arrival, state)

    async def _answered(self, request: Request) -> Response:
        """Take a SAML provider's answer; browsers that kept the cookie to themselves ask once more."""
        fields = await _posted(request)
        state = _state(fields.get("RelayState", ""))
        if not attempt_of(request.scope["headers"], state, request.url.scheme) and "again" not in fields:
            return _show(sso_pages.again(request.url.path, fields.get("SAMLResponse", ""), state))
        arrival = await self._call(
            request,
            "finish_saml",
            connection_id=request.path_params["connection_id"],
            attempt=_attempt(request, state),
            saml_response=fields.get("SAMLResponse", ""),
        )
        return await self._arrived(request, arrival, state)

    async def _metadata(self, request: Request) -> Response:
        told = await self._call(request, "get_metadata", connection_id=request.path_params["connection_id"])
        return Response(told.xml, media_type=_METADATA_TYPE, headers={"Cache-Control": "no-store"})

    async def _arrived(self, request: Request, arrival: Arrival, state: str) -> Response:
        scheme = request.url.scheme
        if arrival.session is None:
            answer: Response = _show(_tried(arrival))
        else:
            await self._leave(request)
            answer = _went(arrival.return_to)
            lasts_s = (arrival.session.ends_ms - self._clock.now_ms()) // 1000
            answer.headers.append("Set-Cookie", session_cookie(arrival.session.secret, scheme, lasts_s))
        answer.headers.append("Set-Cookie", attempt_cookie(state, "", scheme, 0))
        return answer

    async def _leave(self, request: Request) -> None:
        """End the session that the browser had, if it let it come along."""
        scheme = request.url.scheme
        credential = session_credential(request.scope["headers"], scheme)
        if credential is not None:
            client = request.client
            with contextlib.suppress(Failure):
                await self._leaving(
                    credential, scheme, request.state.request_id, client.host if client else ""
                )


def _tried(arrival: Arrival) -> str:
    return sso_pages.tried(
        arrival.subject, arrival.email, arrival.role, arrival.groups, proven=arrival.email_proven
    )


def _show(html: str, status: int = 200) -> Response:
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
    }
    return HTMLResponse(html, status, headers)


def _went(url: str) -> Response:
    return RedirectResponse(url, _SEE_OTHER, {"Cache-Control": "no-store"})


def _state(text: str) -> str:
    if _STATE.match(text) is None:
        raise SignInForeign("Begin the sign-in on this server.")
    return text


def _attempt(request: Request, state: str) -> str:
    attempt = attempt_of(request.scope["headers"], state, request.url.scheme)
    if not attempt:
        raise SignInForeign("Allow cookies for this server, and sign in again, within ten minutes.")
    return attempt


async def _posted(request: Request) -> Mapping[str, str]:
    """Read what a provider lets the browser send; what is in it is signed, so it may come from anywhere."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise MediaTypeUnsupported(f"An answer is sent as {_MEDIA_TYPE}.")
    body = await body_of(request, ANSWER_BYTES_MAX)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_FIELDS_MAX)
    except ValueError:
        raise FormMalformed("Begin the sign-in again.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FormMalformed("A field was sent twice.")
    return fields


def sign_on_routes(application: Application, clock: Clock) -> list[Route]:
    """Give the routes of single sign-on; none where its service does not run."""
    here = Federation in application.interfaces
    return SingleSignOn(application, clock).routes() if here else []
