"""The pages that links of mails open: a link that does not work any more says so before anything is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kit.errors import Failure
from mainstay.services.people.interface import CodeInvalid, CodeShown
from mainstay.transports.accounts import pages
from mainstay.transports.accounts.markup import Html, fill, joined
from mainstay.transports.accounts.pages import CHOSEN, NEW, Form
from mainstay.transports.accounts.visit import Visit
from mainstay.transports.rest.problems import status_of

_INVITED = """<p><strong>$inviter</strong> has invited you, <strong>$email</strong>, to join
<strong>$tenant</strong>.</p>"""
_RESET = "<p>For the account of <strong>$email</strong>.</p>"
_CONFIRMING = "<p>You then sign in with <strong>$email</strong>.</p>"
_SPENT = "This link does not work any more"
_WHY = "It was used already, has run out, or was not copied whole: in the mail it is one line."


def _invited(code: CodeShown) -> Html:
    inviter = code.inviter or "An administrator"
    return fill(_INVITED, inviter=inviter, email=code.email, tenant=code.tenant)


@dataclass(frozen=True)
class Link:
    """What a link of a mail asks for, and what to do when it does not work any more."""

    purpose: str
    title: str
    form: Form
    intro: Callable[[CodeShown], Html]
    instead: str
    way: Html


_SIGN_IN = pages.link("/account/sign-in", "Sign in")
INVITATION = Link(
    "invitation",
    "Accept the invitation",
    Form("/account/accept", (CHOSEN,), "Accept"),
    _invited,
    "Sign in if you have accepted the invitation; else ask whoever invited you to send it again.",
    _SIGN_IN,
)
RESET = Link(
    "reset",
    "Choose a new password",
    Form("/account/reset", (NEW,), "Change the password"),
    lambda code: fill(_RESET, email=code.email),
    "Ask for another one.",
    joined([pages.link("/account/forgotten", "Send me another link"), _SIGN_IN]),
)
ADDRESS = Link(
    "address",
    "Confirm your e-mail address",
    Form("/account/confirm", (), "Confirm this address"),
    lambda code: fill(_CONFIRMING, email=code.email),
    "Sign in with the new address if you have confirmed it; else with the one before, and change it again.",
    _SIGN_IN,
)


async def ask_by(visit: Visit, link: Link, failure: Failure | None = None) -> Response:
    """Give the page of a link, with what went wrong when it was used."""
    given: Mapping[str, str] = visit.fields if visit.request.method == "POST" else visit.request.query_params
    code = given.get("code", "")
    try:
        found: CodeShown = await visit.call("look_at_code", code=code, purpose=link.purpose)
    except (CodeInvalid, RequestInvalid):
        body = joined([pages.problem(f"{_WHY} {link.instead}"), link.way])
        return visit.show(visit.page(_SPENT, body), status_of(CodeInvalid))
    return visit.ask(link.title, link.form, failure=failure, before=link.intro(found), code=code)
