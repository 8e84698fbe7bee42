"""The pages that links of mails open: what does not work says so at once, and looking uses nothing up."""

import re

import pytest

from transports.test_account_pages import Browser, browser, joined_as, world
from transports.worlds import PHRASE, World

__all__ = ["browser", "world"]

SPENT = "This link does not work any more"
UNKNOWN = "msc_8ZrVYf0v6v0o2bq2b5E3sW4nJ7kD1xT9pQ8cL5mA2hG1iU0"


@pytest.mark.parametrize("path", ["accept", "reset", "confirm"])
@pytest.mark.parametrize(
    "query", ["", "?code=", f"?code={UNKNOWN}", f"?code=3D{UNKNOWN[:20]}%3D", "?code=%22%3E"]
)
def test_a_link_that_is_none_asks_for_nothing(browser: Browser, path: str, query: str) -> None:
    assert browser.get(f"/account/{path}{query}").status == 422
    assert SPENT in browser.page
    assert 'role="alert"' in browser.page
    assert "<form" not in browser.page
    assert "matches" not in browser.page, "nobody reads regular expressions"
    assert UNKNOWN not in browser.page


def test_whoever_has_no_account_is_told_how_to_get_one_and_nothing_of_others(
    world: World, browser: Browser
) -> None:
    email, pages = joined_as(world, "has.one@example.com"), set()
    assert browser.get("/account/sign-in").status == 200
    assert "ask an administrator of your organisation" in browser.page
    assert "mainstay users invite you@example.com" in browser.page
    for each in (email, "has.none@example.com"):
        browser.get("/account/sign-in")
        assert browser.send("/account/sign-in", email=each, password="not the password").status == 401
        pages.add(re.sub(r'value="[^"]*"', "", browser.page))
    assert len(pages) == 1
    assert "mainstay users invite" in pages.pop()


def test_an_invitation_says_who_invites_whom_and_where(world: World, browser: Browser) -> None:
    email = "invited.by@example.com"
    boss = world.joined("boss@example.com")
    user = world.running.call("people.list_users", q="boss@example.com")[0]["id"]
    world.call("people.update_user", user_id=user, name="Grace <Hopper>", role="admin")
    world.running.call("people.create_user", as_key=boss["secret"], email=email, name="A")
    code = world.mailed(email)
    for _ in range(2):
        assert browser.get(f"/account/accept?code={code}").status == 200
        for told in ("Grace &lt;Hopper&gt;", email, "operator"):
            assert f"<strong>{told}</strong>" in browser.page
    assert browser.send("/account/accept", password="password1234").status == 422
    assert f"<strong>{email}</strong>" in browser.page
    assert browser.send("/account/accept", password=PHRASE).status == 303
    assert browser.get(f"/account/accept?code={code}").status == 422
    assert SPENT in browser.page
    assert '<a href="/account/sign-in">' in browser.page


def test_a_reset_says_for_whom_and_works_once(world: World, browser: Browser) -> None:
    email = joined_as(world, "resets.once@example.com")
    world.call("people.request_password_reset", email=email)
    code = world.mailed(email)
    browser.get(f"/account/reset?code={code}")
    assert f"<strong>{email}</strong>" in browser.page
    other = Browser(world)
    other.get(f"/account/reset?code={code}")
    assert browser.send("/account/reset", new_password="seven quiet lamps over the sea").status == 200
    assert other.send("/account/reset", new_password="seven quiet lamps over the sea").status == 422
    assert SPENT in other.page
    assert '<a href="/account/forgotten">' in other.page


def test_a_new_address_is_named_before_it_is_confirmed(world: World, browser: Browser) -> None:
    secret = world.joined("moves.from@example.com")["secret"]
    to = "moves.to@example.com"
    world.running.call("people.change_email", as_key=secret, email=to, password=PHRASE)
    code = world.mailed(to)
    browser.get(f"/account/confirm?code={code}")
    assert f"<strong>{to}</strong>" in browser.page
    assert browser.send("/account/confirm").status == 200
    assert browser.get(f"/account/confirm?code={code}").status == 422
    assert SPENT in browser.page
