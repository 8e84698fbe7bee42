"""The pages of the second factor: set up, asked for in a second step, and removed, without scripts."""

import base64
import re
from html import unescape

from mainstay.services.people import totp
from transports.test_account_pages import Browser, browser, joined_as, world
from transports.worlds import PHRASE, World

__all__ = ["browser", "world"]

HERE = "/account/second-factor"


def code_of(browser: Browser, world: World) -> str:
    """Read the secret from the page as a person would, and give the app's code."""
    found = re.search(r'<pre class="code">([A-Z2-7 ]+)</pre>', browser.page)
    assert found is not None
    step = world.running.house.clock.now_ms() // 30_000
    return totp.code_at(base64.b32decode(found[1].replace(" ", "")), step)


def recovery_codes(browser: Browser) -> list[str]:
    return re.findall(r"<li><code>([0-9A-Z]{5}-[0-9A-Z]{5})</code></li>", browser.page)


def with_app(browser: Browser, world: World, email: str) -> list[str]:
    """Sign in, set up an app by the pages; give the recovery codes."""
    browser.sign_in(joined_as(world, email))
    browser.get(HERE)
    assert browser.send(HERE, password=PHRASE).status == 200
    assert browser.send(f"{HERE}/confirm", code=code_of(browser, world)).status == 200
    return recovery_codes(browser)


def test_an_app_is_set_up_by_picture_link_or_typing(world: World, browser: Browser) -> None:
    browser.sign_in(joined_as(world, "sets-up@example.com"))
    browser.get(HERE)
    assert browser.send(HERE, password="wrong").status == 422
    answer = browser.send(HERE, password=PHRASE)
    assert answer.headers["cache-control"] == "no-store"
    assert '<svg role="img" aria-label="QR code' in browser.page
    assert " style=" not in browser.page  # the policy would refuse it
    shown = re.findall(r'<pre class="code">([A-Z2-7 ]+)</pre>', browser.page)[0].replace(" ", "")
    links = re.findall(r'href="otpauth://totp/[^"]+secret=([A-Z2-7]+)', browser.page)
    assert links == [shown]
    code = code_of(browser, world)
    assert browser.send(f"{HERE}/confirm", code="12345x").status == 422
    assert 'role="alert"' in browser.page
    assert browser.send(f"{HERE}/confirm", code=code).status == 200
    assert len(recovery_codes(browser)) == 10
    browser.get(HERE)
    assert "Recovery codes that are left: 10." in browser.page
    assert "<script" not in browser.page


def test_signing_in_takes_a_second_step_that_has_no_password(world: World, browser: Browser) -> None:
    codes = with_app(browser, world, "second-step@example.com")
    other = Browser(world)
    assert other.sign_in("second-step@example.com", "wrong").status == 401
    assert 'name="code"' not in other.page
    following = '/v1/auth/authorize?client_id=a&scope=x%20"y'
    answer = other.sign_in("second-step@example.com", PHRASE, following)
    assert (answer.status, other.session) == (200, "")
    assert 'autocomplete="one-time-code"' in other.page
    assert PHRASE not in other.page
    assert other.send("/account/sign-in/code", code="AAAAA-AAAAA").status == 422
    assert other.session == ""
    assert other.send("/account/sign-in/code", code=f" {codes[0].lower()} ").status == 200
    assert other.session
    assert unescape(re.findall('url=([^"]+)"', other.page)[0]) == following
    assert other.get("/account/sessions").status == 200


def test_a_second_step_needs_the_first(world: World, browser: Browser) -> None:
    browser.get("/account/sign-in")
    for pending in ("", "msw_unknown"):
        answer = browser.send("/account/sign-in/code", pending_token=pending, code="123456")
        assert (answer.status, browser.session) == (422, "")
    browser.get("/account/sign-in/code")
    assert 'name="password"' in browser.page


def test_recovery_codes_are_renewed_and_an_app_is_removed(world: World, browser: Browser) -> None:
    codes = with_app(browser, world, "renews@example.com")
    browser.get(f"{HERE}/recovery-codes")
    assert browser.send(f"{HERE}/recovery-codes", password="wrong", code=codes[0]).status == 422
    assert browser.send(f"{HERE}/recovery-codes", password=PHRASE, code=codes[0]).status == 200
    renewed = recovery_codes(browser)
    assert not set(renewed) & set(codes)
    browser.get(f"{HERE}/remove")
    assert browser.send(f"{HERE}/remove", password=PHRASE, code=codes[1]).status == 422
    assert browser.send(f"{HERE}/remove", password=PHRASE, code=renewed[0]).status == 200
    assert "was removed" in browser.page
    assert Browser(world).sign_in("renews@example.com").status == 303


def test_a_demanded_factor_is_set_up_at_the_next_sign_in(world: World, browser: Browser) -> None:
    email = joined_as(world, "demanded@example.com")
    world.call("people.set_sign_in_settings", second_factor="required")
    try:
        answer = browser.sign_in(email, PHRASE, "/account/passkeys")
        assert (answer.status, answer.headers["location"]) == (303, f"{HERE}?demanded=1")
        assert browser.session
        browser.get(f"{HERE}?demanded=1")
        assert "is demanded of you here" in browser.page
        assert browser.get("/account/password").status == 200
        answer = browser.send("/account/password", password=PHRASE, new_password="seven quiet lamps over")
        assert (answer.status, answer.headers["location"]) == (303, f"{HERE}?demanded=1")
        browser.get(HERE)
        browser.send(HERE, password=PHRASE)
        browser.send(f"{HERE}/confirm", code=code_of(browser, world))
        assert len(recovery_codes(browser)) == 10
        browser.get("/account/password")
        assert browser.send("/account/password", password=PHRASE, new_password=PHRASE).status == 200
    finally:
        world.call("people.set_sign_in_settings", second_factor="optional")


def test_strangers_are_sent_to_sign_in(world: World, browser: Browser) -> None:
    for path in (HERE, f"{HERE}/confirm", f"{HERE}/recovery-codes", f"{HERE}/remove"):
        answer = browser.get(path)
        assert (answer.status, answer.headers["location"]) == (303, f"/account/sign-in?next={path}")
