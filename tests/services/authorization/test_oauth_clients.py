"""Clients: what they may be, whose they are, and how their secrets are changed."""

from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kit.errors import Failure
from makers import Client, FrozenClock, client, tenant_client
from services.authorization.asking import Web

APP = {"name": "App", "redirect_uris": ["https://app.example.com/back"]}


async def refusal(asker: Client, **values: Any) -> str:
    with pytest.raises(Failure) as refused:
        await asker.call("authorization.create_client", **values)
    return refused.value.code()


async def test_a_service_account_is_shown_with_its_secret_once(admin: Client) -> None:
    made = await admin.call("authorization.create_client", name="Import", role="developer", groups=["board"])
    assert made.client_secret.startswith(made.start)
    assert (made.grants, made.confidential, made.role) == (["client_credentials"], True, "developer")
    seen = await admin.call("authorization.get_client", client_id=made.client_id)
    assert not hasattr(seen, "client_secret")
    assert [each.client_id for each in await admin.call("authorization.list_clients")] == [made.client_id]


async def test_an_app_on_peoples_machines_has_no_secret(admin: Client) -> None:
    made = await admin.call("authorization.create_client", **APP, confidential=False)
    assert made.client_secret is None
    assert made.grants == ["authorization_code", "refresh_token"]
    with pytest.raises(Failure, match="no secret"):
        await admin.call("authorization.rotate_client", client_id=made.client_id)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"name": "a"}, "ClientUnclear"),
        ({"name": "a", "role": "user", "scopes": ["jobs:read"]}, "ClientUnclear"),
        ({"name": "a", "role": "user", "confidential": False}, "ClientUnclear"),
        ({"name": "a", "role": "nobody-has-it"}, "ClientUnclear"),
        ({"name": "a", "scopes": ["jobs:fly"]}, "ScopeRefused"),
        ({**APP, "role": "user"}, "ClientUnclear"),
        ({**APP, "grants": ["refresh_token"]}, "ClientUnclear"),
        ({"name": "a", "role": "user", "grants": ["authorization_code"]}, "ClientUnclear"),
        *[
            ({"name": "a", "redirect_uris": [uri]}, "RedirectRefused")
            for uri in (
                "http://app.example.com/back",
                "https://app.example.com/back#part",
                "https://app.example.com/back#",
                "https://user@app.example.com/",
                "https://*.example.com/",
                "https://app.example.com\\@evil.example.com/",
                "javascript:alert(1)",
                "data:text/html,x",
                "com.example.app:/back",
                "https:///back",
                "http://127.0.0.1.example.com/",
                "http://localhost:99999/",
                "/back",
            )
        ],
    ],
)
async def test_what_does_not_go_together_is_refused(admin: Client, values: dict[str, Any], code: str) -> None:
    assert await refusal(admin, **values) == code
    assert await admin.call("authorization.list_clients") == []


async def test_nobody_gives_more_than_he_has(house: House, admin: Client) -> None:
    scopes = ["clients:write", "clients:read", "jobs:read"]
    key = await admin.call("identity.create_key", name="small", scopes=scopes, groups=["crew"])
    small = client(house, key.key)
    assert await refusal(small, name="a", role="developer") == "ClientMayTooMuch"
    assert await refusal(small, name="a", scopes=["documents:read"]) == "ClientMayTooMuch"
    assert await refusal(small, name="a", scopes=["jobs:read"], groups=["board"]) == "ClientMayTooMuch"
    await small.call("authorization.create_client", name="a", scopes=["jobs:read"], groups=["crew"])
    large = await admin.call("authorization.create_client", name="large", role="admin")
    for name in ("rotate_client", "update_client"):
        with pytest.raises(Failure) as refused:
            await small.call(f"authorization.{name}", client_id=large.client_id)
        assert refused.value.code() == "ClientMayTooMuch"


async def test_a_key_that_ends_leaves_no_client_behind_that_does_not(house: House, admin: Client) -> None:
    scopes = ["clients:write", "jobs:read"]
    given = await admin.call(
        "identity.create_key", name="visitor", scopes=scopes, expires_at="2026-12-01T00:00:00Z"
    )
    visitor = client(house, given.key)
    assert await refusal(visitor, name="a", scopes=["jobs:read"]) == "ClientMayTooMuch"
    lasting = await admin.call("authorization.create_client", name="a", scopes=["jobs:read"])
    with pytest.raises(Failure, match="Your key ends"):
        await visitor.call("authorization.rotate_client", client_id=lasting.client_id)
    await visitor.call("authorization.create_client", **APP)  # it acts in the name of people alone


async def test_another_tenants_clients_do_not_exist(house: House, admin: Client) -> None:
    made = await admin.call("authorization.create_client", name="Import", role="user")
    other = await tenant_client(house, "other")
    for name in ("get_client", "update_client", "rotate_client", "delete_client"):
        with pytest.raises(Failure) as refused:
            await other.call(f"authorization.{name}", client_id=made.client_id)
        assert refused.value.code() == "ClientMissing"
    assert await other.call("authorization.list_clients") == []


async def test_a_secret_rotates_with_an_overlap(browser: Web, admin: Client, clock: FrozenClock) -> None:
    made = await browser.make(name="Import", role="user")
    turned = await admin.call("authorization.rotate_client", client_id=made["client_id"], overlap_s=60)
    new = {**made, "client_secret": turned.client_secret}
    assert [(await browser.own(each)).status_code for each in (made, new)] == [200, 200]
    clock.move(61)
    assert [(await browser.own(each)).status_code for each in (made, new)] == [401, 200]
    again = await admin.call("authorization.rotate_client", client_id=made["client_id"], overlap_s=0)
    assert (await browser.own(new)).status_code == 401
    assert (await browser.own({**made, "client_secret": again.client_secret})).status_code == 200


async def test_a_change_holds_from_the_next_request(browser: Web, admin: Client) -> None:
    made = await browser.make(name="Import", role="user")
    token = (await browser.own(made)).json()["access_token"]
    changed = await admin.call("authorization.update_client", client_id=made["client_id"], groups=["board"])
    assert changed.name == "Import"
    assert (await browser.get("/v1/me", token)).json()["groups"] == ["board"]
    await admin.call("authorization.delete_client", client_id=made["client_id"])
    assert (await browser.get("/v1/me", token)).status_code == 401
    assert (await browser.own(made)).json()["error"] == "invalid_client"
