"""How the account pages look: the style of the other pages, in one column, with nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Mapping

from mainstay.services.people.interface import Account
from mainstay.transports.accounts.markup import NOTHING, Html, fill, joined
from mainstay.transports.accounts.script import DIGEST
from mainstay.transports.rest.looks import STYLE

_OWN = """
main,header,nav{max-width:26rem}main{padding:2rem 1rem 4rem}
.own main,.own header,.own nav{max-width:44rem}.own button{width:auto}
h1{font-size:1.5rem;margin:0 0 1rem;overflow-wrap:anywhere}
header{padding:1rem;display:flex;flex-wrap:wrap;gap:0 1rem;justify-content:space-between}
header a{font-weight:700;text-decoration:none;color:var(--ink)}header p{margin:0;overflow-wrap:anywhere}
[aria-current]{font-weight:700;color:var(--ink)}label{font-weight:600;margin-top:1rem}
input,select{font:inherit;min-height:2.75rem;padding:.45rem .6rem;width:100%;color:inherit;
background:var(--box);border:1px solid var(--soft);border-radius:.4rem}
input[aria-invalid=true]{border:2px solid var(--delete)}
button{width:100%;min-height:2.75rem;margin-top:1.2rem}button.quiet{background:none;color:var(--link)}
ul.sessions button.quiet{width:auto;margin:0}.hint{color:var(--soft);margin:.2rem 0 0;font-size:.92em}
.problem,.done{border:1px solid var(--get);border-left-width:.4rem;border-radius:.4rem;padding:.6rem .8rem;
margin:0 0 1rem}.problem{border-color:var(--delete)}
svg.code{display:block;background:#fff;width:13rem;height:13rem;max-width:100%}
pre.code{overflow-wrap:anywhere;white-space:pre-wrap}ul.codes{columns:2;list-style:none;padding:0}
a.button{display:block;text-align:center;text-decoration:none;padding:.6rem 1.2rem;margin-top:1rem;
border:1px solid var(--link);border-radius:.4rem}
ul.sessions details{flex:1 1 100%;border:0;padding:0;margin:0}
ul.sessions summary{padding:0;color:var(--link);font-size:.92em}
details form{margin-top:.5rem}[hidden]{display:none}
@media print{header,nav,form{display:none}}
ul.sessions{list-style:none;padding:0}ul.sessions li{display:flex;flex-wrap:wrap;gap:.3rem 1rem;
justify-content:space-between;align-items:center;border-bottom:1px solid var(--line);padding:.7rem 0}
ul.sessions p{margin:0;overflow-wrap:anywhere;flex:1 1 14rem}
"""
_SHEET = STYLE + _OWN
_DIGEST = base64.b64encode(hashlib.sha256(_SHEET.encode()).digest()).decode()
STYLE_SOURCE = f"'sha256-{_DIGEST}'"
"""What the policy of such a page has to let in for the style sheet."""
POLICY = (
    f"default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
POLICY_WITH_SCRIPT = f"{POLICY}; script-src '{DIGEST}'"
"""Lets the one script run that is named by its hash, and nothing that stands in a page."""
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">$head
<title>$title – Mainstay</title><style>$sheet</style>$script</head><body$own>
<header><a href="/account/sessions">Mainstay</a>$who</header>$nav
<main><h1>$title</h1>$body</main></body></html>"""
_WHO = "<p>$name, <span>$email</span>, tenant <strong>$tenant</strong></p>"
_NAV = '<nav aria-label="Account"><ul>$items</ul></nav>'
_NAV_ITEM = '<li><a href="$path"$current>$text</a></li>'
_PAGES = {
    "/account/sessions": "Sessions",
    "/account/password": "Password",
    "/account/passkeys": "Passkeys",
    "/account/second-factor": "Second factor",
    "/account/apps": "Apps",
    "/account/sign-out": "Sign out",
}
_AT_THE_DESK = {"/desk": "Desk"}


def page(
    title: str,
    body: Html,
    *,
    who: Account | None = None,
    here: str = "",
    head: Html = NOTHING,
    script: Html = NOTHING,
    desk: bool = False,
) -> str:
    """Give a whole page; one with the script is sent under the policy that lets it run.

    `who` has signed in, and `here` is the path of a page of the account, which leads on to the others, and
    to the `desk` of whoever may answer there.
    """
    return fill(
        _PAGE,
        title=title,
        body=body,
        head=head,
        sheet=Html(_SHEET),
        who=fill(_WHO, name=who.name, email=who.email, tenant=who.tenant) if who is not None else NOTHING,
        nav=_nav(here, {**(_AT_THE_DESK if desk else {}), **_PAGES}) if here else NOTHING,
        script=script,
        own=Html(' class="own"' if here else ""),
    )


def _nav(here: str, shown: Mapping[str, str]) -> Html:
    items = joined(
        fill(_NAV_ITEM, path=path, text=text, current=_current(here, path)) for path, text in shown.items()
    )
    return fill(_NAV, items=items)


def _current(here: str, path: str) -> Html:
    """Mark the page itself, and the one to which a step on the way belongs."""
    if here == path:
        return Html(' aria-current="page"')
    return Html(' aria-current="true"' if here.startswith(f"{path}/") else "")
