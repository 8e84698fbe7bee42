"""The pages of passkeys as a browser gets them: the script is named by its hash, and nothing else runs."""

import base64
import hashlib
import json
import re
import secrets
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from engines.authenticators import Authenticator
from makers import ADMIN_KEY
from transports.real_house import running
from transports.test_account_pages import Browser, browser, joined_as, world
from transports.worlds import PHRASE, World

__all__ = ["browser", "world"]

HERE, SHOWN = "/account/passkeys", "/account/sign-in/passkey"


def device(world: World) -> Authenticator:
    url = world.running.house.address.url
    host = str(urlsplit(url).hostname)
    return Authenticator(credential_id=secrets.token_bytes(32), origin=url, rp_id=host, count=0)


def options(browser: Browser) -> dict[str, Any]:
    """Read what the script would ask the device."""
    [found] = options_in(browser)
    return found


def options_in(browser: Browser) -> list[dict[str, Any]]:
    return [json.loads(unescape(each)) for each in re.findall(r'data-options="([^"]+)"', browser.page)]


def added(browser: Browser, world: World, email: str) -> Authenticator:
    """Sign in, and add a passkey by the pages."""
    browser.sign_in(joined_as(world, email))
    browser.get(HERE)
    assert browser.send(HERE).status == 200
    made = device(world)
    answer = browser.send(
        f"{HERE}/add", name="<b>Laptop", credential=json.dumps(made.create(options(browser)))
    )
    assert answer.status == 200
    return made


def test_the_script_is_the_only_one_that_runs(world: World, browser: Browser) -> None:
    answer = browser.get("/account/sign-in")
    [policy] = [value for name, value in answer.headers.items() if name == "content-security-policy"]
    [path, digest] = re.findall(
        r'<script src="([^"]+)" integrity="([^"]+)" data-site="[^"]+" defer></script>', browser.page
    )[0]
    assert f"; script-src '{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert browser.page.count("<script") == 1
    script = browser.get(path)
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["x-content-type-options"] == "nosniff"
    found = base64.b64encode(hashlib.sha256(script.body).digest()).decode()
    assert digest == f"sha256-{found}"
    browser.get("/account/forgotten")
    assert "<script" not in browser.page


def test_an_address_that_knows_no_passkeys_says_why(tmp_path: Path) -> None:
    with running(tmp_path / "data", "192.0.2.7") as opened:
        own = World(opened, ADMIN_KEY, *("" for _ in range(7)))
        browser = Browser(own)
        browser.sign_in(joined_as(own, "nowhere@example.com"))
        assert browser.get(HERE).status == 200
        assert "MAINSTAY_PUBLIC_URL" in browser.page
        assert f"This server&#x27;s is {opened.house.address.url}." in browser.page
        assert "Add a passkey" not in browser.page


def test_passkeys_are_added_renamed_and_removed(world: World, browser: Browser) -> None:
    made = added(browser, world, "adds@example.com")
    assert len(re.findall(r"<li><code>[0-9A-Z]{5}-[0-9A-Z]{5}</code></li>", browser.page)) == 10
    browser.get(HERE)
    assert "&lt;b&gt;Laptop" in browser.page
    assert "<b>" not in browser.page
    assert browser.send(f"{HERE}/rename", name="").status == 422
    browser.get(HERE)
    assert browser.send(f"{HERE}/rename", name="Tower").status == 200
    assert "Tower" in browser.page
    other = Browser(world)
    other.get(SHOWN)
    answer = other.send(SHOWN, credential=json.dumps(made.get(options(other))))
    assert (answer.status, answer.headers["location"]) == (303, "/account/sessions")
    assert other.get(HERE).status == 200
    assert other.send(f"{HERE}/remove", passkey_id="nothing").status == 404
    other.get(HERE)
    assert other.send(f"{HERE}/remove").status == 200
    assert "was removed" in other.page
    assert Browser(world).sign_in("adds@example.com").status == 303


def test_a_passkey_is_shown_beside_a_password(world: World, browser: Browser) -> None:
    made = added(browser, world, "beside@example.com")
    other = Browser(world)
    answer = other.sign_in("beside@example.com", PHRASE, "/account/passkeys")
    assert (answer.status, other.session, PHRASE in other.page) == (200, "", False)
    asked = options(other)
    assert len(asked["allowCredentials"]) == 1
    wrong = Browser(world)
    wrong.get(SHOWN)
    assert other.send(SHOWN, credential=json.dumps(made.get(options(wrong)))).status == 401
    assert 'role="alert"' in other.page
    assert options(other)["allowCredentials"] == asked["allowCredentials"], (
        "the password need not be typed again"
    )
    answer = other.send(SHOWN, credential=json.dumps(made.get(options(other))))
    assert (answer.status, answer.headers["location"]) == (303, "/account/passkeys")


def test_answers_that_are_none_are_refused(world: World, browser: Browser) -> None:
    browser.get(SHOWN)
    for credential in ("", "[]", "{", "7", "[" * 4000):
        assert browser.send(SHOWN, credential=credential).status == 422
        assert browser.session == ""
    assert browser.send(SHOWN, credential="{}").status == 401
    browser.sign_in(joined_as(world, "nothing@example.com"))
    browser.get(HERE)
    browser.send(HERE)
    assert browser.send(f"{HERE}/add", name="x", credential="{").status == 422


def test_a_session_that_lies_open_has_to_be_proven(world: World, browser: Browser) -> None:
    added(browser, world, "open@example.com")
    weak = Browser(world)
    assert weak.sign_in("open@example.com").status == 200  # asks for the second factor
    weak.get(HERE)
    assert weak.session == ""
    clock = world.running.house.clock
    before, clock.now_ms = clock.now_ms, lambda: before() + 601_000  # type: ignore[method-assign]
    try:
        browser.get(HERE)
        browser.send(HERE)
        assert options_in(browser) == []
        assert 'name="password"' in browser.page
        assert browser.send(HERE, password="wrong").status == 422
        assert browser.send(HERE, password=PHRASE).status == 200
        assert options(browser)["excludeCredentials"]
        browser.get(HERE)
        browser.send(f"{HERE}/remove")
        assert 'name="password"' in browser.page
        assert browser.send(f"{HERE}/remove", password=PHRASE).status == 200
    finally:
        clock.now_ms = before  # type: ignore[method-assign]


def test_strangers_are_sent_to_sign_in(browser: Browser) -> None:
    for path in (HERE, f"{HERE}/add", f"{HERE}/rename", f"{HERE}/remove"):
        answer = browser.get(path)
        assert (answer.status, answer.headers["location"]) == (303, f"/account/sign-in?next={path}")
