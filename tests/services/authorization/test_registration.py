"""Clients that register by themselves."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mainstay.app.house import House
from makers import FrozenClock, opened_house
from services.authorization.approving import App, challenge
from services.authorization.asking import URL, Web, web

NATIVE = "com.example.app"
BACK = "http://127.0.0.1:41234/callback"


@pytest.fixture
async def house(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[House]:
    settings = {"oauth_registration": True, "oauth_native_schemes": NATIVE, "public_url": URL}
    async with opened_house(tmp_path / "data", clock=clock, **settings) as opened:
        yield opened


async def register(browser: Web, **values: Any) -> httpx2.Response:
    return await browser.http.post("/v1/auth/register", json={"redirect_uris": [BACK], **values})


async def test_a_client_registers_and_acts_in_somebodys_name(browser: Web) -> None:
    answer = await register(
        browser,
        client_name="Assistant",
        token_endpoint_auth_method="client_secret_post",
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        scope="jobs:read",
        software_id="unknown here",
    )
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    made = answer.json()
    assert made["token_endpoint_auth_method"] == "none"
    assert "client_secret" not in made
    asking = App(browser, made)
    told = (await asking.redeem(await asking.code(redirect_uri=BACK), redirect_uri=BACK)).json()
    assert (await browser.get("/v1/me", told["access_token"])).status_code == 200
    assert (await asking.ask("client_credentials")).json()["error"] in {"invalid_client", "invalid_request"}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://app.example.com/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["com.other.app:/back"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://a.example.com/#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://a.example.com/"}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"https://a.example.com/{n}" for n in range(21)]}, "invalid_redirect_uri"),
        ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
        ({"grant_types": ["authorization_code", "password"]}, "invalid_client_metadata"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"software_statement": "eyJ"}, "invalid_client_metadata"),
        ({"client_name": "x" * 101}, "invalid_client_metadata"),
        ({"client_name": "a\nb"}, "invalid_client_metadata"),
        ({"scope": "no:such"}, "invalid_client_metadata"),
    ],
)
async def test_what_a_client_cannot_be(browser: Web, values: dict[str, Any], error: str) -> None:
    answer = await register(browser, **values)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


async def test_schemes_of_native_apps_are_listed(browser: Web) -> None:
    assert (await register(browser, redirect_uris=[f"{NATIVE}:/back"])).status_code == 201


async def test_from_one_address_few_register(browser: Web, clock: FrozenClock) -> None:
    for _ in range(10):
        assert (await register(browser)).status_code == 201
    refused = await register(browser)
    assert (refused.status_code, refused.json()["error"]) == (429, "temporarily_unavailable")
    assert int(refused.headers["retry-after"]) > 3000
    clock.move(3601)
    assert (await register(browser)).status_code == 201


async def test_whom_nobody_uses_is_forgotten(browser: Web, house: House, clock: FrozenClock) -> None:
    unused, used = [(await register(browser)).json() for _ in range(2)]
    await App(browser, used).code(redirect_uri=BACK)
    clock.move(24 * 3600 + 1)
    refused = await App(browser, unused).approved(redirect_uri=BACK)
    assert refused.json()["code"] == "ClientRefused"
    for caretaker in house._caretakers:
        await house._go_round(caretaker)
    assert (await App(browser, unused).approved(redirect_uri=BACK)).status_code == 401
    assert (await App(browser, used).approved(redirect_uri=BACK)).status_code == 200


async def test_registration_is_closed_unless_it_is_opened(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "closed", public_url=URL) as house, web(house).http as http:
        refused = await register(Web(http))
        assert (refused.status_code, refused.json()["error"]) == (403, "access_denied")
        told = (await http.get("/.well-known/oauth-authorization-server")).json()
        assert "registration_endpoint" not in told


@pytest.mark.parametrize("more", [{"response_type": "token"}, {"prompt": "none"}, {"scope": "no:such"}])
async def test_nobody_is_led_to_an_address_that_a_stranger_chose(browser: Web, more: dict[str, str]) -> None:
    made = (await register(browser, redirect_uris=["https://evil.example.com/"])).json()
    asked = {
        "client_id": made["client_id"],
        "redirect_uri": "https://evil.example.com/",
        "response_type": "code",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }
    answer = await browser.http.get("/v1/auth/authorize", params={**asked, **more})
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_whoever_has_no_token_learns_where_to_get_one(browser: Web) -> None:
    answer = await browser.get("/v1/me")
    where = f'resource_metadata="{URL}/.well-known/oauth-protected-resource"'
    assert where in answer.headers["www-authenticate"]
    for door in ("", "/mcp", "/v1"):
        told = (await browser.get(f"/.well-known/oauth-protected-resource{door}")).json()
        assert (told["resource"], told["authorization_servers"]) == (URL + door, [URL])
