"""Seeing and taking back what one has let apps do."""

from engines.databases import where
from mainstay.kernel.redacting import Copying
from makers import Client, FrozenClock, tenant_client
from services.authorization.approving import App, app, challenge
from services.authorization.asking import Web, bearer

__all__ = ["where"]

PATH = "/v1/auth/authorizations"


async def takes_back(asking: App, key: str, approval: str) -> int:
    answer = await asking.web.http.delete(f"{PATH}/{approval}", headers=bearer(key))
    return int(answer.status_code)


async def test_an_approval_is_listed_and_taken_back(browser: Web, admin: Client, clock: FrozenClock) -> None:
    key = (await admin.call("identity.create_key", name="somebody", role="user")).key
    first, second = await app(browser, name="First"), await app(browser, name="Second")
    old = await first.tokens(key, scope="openid jobs:read")
    clock.move(1)
    new = await second.tokens(key)
    listed = (await browser.get(PATH, key)).json()
    assert [each["client_name"] for each in listed] == ["Second", "First"]
    assert listed[1]["scopes"] == ["openid", "jobs:read"]
    assert listed[1]["expires_ms"] - listed[1]["created_ms"] == 30 * 24 * 3600 * 1000
    assert await takes_back(first, key, listed[1]["authorization_id"]) == 200
    assert (await browser.get("/v1/me", old["access_token"])).status_code == 401
    assert (await first.refresh(old["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await browser.get("/v1/me", new["access_token"])).status_code == 200
    assert [each["client_name"] for each in (await browser.get(PATH, key)).json()] == ["Second"]
    assert await takes_back(first, key, listed[1]["authorization_id"]) == 404


async def test_nobody_sees_or_takes_back_those_of_others(browser: Web, admin: Client) -> None:
    asking = await app(browser)
    told = await asking.tokens(admin.key)
    approval = (await browser.get(PATH, admin.key)).json()[0]["authorization_id"]
    neighbour = (await admin.call("identity.create_key", name="neighbour", role="admin")).key
    stranger = (await tenant_client(admin.house, "elsewhere")).key
    for key in (neighbour, stranger):
        assert (await browser.get(PATH, key)).json() == []
        assert await takes_back(asking, key, approval) == 404
    assert (await browser.get("/v1/me", told["access_token"])).status_code == 200


async def test_a_token_decides_nothing(browser: Web, admin: Client) -> None:
    asking = await app(browser)
    told = await asking.tokens(admin.key, scope="*")
    approval = (await browser.get(PATH, admin.key)).json()[0]["authorization_id"]
    refused = await browser.get(PATH, told["access_token"])
    assert (refused.status_code, refused.json()["code"]) == (403, "TokenCannotApprove")
    assert await takes_back(asking, told["access_token"], approval) == 403


async def test_the_log_of_requests_has_no_code(admin: Client) -> None:
    made = await admin.call(
        "authorization.create_client", name="App", redirect_uris=["https://app.example.com/back"]
    )
    approval = await admin.call(
        "authorization.approve_authorization",
        client_id=made.client_id,
        redirect_uri=made.redirect_uris[0],
        code_challenge=challenge(),
        code_challenge_method="S256",
    )
    copied = repr(Copying(frozenset(), 10_000).copy([approval, str(approval), made.client_secret]))
    for hidden in (approval.authorization_code, made.client_secret):
        assert hidden not in copied


async def test_a_token_is_not_given_an_answer_beyond_its_scopes(browser: Web, admin: Client) -> None:
    body, once = {"name": "deploy", "role": "admin"}, {"Idempotency-Key": "setup-1"}
    made = await browser.http.post("/v1/api-keys", json=body, headers={**bearer(admin.key), **once})
    again = await browser.http.post("/v1/api-keys", json=body, headers={**bearer(admin.key), **once})
    assert (made.status_code, again.json()) == (201, made.json())
    token = (await (await app(browser)).tokens(admin.key, scope="keys:write"))["access_token"]
    refused = await browser.http.post("/v1/api-keys", json=body, headers={**bearer(token), **once})
    assert (refused.status_code, refused.json()["code"]) == (422, "IdempotencyKeyReused")


async def test_what_has_ended_is_not_listed(browser: Web, admin: Client, clock: FrozenClock) -> None:
    deleted, asking = await app(browser), await app(browser)
    for each in (deleted, asking):
        await each.tokens(admin.key)
    await admin.call("authorization.delete_client", client_id=deleted.client_id)
    assert [each["client_id"] for each in (await browser.get(PATH, admin.key)).json()] == [asking.client_id]
    clock.move(30 * 24 * 3600)
    assert (await browser.get(PATH, admin.key)).json() == []
