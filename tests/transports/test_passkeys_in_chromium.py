"""Passkeys in a real browser: added, shown alone and beside a password, by the keyboard, under the policy."""

from collections.abc import Iterator
from typing import Any

import pytest

from makers import ADMIN_KEY
from transports.chromium import chromium, with_authenticator
from transports.real_house import running
from transports.worlds import PHRASE, World, furnished

EMAIL = "ada.browses@example.com"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("browser") / "data", "127.0.0.1") as opened:  # as on a laptop
        yield furnished(opened, ADMIN_KEY, opened.call("identity.whoami")["tenant_id"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


def sign_in(page: Any, url: str) -> None:
    page.goto(f"{url}/account/sign-in")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PHRASE)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_passkey_is_added_and_signs_in(world: World, browser: Any) -> None:
    world.joined(EMAIL)
    url = world.running.house.address.named
    page, refused = with_authenticator(browser), []
    page.on("console", lambda said: refused.append(said.text) if "Policy" in said.text else None)
    page.on("pageerror", lambda failure: refused.append(str(failure)))
    sign_in(page, url)
    page.get_by_role("link", name="Passkeys").click()
    page.get_by_role("button", name="Add a passkey").press("Enter")
    page.get_by_label("Name").fill("Ada's telephone")
    page.get_by_role("button", name="Make the passkey").press("Enter")
    page.get_by_text("The passkey was added.").wait_for()
    assert len(page.get_by_role("listitem").filter(has=page.locator("code")).all()) == 10
    page.get_by_role("link", name="I have kept them").click()
    assert page.get_by_text("Ada's telephone").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.context.clear_cookies()
    page.goto(f"{url}/account/sign-in?next=/account/passkeys")
    page.get_by_role("link", name="Sign in with a passkey").press("Enter")  # the page asks by itself
    page.wait_for_url("**/account/passkeys")

    page.context.clear_cookies()
    sign_in(page, url)
    page.get_by_role("button", name="Use a passkey").press("Enter")
    page.wait_for_url("**/account/sessions")

    page.goto(f"{url}/account/passkeys")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name="Make the passkey").click()
    page.get_by_text("This device has a passkey for this account already.").wait_for()
    page.get_by_role("link", name="Back").click()
    page.get_by_role("button", name="Remove the passkey Ada's telephone").click()
    page.get_by_text("The passkey was removed.").wait_for()
    page.context.clear_cookies()
    page.goto(f"{url}/account/sign-in/passkey")
    page.get_by_role("alert").filter(visible=True).wait_for()
    assert refused == []


def test_without_scripts_nothing_asks_for_a_passkey(world: World, browser: Any) -> None:
    page = with_authenticator(browser, java_script_enabled=False)
    url = world.running.house.address.named
    page.goto(f"{url}/account/sign-in")
    assert not page.get_by_text("Sign in with a passkey").is_visible()
    page.goto(f"{url}/account/sign-in/passkey")
    assert page.get_by_text("Passkeys need JavaScript").is_visible()
    assert not page.get_by_role("button").first.is_visible()


def test_an_address_without_a_name_offers_no_passkeys(world: World, browser: Any) -> None:
    page = with_authenticator(browser)
    page.goto(f"{world.running.url}/account/sign-in")
    assert "127.0.0.1" in page.url
    assert not page.get_by_text("Sign in with a passkey").is_visible()
    email = "elsewhere@example.com"
    world.joined(email)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PHRASE)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.goto(f"{world.running.url}/account/passkeys")
    assert not page.get_by_role("button", name="Add a passkey").is_visible()
    assert not page.get_by_text("Passkeys need JavaScript").is_visible()
    there = world.running.house.address.named
    link = page.get_by_role("link", name=f"Open this page at {there}")
    assert link.is_visible()
    assert link.get_attribute("href") == f"{there}/account/passkeys"


def test_the_policy_lets_no_other_script_run(world: World, browser: Any) -> None:
    page = with_authenticator(browser)
    page.goto(f"{world.running.house.address.named}/account/sign-in")
    policy = page.evaluate("fetch('/account/sign-in').catch(() => 'refused')")
    assert policy == "refused"
    for made in ("s.textContent = 'window.ran = 1'", "s.src = '/docs'; s.onload = () => { window.ran = 1; }"):
        page.evaluate(f"{{const s = document.createElement('script'); {made}; document.head.append(s);}}")
        assert page.evaluate("window.ran") is None
