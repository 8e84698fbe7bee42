"""What stands on the account pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mainstay.services.people.interface import Session
from mainstay.transports.accounts.agents import in_short
from mainstay.transports.accounts.forms import TOKEN
from mainstay.transports.accounts.looks import page
from mainstay.transports.accounts.markup import NOTHING, Html, fill, joined


@dataclass(frozen=True)
class Field:
    """A field of a form."""

    name: str
    label: str
    kind: str = "text"
    complete: str = "off"
    hint: str = ""


@dataclass(frozen=True)
class Form:
    """A form: where it goes, its fields, what its button says, and whether its page has the script.

    `quiet` is the button of what is seldom wanted.
    """

    path: str
    fields: Sequence[Field]
    button: str
    script: bool = False
    quiet: bool = False


EMAIL = Field("email", "E-mail address", "email", "username")
PASSWORD = Field("password", "Password", "password", "current-password")
NEW = Field(
    "new_password",
    "New password",
    "password",
    "new-password",
    "At least 12 characters; three or four words that have nothing to do with each other do well.",
)
CHOSEN = Field(
    "password",
    "Password",
    "password",
    "new-password",
    "At least 12 characters. If you have a password here already, type that one.",
)
CODE = Field(
    "code", "Code", "text", "one-time-code", "The six digits that your app shows, or a recovery code."
)
APP_CODE = replace(CODE, hint="The six digits that your app shows.")
_PROBLEM = '<p class="problem" role="alert" id="problem">$text</p>'
_DONE = '<p class="done" role="status">$text</p>'
_HIDDEN = '<input type="hidden" name="$name" value="$value">'
_INPUT = """<label for="$name">$label</label><input id="$name" name="$name" type="$kind" value="$value"
autocomplete="$complete" required$focus$more>$hint"""
_HINT = '<p class="hint" id="$name-hint">$text</p>'
_FORM = '<form method="post" action="$path">$hidden$fields<button$quiet type="submit">$button</button></form>'
_CHOICE = '<option value="$value">$text</option>'
_SELECT = """<label for="tenant_id">Tenant</label>
<select id="tenant_id" name="tenant_id" required>$choices</select>"""
_LINK = '<p><a href="$path">$text</a></p>'
_SESSION = """<li><p><strong>$agent</strong>$mark<br>from $address, begun $begun, used $used</p>
<form method="post" action="/account/sessions">$hidden
<button class="quiet" type="submit" aria-label="End the session of $agent, begun $begun">End</button>
</form>$calls</li>"""
_CALLS = "<details><summary>What the browser or app sends about itself</summary><p>$agent</p></details>"
_CONTINUE = """<p class="done" role="status">You are signed in.</p>
<p><a href="$path">Continue</a></p>"""
NO_ACCOUNT = Html("""<details><summary>I have no account yet</summary>
<p>Accounts are made by invitation: ask an administrator of your organisation, or whoever runs this server, to
invite you. The mail brings a link, behind which you choose a password.</p>
<p>Whoever runs the server makes the first account on its machine:
<code>mainstay users invite you@example.com --name You --role admin</code></p></details>""")
"""Stands on the page to sign in, the same for everybody: it does not tell who has an account."""


def problem(text: str) -> Html:
    """Give a problem so that it is seen and read aloud."""
    return fill(_PROBLEM, text=text) if text else NOTHING


def done(text: str) -> Html:
    """Give what was done."""
    return fill(_DONE, text=text)


def hidden(values: Mapping[str, str]) -> Html:
    """Give what travels with a form unseen."""
    return joined(fill(_HIDDEN, name=name, value=value) for name, value in values.items() if value)


def _input(field: Field, value: str, *, first: bool, wrong: bool) -> Html:
    described = [f"{field.name}-hint"] if field.hint else []
    described += ["problem"] if wrong else []
    more = f' aria-describedby="{" ".join(described)}"' if described else ""
    more += ' aria-invalid="true"' if wrong else ""
    return fill(
        _INPUT,
        name=field.name,
        label=field.label,
        kind=field.kind,
        complete=field.complete,
        value="" if field.kind == "password" else value,
        focus=Html(" autofocus" if first else ""),
        more=Html(more),
        hint=fill(_HINT, name=field.name, text=field.hint) if field.hint else NOTHING,
    )


def fields(asked: Sequence[Field], values: Mapping[str, str], *, wrong: bool = False) -> Html:
    """Give fields with what was typed before, but for passwords."""
    return joined(
        _input(field, values.get(field.name, ""), first=not number, wrong=wrong)
        for number, field in enumerate(asked)
    )


def form(
    asked: Form, token: str, values: Mapping[str, str], *, choices: Html = NOTHING, wrong: bool = False
) -> Html:
    """Give a form with what was typed before, but for passwords; `wrong`: a problem tells what of it."""
    names = {field.name for field in asked.fields}
    unseen = {TOKEN: token, **{name: value for name, value in values.items() if name not in names}}
    inside = joined([fields(asked.fields, values, wrong=wrong), choices])
    quiet = Html(' class="quiet"' if asked.quiet else "")
    return fill(
        _FORM, path=asked.path, hidden=hidden(unseen), fields=inside, quiet=quiet, button=asked.button
    )


def tenants(choices: Sequence[Mapping[str, str]]) -> Html:
    """Give the choice between tenants."""
    options = joined(fill(_CHOICE, value=each["tenant_id"], text=each["problem"]) for each in choices)
    return fill(_SELECT, choices=options)


def link(path: str, text: str) -> Html:
    """Give a link in a line of its own."""
    return fill(_LINK, path=path, text=text)


def continuing(path: str) -> str:
    """Give the page from which a browser goes on by itself.

    A redirection would do, were it not that browsers hold what follows a form to the policy about forms, and
    the way on may lead to another host.
    """
    head = fill('<meta http-equiv="refresh" content="0;url=$path">', path=path)
    return page("Signed in", fill(_CONTINUE, path=path), head=head)


def moment(at_ms: int) -> str:
    """Give a time as people read it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def sessions(found: Sequence[Session], token: str) -> Html:
    """Give one's sessions, and the ways to end them."""
    rows = joined(
        fill(
            _SESSION,
            agent=in_short(each.agent),
            calls=fill(_CALLS, agent=each.agent) if each.agent else NOTHING,
            mark=" (this one)" if each.current else "",
            address=each.address or "an unknown address",
            begun=moment(each.created_ms),
            used=moment(each.last_used_ms),
            hidden=hidden({TOKEN: token, "session_id": each.session_id}),
        )
        for each in found
    )
    others = Form("/account/sessions", (), "End all other sessions", quiet=True)
    ending = form(others, token, {"all": "others"}) if len(found) > 1 else NOTHING
    out = form(Form("/account/sign-out", (), "Sign out"), token, {})
    return joined([fill('<ul class="sessions">$rows</ul>', rows=rows), ending, out])
