"""Single sign-on in a browser: out, back, and what comes back to a browser that never went."""

import base64
import re
import zlib
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from mainstay.kit.clock import SystemClock
from makers import ADMIN_KEY
from oidc_provider import CLIENT, ISSUER, SECRET
from saml_provider import SIGN_IN, SamlProvider
from transports.real_house import Answer, running
from transports.test_account_pages import FORM, Browser
from transports.worlds import World, furnished

DOMAIN = "harbour.example"
OTHER_SITE = [("Origin", "https://directory.example"), ("Sec-Fetch-Site", "cross-site")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("pages") / "data") as opened:
        yield furnished(opened, ADMIN_KEY, opened.call("identity.whoami")["tenant_id"])


@pytest.fixture(scope="module")
def saml(world: World) -> dict[str, Any]:
    """Connect a SAML provider whose word about a domain is taken."""
    wish = {"name": "Harbour", "kind": "saml", "metadata": SamlProvider().metadata()}
    given = {"mapping": {"default_role": "user"}, "state": "active", "create_members": True}
    made: dict[str, Any] = world.call("federation.create_connection", **wish, **given)
    values = {"tenant_id": world.tenant_id, "connection_id": made["connection_id"]}
    world.call("federation.approve_domains", **values, domains=[DOMAIN])
    return made


@pytest.fixture(scope="module")
def oidc(world: World) -> dict[str, Any]:
    """Connect an OpenID Connect provider, to be tried."""
    wish = {
        "name": "Directory",
        "kind": "oidc",
        "issuer": ISSUER,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    made: dict[str, Any] = world.call(
        "federation.create_connection", **wish, mapping={"default_role": "developer"}
    )
    return made


def answer_to(made: dict[str, Any], url: str, name: str = "ada") -> dict[str, str]:
    """Answer as the SAML provider does, by what the browser posts."""
    fields = parse_qs(urlsplit(url).query)
    packed = base64.b64decode(fields["SAMLRequest"][0])
    asked = re.search(r' ID="([^"]+)"', zlib.decompress(packed, wbits=-15).decode())
    assert asked is not None
    provider = SamlProvider(SystemClock().now_ms(), made["acs_url"], made["entity_id"], asked[1])
    document = provider.answer(name=f"{name}@{DOMAIN}", email=f"{name}@{DOMAIN}", assertion_id=f"_{asked[1]}")
    return {"SAMLResponse": base64.b64encode(document).decode(), "RelayState": fields["RelayState"][0]}


def post(browser: Browser, made: dict[str, Any], fields: dict[str, str], *headers: tuple[str, str]) -> Answer:
    return browser.ask(
        "POST", f"/sso/{made['connection_id']}/acs", urlencode(fields).encode(), FORM, *headers
    )


def start(browser: Browser, made: dict[str, Any], query: str = "") -> str:
    answer = browser.ask("GET", f"/sso/{made['connection_id']}/start{query}")
    assert answer.status == 303, answer.body
    return str(answer.headers["location"])


def test_an_address_leads_to_the_provider_and_back_into_a_session(world: World, saml: dict[str, Any]) -> None:
    browser = Browser(world)
    answer = browser.ask("GET", "/account/sign-in?next=%2Faccount%2Fpassword")
    assert 'href="/account/single-sign-on?next=%2Faccount%2Fpassword"' in browser.page
    answer = browser.ask("GET", "/account/single-sign-on?next=%2Faccount%2Fpassword")
    assert 'name="next" value="/account/password"' in browser.page
    answer = browser.ask("GET", f"/account/single-sign-on?next=%2Faccount%2Fpassword&email=ADA%40{DOMAIN}")
    assert answer.status == 200
    url = unescape(re.findall(r'content="0;url=([^"]+)"', browser.page)[0])
    assert url.startswith(SIGN_IN)
    kept = next(each for each in browser.set if "sso" in each)
    assert kept.startswith("__Host-mainstay-sso-")
    assert {"HttpOnly", "Secure", "SameSite=None"} <= {part.strip() for part in kept.split(";")}
    forms = browser.cookies["__Host-mainstay-form"]
    answer = post(browser, saml, answer_to(saml, url), *OTHER_SITE)
    assert (answer.status, answer.headers["location"]) == (303, "/account/password")
    assert browser.cookies["__Host-mainstay-form"] != forms, "forms of before do not work after"
    assert any(each.startswith("__Host-mainstay-session=mss_") for each in browser.set)
    assert not any("mainstay-sso" in name for name in browser.cookies)
    assert browser.ask("GET", "/account/sessions").status == 200
    assert "Your sessions" in browser.page


def test_a_browser_that_keeps_cookies_to_itself_is_asked_once_more(
    world: World, saml: dict[str, Any]
) -> None:
    browser = Browser(world, "http")
    fields = answer_to(saml, start(browser, saml))
    kept = dict(browser.cookies)
    assert "SameSite=Lax" in browser.set[0]
    browser.cookies.clear()  # Lax: they do not come along with what another site sends
    answer = post(browser, saml, fields, *OTHER_SITE)
    assert answer.status == 200
    asked = dict(re.findall(r'name="(\w+)" value="([^"]*)"', browser.page))
    assert {name: unescape(value) for name, value in asked.items()} == {**fields, "again": "1"}
    assert post(browser, saml, asked).status == 422
    browser.cookies.update(kept)
    answer = post(browser, saml, asked)
    assert (answer.status, answer.headers["location"]) == (303, "/account/sessions")


def test_an_answer_in_another_browser_signs_nobody_in(world: World, saml: dict[str, Any]) -> None:
    attacker, victim = Browser(world), Browser(world)
    fields = {**answer_to(saml, start(attacker, saml), "mallory"), "again": "1"}
    assert post(victim, saml, fields, *OTHER_SITE).status == 422
    assert victim.cookies == {}
    start(victim, saml)  # nor in one that has a sign-in of its own
    own = next(name for name in victim.cookies if "sso" in name)
    state = fields["RelayState"]
    victim.cookies[f"__Host-mainstay-sso-{state[1:17]}"] = victim.cookies[own]
    assert post(victim, saml, fields, *OTHER_SITE).status == 401
    assert not any("session" in name for name in victim.cookies)


def test_an_answer_is_taken_once(world: World, saml: dict[str, Any]) -> None:
    browser = Browser(world)
    fields = answer_to(saml, start(browser, saml))
    kept = dict(browser.cookies)
    assert post(browser, saml, fields).status == 303
    browser.cookies = kept
    assert post(browser, saml, fields).status == 401
    assert not any("session" in name for name in browser.cookies)


def test_a_connection_that_is_tried_shows_what_it_would_give(world: World, oidc: dict[str, Any]) -> None:
    world.running.oidc.now_ms = SystemClock().now_ms()
    browser = Browser(world)
    back = world.running.oidc.authorize(start(browser, oidc))
    answer = browser.ask("GET", f"/sso/{oidc['connection_id']}/callback?{urlencode(back)}")
    assert answer.status == 200
    for text in ("user-4711", "its domain is not approved", "developer"):
        assert text in browser.page
    assert not any("session" in name for name in browser.cookies)


def test_a_provider_that_says_no_is_told_without_its_words(world: World, oidc: dict[str, Any]) -> None:
    browser = Browser(world)
    state = parse_qs(urlsplit(start(browser, oidc)).query)["state"][0]
    said = quote("access_denied<script>alert(1)</script>")
    path = f"/sso/{oidc['connection_id']}/callback?state={state}&error={said}&error_description={said}"
    assert browser.ask("GET", path).status == 422
    assert "access_deniedscriptalert1script" in browser.page
    assert "<script" not in browser.page


@pytest.mark.parametrize(
    "following",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/%09/evil.example", "javascript:alert(1)"],
)
def test_nobody_is_sent_elsewhere_afterwards(world: World, saml: dict[str, Any], following: str) -> None:
    browser = Browser(world)
    answer = browser.ask("GET", f"/sso/{saml['connection_id']}/start?next={quote(following, safe='')}")
    if answer.status != 303:
        assert answer.status == 422
        return
    answer = post(browser, saml, answer_to(saml, answer.headers["location"]))
    assert answer.headers["location"].startswith("/")
    assert not answer.headers["location"].startswith(("//", "/\\"))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"RelayState=x&SAMLResponse=QQ", 422),
        (b"SAMLResponse=QQ&SAMLResponse=QQ", 422),
        (b"a=1&" * 50, 422),
        (b"\xff=1", 422),
        (b"SAMLResponse=" + b"A" * 600_000, 413),
    ],
)
def test_what_is_no_answer_is_refused(world: World, saml: dict[str, Any], body: bytes, status: int) -> None:
    browser = Browser(world)
    assert browser.ask("POST", f"/sso/{saml['connection_id']}/acs", body, FORM).status == status
    assert browser.ask("POST", f"/sso/{saml['connection_id']}/acs", body).status == 415
    assert browser.ask("GET", f"/sso/{saml['connection_id']}/acs").status == 405


def test_what_somebody_types_is_escaped(world: World) -> None:
    browser = Browser(world)
    browser.ask("GET", "/account/single-sign-on?email=" + quote('"><b>a@b.example'))
    assert "<b>" not in browser.page
    assert browser.ask("GET", "/account/single-sign-on?email=nobody%40elsewhere.example").status == 200
    assert "do not sign in here" in browser.page


def test_the_metadata_is_a_document(world: World, saml: dict[str, Any]) -> None:
    answer = world.running.ask("GET", f"/sso/{saml['connection_id']}/metadata")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/samlmetadata+xml")
    assert saml["entity_id"].encode() in answer.body
