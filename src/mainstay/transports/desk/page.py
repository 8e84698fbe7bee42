"""What stands on the desk's page, and what its browser may do with it."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from mainstay.services.people.interface import Account
from mainstay.transports.accounts.markup import Html, fill, joined
from mainstay.transports.desk.looks import SHEET

_HERE = Path(__file__).parent


def _digest(content: bytes) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode()


@dataclass(frozen=True)
class Script:
    """A script, whose address is another for each version."""

    name: str
    content: bytes

    @property
    def path(self) -> str:
        """Give where it is."""
        return f"/desk/{self.name}"

    @property
    def digest(self) -> str:
        """Give by what the policy of the page knows it."""
        return _digest(self.content)

    @property
    def tag(self) -> Html:
        """Give what lets the page run it."""
        version = hashlib.sha256(self.content).hexdigest()[:16]
        return fill(_TAG, path=self.path, version=version, digest=self.digest)


_TAG = '<script src="$path?v=$version" integrity="$digest" defer></script>'
SCRIPTS = tuple(Script(name, (_HERE / name).read_bytes()) for name in ("socket.js", "view.js", "desk.js"))
_SOURCES = " ".join(f"'{each.digest}'" for each in SCRIPTS)
POLICY = (
    f"default-src 'none'; style-src '{_digest(SHEET.encode())}'; "
    f"script-src {_SOURCES}; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Lets these scripts run and nothing that stands in a page; and texts never become HTML, whatever they do."""
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<title>Desk – Mainstay</title><style>$sheet</style>$scripts</head><body data-view="list">
<header class="bar"><h1>Desk</h1><p>$name, tenant <strong>$tenant</strong></p>
<a href="/account/sessions">Account</a></header>
<div class="notice" id="lost" role="alert" hidden><p id="lost-text"></p>
<button type="button" id="again">Try now</button></div>
<div class="notice" id="gone" role="alert" hidden><p><span id="gone-text">You are signed out,
or may no longer answer here.</span>
<a href="/account/sign-in?next=/desk">Sign in again</a>, or ask an administrator.</p></div>
<p class="away" id="announce" role="status"></p>
<main class="desk" id="desk" data-me="$me" data-corrects="$corrects">
<section id="queue" aria-label="Queue" tabindex="-1">
<p class="hint" id="loading">Loading …</p>
<p class="hint" id="empty" hidden>Nobody waits. Conversations appear here by themselves as soon as a bot
calls a person.</p>
$groups</section>
<section id="nothing" aria-label="No conversation is open"><p>Choose a conversation on the left.</p>
<p>Up and Down go through the queue, Enter opens.</p></section>
<section id="talk" aria-labelledby="title" hidden>
<div class="top"><button type="button" class="quiet" id="back">Back</button>
<h2 id="title" tabindex="-1">Conversation</h2>
<div class="acts"><button type="button" id="claim">Claim</button>
<button type="button" class="quiet" id="back-to-bot">Give back to bot</button>
<button type="button" class="quiet" id="close">Close</button></div>
<p id="state" role="status"></p></div>
<div id="log" role="log" aria-label="What was said" tabindex="0"><ol id="turns"></ol></div>
<p id="problem" role="alert" hidden></p>
<form id="reply" hidden><label for="text">Your reply</label>
<textarea id="text" name="text" maxlength="4000" dir="auto" aria-describedby="keys"></textarea>
<div class="reply-row"><span id="keys">Ctrl+Enter sends, Escape goes back to the queue.</span>
<button type="submit" id="send">Send</button></div></form>
</section></main></body></html>"""
_GROUP = """<div id="$name-group" hidden><h2 id="$name-title">$title <span id="$name-count">0</span></h2>
<ul id="$name" aria-labelledby="$name-title"></ul></div>"""
_GROUPS = {"mine": "Yours", "waiting": "Waiting", "others": "With colleagues"}


def desk_page(who: Account, me: str, *, corrects: bool) -> str:
    """Give the page of somebody who may answer; `me` is how the queue names him."""
    groups = joined(fill(_GROUP, name=name, title=title) for name, title in _GROUPS.items())
    return fill(
        _PAGE,
        sheet=Html(SHEET),
        scripts=joined(each.tag for each in SCRIPTS),
        name=who.name,
        tenant=who.tenant,
        me=me,
        corrects="yes" if corrects else "no",
        groups=groups,
    )
