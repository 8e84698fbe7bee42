"""Authorization codes: approved by somebody, redeemed once, by the client that asked, with its verifier."""

import pytest

from mainstay.app.house import House
from makers import Client, FrozenClock, client, tenant_client
from services.authorization.approving import BACK, VERIFIER, answered, app
from services.authorization.asking import URL, Web, said


@pytest.mark.parametrize("confidential", [True, False])
async def test_a_code_becomes_tokens_of_whoever_approved(
    browser: Web, admin: Client, confidential: bool
) -> None:
    asking = await app(browser, confidential=confidential)
    approved = (await asking.approved(state="a state & more")).json()
    assert approved["redirect_to"].startswith(BACK)
    assert answered(approved["redirect_to"]) == {
        "code": approved["authorization_code"],
        "iss": URL,
        "state": "a state & more",
    }
    told = (await asking.redeem(approved["authorization_code"])).json()
    assert told["scope"] == "collections:read documents:read feedback:write jobs:read"
    me = (await browser.get("/v1/me", told["access_token"])).json()
    assert me["subject"] == (await admin.call("identity.whoami")).subject
    assert " ".join(me["permissions"]) == told["scope"]
    assert "id_token" not in told


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"code_verifier": VERIFIER.upper()}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": f"{BACK}/"}, "invalid_grant"),
        ({"redirect_uri": "https://app.example.com/other"}, "invalid_grant"),
        ({"resource": f"{URL}/mcp"}, "invalid_grant"),
        ({"resource": "https://other.example.com"}, "invalid_target"),
        ({"code": "mac_unknown"}, "invalid_grant"),
    ],
)
async def test_a_code_alone_is_worth_nothing(browser: Web, form: dict[str, str], error: str) -> None:
    asking = await app(browser)
    code = await asking.code()
    answer = await asking.redeem(**{"code": code, **form})
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert code not in answer.text
    assert (await asking.redeem(code)).status_code == 200


async def test_another_clients_code_is_unknown(browser: Web) -> None:
    asking, other = await app(browser), await app(browser)
    code = await asking.code()
    assert (await other.redeem(code)).json()["error"] == "invalid_grant"
    assert (await asking.redeem(code)).status_code == 200


async def test_a_code_lasts_a_minute(browser: Web, clock: FrozenClock) -> None:
    asking = await app(browser)
    code = await asking.code()
    clock.move(60)
    assert (await asking.redeem(code)).json()["error"] == "invalid_grant"


async def test_nobody_approves_more_than_he_may(browser: Web, house: House, admin: Client) -> None:
    asking = await app(browser)
    small = await admin.call("identity.create_key", name="small", scopes=["jobs:read"])
    told = await asking.tokens(small.key, scope="jobs:read keys:write documents:read")
    assert told["scope"] == "jobs:read"
    refused = await asking.approved(small.key, scope="keys:write")
    assert refused.json()["code"] == "ScopeRefused"
    everything = await asking.tokens(small.key, scope="*")
    me = (await browser.get("/v1/me", everything["access_token"])).json()
    assert me["permissions"] == ["jobs:read"]


async def test_a_token_approves_nothing(browser: Web) -> None:
    asking = await app(browser)
    told = await asking.tokens(scope="*")
    refused = await asking.approved(told["access_token"])
    assert (refused.status_code, refused.json()["code"]) == (403, "TokenCannotApprove")


async def test_a_revoked_key_takes_its_tokens_along(browser: Web, house: House, admin: Client) -> None:
    asking = await app(browser)
    key = await admin.call("identity.create_key", name="somebody", role="user")
    told = await asking.tokens(key.key)
    waiting = await asking.code(key.key)
    await admin.call("identity.revoke_key", key_id=key.key_id)
    assert (await browser.get("/v1/me", told["access_token"])).status_code == 401
    assert (await asking.refresh(told["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await asking.redeem(waiting)).json()["error"] == "invalid_grant"


async def test_a_tenants_app_is_for_its_own_people(browser: Web, house: House) -> None:
    asking = await app(browser)
    other = await tenant_client(house, "other")
    refused = await asking.approved(other.key)
    assert refused.json()["code"] == "ClientRefused"


@pytest.mark.parametrize(
    "values",
    [
        {"redirect_uri": "https://app.example.com/back/"},
        {"redirect_uri": "https://app.example.com/back?x=1"},
        {"redirect_uri": "https://APP.example.com/back"},
        {"redirect_uri": "https://app.example.com.evil.example.com/back"},
        {"redirect_uri": "https://app.example.com@evil.example.com/back"},
        {"redirect_uri": "http://app.example.com/back"},
        {"client_id": "client_of_nobody"},
        {"code_challenge_method": "plain"},
        {"code_challenge": ""},
        {"code_challenge_method": ""},
        {"scope": "no:such"},
        {"resource": "https://other.example.com"},
    ],
)
async def test_what_nobody_may_approve(browser: Web, values: dict[str, str]) -> None:
    refused = await (await app(browser)).approved(**values)
    assert refused.status_code in {401, 422}
    assert "redirect_to" not in refused.json()


async def test_an_app_on_this_machine_chooses_its_port(browser: Web) -> None:
    asking = await app(browser, redirect_uris=["http://127.0.0.1/back", "http://localhost:1/other"])
    for uri, fine in (
        ("http://127.0.0.1:43123/back", True),
        ("http://127.0.0.1/back", True),
        ("http://localhost:2/other", True),
        ("http://127.0.0.1:43123/other", False),
        ("http://localhost:43123/back", False),
        ("https://127.0.0.1/back", False),
        ("http://127.0.0.1:43123/back#x", False),
        ("http://a@127.0.0.1:43123/back", False),
        ("http://127.0.0.1:x/back", False),
    ):
        approved = await asking.approved(redirect_uri=uri)
        assert (approved.status_code == 200) is fine, uri


async def test_somebody_is_told_to_the_client_that_asks(browser: Web, clock: FrozenClock) -> None:
    asking = await app(browser)
    told = await asking.tokens(scope="openid jobs:read", nonce="n-1")
    claims = said(told["id_token"])
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (URL, asking.client_id, "n-1")
    assert claims["at_hash"]
    info = (await browser.get("/v1/auth/userinfo", told["access_token"])).json()
    assert info["sub"] == claims["sub"]
    assert (await browser.get("/v1/me", told["id_token"])).status_code == 401
    unasked = await asking.tokens(scope="jobs:read", nonce="n-1")
    assert "id_token" not in unasked


async def test_logging_out_ends_what_the_client_had(browser: Web, clock: FrozenClock) -> None:
    asking, other = await app(browser), await app(browser)
    told = await asking.tokens(scope="openid jobs:read")
    kept = await other.tokens()
    clock.move(550)
    told = {**told, **(await asking.refresh(told["refresh_token"])).json(), "id_token": told["id_token"]}
    clock.move(100)
    query = {"id_token_hint": told["id_token"], "post_logout_redirect_uri": BACK, "state": "s"}
    for wrong in (
        {**query, "post_logout_redirect_uri": "https://evil.example.com/"},
        {**query, "id_token_hint": told["access_token"]},
        {**query, "id_token_hint": told["id_token"][:-8] + "AAAAAAAA"},
    ):
        assert (await browser.http.get("/v1/auth/logout", params=wrong)).status_code == 400
    assert (await browser.get("/v1/me", told["access_token"])).status_code == 200
    out = await browser.http.get("/v1/auth/logout", params=query)
    assert (out.status_code, out.headers["location"]) == (303, f"{BACK}?state=s")
    assert (await browser.get("/v1/me", told["access_token"])).status_code == 401
    assert (await asking.refresh(told["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await other.refresh(kept["refresh_token"])).status_code == 200
    shown = await browser.http.get("/v1/auth/logout", params={"id_token_hint": told["id_token"]})
    assert (shown.status_code, "Signed out" in shown.text) == (200, True)


async def test_the_road_leads_to_the_same(house: House, admin: Client) -> None:
    made = await admin.call("authorization.create_client", name="a", redirect_uris=[BACK], confidential=False)
    asked = await admin.call("authorization.check_authorization", client_id=made.client_id, redirect_uri=BACK)
    assert (asked.client_name, asked.registered) == ("a", False)
    assert (await client(house).call("authorization.get_userinfo")).roles == ["admin"]
