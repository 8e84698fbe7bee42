"""The page on which people are asked: for whoever is signed in, and apps and addresses that are known."""

import html
import re
from collections.abc import AsyncIterator, Sequence
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from mainstay.app import server
from mainstay.app.house import House
from mainstay.kernel.caller import Credential
from makers import ADMIN_KEY, Client
from services.authorization.approving import BACK, App, answered, app
from services.authorization.asking import URL, Web, web

COOKIE = {"Cookie": f"session={ADMIN_KEY}"}


def session_of(headers: Sequence[tuple[bytes, bytes]], _: str) -> Credential | None:
    """Find an API key where a browser would have its session."""
    cookie = dict(headers).get(b"cookie", b"").decode()
    return Credential(cookie.removeprefix("session="), "cookie") if cookie else None


@pytest.fixture
async def browser(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Web]:
    monkeypatch.setattr(server, "session_credential", session_of)
    made = web(house)
    async with made.http:
        yield made


async def opened(asking: App, cookie: bool = True, **more: str) -> httpx2.Response:
    asked = asking.asks(**{"response_type": "code", "state": "s", **more})
    return await asking.web.http.get("/v1/auth/authorize", params=asked, headers=COOKIE if cookie else {})


def form_on(page: str) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found}


async def decided(asking: App, form: dict[str, str], **headers: str) -> httpx2.Response:
    return await asking.web.http.post("/v1/auth/authorize", data=form, headers={**COOKIE, **headers})


async def test_somebody_lets_an_app_act(browser: Web, admin: Client) -> None:
    asking = await app(browser, name="An <b>app</b>")
    shown = await opened(asking, scope="jobs:read openid", nonce="n")
    assert shown.status_code == 200
    assert "An &lt;b&gt;app&lt;/b&gt;" in shown.text
    assert "<script" not in shown.text
    assert all(
        each in shown.text
        for each in ("<li>see jobs and how far they are</li>", "for 30 days", BACK.removesuffix("/back"))
    )
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
    assert "form-action 'self' https://app.example.com" in shown.headers["content-security-policy"]
    sent = await decided(asking, {**form_on(shown.text), "decision": "approve"}, Origin=URL)
    assert sent.status_code == 303
    back = answered(sent.headers["location"])
    assert (back["state"], back["iss"]) == ("s", URL)
    told = (await asking.redeem(back["code"])).json()
    assert told["scope"] == "jobs:read openid"
    assert (await browser.get("/v1/me", told["access_token"])).status_code == 200


async def test_somebody_does_not(browser: Web) -> None:
    asking = await app(browser)
    form = form_on((await opened(asking)).text)
    for decision in ("deny", "", "Approve"):
        sent = await decided(asking, {**form, "decision": decision})
        assert answered(sent.headers["location"])["error"] == "access_denied"


async def test_whoever_is_not_signed_in_signs_in_first(browser: Web) -> None:
    asking = await app(browser)
    sent = await opened(asking, cookie=False)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith("/account/sign-in?next=%2Fv1%2Fauth%2Fauthorize%3F")
    following = parse_qs(urlsplit(sent.headers["location"]).query)["next"][0]
    assert (await browser.http.get(following, headers=COOKIE)).status_code == 200
    unknown = {"Cookie": "session=mk_nobody_knows_this_one_at_all_000"}
    asked = {**asking.asks(), "response_type": "code"}
    sent = await browser.http.get("/v1/auth/authorize", params=asked, headers=unknown)
    assert sent.headers["location"].startswith("/account/sign-in")


@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "client_of_nobody"},
        {"client_id": ""},
        {"redirect_uri": ""},
        {"redirect_uri": "https://evil.example.com/"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": f"{BACK}\r\nSet-Cookie: a=b"},
        {"redirect_uri": "//evil.example.com/"},
    ],
)
async def test_nobody_is_sent_to_an_unknown_address(browser: Web, more: dict[str, str]) -> None:
    asking = await app(browser)
    for cookie in (True, False):
        shown = await opened(asking, cookie, **more)
        assert shown.status_code == 400
        assert "location" not in shown.headers
        assert "evil" not in shown.text


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "no:such"}, "invalid_scope"),
        ({"resource": "https://other.example.com"}, "invalid_target"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"prompt": "none"}, "consent_required"),
    ],
)
async def test_the_app_is_told_what_is_wrong(browser: Web, more: dict[str, str], error: str) -> None:
    sent = await opened(await app(browser), **more)
    assert sent.status_code == 303
    assert sent.headers["location"].startswith(f"{BACK}?")
    back = answered(sent.headers["location"])
    assert (back["error"], back["state"], back["iss"]) == (error, "s", URL)


async def test_another_page_cannot_decide(browser: Web) -> None:
    asking = await app(browser)
    form = {**form_on((await opened(asking)).text), "decision": "approve"}
    foreign = await app(browser)
    for changed, headers in (
        ({"confirm": ""}, {}),
        ({"confirm": "0" * 64}, {}),
        ({"confirm": "ü"}, {}),
        ({"scope": "keys:write"}, {}),
        ({"client_id": foreign.client_id}, {}),
        ({"state": "another"}, {}),
        ({}, {"Origin": "https://evil.example.com"}),
    ):
        refused = await decided(asking, {**form, **changed}, **headers)
        assert (refused.status_code, "expired" in refused.text) == (400, True), changed
    sent = await decided(asking, form, Cookie="")
    assert sent.headers["location"].startswith("/account/sign-in")


async def test_parameters_that_come_twice_are_refused(browser: Web) -> None:
    asking = await app(browser)
    for query in (f"client_id={asking.client_id}&client_id=x", "client_id=%ff", "a=1&" * 60, "client_id"):
        shown = await browser.http.get(f"/v1/auth/authorize?{query}")
        assert shown.status_code == 400
