"""Single sign-on for browsers: out to an identity provider, and back with what it answers."""

import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mainstay.kernel.dispatch import Application
from mainstay.kernel.interface import operations_of
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, Invalid
from mainstay.kit.random import Random
from mainstay.kit.tokens import TOKEN_BYTES
from mainstay.services.federation.interface import Arrival, Federation, Started
from mainstay.transports.accounts import sso_pages
from mainstay.transports.accounts.cookies import attempt_cookie, attempt_of
from mainstay.transports.accounts.forms import local, posted
from mainstay.transports.accounts.visit import Page, Visit, went
from mainstay.transports.rest.problems import BUG_STATUS, BUG_TITLE, status_of

ANSWER_BYTES_MAX = 512 * 1024
_HOME = "/account/sessions"
_METADATA_TYPE = "application/samlmetadata+xml"
_STATE = re.compile(r"\As[A-Za-z0-9_-]{43}\Z")
_OPERATIONS = {operation.name: operation for operation in operations_of(Federation)}

logger = logging.getLogger("mainstay")


class ProviderRefused(Invalid):
    """The identity provider did not sign the person in."""

    title = "The identity provider did not sign you in"


class SignInForeign(Invalid):
    """The answer belongs to a sign-in that did not begin in this browser, or too long ago."""

    title = "This sign-in did not begin here"


class SingleSignOn:
    """The pages of single sign-on."""

    def __init__(self, application: Application, clock: Clock, random: Random) -> None:
        """Take the house, and from where secrets come."""
        self._application = application
        self._clock = clock
        self._random = random

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

    def _answering(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            visit = Visit(request, self._application, "")
            try:
                return await page(visit)
            except Failure as failure:
                told = sso_pages.refused(failure.title, failure.detail)
                return visit.show(told, status_of(type(failure)), failure.retry_after_s)
            except Exception:
                logger.exception("An unexpected error (request %s)", request.state.request_id)
                return visit.show(sso_pages.refused(BUG_TITLE, request.state.request_id), BUG_STATUS)

        return answer

    async def _choose(self, visit: Visit) -> Response:
        email = visit.request.query_params.get("email", "").strip()
        following = local(visit.request.query_params.get("next", ""))
        if not email:
            return visit.show(sso_pages.choose(following))
        found = await _asked(visit, "find_connection", email=email)
        if not found:
            return visit.show(sso_pages.choose(following, email))
        started = await self._begin(visit, found[0].connection_id, following)
        return self._keeping(visit, visit.show(sso_pages.leaving(started.url)), started)

    async def _start(self, visit: Visit) -> Response:
        following = local(visit.request.query_params.get("next", ""))
        started = await self._begin(visit, visit.request.path_params["connection_id"], following)
        return self._keeping(visit, went(started.url), started)

    async def _begin(self, visit: Visit, connection_id: str, following: str) -> Started:
        values = {"connection_id": connection_id, "return_to": following or _HOME}
        started: Started = await _asked(visit, "start_sign_in", **values)
        return started

    def _keeping(self, visit: Visit, answer: Response, started: Started) -> Response:
        """Let the browser keep the sign-in until it comes back."""
        lasts_s = (started.expires_ms - self._clock.now_ms()) // 1000
        cookie = attempt_cookie(started.state, started.attempt, visit.scheme, lasts_s)
        answer.headers.append("Set-Cookie", cookie)
        return answer

    async def _callback(self, visit: Visit) -> Response:
        given = visit.request.query_params
        state = _state(given.get("state", ""))
        if "error" in given:
            why = "".join(letter for letter in given["error"][:40] if letter.isalnum() or letter == "_")
            raise ProviderRefused(f"It says {why or 'nothing more'}. Try again, or ask your administrator.")
        attempt = _attempt(visit, state)
        values = {"code": given.get("code", ""), "iss": given.get("iss")}
        arrival = await _asked(
            visit,
            "finish_oidc",
            connection_id=visit.request.path_params["connection_id"],
            attempt=attempt,
            state=state,
            **{name: value for name, value in values.items() if value is not None},
        )
        return await self._arrived(visit, arrival, state)

    async def _answered(self, visit: Visit) -> Response:
        """Take a SAML provider's answer; browsers that kept the cookie to themselves ask once more."""
        # What is in it is signed, so it may come from anywhere.
        fields = await posted(visit.request, ANSWER_BYTES_MAX)
        state = _state(fields.get("RelayState", ""))
        if not attempt_of(visit.headers, state, visit.scheme) and "again" not in fields:
            return visit.show(sso_pages.again(visit.request.url.path, fields.get("SAMLResponse", ""), state))
        arrival = await _asked(
            visit,
            "finish_saml",
            connection_id=visit.request.path_params["connection_id"],
            attempt=_attempt(visit, state),
            saml_response=fields.get("SAMLResponse", ""),
        )
        return await self._arrived(visit, arrival, state)

    async def _metadata(self, visit: Visit) -> Response:
        told = await _asked(visit, "get_metadata", connection_id=visit.request.path_params["connection_id"])
        return Response(told.xml, media_type=_METADATA_TYPE, headers={"Cache-Control": "no-store"})

    async def _arrived(self, visit: Visit, arrival: Arrival, state: str) -> Response:
        if arrival.session is None:
            answer: Response = visit.show(_tried(arrival))
        else:
            lasts_s = (arrival.session.ends_ms - self._clock.now_ms()) // 1000
            fresh = self._random.token(TOKEN_BYTES).hex()
            answer = await visit.enter(went(arrival.return_to), arrival.session.secret, lasts_s, fresh)
        answer.headers.append("Set-Cookie", attempt_cookie(state, "", visit.scheme, 0))
        return answer


def _tried(arrival: Arrival) -> str:
    return sso_pages.tried(
        arrival.subject, arrival.email, arrival.role, arrival.groups, proven=arrival.email_proven
    )


async def _asked(visit: Visit, name: str, **values: Any) -> Any:
    """Walk the road as a stranger; a session that the browser has is not looked at."""
    return await visit.walk(_OPERATIONS[name], None, values)


def _state(text: str) -> str:
    if _STATE.match(text) is None:
        raise SignInForeign("Begin the sign-in on this server.")
    return text


def _attempt(visit: Visit, state: str) -> str:
    attempt = attempt_of(visit.headers, state, visit.scheme)
    if not attempt:
        raise SignInForeign("Allow cookies for this server, and sign in again, within ten minutes.")
    return attempt


def sign_on_routes(application: Application, clock: Clock, random: Random) -> list[Route]:
    """Give the routes of single sign-on; none where its service does not run."""
    here = Federation in application.interfaces
    return SingleSignOn(application, clock, random).routes() if here else []
