"""The endpoints of OAuth and OpenID Connect: forms in, the protocol's JSON out, operations behind."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Application, Message
from mainstay.kernel.guard import CredentialsUnknown, TenantSuspended
from mainstay.kernel.interface import Operation
from mainstay.kernel.shedding import Shedding
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure, Invalid
from mainstay.kit.ids import Ids
from mainstay.transports.accounts.looks import page
from mainstay.transports.accounts.markup import fill
from mainstay.transports.compatible.oauth import errors, metadata
from mainstay.transports.compatible.oauth.consent import Consent, Session
from mainstay.transports.compatible.oauth.replies import Reply, Sent, Shown, Told
from mainstay.transports.compatible.oauth.requests import (
    fields_of,
    form_of,
    form_or_json_of,
    is_basic,
    json_of,
    proof_of,
)
from mainstay.transports.rest.credentials import RESOURCE_PATH, read_credential
from mainstay.transports.rest.exchange import ClientGone, Exchange
from mainstay.transports.rest.problems import MethodUnsupported
from mainstay.transports.rest.settings import RestSettings

logger = logging.getLogger("mainstay")

BASES = ("/v1/auth", "/api/v1/auth")
_SERVICE = "authorization"
_WHO = "people.get_account"
_KEPT = {"Cache-Control": "public, max-age=300"}
_READ = ("GET", "HEAD")
_METADATA = ("redirect_uris", "client_name", "grant_types", "response_types", "scope")
_OUT = '<p class="done" role="status">You are signed out. You can close this page.</p>'


class GrantUnknown(Invalid):
    """Tokens are not given in this way."""

    title = "This grant is not known"


class StatementRefused(Invalid):
    """A client speaks for itself here: nobody else's statement about it is read."""

    title = "The client's metadata is refused"


Answers = Callable[[Exchange], Awaitable[Reply]]
SignOut = Callable[[Credential, str, str, str], Awaitable[Mapping[str, str]]]
"""Ends a session, by scheme, request and address; gives the headers by which the browser forgets it."""


@dataclass(frozen=True)
class Parts:
    """What the door is made of; `session` finds the session of a browser in a request's headers."""

    application: Application
    address: PublicAddress
    ids: Ids
    shedding: Shedding
    clock: Clock
    session: Session
    sign_out: SignOut
    algorithm: str = "ES256"
    registration: bool = False


class Endpoint:
    """One path of the protocol; whatever happens, the client is told in the protocol's words."""

    def __init__(self, path: str, answers: Mapping[str, Answers], parts: Parts) -> None:
        """Take what answers there to which method."""
        self._path = path
        self._answers = answers
        self._parts = parts
        self._settings = RestSettings()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        exchange = Exchange(scope, receive, send, self._parts.ids, self._settings)
        exchange.request_id = scope.get("state", {}).get("request_id") or exchange.request_id
        try:
            reply = await self._reply(exchange)
        except ClientGone:
            return
        await reply.response()(scope, receive, send)

    async def _reply(self, exchange: Exchange) -> Reply:
        allowed = {"Allow": ", ".join([*self._answers, "OPTIONS"])}
        if exchange.method == "OPTIONS":
            return Told({}, 200, allowed)
        try:
            answers = self._answers_to(exchange.method)
            source = self._parts.shedding.sources.of(None, exchange.address)
            place = self._parts.shedding.admit(self._path, source)
            try:
                await place.turn()
                reply = await answers(exchange)
                place.done(exchange.apart_s)
            finally:
                place.leave()
        except Failure as failure:
            told = errors.told(failure)
            body = {"error": told.error, "error_description": told.description}
            more = allowed if isinstance(failure, MethodUnsupported) else {}
            return Told(body, told.status, {**told.headers, **more})
        except ClientGone:
            raise
        except Exception:
            logger.exception("An unexpected error (request %s)", exchange.request_id)
            return Told({"error": "server_error", "error_description": "It is in the server's log."}, 500)
        return reply

    def _answers_to(self, method: str) -> Answers:
        found = self._answers.get(method)
        if found is None:
            raise MethodUnsupported(f"Use one of {', '.join(self._answers)}.")
        return found


class OAuthDoor:
    """The endpoints of the authorization server."""

    def __init__(self, parts: Parts) -> None:
        """Find the operations behind."""
        self._parts = parts
        self._operations: dict[str, Operation] = {
            each.name: each
            for each in parts.application.operations
            if each.interface.service == _SERVICE or each.full_name == _WHO
        }
        self._grants: Mapping[str, tuple[str, Sequence[str]]] = {
            "client_credentials": ("grant_token", ("scope", "resource")),
            "authorization_code": ("redeem_code", ("code", "code_verifier", "redirect_uri", "resource")),
            "refresh_token": ("refresh_token", ("refresh_token", "scope", "resource")),
        }

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes of this door; none where the service runs elsewhere."""
        if all(each.interface.service != _SERVICE for each in self._operations.values()):
            return []
        parts = self._parts
        consent = Consent(
            self.ask, parts.application.guard, parts.session, lambda: parts.address.url, parts.clock
        )
        below: dict[str, Mapping[str, Answers]] = {
            "/token": {"POST": self._token},
            "/refresh": {"POST": self._refresh},
            "/revoke": {"POST": self._revoke},
            "/introspect": {"POST": self._introspect},
            "/register": {"POST": self._register},
            "/authorize": {"GET": consent.show, "POST": consent.decide},
            "/logout": {"GET": self._logout, "POST": self._logout},
        }
        at: dict[str, Mapping[str, Answers]] = {
            base + path: answers for base in BASES for path, answers in below.items()
        }
        at |= {path: dict.fromkeys(_READ, self._server) for path in metadata.SERVER_PATHS}
        at |= {
            RESOURCE_PATH + door: dict.fromkeys(_READ, partial(self._resource, door))
            for door in metadata.RESOURCES
        }
        at[metadata.KEYS_PATH] = dict.fromkeys(_READ, self._keys)
        return [
            Route(path, Endpoint(path, answers, self._parts), include_in_schema=False)
            for path, answers in at.items()
        ]

    async def ask(
        self, name: str, exchange: Exchange, values: Mapping[str, Any], credential: Credential | None = None
    ) -> Any:
        """Walk the road to an operation; give its answer."""

        async def read() -> Mapping[str, Any]:
            return values

        message = Message(
            credential,
            read,
            request_id=exchange.request_id,
            door="oauth",
            address=exchange.address,
            traceparent=exchange.header(b"traceparent"),
        )
        return (await self._parts.application.dispatch(self._operations[name], message)).value

    async def _token(self, exchange: Exchange) -> Reply:
        fields = await form_of(exchange)
        return await self._granted(exchange, fields, fields.get("grant_type", ""))

    async def _refresh(self, exchange: Exchange) -> Reply:
        return await self._granted(exchange, await form_or_json_of(exchange), "refresh_token")

    async def _granted(self, exchange: Exchange, fields: Mapping[str, Any], grant: str) -> Reply:
        proof = proof_of(exchange, fields)
        if grant not in self._grants:
            raise GrantUnknown(f"Use one of {', '.join(self._grants)}.")
        name, taken = self._grants[grant]
        answer = await self.ask(name, exchange, {**proof.values, **_some(fields, *taken)})
        return Told(answer.model_dump(exclude_none=True))

    async def _revoke(self, exchange: Exchange) -> Reply:
        fields = await form_of(exchange)
        values = {**proof_of(exchange, fields).values, **_some(fields, "token")}
        await self.ask("revoke_token", exchange, values)
        return Told({})

    async def _introspect(self, exchange: Exchange) -> Reply:
        if exchange.header(b"authorization") is not None and not is_basic(exchange):
            credential = read_credential(exchange.raw_headers)
            fields = await form_of(exchange)
            told = await self.ask("inspect_token", exchange, _some(fields, "token"), credential)
        else:
            fields = await form_of(exchange)
            values = {**proof_of(exchange, fields).values, **_some(fields, "token")}
            told = await self.ask("introspect_token", exchange, values)
        return Told(told.model_dump(exclude_none=True))

    async def _register(self, exchange: Exchange) -> Reply:
        fields = await json_of(exchange)
        try:
            if "software_statement" in fields:
                raise StatementRefused("Register without a software statement.")
            made = await self.ask("register_client", exchange, _some(fields, *_METADATA))
        except Invalid as failure:
            told = errors.told(failure)
            error = "invalid_redirect_uri" if _is_about_redirects(failure) else "invalid_client_metadata"
            return Told({"error": error, "error_description": told.description}, told.status)
        return Told(made.model_dump(exclude_none=True), 201)

    async def _logout(self, exchange: Exchange) -> Reply:
        if exchange.method == "GET":
            fields = fields_of(exchange.scope["query_string"].decode("latin-1"))
        else:
            fields = await form_of(exchange)
        values = _some(fields, "id_token_hint", "post_logout_redirect_uri", "state")
        told = await self.ask("end_session", exchange, values)
        headers = await self._signed_out(exchange, told.subject)
        if told.redirect_to is not None:
            return Sent(told.redirect_to, headers)
        return Shown(page("Signed out", fill(_OUT)), headers=headers)

    async def _signed_out(self, exchange: Exchange, subject: str) -> Mapping[str, str]:
        """End the browser's session if it is that of who has logged out; give the headers that say so."""
        scheme = exchange.scope.get("scheme", "http")
        credential = self._parts.session(exchange.raw_headers, scheme)
        if credential is None:
            return {}
        try:
            known = await self._parts.application.guard.authenticate(credential)
        except (CredentialsUnknown, TenantSuspended):
            return {}
        if known.subject != subject:
            return {}
        return await self._parts.sign_out(credential, scheme, exchange.request_id, exchange.address)

    async def _server(self, exchange: Exchange) -> Reply:
        parts = self._parts
        scopes = metadata.scopes_of(parts.application)
        told = metadata.server(parts.address.url, scopes, parts.algorithm, registration=parts.registration)
        return Told(told, headers=_KEPT)

    async def _resource(self, door: str, exchange: Exchange) -> Reply:
        return Told(metadata.resource(self._parts.address.url, door), headers=_KEPT)

    async def _keys(self, exchange: Exchange) -> Reply:
        found = await self.ask("get_keys", exchange, {})
        return Told(found.model_dump(), headers=_KEPT)


def _some(fields: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: fields[name] for name in names if name in fields}


def _is_about_redirects(failure: Failure) -> bool:
    named = [str(each.get("field", "")) for each in failure.problems]
    return failure.code() == "RedirectRefused" or any(each.startswith("redirect_uris") for each in named)
