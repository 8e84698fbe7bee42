"""Whoever speaks to the door of SCIM: without a key, with too little, with too much, with nonsense."""

import asyncio
import json
from typing import Any

import pytest

from mainstay.app.house import House
from makers import ADMIN_KEY, Client, client, tenant_client
from transports.scim.provisioner import PATCH, SEARCH, URL, USER, Provisioner, provisioner

ERROR = ["urn:ietf:params:scim:api:messages:2.0:Error"]
EVERY = (
    *(
        ("GET", path)
        for path in ("/Users", "/Groups", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes")
    ),
    *(("GET", path) for path in ("/Users/user_1", "/Groups/group_1", "/Me", "/", "/Nothing")),
    *(("POST", path) for path in ("/Users", "/Groups", "/.search", "/Users/.search", "/Bulk", "/Me")),
    *((method, f"/Users/{each}") for method in ("PUT", "PATCH", "DELETE") for each in ("user_1", "..%2Fx")),
)


@pytest.fixture
def where() -> dict[str, str]:
    """Let one database do: nothing here is a store's."""
    return {}


async def test_without_a_key_nothing_is_read_or_told(house: House) -> None:
    async with provisioner(house, "") as stranger:
        told = set()
        for method, path in EVERY:
            answer = await stranger.ask(method, path, content_length=str(10**9))
            assert answer.status_code == 401, (method, path)
            assert answer.headers["content-type"] == "application/scim+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")
            told.add(answer.text)
        assert len(told) == 1


@pytest.mark.parametrize("role", ["developer", "user", "operations", "compliance_officer"])
async def test_a_key_without_the_permission_is_refused(house: House, admin: Client, role: str) -> None:
    made = await admin.call("identity.create_key", name=role, role=role)
    async with provisioner(house, made.key) as other:
        for method, path in EVERY:
            answer = await other.ask(method, path, content_length=str(10**9))
            assert (answer.status_code, answer.json()["schemas"]) == (403, ERROR), (method, path)


async def test_what_is_refused_is_audited(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="curious", role="user")
    async with provisioner(house, made.key) as other:
        assert (await other.ask("GET", "/Users")).status_code == 403
        assert (await other.ask("POST", "/Users", {})).status_code == 403
    await house.audit.flush()
    entries = (await admin.call("observability.search_entries", subject=made.key_id)).entries
    told = {(each.operation, each.outcome, each.door) for each in entries}
    assert told == {
        ("directory.list_provisioned_users", "PermissionMissing", "scim"),
        ("directory.provision_user", "PermissionMissing", "scim"),
    }


@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/Users", "/Nothing"])
async def test_who_asks_too_often_is_refused(house: House, admin: Client, path: str) -> None:
    made = await admin.call(
        "identity.create_key", name="busy", scopes=["scim:read", "groups:read"], limit_per_minute=3
    )
    async with provisioner(house, made.key) as busy:
        statuses = [(await busy.ask("GET", path)).status_code for _ in range(5)]
    assert 429 not in statuses[:3]
    assert statuses[3:] == [429, 429]


async def test_a_key_that_reads_changes_nothing(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="reader", scopes=["scim:read", "groups:read"])
    async with provisioner(house, made.key) as reader:
        assert (await reader.found("/Users"))["totalResults"] == 0
        assert (await reader.ask("POST", "/Users/.search", {"schemas": [SEARCH]})).status_code == 200
        assert (
            await reader.ask("POST", "/Users", {"schemas": [USER], "userName": "a@b.c"})
        ).status_code == 403


async def test_another_tenants_users_and_groups_are_not_there(house: House, scim: Provisioner) -> None:
    user = await scim.user()
    group = await scim.group("board", user["id"])
    other = await tenant_client(house, "other")
    async with provisioner(house, other.key) as theirs:
        for path in (f"/Users/{user['id']}", f"/Groups/{group['id']}"):
            missing = path[:-3] + "000"
            for method, body in (
                ("GET", None),
                ("DELETE", None),
                ("PUT", {"schemas": [USER], "userName": "x@y.z", "displayName": "x"}),
                ("PATCH", {"schemas": [PATCH], "Operations": [{"op": "remove", "path": "externalId"}]}),
            ):
                answers = [await theirs.ask(method, each, body) for each in (path, missing)]
                assert [each.status_code for each in answers] == [404, 404], (method, path)
                assert answers[0].text == answers[1].text
        for path in ("/Users", "/Groups", "/"):
            assert (await theirs.found(path))["totalResults"] == 0
        mine = await theirs.group("board")
        added = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
        refused = await theirs.patched(f"/Groups/{mine['id']}", added)
        assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")
    assert (await scim.found(f"/Groups/{group['id']}"))["members"][0]["value"] == user["id"]


async def test_what_is_supported_is_told(scim: Provisioner) -> None:
    config = await scim.found("/ServiceProviderConfig")
    supported = {name: config[name]["supported"] for name in ("patch", "bulk", "filter", "sort", "etag")}
    assert supported == {"patch": True, "bulk": False, "filter": True, "sort": False, "etag": True}
    assert [each["id"] for each in (await scim.found("/ResourceTypes"))["Resources"]] == ["User", "Group"]
    for method, path, status in (
        ("GET", "/Me", 501),
        ("POST", "/Bulk", 501),
        ("POST", "/ServiceProviderConfig", 405),
        ("GET", "/Nothing", 404),
        ("GET", "/Users/a/b", 404),
        ("GET", "/Users?sortBy=userName", 501),
    ):
        answer = await scim.ask(method, path, {} if method == "POST" else None)
        assert (answer.status_code, answer.json()["status"]) == (status, str(status)), path


async def test_versions_guard_what_was_read(scim: Provisioner) -> None:
    made = await scim.user()
    path, read = f"/Users/{made['id']}", made["meta"]["version"]
    assert (await scim.ask("GET", path)).headers["etag"] == read
    assert (await scim.ask("GET", path, if_none_match=read)).status_code == 304
    titled = {"op": "replace", "path": "title", "value": "Countess"}
    assert (await scim.patched(path, titled, if_match=read)).status_code == 204
    for method, body in (("DELETE", None), ("PUT", {"schemas": [USER], "userName": "ada@example.com"})):
        assert (await scim.ask(method, path, body, if_match=read)).status_code == 412
    assert (await scim.patched(path, {**titled, "value": "x"}, if_match=read)).status_code == 412
    assert (await scim.found(path))["title"] == "Countess"


async def test_changes_at_the_same_moment_all_arrive(scim: Provisioner) -> None:
    ids = [(await scim.user(f"u{n}@example.com"))["id"] for n in range(4)]
    group = await scim.group("board")
    path = f"/Groups/{group['id']}"
    added = [{"op": "add", "path": "members", "value": [{"value": each}]} for each in ids]
    named = ("title", "locale", "timezone")
    answers = await asyncio.gather(
        *(scim.patched(path, each) for each in added),
        *(scim.patched(f"/Users/{ids[0]}", {"op": "add", "path": each, "value": "x"}) for each in named),
    )
    assert {each.status_code for each in answers} == {204}
    assert {each["value"] for each in (await scim.found(path))["members"]} == set(ids)
    told = await scim.found(f"/Users/{ids[0]}")
    assert [told[each] for each in named] == ["x", "x", "x"]


async def test_only_what_is_asked_for_is_told(scim: Provisioner) -> None:
    made = await scim.user(displayName="Ada", title="Countess")
    told = await scim.found(f"/Users/{made['id']}", attributes="userName")
    assert set(told) == {"schemas", "id", "userName"}
    assert "title" not in await scim.found(f"/Users/{made['id']}", excludedAttributes="title")


@pytest.mark.parametrize(
    ("wrong", "scim_type"),
    [
        ("userName eq", "invalidFilter"),
        ('userName eq "x" OR 1=1', "invalidFilter"),
        ('nothing eq "x"', "invalidFilter"),
        ("userName eq \"x' OR '1'='1\"", ""),
        ('userName eq "%"', ""),
        ("not (" * 40 + "title pr" + ")" * 40, "invalidFilter"),
        (" and ".join(["title pr"] * 21), "invalidFilter"),
        (f'title eq "{"x" * 2000}"', "invalidFilter"),
        ("(" * 900, "invalidFilter"),
    ],
)
async def test_a_filter_is_a_filter_and_nothing_else(scim: Provisioner, wrong: str, scim_type: str) -> None:
    await scim.user()
    answer = await scim.http.get(f"{URL}/Users", params={"filter": wrong})
    body = {"schemas": [SEARCH], "filter": wrong}
    for each in (answer, await scim.ask("POST", "/Users/.search", body)):
        told = each.json()
        if scim_type:
            assert (each.status_code, told.get("scimType")) == (400, scim_type)
        else:
            assert (each.status_code, told["totalResults"]) == (200, 0)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"userName": "a@b.c", "userName": "d@e.f"}', 400),
        (b'{"userName": NaN}', 400),
        (b"[" * 100 + b"]" * 100, 400),
        (b'{"userName": "\\ud800"}', 400),
        (b"\xff\xfe", 400),
        (b"x" * (1024 * 1024 + 1), 413),
        (json.dumps({"schemas": [USER], "userName": "x" * 300}).encode(), 400),
        (json.dumps({"schemas": [USER], "userName": "a@b.c\x00"}).encode(), 400),
        (json.dumps({"schemas": [USER], "userName": ["a@b.c"]}).encode(), 400),
        (json.dumps({"schemas": [USER], "userName": "no address"}).encode(), 400),
        (json.dumps({"schemas": [USER], "userName": "a@b.c", "emails": [{"value": "x"}] * 21}).encode(), 400),
        (json.dumps({"schemas": [USER], "userName": "a@b.c", "active": "maybe"}).encode(), 400),
        (json.dumps({"userName": "a@b.c", "name": "Ada"}).encode(), 400),
    ],
)
async def test_nonsense_is_refused_and_nothing_is_made(scim: Provisioner, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/scim+json"}
    answer = await scim.http.post(f"{URL}/Users", content=body, headers=headers)
    assert (answer.status_code, answer.json()["schemas"]) == (status, ERROR), answer.text
    assert (await scim.found("/Users"))["totalResults"] == 0


@pytest.mark.parametrize(
    ("operations", "scim_type"),
    [
        ([], "invalidValue"),
        ([{"op": "explode", "path": "title"}], "invalidValue"),
        ([{"op": "remove"}], "noTarget"),
        ([{"op": "replace", "path": "id", "value": "x"}], "mutability"),
        ([{"op": "replace", "path": "groups", "value": [{"value": "x"}]}], "mutability"),
        ([{"op": "replace", "path": "title[", "value": "x"}], "invalidPath"),
        ([{"op": "replace", "path": "userName", "value": ""}], "invalidValue"),
        ([{"op": "replace", "path": "emails", "value": "x"}], "invalidValue"),
        ([{"op": "replace", "path": "title", "value": "x" * 300}], "invalidValue"),
        ([{"op": "replace", "path": "active", "value": "maybe"}], "invalidValue"),
    ],
)
async def test_a_wrong_patch_changes_nothing(scim: Provisioner, operations: Any, scim_type: str) -> None:
    made = await scim.user(title="Countess")
    told = await scim.patched(f"/Users/{made['id']}", *operations)
    assert (told.status_code, told.json().get("scimType")) == (400, scim_type), told.text
    assert await scim.found(f"/Users/{made['id']}") == made


async def test_media_types_and_parameters_are_looked_at(scim: Provisioner) -> None:
    body = b'{"userName": "a@b.c"}'
    for named in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=utf-16"):
        answer = await scim.http.post(f"{URL}/Users", content=body, headers={"Content-Type": named})
        assert answer.status_code == 415, named
    for query in ("count=1&count=2", "&".join(f"a{n}=1" for n in range(30)), "filter=%ff"):
        assert (await scim.http.get(f"{URL}/Users?{query}")).status_code == 400, query


async def test_an_administrators_key_and_the_other_header_work_too(house: House) -> None:
    async with provisioner(house, "") as other:
        answer = await other.ask("GET", "/Users", X_API_Key=ADMIN_KEY)
    assert answer.status_code == 200
    assert await client(house).call("people.list_users") == []
