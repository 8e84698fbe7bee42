"""Every page in a real browser: no finding of axe by WCAG 2.2 AA in both schemes, and wide enough."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from mainstay.services.people import totp
from makers import ADMIN_KEY
from services.authorization.approving import BACK, challenge
from transports.chromium import chromium, with_authenticator
from transports.real_house import running
from transports.test_app_pages import approved
from transports.worlds import PHRASE, World, furnished

EMAIL = "grace.reads@example.com"
AXE = Path(__file__).parents[1] / "peers" / "node_modules" / "axe-core" / "axe.min.js"
OF_COLOUR = ["color-contrast", "link-in-text-block"]
"""What a second scheme may break; all else is the same in both, and costs half a minute on the reference."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FINDINGS = """async (rules) => {
    const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
    return found.violations.map((each) => [each.id, each.nodes.map((node) => node.html.slice(0, 200))]);
}"""
WIDE = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("pages") / "data") as opened:
        yield furnished(opened, ADMIN_KEY, opened.call("identity.whoami")["tenant_id"])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not AXE.exists():
        pytest.skip("axe-core is not installed (tests/peers)")
    with chromium() as started:
        yield started


class Reader:
    """Somebody who opens pages, and what is wrong with them."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url
        self.found: list[tuple[str, str, object]] = []
        self.seen: list[str] = []

    def opens(self, path: str) -> None:
        self.page.goto(self.url + path)
        self.looks()

    def presses(self, button: str, **fields: str) -> None:
        """Fill in a form, send it, and look at what comes."""
        for label, value in fields.items():
            self.page.get_by_label(label).and_(self.page.locator("input")).fill(value)
        self.page.get_by_role("button", name=button, exact=True).click()
        self.page.wait_for_load_state()
        self.looks()

    def looks(self) -> None:
        """Let axe look at the page as it is, in both schemes, and at its width on a telephone."""
        title = self.page.title()
        self.seen.append(title)
        self.page.evaluate(AXE.read_text())
        for scheme, rules in (("light", RULES), ("dark", OF_COLOUR)):
            self.page.emulate_media(color_scheme=scheme)
            for finding in self.page.evaluate(FINDINGS, rules):
                self.found.append((title, scheme, finding))
        self.page.set_viewport_size(PHONE)
        if not self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            self.found.append((title, "phone", "wider than the screen"))
        self.page.set_viewport_size(WIDE)


@pytest.fixture
def reader(world: World, browser: Any) -> Iterator[Reader]:
    page = with_authenticator(browser, bypass_csp=True)
    page.set_viewport_size(WIDE)
    yield Reader(page, world.running.house.address.url)
    page.context.close()


def joined(world: World, reader: Reader, email: str) -> None:
    """Accept an invitation on its page, which signs in."""
    world.call("people.create_user", email=email, name="Grace")
    reader.opens(f"/account/accept?code={world.mailed(email)}")
    reader.presses("Accept", Password=PHRASE)


def test_what_is_wrong_is_found(reader: Reader) -> None:
    reader.page.set_content("<title>x</title><p style='width:900px;color:#ccc;background:#fff'>pale</p>")
    reader.looks()
    found = {what[0] if isinstance(what, list) else what for _, _, what in reader.found}
    assert {"html-has-lang", "color-contrast", "wider than the screen"} <= found


def test_the_pages_before_signing_in(world: World, reader: Reader) -> None:
    for path in ("/", "/docs", "/problems/overloaded", "/account/sign-in", "/account/forgotten"):
        reader.opens(path)
    for path in ("/account/reset?code=x", "/account/accept?code=x", "/account/confirm?code=x", "/account/no"):
        reader.opens(path)
    email = f"resets.{EMAIL}"
    world.joined(email)
    world.call("people.request_password_reset", email=email)
    reader.opens(f"/account/reset?code={world.mailed(email)}")
    for path in ("/account/sign-in/passkey", "/account/single-sign-on", "/account/sign-out"):
        reader.opens(path)
    reader.opens("/account/sign-in")
    reader.presses("Sign in", **{"E-mail address": EMAIL, "Password": "not it"})
    assert reader.page.get_by_role("alert").first.is_visible()
    assert reader.found == []
    assert len(set(reader.seen)) >= 8


def test_the_pages_of_somebody_who_signed_in(world: World, reader: Reader) -> None:
    joined(world, reader, EMAIL)
    for path in ("sessions", "password", "passkeys", "second-factor", "apps", "sign-out"):
        reader.opens(f"/account/{path}")
    (secret,) = (
        each["value"] for each in reader.page.context.cookies() if each["name"].endswith("mainstay-session")
    )
    approved(world, secret, "A reading list")
    reader.opens("/account/apps")
    assert reader.page.get_by_text("A reading list").is_visible()
    world.call("people.sign_in", email=EMAIL, password=PHRASE)
    reader.opens("/account/sessions")
    reader.page.get_by_text("What the browser or app sends about itself").first.click()
    reader.looks()
    reader.page.goto(f"{world.running.url}/account/sign-in")
    reader.presses("Sign in", **{"E-mail address": EMAIL, "Password": PHRASE})
    reader.page.goto(f"{world.running.url}/account/passkeys")
    reader.looks()
    assert reader.page.get_by_text("Open this page at").is_visible()
    reader.page.goto(f"{world.running.url}/account/sign-out")
    reader.presses("Sign out")
    assert reader.page.get_by_text("You are signed out.").is_visible()
    assert reader.found == []


def test_the_pages_of_a_second_factor(world: World, reader: Reader) -> None:
    email = "grace.proves@example.com"
    joined(world, reader, email)
    reader.opens("/account/second-factor")
    reader.presses("Set up an authenticator app", Password=PHRASE)
    uri = reader.page.locator("a[href^='otpauth:']").get_attribute("href")
    secret = parse_qs(urlsplit(uri).query)["secret"][0]
    reader.presses("Confirm", Code="000000")
    assert reader.page.get_by_role("img", name="QR code for your app").is_visible()
    step = world.running.house.clock.now_ms() // 30_000
    reader.presses("Confirm", Code=totp.code_at(base64.b32decode(secret), step))
    assert reader.page.get_by_text("Your authenticator app is set up.").is_visible()
    for path in ("", "/recovery-codes", "/remove"):
        reader.opens(f"/account/second-factor{path}")
    reader.page.context.clear_cookies()
    reader.opens("/account/sign-in")
    reader.presses("Sign in", **{"E-mail address": email, "Password": PHRASE})
    reader.presses("Sign in", Code="000000")
    assert reader.page.get_by_role("alert").first.is_visible()
    assert reader.found == []


def test_the_page_that_asks_what_an_app_may(world: World, reader: Reader) -> None:
    made = world.call("authorization.create_client", name="A reading list", redirect_uris=[BACK])
    asked = {
        "client_id": made["client_id"],
        "redirect_uri": BACK,
        "response_type": "code",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        "scope": "documents:read",
    }
    joined(world, reader, "grace.allows@example.com")
    itself = world.call("authorization.register_client", redirect_uris=[BACK], client_name="An assistant")
    for more in (
        {},
        {"scope": "keys:write"},
        {"client_id": itself["client_id"]},
        {"redirect_uri": "https://elsewhere.example.com"},
    ):
        reader.opens(f"/v1/auth/authorize?{urlencode({**asked, **more})}")
    assert reader.found == []
    reader.opens("/v1/auth/logout")
    # invited, signed in, asked for two apps, told that the address is another, and signed out
    assert len(set(reader.seen)) == 6
