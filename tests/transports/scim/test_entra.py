"""What Microsoft Entra ID sends, as its documentation and its logs have it."""

from typing import Any

from mainstay.app.house import House
from makers import Client, client
from transports.scim.provisioner import GROUP, USER, WORK, Provisioner

ADA = {
    "schemas": [USER, WORK],
    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
    "userName": "Ada_Test@example.com",
    "active": True,
    "emails": [{"primary": True, "type": "work", "value": "Ada_Work@example.com"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada"},
    "displayName": "Ada L",
    "preferredLanguage": "en",
    "phoneNumbers": [{"type": "mobile", "value": "555-0100"}],
    "addresses": [{"type": "work", "locality": "London"}],
    WORK: {"department": "Engines", "employeeNumber": "7", "manager": "26118915-6090-4610-87e4-49d8ca9f808d"},
}
NOBODY = "non-existent@example.com"


async def test_the_connection_is_tested_by_a_name_that_nobody_has(scim: Provisioner) -> None:
    told = await scim.found("/Users", filter=f'userName eq "{NOBODY}"')
    assert (told["totalResults"], told.get("Resources", [])) == (0, [])
    assert told["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]


async def test_a_user_is_made_found_and_changed(scim: Provisioner, admin: Client) -> None:
    made = await scim.made("/Users", ADA)
    path = f"/Users/{made['id']}"
    assert made["meta"]["location"] == f"https://ai.example.com/scim/v2{path}"
    assert "phoneNumbers" not in made, "what nobody here has a use for is not stored"
    assert made[WORK] == {"department": "Engines", "employeeNumber": "7"}
    for sought in ('userName eq "ada_test@EXAMPLE.com"', f'externalId eq "{ADA["externalId"]}"'):
        [found] = (await scim.found("/Users", filter=sought))["Resources"]
        assert found == made
    by_mail = 'emails[type eq "work"].value eq "ada_work@example.com"'
    assert (await scim.found("/Users", filter=by_mail))["totalResults"] == 1
    changed = await scim.patched(
        path,
        {"op": "Replace", "path": "displayName", "value": "Countess"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@example.com"},
        {"op": "Add", "path": "name.givenName", "value": "Augusta"},
        {"op": "Add", "value": {"name.familyName": "King", f"{WORK}:department": "Poetry"}},
    )
    assert changed.status_code == 204, changed.text
    told = await scim.found(path)
    assert (told["displayName"], told["name"]["givenName"]) == ("Countess", "Augusta")
    assert (told["name"]["familyName"], told[WORK]["department"]) == ("King", "Poetry")
    assert told["emails"][0]["value"] == "new@example.com"
    user = await admin.call("people.get_user", user_id=made["id"])
    assert (user.name, user.email) == ("Countess", "ada_work@example.com"), "the account's address is hers"


async def test_booleans_come_as_texts(scim: Provisioner, admin: Client) -> None:
    made = await scim.user(active="True")
    path = f"/Users/{made['id']}"
    for operation, state in (
        ({"op": "Replace", "path": "active", "value": "False"}, "deactivated"),
        ({"op": "replace", "value": {"active": "True"}}, "invited"),
        ({"op": "Replace", "path": "active", "value": [{"$ref": None, "value": "False"}]}, "deactivated"),
        ({"op": "Add", "path": "active", "value": True}, "invited"),
    ):
        answer = await scim.patched(path, operation)
        assert answer.status_code == 204, answer.text
        assert (await admin.call("people.get_user", user_id=made["id"])).state == state, operation
    assert (await scim.found("/Users", filter='active eq "true"'))["totalResults"] == 1


async def test_an_app_role_comes_with_a_filter_that_fits_nothing_yet(
    scim: Provisioner, admin: Client
) -> None:
    rules = [{"by": "role", "value": "Engineer", "role": "developer"}]
    await admin.call("directory.set_provisioning", rules=rules)
    made = await scim.user()
    path = f"/Users/{made['id']}"
    role = {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "Engineer"}
    assert (await scim.patched(path, role)).status_code == 204
    assert (await admin.call("people.get_user", user_id=made["id"])).role == "developer"
    assert (await scim.found(path))["roles"] == [{"value": "Engineer", "primary": True}]
    assert (await scim.patched(path, {**role, "op": "Replace", "value": "Clerk"})).status_code == 204
    assert (await admin.call("people.get_user", user_id=made["id"])).role == "user"


async def test_a_group_is_made_filled_and_emptied(scim: Provisioner, admin: Client) -> None:
    ids = [(await scim.user(f"u{n}@example.com"))["id"] for n in range(3)]
    body = {
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "Sales team (EU)",
        "meta": {"resourceType": "Group"},
    }
    made = await scim.made("/Groups", body)
    path = f"/Groups/{made['id']}"
    told = await scim.found(
        "/Groups", filter='displayName eq "sales TEAM (eu)"', excludedAttributes="members"
    )
    assert [each["id"] for each in told["Resources"]] == [made["id"]]

    async def change(*operations: Any) -> list[str]:
        answer = await scim.patched(path, *operations)
        assert answer.status_code == 204, answer.text
        inside = (await scim.found(path)).get("members", [])
        return sorted(each["value"] for each in inside)

    added = [{"$ref": None, "value": each} for each in ids]
    assert await change({"op": "Add", "path": "members", "value": added}) == sorted(ids)
    assert await change({"op": "Add", "path": "members", "value": added[:1]}) == sorted(ids)
    assert await change({"op": "Remove", "path": "members", "value": added[:1]}) == sorted(ids[1:])
    gone = {"op": "Remove", "path": f'members[value eq "{ids[1]}"]'}
    assert await change(gone) == [ids[2]]
    assert await change(gone) == [ids[2]]
    renamed = {"op": "Replace", "path": "displayName", "value": "Selling"}
    assert await change(renamed) == [ids[2]]
    assert (await admin.call("people.get_user", user_id=ids[2])).groups == ["Sales-team-EU"]
    told = await scim.found(f"/Users/{ids[2]}")
    assert [(each["value"], each["display"]) for each in told["groups"]] == [(made["id"], "Selling")]
    inside = await scim.found("/Groups", filter=f'members eq "{ids[2]}"', excludedAttributes="members")
    assert inside["totalResults"] == 1
    assert await change({"op": "Replace", "path": "members", "value": []}) == []
    assert (await scim.ask("DELETE", path)).status_code == 204
    assert (await scim.ask("GET", path)).status_code == 404


async def test_a_soft_deletion_becomes_a_hard_one(scim: Provisioner, admin: Client) -> None:
    made = await scim.made("/Users", ADA)
    path = f"/Users/{made['id']}"
    assert (
        await scim.patched(path, {"op": "Replace", "path": "active", "value": "False"})
    ).status_code == 204
    assert (await scim.found(path))["active"] is False
    assert (await scim.ask("DELETE", path)).status_code == 204
    gone = await scim.ask("DELETE", path)
    assert (gone.status_code, gone.json()["status"]) == (404, "404")
    assert (await scim.found("/Users", filter=f'userName eq "{ADA["userName"]}"'))["totalResults"] == 0
    again = await scim.made("/Users", ADA)
    assert (again["id"], again["active"]) == (made["id"], True)


async def test_each_change_is_in_the_audit_under_the_providers_key(house: House, scim: Provisioner) -> None:
    made = await scim.user()
    await scim.group("Sales", made["id"])
    await house.audit.flush()
    entries = (await client(house).call("observability.search_entries", limit=50)).entries
    told = {(each.operation, each.door) for each in entries}
    assert {("directory.provision_user", "scim"), ("directory.create_group", "scim")} <= told
