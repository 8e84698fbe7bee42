"""The account pages: they work without scripts, and take nothing from other sites."""

import asyncio
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from mainstay.kernel.guard import CredentialsUnknown
from mainstay.transports.accounts import forms
from mainstay.transports.accounts.cookies import session_credential
from mainstay.transports.accounts.forms import local
from mainstay.transports.accounts.markup import Html, fill, joined
from mainstay.transports.accounts.script import script_tag
from makers import ADMIN_KEY
from transports.real_house import Answer, _asked, running
from transports.worlds import PHRASE, World, furnished

FORM = ("Content-Type", "application/x-www-form-urlencoded")
NEW = "seven quiet lamps over the harbour"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("pages") / "data") as opened:
        yield furnished(opened, ADMIN_KEY, opened.call("identity.whoami")["tenant_id"])


class Browser:
    """Keeps cookies, follows nothing, and fills forms in."""

    def __init__(self, world: World, scheme: str = "https") -> None:
        self.world = world
        self.scheme = scheme
        self.cookies: dict[str, str] = {}
        self.set: list[str] = []
        self.page = ""

    def ask(self, method: str, path: str, body: bytes = b"", *headers: tuple[str, str]) -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given = [("Cookie", cookie)] if cookie else []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            async def seen(message: Any) -> None:
                if message["type"] == "http.response.start":
                    self.set = [
                        value.decode() for name, value in message["headers"] if name.lower() == b"set-cookie"
                    ]
                await send(message)

            await self.world.running.app({**scope, "scheme": self.scheme}, receive, seen)

        answer = self.world.running.do(_asked(app, method, path, [*given, *headers], body))
        for each in self.set:
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value.strip('"')
            if "Max-Age=0" in each:
                del self.cookies[name]
        self.page = answer.body.decode()
        return answer

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def send(self, path: str, *headers: tuple[str, str], **fields: str) -> Answer:
        """Send the form of the page that was read, with its hidden fields."""
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', self.page))
        values = {**{name: unescape(value) for name, value in hidden.items()}, **fields}
        return self.ask("POST", path, urlencode(values).encode(), FORM, *headers)

    def sign_in(self, email: str, password: str = PHRASE, following: str = "") -> Answer:
        self.get(f"/account/sign-in?next={quote(following)}" if following else "/account/sign-in")
        return self.send("/account/sign-in", email=email, password=password)

    @property
    def session(self) -> str:
        prefix = "__Host-" if self.scheme == "https" else ""
        return self.cookies.get(f"{prefix}mainstay-session", "")


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world)


def joined_as(world: World, email: str) -> str:
    world.joined(email)
    return email


def test_a_person_accepts_signs_out_and_signs_in(world: World, browser: Browser) -> None:
    email = "accepts@example.com"
    world.call("people.create_user", email=email, name="A")
    code = world.mailed(email)
    assert browser.get(f"/account/accept?code={code}").status == 200
    weak = browser.send("/account/accept", password="password1234")
    assert (weak.status, 'role="alert"' in browser.page, code in browser.page) == (422, True, True)
    answer = browser.send("/account/accept", password=PHRASE)
    assert (answer.status, answer.headers["location"]) == (303, "/account/sessions")
    secret = browser.session
    assert secret.startswith("mss_")
    assert browser.get("/account").headers["location"] == "/account/sessions"
    assert browser.get("/account/sessions").status == 200
    assert "this one" in browser.page
    answer = browser.send("/account/sign-out")
    assert (answer.status, browser.session) == (303, "")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    browser.cookies["__Host-mainstay-session"] = secret
    assert browser.get("/account/sessions").headers["location"] == "/account/sign-in?next=/account/sessions"
    assert browser.session == ""
    assert browser.sign_in(email).status == 303
    assert browser.session not in {"", secret}


def test_cookies_are_for_this_host_alone(world: World) -> None:
    email = joined_as(world, "cookies@example.com")
    safe, plain = Browser(world), Browser(world, "http")
    for browser in (safe, plain):
        browser.get("/account/sign-in")
        before = dict(browser.cookies)
        browser.send("/account/sign-in", email=email, password=PHRASE)
        assert len(browser.set) == 2
        for cookie in browser.set:
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            assert "Path=/" in cookie
            assert "Domain" not in cookie
            assert len(cookie) < 4096
            assert cookie.startswith("__Host-") == ("Secure" in cookie) == (browser is safe)
        assert all(browser.cookies[name] != value for name, value in before.items())
    headers = [(b"cookie", f"mainstay-session={plain.session}".encode())]
    assert session_credential(headers, "http") is not None
    assert session_credential(headers) is None  # a neighbour could have planted it
    twice = [(b"cookie", b"__Host-mainstay-session=mss_a; __Host-mainstay-session=mss_b")]
    assert session_credential(twice) is None


def test_a_session_that_was_planted_is_not_kept(world: World, browser: Browser) -> None:
    email = joined_as(world, "fixed@example.com")
    planted = world.joined("attacker@example.com")["secret"]
    browser.cookies["__Host-mainstay-session"] = planted
    browser.sign_in(email)
    assert browser.session != planted
    me = world.running.call("identity.whoami", as_key=browser.session)
    assert me["subject"] == world.running.call("people.list_users", q=email)[0]["id"]
    with pytest.raises(CredentialsUnknown):
        world.running.call("identity.whoami", as_key=planted)


def test_signing_in_again_ends_the_session_before(world: World, browser: Browser) -> None:
    email = joined_as(world, "again@example.com")
    browser.sign_in(email)
    before = browser.session
    browser.sign_in(email)
    assert world.running.call("identity.whoami", as_key=browser.session)["subject"].startswith("user_")
    assert browser.get("/account/sessions").status == 200
    browser.cookies["__Host-mainstay-session"] = before
    assert browser.get("/account/sessions").status == 303


def test_the_rest_door_reads_no_cookie(world: World, browser: Browser) -> None:
    browser.sign_in(joined_as(world, "rest@example.com"))
    assert browser.get("/v1/me").status == 401
    assert browser.get("/v1/sessions").status == 401
    assert browser.ask("DELETE", "/v1/sessions").status == 401


FOREIGN: list[list[tuple[str, str]]] = [
    [("Sec-Fetch-Site", "cross-site")],
    [("Sec-Fetch-Site", "same-site")],
    [("Sec-Fetch-Site", "none")],
    [("Origin", "https://evil.example")],
    [("Origin", "null")],
    [("Origin", "http://house")],
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    "path",
    ["sign-in", "accept", "forgotten", "reset", "confirm", "password", "sessions", "sign-out"],
)
def test_what_another_site_sends_is_refused(world: World, headers: list[tuple[str, str]], path: str) -> None:
    browser = Browser(world)
    browser.get("/account/sign-in")
    world.running.calm()
    before = world.running.state()
    assert browser.send(f"/account/{path}", *headers, email="a@b.c", password=PHRASE).status == 403
    assert world.running.state() == before


@pytest.mark.parametrize(
    "path",
    ["sign-in", "accept", "forgotten", "reset", "confirm", "password", "sessions", "sign-out"],
)
def test_a_form_needs_the_token_of_its_browser(world: World, path: str) -> None:
    browser, other = Browser(world), Browser(world)
    secret = world.joined()["secret"]
    for each in (browser, other):
        each.get("/account/sign-in")
    browser.cookies["__Host-mainstay-session"] = secret
    token = re.search(r'name="form_token" value="(\w+)"', other.page)
    assert token is not None
    world.running.calm()
    before = world.running.state()
    cookie = browser.cookies["__Host-mainstay-form"]
    for wrong in ("", "x", token[1], cookie):
        assert browser.send(f"/account/{path}", form_token=wrong, all="others").status == 403
    del browser.cookies["__Host-mainstay-form"]
    assert browser.send(f"/account/{path}", all="others").status == 403
    assert world.running.state() == before


def test_our_own_pages_are_let_through(world: World) -> None:
    email = joined_as(world, "own@example.com")
    for headers in (
        [("Sec-Fetch-Site", "same-origin"), ("Origin", "null")],
        [("Origin", "https://house")],
        [],
    ):
        browser = Browser(world)
        browser.get("/account/sign-in")
        assert browser.send("/account/sign-in", *headers, email=email, password=PHRASE).status == 303


def test_wrong_and_unknown_look_alike(world: World) -> None:
    email = joined_as(world, "alike@example.com")
    pages = set()
    for typed in (email, "nobody@example.com"):
        browser = Browser(world)
        assert browser.sign_in(typed, "wrong").status == 401
        assert "wrong" not in re.findall(r'value="([^"]*)"', browser.page)
        page = re.sub(r'name="form_token" value="\w+"', "", browser.page)
        pages.add(page.replace(typed, "<email>"))
    assert len(pages) == 1


def test_a_member_of_several_tenants_chooses_one(world: World, browser: Browser) -> None:
    email = joined_as(world, "several@example.com")
    tenant = world.running.call("identity.create_tenant", name="<b>Harbour</b> & sons")
    key = world.running.call("identity.create_tenant_key", tenant_id=tenant["tenant_id"], name="a")["key"]
    world.running.call("people.create_user", as_key=key, email=email, name="S")
    world.running.call("people.accept_invitation", code=world.mailed(email), password=PHRASE)
    assert browser.sign_in(email).status == 409
    assert "<b>Harbour" not in browser.page
    assert "&lt;b&gt;Harbour&lt;/b&gt; &amp; sons" in browser.page
    answer = browser.send("/account/sign-in", email=email, password=PHRASE, tenant_id=tenant["tenant_id"])
    assert answer.status == 303
    assert world.running.call("identity.whoami", as_key=browser.session)["tenant_id"] == tenant["tenant_id"]


ELSEWHERE = [
    *("//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"),
    *(
        "/\t/evil.example",
        "///evil.example",
        "evil",
        "/a\r\nSet-Cookie: a=b",
        "/%0a\n",
        "/ü",
        "/" + "a" * 5000,
    ),
]


@pytest.mark.parametrize("path", ELSEWHERE)
def test_nobody_is_sent_elsewhere(world: World, path: str) -> None:
    assert local(path) == ""
    browser = Browser(world)
    browser.get("/account/sign-in")
    email = f"{abs(hash(path))}@example.com"
    world.joined(email)
    answer = browser.send("/account/sign-in", email=email, password=PHRASE, next=path)
    assert (answer.status, answer.headers["location"]) == (303, "/account/sessions")


def test_the_way_on_is_kept(world: World, browser: Browser) -> None:
    email = joined_as(world, "goes-on@example.com")
    following = '/v1/auth/authorize?client_id=a&scope=x%20"y'
    browser.sign_in(email, "wrong", following)
    answer = browser.send("/account/sign-in", email=email, password=PHRASE)
    assert answer.status == 200
    ready = following.replace("&", "&amp;").replace('"', "&quot;")
    assert f'content="0;url={ready}"' in browser.page
    assert f'href="{ready}"' in browser.page


def test_a_password_is_forgotten_and_changed(world: World, browser: Browser) -> None:
    email = joined_as(world, "forgets@example.com")
    said = set()
    for typed in ("nobody@example.com", email):
        browser.get("/account/forgotten")
        assert browser.send("/account/forgotten", email=typed).status == 200
        said.add(browser.page)
    assert len(said) == 1
    code = world.mailed(email)
    browser.get(f"/account/reset?code={code}")
    assert browser.send("/account/reset", new_password="short").status == 422
    assert "password: Write at least 12 characters." in browser.page
    assert browser.send("/account/reset", new_password=NEW).status == 200
    assert browser.get(f"/account/reset?code={code}").status == 422
    browser.get("/account/sign-in")
    assert browser.send("/account/reset", code=code, new_password=NEW).status == 422
    assert browser.sign_in(email, NEW).status == 303
    browser.get("/account/password")
    assert browser.send("/account/password", password="wrong", new_password=PHRASE).status == 422
    assert browser.send("/account/password", password=NEW, new_password=PHRASE).status == 200
    assert browser.get("/account/sessions").status == 200


def test_an_address_is_confirmed_by_sending_the_form(world: World, browser: Browser) -> None:
    secret = world.joined()["secret"]
    email = "confirms@example.com"
    world.running.call("people.change_email", as_key=secret, email=email, password=PHRASE)
    code = world.mailed(email)
    for _ in range(2):  # programs that look at mails follow links
        assert browser.get(f"/account/confirm?code={code}").status == 200
    assert browser.send("/account/confirm").status == 200
    assert browser.sign_in(email).status == 303


def test_sessions_are_ended_on_the_page(world: World, browser: Browser) -> None:
    email = joined_as(world, "ends@example.com")
    other = Browser(world)
    for each in (browser, other):
        each.sign_in(email)
    browser.get("/account/sessions")
    assert browser.page.count("<li><p>") == 3
    assert browser.send("/account/sessions", all="", session_id="session_none").status == 404
    browser.get("/account/sessions")
    assert browser.send("/account/sessions", all="others").status == 200
    assert browser.page.count("<li><p>") == 1
    assert other.get("/account/sessions").status == 303


def test_pages_are_kept_and_framed_by_nobody(world: World, browser: Browser) -> None:
    email, new = joined_as(world, "framed@example.com"), "framed.too@example.com"
    world.call("people.request_password_reset", email=email)
    world.call("people.create_user", email=new, name="F")
    codes = {"reset": f"?code={world.mailed(email)}", "accept": f"?code={world.mailed(new)}"}
    for path in ("sign-in", "accept", "forgotten", "reset", "confirm"):
        answer = browser.get(f"/account/{path}{codes.get(path, '')}")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in browser.page.replace(script_tag(world.running.house.address.named), "")
        kinds = dict(re.findall(r'name="(\w*password)" type="(\w+)"', browser.page))
        assert set(kinds.values()) <= {"password"}
        assert bool(kinds) == (path in {"sign-in", "accept", "reset"})
        assert all(f'"{word}"' not in browser.page for word in ("off", "onpaste", "readonly"))
        for label in re.findall(r'<input id="(\w+)"', browser.page):
            assert f'<label for="{label}">' in browser.page


def test_what_is_no_form_is_refused(world: World, browser: Browser) -> None:
    browser.get("/account/sign-in")
    for body, media_type, status in (
        (b"{}", "application/json", 415),
        (b"a=" + b"x" * 20_000, FORM[1], 413),
        (b"&".join(b"a%d=1" % n for n in range(30)), FORM[1], 422),
        (b"email=a&email=b", FORM[1], 422),
        (b"email=%ff", FORM[1], 422),
        (b"email=\xff", FORM[1], 422),
        (b"email", FORM[1], 422),
    ):
        answer = browser.ask("POST", "/account/sign-in", body, ("Content-Type", media_type))
        assert answer.status == status, (body[:20], answer.status)


def test_what_was_typed_is_never_html(world: World, browser: Browser) -> None:
    typed = '"><script>alert(1)</script>@example.com'
    assert browser.sign_in(typed, "x").status == 422
    assert "<script" not in browser.page.replace(script_tag(world.running.house.address.named), "")
    browser.get("/account/accept?code=" + quote('"><script>'))
    assert "<script" not in browser.page.replace(script_tag(world.running.house.address.named), "")
    assert fill("<p>$a $b</p>", a="<", b=Html("<b>")) == "<p>&lt; <b></p>"
    assert joined([Html("<a>"), fill("$x", x="'\"&")]) == "<a>&#x27;&quot;&amp;"
    with pytest.raises(KeyError):
        fill("$missing")


@pytest.mark.parametrize("path", ["/account/sign-in", "/sso/sso_any/acs"])
def test_a_form_that_does_not_come_is_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(forms, "FORM_S", 0.05)
    browser = Browser(world, "http")
    browser.get("/account/sign-in")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

    async def never() -> None:
        await asyncio.Event().wait()

    sent = _asked(world.running.app, "POST", path, [FORM, ("Cookie", cookie)], never)
    assert world.running.do(sent).status == 408
