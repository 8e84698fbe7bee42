"""The pages of somebody's account: who has signed in, where one is, and what can be done from there."""

import re

import pytest

from mainstay.app.services import interfaces
from mainstay.kernel.permissions import permissions_of
from mainstay.transports.accounts.agents import in_short
from mainstay.transports.accounts.permitted import WORDS
from transports.test_account_pages import Browser, browser, joined_as, world
from transports.test_second_factor_pages import code_of
from transports.worlds import PHRASE, World

__all__ = ["browser", "world"]

OWN = ("sessions", "password", "passkeys", "second-factor", "apps", "sign-out")


def test_each_page_says_who_has_signed_in_and_where_one_is(world: World, browser: Browser) -> None:
    email = joined_as(world, "who@example.com")
    browser.sign_in(email)
    for path in OWN:
        assert browser.get(f"/account/{path}").status == 200
        assert f"<p>A member, <span>{email}</span>, tenant <strong>operator</strong></p>" in browser.page
        assert re.findall(r'href="([^"]+)" aria-current="(\w+)"', browser.page) == [
            (f"/account/{path}", "page")
        ]
    browser.get("/account/second-factor/remove")
    assert re.findall(r'href="([^"]+)" aria-current="(\w+)"', browser.page) == [
        ("/account/second-factor", "true")
    ]


def test_other_sessions_can_be_ended_where_there_are_any(world: World, browser: Browser) -> None:
    email = joined_as(world, "others@example.com")
    world.running.call("people.end_tenant_sessions")
    browser.sign_in(email)
    browser.get("/account/sessions")
    assert "End all other sessions" not in browser.page
    Browser(world).sign_in(email)
    browser.get("/account/sessions")
    assert '<button class="quiet" type="submit">End all other sessions' in browser.page
    browser.send("/account/sessions", all="others", session_id="")
    assert "Sessions that have ended: 1." in browser.page
    assert "End all other sessions" not in browser.page


WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "short"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/139.0 Safari/537.36 Edg/139.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/139.0 Safari/537.36", "Chrome on Android"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {WEBKIT} Safari/604.1",
            "Safari on an iPhone",
        ),
        ("python-httpx/0.28.1", "python-httpx"),
        ("Mozilla/5.0", "An unknown program"),
        ("<b>", "An unknown program"),
        ("", "An unknown program"),
    ],
)
def test_programs_have_short_names(agent: str, short: str) -> None:
    assert in_short(agent) == short


def test_what_a_program_calls_itself_can_be_read_in_full(world: World, browser: Browser) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) <b> Firefox/142.0"
    email = joined_as(world, "agents@example.com")
    browser.get("/account/sign-in")
    browser.send("/account/sign-in", ("User-Agent", agent), email=email, password=PHRASE)
    browser.get("/account/sessions")
    assert "<strong>Firefox on Linux</strong> (this one)" in browser.page
    assert (
        "<p>Mozilla/5.0 (X11; Linux x86_64; rv:142.0) &lt;b&gt; Firefox/142.0</p></details>" in browser.page
    )


def test_a_wrong_code_leaves_what_the_app_scans(world: World, browser: Browser) -> None:
    browser.sign_in(joined_as(world, "scans@example.com"))
    browser.get("/account/second-factor")
    browser.send("/account/second-factor", password=PHRASE)
    assert "recovery code" not in browser.page, "there are none yet"
    shown = re.findall(r'<pre class="code">[^<]+</pre>', browser.page)
    right = code_of(browser, world)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    assert browser.send("/account/second-factor/confirm", code=wrong).status == 422
    assert re.findall(r'<pre class="code">[^<]+</pre>', browser.page) == shown
    assert '<svg role="img"' in browser.page
    forged = browser.send("/account/second-factor/confirm", code=wrong, uri="javascript:alert(1)")
    assert forged.status == 422
    assert "<svg" not in browser.page
    assert 'href="javascript' not in browser.page
    assert browser.send("/account/second-factor/confirm", code=right).status == 200


def test_a_wrong_code_leaves_the_way_to_begin_anew(world: World, browser: Browser) -> None:
    email = joined_as(world, "anew@example.com")
    browser.sign_in(email)
    browser.get("/account/second-factor")
    browser.send("/account/second-factor", password=PHRASE)
    browser.send("/account/second-factor/confirm", code=code_of(browser, world))
    other = Browser(world)
    other.sign_in(email)
    for _ in range(2):
        assert '<a href="/account/sign-in">Begin anew</a>' in other.page
        other.send("/account/sign-in/code", code="AAAAA-AAAAA")
        assert 'role="alert"' in other.page


def test_signing_out_is_confirmed(world: World, browser: Browser) -> None:
    browser.sign_in(joined_as(world, "leaves@example.com"))
    browser.get("/account/sign-in?left=1")
    assert "You are signed out." not in browser.page, "nobody is told so who is signed in"
    browser.get("/account/sign-out")
    browser.get(browser.send("/account/sign-out").headers["location"])
    assert '<p class="done" role="status">You are signed out.</p>' in browser.page


def test_browsers_are_told_of_a_missing_page_in_a_page(browser: Browser) -> None:
    page = browser.ask("GET", "/account/nothing/here", b"", ("Accept", "text/html,*/*;q=0.8"))
    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert '<a href="/account/sessions">' in browser.page
    told = browser.get("/account/nothing")
    assert (told.status, told.headers["content-type"]) == (404, "application/problem+json")


def test_every_permission_has_words() -> None:
    there_are = permissions_of(interfaces())
    assert {*there_are.opens, *there_are.grants} <= set(WORDS)
    left = set(WORDS) - {*there_are.opens, *there_are.grants}
    assert left == {"*", "openid", "profile", "email", "offline_access"}
