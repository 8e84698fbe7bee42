"""Signing out is one link away on every page of the account, and only a form does it."""

from transports.test_account_pages import Browser, browser, joined_as, world
from transports.worlds import World

__all__ = ["browser", "world"]


def test_each_page_of_the_account_leads_to_signing_out(world: World, browser: Browser) -> None:
    browser.sign_in(joined_as(world, "leaves@example.com"))
    forms = ("password", "second-factor/recovery-codes", "second-factor/remove")
    for path in ("sessions", "passkeys", "second-factor", "apps", *forms):
        browser.get(f"/account/{path}")
        assert '<a href="/account/sign-out">Sign out</a>' in browser.page
    assert browser.get("/account/sign-out").status == 200
    assert browser.session, "reading a page changes nothing"
    assert browser.send("/account/sign-out").status == 303
    assert browser.session == ""
    assert browser.get("/account/sign-out").status == 303
