"""What stands on the pages of single sign-on."""

from collections.abc import Sequence

from mainstay.transports.accounts.looks import page
from mainstay.transports.accounts.markup import NOTHING, Html, fill, joined
from mainstay.transports.accounts.pages import done, hidden, link, problem

_CHOOSE = """<form method="get" action="/account/single-sign-on">$hidden
<label for="email">E-mail address at work</label><input id="email" name="email" type="email" value="$email"
autocomplete="username" required autofocus><button type="submit">Continue</button></form>"""
_AGAIN = """<form method="post" action="$path">$hidden<button type="submit" autofocus>
Continue signing in</button></form>"""
_ROW = '<tr><th scope="row">$name</th><td>$value</td></tr>'
_SIGN_IN_LINK = link("/account/sign-in", "Sign in with a password")


def choose(following: str, unknown: str = "") -> str:
    """Give the page that asks for an address, or says that nobody signs in by its domain."""
    said = problem("People with this address do not sign in here by single sign-on.") if unknown else NOTHING
    form = fill(_CHOOSE, email=unknown, hidden=hidden({"next": following}))
    return page("Single sign-on", joined([said, form, _SIGN_IN_LINK]))


def leaving(url: str) -> str:
    """Give the page from which a browser goes to the provider.

    Browsers hold the redirection that follows a form to the policy about forms, and this leads elsewhere.
    """
    head = fill('<meta http-equiv="refresh" content="0;url=$url">', url=url)
    return page("To your organisation's sign-in", link(url, "Continue"), head=head)


def again(path: str, answer: str, state: str) -> str:
    """Give the page from which a browser sends an answer again, with the cookie of this server."""
    fields = {"SAMLResponse": answer, "RelayState": state, "again": "1"}
    return page("One more step", fill(_AGAIN, path=path, hidden=hidden(fields)))


def refused(title: str, detail: str) -> str:
    """Give the page of a sign-in that failed."""
    return page(title, joined([problem(detail), link("/account/single-sign-on", "Try again"), _SIGN_IN_LINK]))


def tried(subject: str, email: str, role: str, groups: Sequence[str], *, proven: bool) -> str:
    """Give the page that ends a sign-in by a connection that is tried."""
    rows: list[Html] = [
        fill(_ROW, name=name, value=value)
        for name, value in {
            "Name at the provider": subject,
            "E-mail address": f"{email or 'none'} ({'approved' if proven else 'its domain is not approved'})",
            "Role": role,
            "Groups": ", ".join(groups) or "none",
        }.items()
    ]
    said = done("The connection works. It is in the state test, so nobody was signed in.")
    return page(
        "What this sign-in would give", joined([said, fill("<table>$rows</table>", rows=joined(rows))])
    )
