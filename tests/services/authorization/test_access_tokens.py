"""Access tokens of clients themselves: how they are asked for, what they permit, and how they end."""

import json
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import import_key

from mainstay.app.house import House
from mainstay.services.authorization.signing import SigningKeys
from makers import Client, FrozenClock, tenant_client
from services.authorization.asking import URL, Web, basic, bearer, said


async def test_a_client_is_given_what_it_may_itself(browser: Web, house: House) -> None:
    made = await browser.make(name="Import", role="developer", groups=["board"])
    answer = await browser.own(made)
    told = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert (told["token_type"], told["expires_in"]) == ("Bearer", 600)
    claims = said(told["access_token"])
    assert claims["iss"] == claims["aud"] == URL
    assert claims["sub"] == claims["client_id"] == made["client_id"]
    assert claims["exp"] - claims["iat"] == 600
    assert claims["roles"] == ["developer"]
    me = (await browser.get("/v1/me", told["access_token"])).json()
    assert (me["subject"], me["roles"], me["groups"]) == (made["client_id"], ["developer"], ["board"])
    assert " ".join(me["permissions"]) == told["scope"]


async def test_scopes_narrow_what_a_token_permits(browser: Web) -> None:
    made = await browser.make(name="Import", role="developer")
    told = (await browser.own(made, scope="jobs:read documents:read jobs:read")).json()
    assert told["scope"] == "jobs:read documents:read"
    token = told["access_token"]
    assert (await browser.get("/v1/me", token)).json()["permissions"] == ["documents:read", "jobs:read"]
    assert (await browser.get("/v1/jobs", token)).status_code == 200
    refused = await browser.http.post("/v1/collections", json={"name": "a"}, headers=bearer(token))
    assert (refused.status_code, refused.json()["code"]) == (403, "PermissionMissing")
    for scope in ("keys:write", "no:such", "*", "openid", "jobs:read\tjobs:write"):
        answer = await browser.own(made, scope=scope)
        assert (answer.status_code, answer.json()["error"]) in {
            (400, "invalid_scope"),
            (400, "invalid_request"),
        }


async def test_a_token_is_for_this_server_and_its_doors(browser: Web) -> None:
    made = await browser.make(name="Import", role="user")
    for resource in (URL, f"{URL}/", f"{URL}/mcp", f"{URL}/v1"):
        token = (await browser.own(made, resource=resource)).json()["access_token"]
        assert said(token)["aud"] == resource.rstrip("/")
        assert (await browser.get("/v1/me", token)).status_code == 200
    for resource in ("https://other.example.com", f"{URL}.example.com", f"{URL}/other", "mainstay"):
        assert (await browser.own(made, resource=resource)).json()["error"] == "invalid_target"


@pytest.mark.parametrize(
    ("claims", "works"),
    [
        ({}, True),
        ({"exp": 31}, False),
        ({"exp": -31}, False),
        ({"exp": -29}, True),
        ({"iat": 29, "nbf": 29}, True),
        ({"iat": 31}, False),
        ({"nbf": 31}, False),
        ({"iss": "https://other.example.com"}, False),
        ({"aud": "https://other.example.com"}, False),
        ({"aud": [URL]}, False),
        ({"exp": "2099"}, False),
        ({"exp": None}, False),
        ({"nbf": True}, False),
        ({"sub": None}, False),
        ({"scope": ["jobs:read"]}, False),
        ({"client_id": "client_of_nobody"}, False),
        ({"sub": "key_of_nobody"}, False),
        ({"tenant": "tenant_of_nobody"}, False),
    ],
)
async def test_every_claim_is_checked(
    browser: Web, house: House, clock: FrozenClock, claims: dict[str, Any], works: bool
) -> None:
    made = await browser.make(name="Import", role="user")
    token = (await browser.own(made)).json()["access_token"]
    now = clock.now_ms() // 1000
    changed = {
        name: value + now if isinstance(value, int) and not isinstance(value, bool) else value
        for name, value in claims.items()
    }
    if claims == {"exp": 31}:
        changed = {"exp": float(now + 31)}
    forged = (await house._wiring.make(SigningKeys).active()).sign("at+jwt", {**said(token), **changed})
    assert ((await browser.get("/v1/me", forged)).status_code == 200) is works


async def test_a_token_of_another_type_opens_nothing(browser: Web, house: House) -> None:
    made = await browser.make(name="Import", role="user")
    claims = said((await browser.own(made)).json()["access_token"])
    for kind in ("JWT", "id+jwt", "logout+jwt", "AT+JWT", "application/at+jwt"):
        token = (await house._wiring.make(SigningKeys).active()).sign(kind, claims)
        assert (await browser.get("/v1/me", token)).status_code == 401


async def test_a_token_ends(browser: Web, clock: FrozenClock) -> None:
    made = await browser.make(name="Import", role="user")
    token = (await browser.own(made)).json()["access_token"]
    clock.move(600 + 29)
    assert (await browser.get("/v1/me", token)).status_code == 200
    clock.move(2)
    answer = await browser.get("/v1/me", token)
    assert (answer.status_code, answer.json()["code"]) == (401, "CredentialsUnknown")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_revoked_token_is_refused_at_once(browser: Web, admin: Client, clock: FrozenClock) -> None:
    made, other = [await browser.make(name=name, role="user") for name in ("a", "b")]
    token = (await browser.own(made)).json()["access_token"]
    proof = basic(made["client_id"], made["client_secret"])
    for form, headers in (
        ({"token": token}, basic(other["client_id"], other["client_secret"])),
        ({"token": "eyJunknown"}, proof),
    ):
        assert (await browser.post("revoke", form, headers)).status_code == 200
    assert (await browser.get("/v1/me", token)).status_code == 200
    assert (await browser.post("revoke", {"token": token}, proof)).status_code == 200
    assert (await browser.get("/v1/me", token)).status_code == 401
    assert (await browser.post("introspect", {"token": token}, proof)).json() == {"active": False}
    assert (await browser.post("revoke", {"token": token})).json()["error"] == "invalid_request"


async def test_a_suspended_tenants_tokens_are_refused(browser: Web, house: House, admin: Client) -> None:
    other = await tenant_client(house, "other")
    tenant = (await other.call("identity.whoami")).tenant_id
    made = await browser.make(other.key, name="Import", role="user")
    token = (await browser.own(made)).json()["access_token"]
    await admin.call("identity.update_tenant", tenant_id=tenant, suspended=True)
    assert (await browser.get("/v1/me", token)).json()["code"] == "TenantSuspended"
    assert (await browser.own(made)).status_code == 403


async def test_a_token_is_told_to_its_own_tenant_alone(browser: Web, house: House) -> None:
    other = await tenant_client(house, "other")
    made = await browser.make(name="Import", role="user")
    foreign = await browser.make(other.key, name="Import", role="user")
    token = (await browser.own(made)).json()["access_token"]
    proof = basic(made["client_id"], made["client_secret"])
    told = (await browser.post("introspect", {"token": token}, proof)).json()
    assert told["active"] is True
    assert (told["sub"], told["aud"], told["token_type"]) == (made["client_id"], URL, "Bearer")
    nothing = {"active": False}
    proof = basic(foreign["client_id"], foreign["client_secret"])
    assert (await browser.post("introspect", {"token": token}, proof)).json() == nothing
    assert (await browser.post("introspect", {"token": token}, bearer(other.key))).json() == nothing
    assert (await browser.post("introspect", {"token": token}, bearer(token))).status_code == 403
    assert (await browser.post("introspect", {"token": token})).status_code in {400, 401}
    own = await other.call("authorization.inspect_token", token=token)
    assert own.active is False


async def test_a_client_proves_itself_in_one_way(browser: Web) -> None:
    made = await browser.make(name="Import", role="user")
    form = {"grant_type": "client_credentials"}
    proof = {"client_id": made["client_id"], "client_secret": made["client_secret"]}
    header = basic(made["client_id"], made["client_secret"])
    assert (await browser.post("token", {**form, **proof})).status_code == 200
    assert (await browser.post("token", {**form, "client_id": made["client_id"]}, header)).status_code == 200
    for more, headers in (
        (proof, header),
        ({"client_id": "client_other"}, header),
        ({**proof, "client_secret": "wrong"}, {}),
        ({**proof, "client_id": "client_other"}, {}),
        ({}, basic(made["client_id"], "wrong")),
        ({}, {"Authorization": "Basic !!!"}),
        ({}, {"Authorization": "Basic " + "bm9jb2xvbg=="}),
        ({}, bearer("mk_anything")),
    ):
        answer = await browser.post("token", {**form, **more}, headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), more
        assert answer.headers["www-authenticate"].startswith("Basic")
        assert made["client_secret"] not in answer.text


async def test_requests_that_are_unclear_are_refused(browser: Web) -> None:
    made = await browser.make(name="Import", role="user")
    header = {
        **basic(made["client_id"], made["client_secret"]),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    grant = "grant_type=client_credentials"
    for body, error in (
        ("", "unsupported_grant_type"),
        ("grant_type=password&username=a&password=b", "unsupported_grant_type"),
        ("grant_type=implicit", "unsupported_grant_type"),
        (f"{grant}&{grant}", "invalid_request"),
        (f"{grant}&scope=jobs:read&scope=", "invalid_request"),
        (f"{grant}&scope=%ff", "invalid_request"),
        (f"{grant}&nothing", "invalid_request"),
        (f"{grant}&scope=" + "x" * 3000, "invalid_request"),
    ):
        answer = await browser.http.post("/v1/auth/token", content=body, headers=header)
        assert (answer.status_code, answer.json()["error"]) == (400, error), body[:80]
    large = await browser.http.post("/v1/auth/token", content="a=" + "x" * 70_000, headers=header)
    assert (large.status_code, large.json()["error"]) == (413, "invalid_request")
    as_json = await browser.http.post("/v1/auth/token", json={"grant_type": "client_credentials"})
    assert as_json.status_code == 415
    got = await browser.http.get(f"/v1/auth/token?{grant}")
    assert (got.status_code, got.headers["allow"]) == (405, "POST, OPTIONS")


async def test_the_server_describes_itself(browser: Web) -> None:
    for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"):
        told = (await browser.http.get(path, headers={"Host": "evil.example.com"})).json()
        assert told["issuer"] == URL
        assert all(
            value.startswith(URL) for name, value in told.items() if name.endswith(("_endpoint", "_uri"))
        )
        assert "jobs:read" in told["scopes_supported"]


async def test_anybody_can_check_a_token_with_the_published_keys(browser: Web) -> None:
    made = await browser.make(name="Import", role="user")
    token = (await browser.own(made)).json()["access_token"]
    keys = (await browser.get("/.well-known/jwks.json")).json()["keys"]
    assert (await browser.get("/v1/oauth/keys")).json()["keys"] == keys
    assert all("d" not in key for key in keys)
    kid = jws.extract_compact(token.encode()).headers()["kid"]
    members = next(key for key in keys if key["kid"] == kid)
    checked = jws.deserialize_compact(token, import_key(members), [members["alg"]])
    assert json.loads(checked.payload) == said(token)
