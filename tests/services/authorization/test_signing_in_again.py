"""When a person signed in, and what apps are told of her: auth_time, max_age, prompt, profile and email."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mainstay.app.house import House
from makers import ADMIN_KEY, Client, FrozenClock, Mailbox, client
from services.authorization.approving import App, answered, app
from services.authorization.asking import Web, said
from services.people.joining import PHRASE, from_address, joined

EMAIL = "ada@example.com"


@pytest.fixture
async def ada(house: House, mails: Mailbox) -> Client:
    _, session = await joined(house, client(house), mails, EMAIL, name="Ada L.", role="user")
    return session


async def opened(asking: App, secret: str, **more: str) -> Any:
    asked = asking.asks(**{"response_type": "code", "scope": "openid jobs:read", **more})
    headers = {"Cookie": f"__Host-mainstay-session={secret}"}
    return await asking.web.http.get("/v1/auth/authorize", params=asked, headers=headers)


async def sent_to_sign_in(asking: App, secret: str, **more: str) -> str:
    """Be sent to the sign-in page; gives where the browser goes on."""
    sent = await opened(asking, secret, **more)
    assert sent.status_code == 303
    parts = urlsplit(sent.headers["location"])
    assert parts.path == "/account/sign-in"
    return parse_qs(parts.query)["next"][0]


async def goes_on(asking: App, following: str, secret: str) -> int:
    headers = {"Cookie": f"__Host-mainstay-session={secret}"}
    return int((await asking.web.http.get(following, headers=headers)).status_code)


async def signed_in(house: House) -> str:
    begun = await from_address(house, "192.0.2.1", "people.sign_in", email=EMAIL, password=PHRASE)
    return str(begun.secret)


async def test_an_id_token_tells_when_somebody_signed_in(
    browser: Web, ada: Client, clock: FrozenClock
) -> None:
    asking, began_s = await app(browser), clock.now_ms() // 1000
    clock.move(600)
    told = await asking.tokens(ada.key, scope="openid jobs:read")
    clock.move(60)
    renewed = (await asking.refresh(told["refresh_token"])).json()
    for each in (told, renewed):
        assert said(each["id_token"])["auth_time"] == said(each["access_token"])["auth_time"] == began_s


async def test_whoever_comes_with_a_key_has_not_signed_in(browser: Web) -> None:
    told = await (await app(browser)).tokens(ADMIN_KEY, scope="openid profile email jobs:read")
    assert not {"auth_time", "name", "email", "email_verified"} & set(said(told["id_token"]))


async def test_max_age_asks_only_those_who_signed_in_before(
    house: House, browser: Web, ada: Client, clock: FrozenClock
) -> None:
    asking = await app(browser)
    clock.move(300)
    assert (await opened(asking, ada.key, max_age="300")).status_code == 200
    clock.move(1)
    following = await sent_to_sign_in(asking, ada.key, max_age="300")
    assert "max_age" not in following
    assert await goes_on(asking, following, ada.key) == 303
    fresh = await signed_in(house)
    clock.move(500)  # the form may be filled in slowly: it is this sign-in that was asked for
    assert await goes_on(asking, following, fresh) == 200


@pytest.mark.parametrize("more", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}])
async def test_an_app_has_somebody_sign_in_again(
    house: House, browser: Web, ada: Client, clock: FrozenClock, more: dict[str, str]
) -> None:
    asking = await app(browser)
    clock.move(1)
    following = await sent_to_sign_in(asking, ada.key, **more)
    assert await goes_on(asking, following, ada.key) == 303, "the session of before is not enough"
    assert await goes_on(asking, following, await signed_in(house)) == 200


async def test_without_a_page_only_a_young_session_counts(
    browser: Web, ada: Client, clock: FrozenClock
) -> None:
    asking = await app(browser)
    clock.move(10)
    for max_age, error in (("10", "consent_required"), ("9", "login_required")):
        sent = await opened(asking, ada.key, prompt="none", max_age=max_age)
        assert answered(sent.headers["location"])["error"] == error


@pytest.mark.parametrize("more", [{"max_age": "soon"}, {"max_age": "-1"}, {"since": "1e9"}, {"max_age": "٣"}])
async def test_an_age_is_a_number_of_seconds(browser: Web, ada: Client, more: dict[str, str]) -> None:
    sent = await opened(await app(browser), ada.key, **more)
    assert answered(sent.headers["location"])["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("openid jobs:read", {}),
        ("openid profile jobs:read", {"name": "Ada L."}),
        ("openid email jobs:read", {"email": EMAIL, "email_verified": True}),
        ("openid *", {}),
    ],
)
async def test_apps_are_told_what_their_scopes_let_them_know(
    browser: Web, ada: Client, scope: str, told: dict[str, Any]
) -> None:
    tokens = await (await app(browser)).tokens(ada.key, scope=scope)
    for found in (
        said(tokens["id_token"]),
        (await browser.get("/v1/auth/userinfo", tokens["access_token"])).json(),
    ):
        assert {name: found[name] for name in ("name", "email", "email_verified") if name in found} == told


async def test_a_person_is_told_all_of_herself(browser: Web, ada: Client) -> None:
    found = (await browser.get("/v1/auth/userinfo", ada.key)).json()
    assert (found["name"], found["email"], found["email_verified"]) == ("Ada L.", EMAIL, True)
