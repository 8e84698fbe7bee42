"""What Okta sends, as its documentation and its logs have it."""

from makers import Client
from transports.scim.provisioner import GROUP, USER, Provisioner

GRACE = {
    "schemas": [USER],
    "userName": "grace.hopper@example.com",
    "name": {"givenName": "Grace", "familyName": "Hopper"},
    "emails": [{"primary": True, "value": "grace.hopper@example.com", "type": "work"}],
    "displayName": "Grace Hopper",
    "locale": "en-US",
    "externalId": "00ujl29u0le5T6Aj10h7",
    "groups": [],
    "password": "1mz050nq",
    "active": True,
}


async def test_a_user_is_looked_for_made_replaced_and_deactivated(scim: Provisioner, admin: Client) -> None:
    sought = {"filter": 'userName eq "grace.hopper@example.com"', "startIndex": 1, "count": 100}
    assert (await scim.found("/Users", **sought))["totalResults"] == 0
    made = await scim.made("/Users", GRACE)
    assert "password" not in made
    assert (await scim.found("/Users", **sought))["Resources"] == [made]
    path = f"/Users/{made['id']}"
    body = {**GRACE, "id": made["id"], "displayName": "Rear Admiral", "meta": made["meta"]}
    answer = await scim.ask("PUT", path, body)
    assert (answer.status_code, answer.json()["displayName"]) == (200, "Rear Admiral")
    off = await scim.patched(path, {"op": "replace", "value": {"active": False}})
    assert off.status_code == 204
    silent = {name: value for name, value in body.items() if name != "active"}
    assert (await scim.ask("PUT", path, silent)).json()["active"] is False, "silence activates nobody"
    assert (await scim.ask("PUT", path, body)).json()["active"] is True
    assert (await admin.call("people.get_user", user_id=made["id"])).name == "Rear Admiral"


async def test_a_user_who_is_there_is_a_conflict(scim: Provisioner) -> None:
    await scim.made("/Users", GRACE)
    answer = await scim.ask("POST", "/Users", GRACE)
    assert (answer.status_code, answer.json()["scimType"]) == (409, "uniqueness")


async def test_a_group_is_pushed(scim: Provisioner) -> None:
    users = [
        await scim.made("/Users", {**GRACE, "userName": f"g{n}@example.com", "emails": []}) for n in (1, 2)
    ]
    group = await scim.group("Engineering")
    path = f"/Groups/{group['id']}"
    answer = await scim.patched(
        path,
        {"op": "replace", "value": {"id": group["id"], "displayName": "Engineers"}},
        {"op": "add", "path": "members", "value": [{"value": users[0]["id"], "display": "g1@example.com"}]},
    )
    assert answer.status_code == 204, answer.text
    body = {
        "schemas": [GROUP],
        "id": group["id"],
        "displayName": "Engineers",
        "members": [{"value": users[1]["id"], "display": "g2@example.com"}],
    }
    told = (await scim.ask("PUT", path, body)).json()
    assert [each["value"] for each in told["members"]] == [users[1]["id"]]


async def test_lists_come_in_pages(scim: Provisioner) -> None:
    for number in range(5):
        await scim.user(f"u{number}@example.com")
    await scim.group("Engineering")
    seen = []
    for start in (1, 3, 5, 7):
        told = await scim.found("/Users", startIndex=start, count=2)
        assert (told["totalResults"], told["startIndex"]) == (5, start)
        seen += [each["id"] for each in told.get("Resources", [])]
    assert len(set(seen)) == len(seen) == 5
    assert (await scim.found("/Users", count=0))["totalResults"] == 5
    filtered = await scim.found("/Users", filter='userName sw "u"', startIndex=4, count=2)
    assert (filtered["totalResults"], filtered["itemsPerPage"]) == (5, 2)
    both = await scim.found("/", startIndex=5, count=2)
    assert [each["meta"]["resourceType"] for each in both["Resources"]] == ["User", "Group"]
    assert both["totalResults"] == 6
