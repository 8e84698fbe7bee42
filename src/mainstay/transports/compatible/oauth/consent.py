"""Where people are asked whether a client may act in their name (RFC 6749, 4.1.1), without scripts."""

import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from mainstay.kernel.caller import EVERYTHING, Caller, Credential
from mainstay.kernel.guard import CredentialsUnknown, TenantSuspended
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.services.people.interface import Account, UserNeeded
from mainstay.transports.accounts.looks import page
from mainstay.transports.accounts.markup import NOTHING, fill, joined
from mainstay.transports.accounts.permitted import in_words
from mainstay.transports.compatible.oauth import errors
from mainstay.transports.compatible.oauth.replies import Reply, Sent, Shown
from mainstay.transports.compatible.oauth.requests import (
    ParametersUnclear,
    fields_of,
    form_of,
)
from mainstay.transports.rest.exchange import Exchange

SIGN_IN = "/account/sign-in"
_ASKED = ("client_id", "redirect_uri", "scope", "resource")
_APPROVED = (*_ASKED, "code_challenge", "code_challenge_method", "nonce", "state")
_SINCE = "since"
"""Our own parameter: when, in seconds, somebody has to have signed in at the earliest."""
_KEPT = (*_APPROVED, "response_type", _SINCE)
_SECONDS = re.compile(r"\d{1,10}", re.ASCII)
_AGAIN = ("login", "select_account")
_KNOWING = frozenset({"openid", "profile", "email", "offline_access"})
"""Scopes that permit no operation: they tell of whoever is asked."""
_REFUSED = """<p class="problem" role="alert">$detail</p>
<p>Nothing was given to anybody. Go back to the app, and tell its makers.</p>"""
_QUESTION = """$vouched<p>You are $who.</p><p><strong>$app</strong> asks to:</p><ul>$scopes</ul>
<p>This holds for $days days, unless you take it back before, at
<a href="/account/apps">your apps</a>. You are then sent to <code>$target</code>.</p>
<form method="post">$hidden<button name="decision" value="approve">Allow</button>
<button class="quiet" name="decision" value="deny">Do not allow</button></form>"""
_NOTHING = """$vouched<p>You are $who. <strong>$app</strong> asks for what you may not do yourself, so
there is nothing that you could allow. Ask an administrator, or sign in as somebody else.</p>
<form method="post">$hidden<button name="decision" value="deny">Go back to the app</button></form>"""
_WHO = "<strong>$name</strong> ($email), in the tenant <strong>$tenant</strong>"
_KEY = "<code>$subject</code>"
_UNVOUCHED = '<p class="problem">It has registered by itself. Nobody here vouches for its name.</p>'
_HIDDEN = '<input type="hidden" name="$name" value="$value">'

Ask = Callable[[str, Exchange, Mapping[str, Any], Credential | None], Awaitable[Any]]
Session = Callable[[Sequence[tuple[bytes, bytes]], str], Credential | None]
"""Finds the session of a browser in raw headers, by the scheme over which they came."""


class Recognises(Protocol):
    """Who recognises callers by what they come with."""

    async def authenticate(self, credential: Credential | Caller | None) -> Caller:
        """Give the caller; raises CredentialsUnknown."""
        ...


class Consent:
    """Checks what a client asks for, asks whoever is signed in, and sends the browser back with a code."""

    def __init__(
        self, ask: Ask, guard: Recognises, session: Session, issuer: Callable[[], str], clock: Clock
    ) -> None:
        """Take the way to operations, who recognises sessions, the server's name, and a clock."""
        self._ask = ask
        self._guard = guard
        self._session = session
        self._issuer = issuer
        self._clock = clock

    async def show(self, exchange: Exchange) -> Reply:
        """Answer a browser that a client has sent: ask, or let somebody sign in first."""
        try:
            fields = fields_of(exchange.scope["query_string"].decode("ascii"))
        except (Failure, UnicodeDecodeError) as failure:
            return _refused(failure)
        unanswerable = await self._unanswerable(exchange, fields)
        if unanswerable is not None:
            return unanswerable
        prompts = fields.get("prompt", "").split()
        fields |= self._since(fields, prompts)
        known = await self._signed_in(exchange, fields)
        asked = await self._ask("check_authorization", exchange, _some(fields, _ASKED), None)
        if "none" in prompts:
            needed = "login_required" if known is None else "consent_required"
            return self._back_unasked(asked, fields, needed, "Ask without prompt=none.")
        if known is None or any(each in prompts for each in _AGAIN):
            return _sign_in(exchange, fields)
        credential, caller = known
        try:
            who: Account | None = await self._ask("get_account", exchange, {}, credential)
        except UserNeeded:
            who = None
        return _page(asked, fields, caller, who, _confirmation(credential, fields))

    async def decide(self, exchange: Exchange) -> Reply:
        """Answer what somebody has decided on the page."""
        fields = await form_of(exchange)
        unanswerable = await self._unanswerable(exchange, fields)
        if unanswerable is not None:
            return unanswerable
        known = await self._signed_in(exchange, fields)
        if known is None:
            return _sign_in(exchange, fields)
        credential, _ = known
        origin = exchange.header(b"origin")
        given, expected = fields.get("confirm", ""), _confirmation(credential, fields)
        confirmed = hmac.compare_digest(given.encode(), expected.encode())
        if not confirmed or origin not in {None, "null", self._issuer()}:
            return _refused(ParametersUnclear("This page has expired. Go back to the app, and begin again."))
        if fields.get("decision") != "approve":
            return self._back(fields, "access_denied", "It was not approved.")
        try:
            values = _some(fields, _APPROVED)
            approval = await self._ask("approve_authorization", exchange, values, credential)
        except Failure as failure:
            return self._back(fields, errors.name_of(failure), failure.detail)
        return Sent(approval.redirect_to)

    async def _unanswerable(self, exchange: Exchange, fields: Mapping[str, str]) -> Reply | None:
        """Give the refusal of a request that nobody can approve; None: somebody can.

        Only when the client and its address are known, the browser is sent back there.
        """
        try:
            values = _some(fields, ("client_id", "redirect_uri"))
            asked = await self._ask("check_authorization", exchange, values, None)
        except Failure as failure:
            return _refused(failure)
        wrong = await self._wrong(exchange, fields)
        return None if wrong is None else self._back_unasked(asked, fields, *wrong)

    async def _wrong(self, exchange: Exchange, fields: Mapping[str, str]) -> tuple[str, str] | None:
        """Say what is wrong with a request whose client and address are known; None: nothing."""
        if "request" in fields or "request_uri" in fields:
            return "request_not_supported", "Send the parameters themselves."
        if fields.get("response_type") != "code":
            return "unsupported_response_type", "Ask for response_type=code."
        unclear = _unclear(fields)
        if unclear:
            return "invalid_request", unclear
        try:
            await self._ask("check_authorization", exchange, _some(fields, _ASKED), None)
        except Failure as failure:
            return errors.name_of(failure), failure.detail
        return None

    def _since(self, fields: Mapping[str, str], prompts: Sequence[str]) -> dict[str, str]:
        """Say when somebody has to have signed in: `max_age` seconds ago, or now to sign in again.

        It is kept on the way to the sign-in page and back, where what asked for it would ask again.
        """
        now_s = self._clock.now_ms() // 1000
        wished = [int(fields.get(_SINCE, "0"))]
        if "max_age" in fields:
            wished.append(now_s - int(fields["max_age"]))
        if any(each in prompts for each in _AGAIN):
            wished.append(now_s)
        return {_SINCE: str(max(wished))} if max(wished) > 0 else {}

    async def _signed_in(
        self, exchange: Exchange, fields: Mapping[str, str]
    ) -> tuple[Credential, Caller] | None:
        """Give the session of the browser and whose it is, if it still is one, young and strong enough."""
        credential = self._session(exchange.raw_headers, exchange.scope.get("scheme", "http"))
        if credential is None:
            return None
        try:
            caller = await self._guard.authenticate(credential)
        except (CredentialsUnknown, TenantSuspended):
            return None
        young = (caller.signed_in_ms or 0) // 1000 >= int(fields.get(_SINCE, "0"))
        return (credential, caller) if young and caller.only is None else None

    def _back_unasked(self, asked: Any, fields: Mapping[str, str], error: str, description: str) -> Reply:
        """Send a browser back before its owner has decided anything, unless anybody may have chosen where to.

        A client that has registered by itself names any address it likes: with an error to ask for, this
        server would lead whoever trusts it there (RFC 9700, 4.11.2).
        """
        if asked.registered:
            return _refused(ParametersUnclear(description))
        return self._back(fields, error, description)

    def _back(self, fields: Mapping[str, str], error: str, description: str) -> Sent:
        """Send the browser back to the client with an error."""
        told = {"error": error, "iss": self._issuer()}
        if description:
            told["error_description"] = errors.described(description)
        if "state" in fields:
            told["state"] = fields["state"]
        uri = fields["redirect_uri"]
        return Sent(f"{uri}{'&' if '?' in uri else '?'}{urlencode(told)}")


def _some(fields: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: fields[name] for name in names if name in fields}


def _unclear(fields: Mapping[str, str]) -> str:
    """Say which parameter this server cannot go by, empty if there is none."""
    if fields.get("response_mode", "query") != "query":
        return "Answers are given in the query."
    if any(_SECONDS.fullmatch(fields.get(name, "0")) is None for name in ("max_age", _SINCE)):
        return "Send max_age as a number of seconds."
    if fields.get("code_challenge_method") != "S256" or "code_challenge" not in fields:
        return "Send a code_challenge with code_challenge_method=S256 (PKCE)."
    return ""


def _sign_in(exchange: Exchange, fields: Mapping[str, str]) -> Sent:
    """Send the browser to sign in, and back here, without what would ask for signing in again."""
    here = f"{exchange.scope['path']}?{urlencode(_some(fields, _KEPT))}"
    return Sent(f"{SIGN_IN}?{urlencode({'next': here})}")


def _confirmation(credential: Credential, fields: Mapping[str, str]) -> str:
    """Give what shows that a form comes from the page that this browser was shown, for this request."""
    asked = json.dumps(_some(fields, _KEPT), sort_keys=True).encode()
    return hmac.new(credential.secret.encode(), b"consent" + asked, hashlib.sha256).hexdigest()


def _target(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _refused(failure: Exception) -> Shown:
    detail = failure.detail if isinstance(failure, Failure) else "The address cannot be read."
    return Shown(page("This request cannot be answered", fill(_REFUSED, detail=detail)), 400)


def _page(
    asked: Any, fields: Mapping[str, str], caller: Caller, who: Account | None, confirmation: str
) -> Shown:
    """Ask for what can be given: of what the app asks for, that which whoever is asked may do himself."""
    hidden = {**_some(fields, _KEPT), "confirm": confirmation}
    given = [each for each in asked.scopes if each in _KNOWING | {EVERYTHING} or caller.may(each)]
    target = _target(asked.redirect_uri)
    body = fill(
        _QUESTION if set(given) - _KNOWING else _NOTHING,
        app=asked.client_name,
        vouched=fill(_UNVOUCHED) if asked.registered else NOTHING,
        who=fill(_KEY, subject=caller.subject) if who is None else fill(_WHO, **who.model_dump()),
        scopes=joined(fill("<li>$scope</li>", scope=in_words(each)) for each in given),
        days=asked.lasts_days,
        target=target,
        hidden=joined(fill(_HIDDEN, name=name, value=value) for name, value in hidden.items()),
    )
    return Shown(page(f"Let “{asked.client_name}” act in your name?", body), target=target)
