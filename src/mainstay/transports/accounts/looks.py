"""How the account pages look: the style of the other pages, in one column, with nothing from elsewhere."""

import base64
import hashlib

from mainstay.transports.accounts.markup import NOTHING, Html, fill
from mainstay.transports.accounts.script import DIGEST, TAG
from mainstay.transports.rest.looks import STYLE

_OWN = """
main{max-width:26rem;padding:2rem 1rem 4rem}main.wide{max-width:44rem}main.wide button{width:auto}
h1{font-size:1.5rem;margin:0 0 1rem}
header{max-width:44rem;padding:1rem}header a{font-weight:700;text-decoration:none;color:var(--ink)}
nav{max-width:44rem}label{font-weight:600;margin-top:1rem}
input,select{font:inherit;min-height:2.75rem;padding:.45rem .6rem;width:100%;color:inherit;
background:var(--box);border:1px solid var(--soft);border-radius:.4rem}
input[aria-invalid=true]{border:2px solid var(--delete)}
button{width:100%;min-height:2.75rem;margin-top:1.2rem}button.quiet{background:none;color:var(--link);width:auto;
margin:0}.hint{color:var(--soft);margin:.2rem 0 0;font-size:.92em}
.problem,.done{border:1px solid var(--get);border-left-width:.4rem;border-radius:.4rem;padding:.6rem .8rem;
margin:0 0 1rem}.problem{border-color:var(--delete)}
svg.code{display:block;background:#fff;width:13rem;height:13rem;max-width:100%}
pre.code{overflow-wrap:anywhere;white-space:pre-wrap}ul.codes{columns:2;list-style:none;padding:0}
a.button{display:block;text-align:center;text-decoration:none;padding:.6rem 1.2rem;margin-top:1rem;
border:1px solid var(--link);border-radius:.4rem}
ul.sessions details{flex:1 1 100%;border:0;padding:0;margin:0}
ul.sessions summary{padding:0;color:var(--link)}details form{margin-top:.5rem}[hidden]{display:none}
@media print{header,nav,form{display:none}}
ul.sessions{list-style:none;padding:0}ul.sessions li{display:flex;flex-wrap:wrap;gap:.3rem 1rem;
justify-content:space-between;align-items:center;border-bottom:1px solid var(--line);padding:.7rem 0}
ul.sessions p{margin:0;overflow-wrap:anywhere;flex:1 1 14rem}
"""
_SHEET = STYLE + _OWN
_DIGEST = base64.b64encode(hashlib.sha256(_SHEET.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
POLICY_WITH_SCRIPT = f"{POLICY}; script-src '{DIGEST}'"
"""Lets the one script run that is named by its hash, and nothing that stands in a page."""
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">$head
<title>$title – Mainstay</title><style>$sheet</style>$script</head><body>
<header><a href="/account/sessions">Mainstay</a></header>$nav
<main$wide><h1>$title</h1>$body</main></body></html>"""
_NAV = """<nav aria-label="Account"><ul><li><a href="/account/sessions">Sessions</a></li>
<li><a href="/account/password">Password</a></li>
<li><a href="/account/passkeys">Passkeys</a></li>
<li><a href="/account/second-factor">Second factor</a></li>
<li><a href="/account/apps">Apps</a></li>
<li><a href="/account/sign-out">Sign out</a></li></ul></nav>"""


def page(
    title: str, body: Html, *, signed_in: bool = False, head: Html = NOTHING, script: bool = False
) -> str:
    """Give a whole page; one with the script is sent under the policy that lets it run."""
    return fill(
        _PAGE,
        title=title,
        body=body,
        head=head,
        sheet=Html(_SHEET),
        nav=Html(_NAV if signed_in else ""),
        script=TAG if script else NOTHING,
        wide=Html(' class="wide"' if signed_in else ""),
    )
