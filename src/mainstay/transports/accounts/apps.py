"""The page of apps that somebody has let act in his name, where he takes that back."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from mainstay.kit.errors import Failure, Unauthenticated
from mainstay.services.authorization.interface import Authorized
from mainstay.transports.accounts import pages
from mainstay.transports.accounts.forms import TOKEN
from mainstay.transports.accounts.markup import NOTHING, Html, fill, joined
from mainstay.transports.accounts.permitted import in_words
from mainstay.transports.accounts.visit import Page, Visit, told
from mainstay.transports.rest.problems import status_of

_HOME = "/account/apps"
_NONE = Html("<p>No app may act in your name.</p>")
_INTRO = Html("<p>These apps act in your name, each within what you let it do.</p>")
_ITEM = """<li><p><strong>$name</strong><br>may $scopes<br>since $created, until $expires</p>
<form method="post" action="$home">$hidden
<button class="quiet" type="submit" aria-label="Take back what $name may, since $created">Take back</button>
</form></li>"""


def app_pages() -> Mapping[str, tuple[Page, Page]]:
    """Give the page, for reading and for sending."""
    return {_HOME: (_overview, _taken_back)}


async def _overview(visit: Visit, said: str = "", failure: Failure | None = None) -> Response:
    found: Sequence[Authorized] = await visit.call("list_authorizations")
    items = joined(_item(visit, each) for each in found)
    listed = [_INTRO, fill('<ul class="sessions">$items</ul>', items=items)] if found else [_NONE]
    first = pages.done(said) if said else NOTHING
    wrong = pages.problem(told(failure)) if failure is not None else NOTHING
    status = 200 if failure is None else status_of(type(failure))
    return visit.show(visit.page("Your apps", joined([first, wrong, *listed])), status)


def _item(visit: Visit, app: Authorized) -> Html:
    return fill(
        _ITEM,
        name=app.client_name,
        scopes="; ".join(in_words(each) for each in app.scopes) or "do nothing",
        created=pages.moment(app.created_ms),
        expires=pages.moment(app.expires_ms),
        home=_HOME,
        hidden=pages.hidden({TOKEN: visit.token, "authorization_id": app.authorization_id}),
    )


async def _taken_back(visit: Visit) -> Response:
    named = visit.fields.get("authorization_id", "")
    try:
        gone: Authorized = await visit.call("revoke_authorization", authorization_id=named)
    except Unauthenticated:
        raise
    except Failure as failure:
        return await _overview(visit, failure=failure)
    return await _overview(visit, f"{gone.client_name} may no more act in your name by this.")
