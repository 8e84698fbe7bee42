"""The pages of passkeys: added, renamed, removed, and shown to sign in; they need the script."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from mainstay.kit.errors import Failure, Invalid, Unauthenticated
from mainstay.services.people.interface import NewSession, Passkey, PasskeyAsked, ProofNeeded
from mainstay.transports.accounts import pages
from mainstay.transports.accounts.forms import TOKEN, local
from mainstay.transports.accounts.markup import NOTHING, Html, fill, joined
from mainstay.transports.accounts.pages import PASSWORD, Field, Form
from mainstay.transports.accounts.visit import Page, Visit, told
from mainstay.transports.rest.problems import status_of

HOME = "/account/passkeys"
SIGN_IN = "/account/sign-in/passkey"
Entered = Callable[[Visit, NewSession, str], Awaitable[Response]]

_TITLE = "Your passkeys"
_NAME = Field("name", "Name", "text", "off", "What you call the device, or the place that keeps the passkey.")
_BEGIN = Form(HOME, (), "Add a passkey")
_BEGIN_PROVEN = Form(HOME, (PASSWORD,), "Go on")
_REMOVE_PROVEN = Form(f"{HOME}/remove", (PASSWORD,), "Remove the passkey")
_SIGN_IN_LINK = pages.link("/account/sign-in", "Sign in in another way")
_INTRO = """<p>A passkey signs you in by your fingerprint, your face or the PIN of a device, without a
password. With one, the password alone signs you in no more.</p>"""
_LACKING = """<p class="problem" data-lacks-passkeys>Passkeys need JavaScript, and a browser that knows
them.</p><p class="problem" data-elsewhere-passkeys hidden>Browsers give passkeys to this server's own address
alone, and you are at another. <a href="$site$path">Open this page at $site</a>, and sign in there.</p>"""
_ASK = """<form method="post" action="$path" data-passkey="$kind" data-options="$options"$now hidden>$hidden
$fields<input type="hidden" name="credential"><button type="submit">$button</button>
<p class="problem" role="alert" hidden></p></form>"""
_ITEM = """<li><p><strong>$name</strong>$synced<br>added $created, $used</p>
<form method="post" action="$home/remove">$hidden
<button class="quiet" type="submit" aria-label="Remove the passkey $name">Remove</button></form>
<details><summary>Rename</summary><form method="post" action="$home/rename">$hidden
<label for="name-$number">New name of $name</label>
<input id="name-$number" name="name" value="$name" maxlength="64" required>
<button type="submit">Rename</button></form></details></li>"""
_CODES = """<p class="done" role="status">The passkey was added.</p><p>Each of these recovery codes signs you
in once, beside your password, when you have lost your devices. They are shown this once: print them, or keep
them in a password manager.</p><ul class="codes">$codes</ul><p><a href="$home">I have kept them</a></p>"""
_CODE_ITEM = "<li><code>$code</code></li>"
_NEEDING = "<div data-needs-passkeys hidden>$form</div>"
_BUTTON = '<p data-needs-passkeys hidden><a class="button" href="$path">Sign in with a passkey</a></p>'


class PasskeyUnreadable(Invalid):
    """The form has no answer of a browser."""

    title = "The passkey cannot be read"


def passkey_pages() -> Mapping[str, tuple[Page, Page]]:
    """Give the pages of one's passkeys, each for reading and for sending."""
    return {
        HOME: (_overview, _begun),
        f"{HOME}/add": (_overview, _added),
        f"{HOME}/rename": (_overview, _renamed),
        f"{HOME}/remove": (_overview, _removed),
    }


def passkey_sign_in_pages(entered: Entered) -> Mapping[str, tuple[Page, Page]]:
    """Give the page that signs in, for reading and for sending; `entered` goes on with a new session."""

    async def signed_in(visit: Visit) -> Response:
        return await _signed_in(visit, entered)

    return {SIGN_IN: (_sign_in, signed_in)}


def button(query: str) -> Html:
    """Give the way to sign in with a passkey, seen where the script runs."""
    return fill(_BUTTON, path=f"{SIGN_IN}{query}")


async def second_step(visit: Visit, pending_token: str, following: str) -> Html:
    """Give the form that shows a passkey beside a password."""
    asked: PasskeyAsked = await visit.call("ask_for_passkey", pending_token=pending_token)
    return _ask(visit, "get", SIGN_IN, asked, "Use a passkey", next=following)


def _ask(
    visit: Visit,
    kind: str,
    path: str,
    asked: PasskeyAsked,
    said: str,
    fields: Html = NOTHING,
    *,
    now: bool = False,
    **kept: str,
) -> Html:
    unseen = {TOKEN: visit.token, "pending_token": asked.pending_token, **kept}
    return fill(
        _ASK,
        path=path,
        kind=kind,
        options=json.dumps(asked.options),
        now=Html(" data-now" if now else ""),
        hidden=pages.hidden(unseen),
        fields=fields,
        button=said,
    )


def _shown(visit: Visit, title: str, parts: Sequence[Html], failure: Failure | None = None) -> Response:
    wrong = [pages.problem(told(failure))] if failure is not None else []
    status = 200 if failure is None else status_of(type(failure))
    wait_s = None if failure is None else failure.retry_after_s
    body = joined([*wrong, *parts])
    return visit.show(visit.page(title, body, script=True), status, wait_s, script=True)


def _lacking(visit: Visit) -> Html:
    """Give what is to be said where passkeys do not work; the script hides it where they do."""
    if visit.no_passkeys:
        return pages.problem(visit.no_passkeys)
    return fill(_LACKING, site=visit.passkeys_at, path=visit.request.url.path)


async def _overview(visit: Visit, said: str = "") -> Response:
    found: Sequence[Passkey] = await visit.call("list_passkeys")
    items = joined(_item(visit, number, each) for number, each in enumerate(found))
    listed = fill('<ul class="sessions">$items</ul>', items=items) if found else NOTHING
    first = pages.done(said) if said else NOTHING
    begin = fill(_NEEDING, form=pages.form(_BEGIN, visit.token, {}))
    adding = [_lacking(visit), *([] if visit.no_passkeys else [begin])]
    return _shown(visit, _TITLE, [first, fill(_INTRO), listed, *adding])


def _item(visit: Visit, number: int, passkey: Passkey) -> Html:
    used = passkey.last_used_ms
    return fill(
        _ITEM,
        name=passkey.name,
        synced=" (on all of your devices that share it)" if passkey.synced else "",
        created=pages.moment(passkey.created_ms),
        used="not used yet" if used is None else f"used {pages.moment(used)}",
        home=HOME,
        number=number,
        hidden=pages.hidden({TOKEN: visit.token, "passkey_id": passkey.passkey_id}),
    )


async def _begun(visit: Visit) -> Response:
    password = visit.fields.get("password")
    try:
        asked: PasskeyAsked = await visit.call("begin_passkey", password=password)
    except Unauthenticated:
        raise
    except ProofNeeded as needed:
        return _prove(visit, "Add a passkey", _BEGIN_PROVEN, needed)
    except Failure as failure:
        if password is not None:
            return visit.ask("Add a passkey", _BEGIN_PROVEN, NOTHING, failure)
        return _shown(visit, _TITLE, [pages.link(HOME, "Back")], failure)
    number = len(await visit.call("list_passkeys")) + 1
    name = pages.fields((_NAME,), {"name": f"Passkey {number}"})
    ask = _ask(visit, "create", f"{HOME}/add", asked, "Make the passkey", name)
    return _shown(visit, "Add a passkey", [_lacking(visit), ask, pages.link(HOME, "Back")])


def _prove(visit: Visit, title: str, form: Form, needed: Failure, **kept: str) -> Response:
    """Ask for the password, unless signing in again is what is needed."""
    if "password" not in needed.detail:
        again = pages.link(f"/account/sign-in?next={HOME}", "Sign in again")
        return _shown(visit, title, [again], needed)
    return visit.ask(
        title, form, pages.link(f"/account/sign-in?next={HOME}", "Or sign in again"), None, NOTHING, **kept
    )


async def _added(visit: Visit) -> Response:
    try:
        made = await visit.call(
            "add_passkey",
            pending_token=visit.fields.get("pending_token", ""),
            name=visit.fields.get("name", ""),
            credential=_credential(visit),
        )
    except Unauthenticated:
        raise
    except Failure as failure:
        return _shown(visit, "Add a passkey", [pages.link(HOME, "Begin anew")], failure)
    if not made.recovery_codes:
        return await _overview(visit, "The passkey was added.")
    items = joined(fill(_CODE_ITEM, code=each) for each in made.recovery_codes)
    return _shown(visit, "Your recovery codes", [fill(_CODES, codes=items, home=HOME)])


async def _renamed(visit: Visit) -> Response:
    try:
        given = {name: visit.fields.get(name, "") for name in ("passkey_id", "name")}
        await visit.call("rename_passkey", **given)
    except Unauthenticated:
        raise
    except Failure as failure:
        return _shown(visit, _TITLE, [pages.link(HOME, "Back")], failure)
    return await _overview(visit, "The passkey has another name.")


async def _removed(visit: Visit) -> Response:
    passkey_id, password = visit.fields.get("passkey_id", ""), visit.fields.get("password")
    try:
        await visit.call("remove_passkey", passkey_id=passkey_id, password=password)
    except Unauthenticated:
        raise
    except ProofNeeded as needed:
        return _prove(visit, "Remove a passkey", _REMOVE_PROVEN, needed, passkey_id=passkey_id)
    except Failure as failure:
        if password is not None:
            return visit.ask("Remove a passkey", _REMOVE_PROVEN, NOTHING, failure, passkey_id=passkey_id)
        return _shown(visit, _TITLE, [pages.link(HOME, "Back")], failure)
    return await _overview(visit, "The passkey was removed.")


async def _sign_in(visit: Visit) -> Response:
    return await _ask_to_sign_in(visit, local(visit.request.query_params.get("next", "")))


async def _ask_to_sign_in(
    visit: Visit, following: str, failure: Failure | None = None, pending_token: str | None = None
) -> Response:
    """Ask for a passkey; at once, unless it just failed."""
    asked: PasskeyAsked = await visit.call("ask_for_passkey", pending_token=pending_token)
    said = "Sign in with a passkey" if failure is None else "Try again"
    form = _ask(visit, "get", SIGN_IN, asked, said, now=failure is None, next=following)
    return _shown(visit, "Sign in with a passkey", [_lacking(visit), form, _SIGN_IN_LINK], failure)


async def _signed_in(visit: Visit, entered: Entered) -> Response:
    pending, following = visit.fields.get("pending_token", ""), local(visit.fields.get("next", ""))
    credential, tenant = visit.fields.get("credential", ""), visit.fields.get("tenant_id") or None
    try:
        begun = await visit.call(
            "sign_in_with_passkey", pending_token=pending, credential=_credential(visit), tenant_id=tenant
        )
    except Failure as failure:
        if any("tenant_id" in each for each in failure.problems):
            form = Form(SIGN_IN, (), "Sign in")
            kept = {"pending_token": pending, "credential": credential, "next": following}
            return visit.ask("Sign in with a passkey", form, _SIGN_IN_LINK, failure, NOTHING, **kept)
        return await _again(visit, following, pending, failure)
    return await entered(visit, begun, following)


async def _again(visit: Visit, following: str, pending: str, failure: Failure) -> Response:
    """Ask once more; beside a password as long as that is good."""
    waiting = pending if pending.startswith("msw_") else None
    try:
        return await _ask_to_sign_in(visit, following, failure, waiting)
    except Failure:
        return _shown(visit, "Sign in with a passkey", [_SIGN_IN_LINK], failure)


def _credential(visit: Visit) -> dict[str, Any]:
    """Read what the browser answered; raises PasskeyUnreadable."""
    try:
        found = json.loads(visit.fields.get("credential", ""))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise PasskeyUnreadable("Open the page again: the browser has to run its script.")
    return found
