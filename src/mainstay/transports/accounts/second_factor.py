"""The pages of the second factor: an authenticator app is set up, removed, and recovery codes are shown."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

import segno
from starlette.responses import Response

from mainstay.kit.errors import Failure, Unauthenticated
from mainstay.services.people.interface import AppBegun, Factor
from mainstay.transports.accounts import pages
from mainstay.transports.accounts.markup import NOTHING, Html, fill, joined
from mainstay.transports.accounts.pages import APP_CODE, CODE, PASSWORD, Form
from mainstay.transports.accounts.visit import Page, Visit

_HOME = "/account/second-factor"
_TITLE = "Your second factor"
_SET_UP = "Set up an authenticator app"
_URI = "otpauth://totp/"
_URI_LENGTH_MAX = 1000
_BEGIN = Form(_HOME, (PASSWORD,), "Set up an authenticator app")
_CONFIRM = Form(f"{_HOME}/confirm", (APP_CODE,), "Confirm")
_RENEW = Form(f"{_HOME}/recovery-codes", (PASSWORD, CODE), "Make new recovery codes")
_REMOVE = Form(f"{_HOME}/remove", (PASSWORD, CODE), "Remove the authenticator app")
_NONE = """<p>The password alone signs you in. With an authenticator app signing in needs a code of
it too; a <a href="/account/passkeys">passkey</a> does without the password.</p>"""
_DEMANDED = """<p class="problem" role="alert">A second factor is demanded of you here. Set up an
authenticator app or a <a href="/account/passkeys">passkey</a> to go on; until then signing in is good for
nothing else.</p>"""
_AGAIN = """<p class="problem" role="alert">A second factor is demanded of you here, and your session was
begun without yours. <a href="/account/sign-in">Sign in again</a> with it.</p>"""
_PASSKEYS = """<p class="done" role="status">Signing in needs one of
your <a href="/account/passkeys">passkeys</a>.</p><p>Recovery codes that are left: $left.
<a href="$home/recovery-codes">Make new ones</a></p>
<p>An authenticator app is another way, for devices without your passkeys.</p>"""
_APP = """<p class="done" role="status">Signing in needs a code of your authenticator app.</p>
<p>Recovery codes that are left: $left.</p>"""
_CHOICES = """<p><a href="$home/recovery-codes">Make new recovery codes</a></p>
<p><a href="$home/remove">Remove the authenticator app</a></p>"""
_SCAN = """<p>Scan this with your app, then type the code that it shows.</p>$picture
<p>If you cannot scan it, type this secret into the app:</p><pre class="code">$secret</pre>
<p><a href="$uri">Open it in an app on this device</a></p>"""
_CODES = """<p class="done" role="status">$said</p><p>Each of these recovery codes signs you in once when you
have lost your device. They are shown this once: print them, or keep them in a password manager.</p>
<ul class="codes">$codes</ul><p><a href="/account/second-factor">I have kept them</a></p>"""
_CODE_ITEM = "<li><code>$code</code></li>"


def second_factor_pages() -> Mapping[str, tuple[Page, Page]]:
    """Give the pages, each for reading and for sending."""
    return {
        _HOME: (_overview, _begun),
        f"{_HOME}/confirm": (_overview, _confirmed),
        f"{_HOME}/recovery-codes": (_renew, _renewed),
        f"{_HOME}/remove": (_remove, _removed),
    }


def _shown(visit: Visit, parts: Sequence[Html], title: str = _TITLE) -> Response:
    return visit.show(visit.page(title, joined(parts)))


async def _overview(visit: Visit, said: str = "") -> Response:
    every: Sequence[Factor] = await visit.call("list_factors")
    found = [each for each in every if each.kind == "totp"]
    first = pages.done(said) if said else NOTHING
    if visit.request.query_params.get("demanded") and not said:
        first = fill(_DEMANDED) if not every else fill(_AGAIN)
    if every and not found:
        left = fill(_PASSKEYS, left=every[0].recovery_codes_left, home=_HOME)
        return _shown(visit, [first, left, pages.form(_BEGIN, visit.token, {})])
    if not found:
        return _shown(visit, [first or fill(_NONE), pages.form(_BEGIN, visit.token, {})])
    app = fill(_APP, left=found[0].recovery_codes_left)
    return _shown(visit, [first, app, fill(_CHOICES, home=_HOME)])


async def _begun(visit: Visit) -> Response:
    try:
        begun: AppBegun = await visit.call("begin_app", password=visit.fields.get("password", ""))
    except Unauthenticated:
        raise
    except Failure as failure:
        return visit.ask(_TITLE, _BEGIN, NOTHING, failure)
    return visit.ask(_SET_UP, _CONFIRM, before=_scan(begun.uri), uri=begun.uri)


def _scan(uri: str) -> Html:
    """Give what an app scans, and the same to type."""
    drawn = segno.make(uri, micro=False).svg_inline(border=4, omitsize=True, svgclass="code")
    picture = Html(drawn.replace("<svg ", '<svg role="img" aria-label="QR code for your app" ', 1))
    secret = parse_qs(urlsplit(uri).query).get("secret", [""])[0]
    return fill(_SCAN, picture=picture, secret=_grouped(secret), uri=uri)


async def _confirmed(visit: Visit) -> Response:
    try:
        made = await visit.call("confirm_app", code=visit.fields.get("code", "").strip())
    except Unauthenticated:
        raise
    except Failure as failure:
        uri = visit.fields.get("uri", "")  # the browser's own: what is stored is never shown twice
        scan = _scan(uri) if uri.startswith(_URI) and len(uri) <= _URI_LENGTH_MAX else NOTHING
        return visit.ask(_SET_UP, _CONFIRM, pages.link(_HOME, "Begin anew"), failure, scan, uri=uri)
    return _codes(visit, made.recovery_codes, "Your authenticator app is set up.")


async def _renew(visit: Visit) -> Response:
    return visit.ask("New recovery codes", _RENEW)


async def _renewed(visit: Visit) -> Response:
    try:
        made = await visit.call("make_recovery_codes", **_both(visit))
    except Unauthenticated:
        raise
    except Failure as failure:
        return visit.ask("New recovery codes", _RENEW, NOTHING, failure)
    return _codes(visit, made.recovery_codes, "The recovery codes of before do not work any more.")


async def _remove(visit: Visit) -> Response:
    return visit.ask("Remove the authenticator app", _REMOVE)


async def _removed(visit: Visit) -> Response:
    try:
        await visit.call("remove_app", **_both(visit))
    except Unauthenticated:
        raise
    except Failure as failure:
        return visit.ask("Remove the authenticator app", _REMOVE, NOTHING, failure)
    return await _overview(visit, "The authenticator app was removed.")


def _both(visit: Visit) -> dict[str, str]:
    return {"password": visit.fields.get("password", ""), "code": visit.fields.get("code", "").strip()}


def _grouped(secret: str) -> str:
    """Give a secret in groups of four, as it is easiest typed."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def _codes(visit: Visit, codes: Sequence[str], said: str) -> Response:
    items = joined(fill(_CODE_ITEM, code=each) for each in codes)
    return _shown(visit, [fill(_CODES, said=said, codes=items)], "Your recovery codes")
