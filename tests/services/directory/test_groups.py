"""Groups as rows: their names are what documents name, and who is in one stands with the members."""

import asyncio

import pytest

from mainstay.app.house import House
from mainstay.ports.database import SYSTEM
from mainstay.services.directory.failures import (
    GroupMayTooMuch,
    GroupMissing,
    GroupNameTaken,
    GroupNameUnclear,
    RolesBeyondYours,
    VersionStale,
)
from mainstay.services.directory.naming import name_from
from mainstay.services.people.failures import LastAdministrator, UserMissing
from makers import Client, Mailbox, client, tenant_client
from services.people.joining import joined


@pytest.mark.parametrize(
    ("called", "name"),
    [
        ("Sales", "Sales"),
        ("Sales team (EU)", "Sales-team-EU"),
        ("  Büro 7 ", "Büro-7"),
        ("a.b:c@d/e_f", "a.b:c@d/e_f"),
        ("***", ""),
        ("x" * 150, "x" * 100),
    ],
)
def test_a_name_is_made_of_what_a_group_is_called(called: str, name: str) -> None:
    assert name_from(called) == name


async def test_a_group_is_made_listed_changed_and_deleted(admin: Client) -> None:
    user = await admin.call("people.create_user", email="ada@example.com", name="Ada", groups=["old"])
    made = await admin.call("directory.create_group", display_name="Sales team", external_id="b7")
    assert (made.name, made.display_name, made.external_id) == ("Sales-team", "Sales team", "b7")
    assert (made.members, made.members_count) == ([], 0)
    changed = await admin.call(
        "directory.update_group", group_id=made.group_id, display_name="Selling", add=[user.id]
    )
    assert (changed.name, changed.display_name, changed.members) == ("Sales-team", "Selling", [user.id])
    assert changed.version != made.version
    assert (await admin.call("people.get_user", user_id=user.id)).groups == ["old", "Sales-team"]
    [listed] = await admin.call("directory.list_groups", q="sell")
    assert (listed.members, listed.members_count) == (None, 1)
    assert await admin.call("directory.list_groups", with_members=True) == [changed]
    gone = await admin.call("directory.delete_group", group_id=made.group_id, version=changed.version)
    assert gone == changed
    assert (await admin.call("people.get_user", user_id=user.id)).groups == ["old"]
    with pytest.raises(GroupMissing):
        await admin.call("directory.get_group", group_id=made.group_id)


async def test_who_has_the_name_already_is_in_the_group_from_the_start(admin: Client) -> None:
    user = await admin.call("people.create_user", email="ada@example.com", name="Ada", groups=["board"])
    made = await admin.call("directory.create_group", display_name="board")
    assert made.members == [user.id]
    await admin.call("people.update_user", user_id=user.id, groups=[])
    assert (await admin.call("directory.get_group", group_id=made.group_id)).members == []


async def test_what_is_not_clear_is_refused(admin: Client) -> None:
    made = await admin.call("directory.create_group", display_name="Sales team")
    with pytest.raises(GroupNameTaken):
        await admin.call("directory.create_group", display_name="Sales-team")
    with pytest.raises(GroupNameUnclear):
        await admin.call("directory.create_group", display_name="***")
    with pytest.raises(UserMissing):
        await admin.call("directory.update_group", group_id=made.group_id, add=["user_none"])
    changed = await admin.call("directory.update_group", group_id=made.group_id, display_name="Selling")
    with pytest.raises(VersionStale):
        await admin.call("directory.update_group", group_id=made.group_id, version=made.version)
    assert await admin.call("directory.get_group", group_id=made.group_id) == changed
    cleared = await admin.call("directory.update_group", group_id=made.group_id, external_id="")
    assert cleared.external_id is None


async def test_pages_follow_one_another(admin: Client) -> None:
    made = [await admin.call("directory.create_group", display_name=f"g{n}") for n in range(5)]
    first = await admin.call("directory.list_groups", limit=3)
    rest = await admin.call("directory.list_groups", limit=3, after=first[-1].group_id)
    assert [each.group_id for each in [*first, *rest]] == sorted(each.group_id for each in made)


async def seen(her: Client) -> list[str]:
    page = await her.call("knowledge.list_documents", collection="c")
    return [each.doc_id for each in page.documents]


async def test_documents_open_to_the_members_of_a_group_and_close_with_it(
    house: House, admin: Client, mails: Mailbox
) -> None:
    await admin.call("knowledge.create_collection", name="c")
    document = {"collection": "c", "doc_id": "d", "text": "Pumps."}
    await admin.call("knowledge.add_document", **document, groups=["Sales-team"], wait=True)
    user, her = await joined(house, admin, mails)
    assert await seen(her) == []
    made = await admin.call("directory.create_group", display_name="Sales team", members=[user.id])
    assert await seen(her) == ["d"]
    await admin.call("directory.update_group", group_id=made.group_id, display_name="Selling")
    assert await seen(her) == ["d"]
    await admin.call("directory.delete_group", group_id=made.group_id)
    assert await seen(her) == []


async def test_nobody_opens_a_group_in_which_he_is_not(house: House, admin: Client) -> None:
    user = await admin.call("people.create_user", email="ada@example.com", name="Ada")
    scopes = ["groups:read", "groups:write"]
    made = await admin.call("identity.create_key", name="officer", scopes=scopes, groups=["mine"])
    officer = client(house, made.key)
    mine = await officer.call("directory.create_group", display_name="mine", members=[user.id])
    assert mine.members == [user.id]
    with pytest.raises(GroupMayTooMuch):
        await officer.call("directory.create_group", display_name="board")
    board = await admin.call("directory.create_group", display_name="board")
    for change in ({"add": [user.id]}, {"remove": [user.id]}):
        with pytest.raises(GroupMayTooMuch):
            await officer.call("directory.update_group", group_id=board.group_id, **change)
    with pytest.raises(GroupMayTooMuch):
        await officer.call("directory.delete_group", group_id=board.group_id)


async def test_another_tenants_groups_and_users_are_not_there(house: House, admin: Client) -> None:
    other = await tenant_client(house, "other")
    theirs = await admin.call("people.create_user", email="ada@example.com", name="Ada")
    board = await admin.call("directory.create_group", display_name="board")
    own = await other.call("directory.create_group", display_name="board")
    assert await other.call("directory.list_groups", with_members=True) == [own]
    with pytest.raises(GroupMissing):
        await other.call("directory.get_group", group_id=board.group_id)
    with pytest.raises(UserMissing):
        await other.call("directory.update_group", group_id=own.group_id, add=[theirs.id])


async def test_a_role_follows_from_a_group_within_what_whoever_changes_it_may(
    house: House, admin: Client, provider: Client
) -> None:
    rules = [{"by": "group", "value": "staff", "role": "developer"}]
    await admin.call("directory.set_provisioning", rules=rules)
    user = await provider.call("directory.provision_user", profile={"user_name": "ada@example.com"})
    byhand = await admin.call("people.create_user", email="bob@example.com", name="Bob")
    staff = await provider.call(
        "directory.create_group", display_name="staff", members=[user.user_id, byhand.id]
    )
    roles = {each.id: each.role for each in await admin.call("people.list_users")}
    assert roles == {user.user_id: "developer", byhand.id: "user"}
    made = await admin.call("identity.create_key", name="officer", scopes=["groups:write"], groups=["staff"])
    with pytest.raises(RolesBeyondYours):
        await client(house, made.key).call(
            "directory.update_group", group_id=staff.group_id, remove=[user.user_id]
        )
    await provider.call("directory.delete_group", group_id=staff.group_id)
    assert (await admin.call("people.get_user", user_id=user.user_id)).role == "user"


async def test_a_group_does_not_take_the_last_administrator(
    house: House, admin: Client, mails: Mailbox
) -> None:
    tenant = await tenant_client(house, "other")
    rules = [{"by": "group", "value": "chiefs", "role": "admin"}]
    await tenant.call("directory.set_provisioning", rules=rules)
    user, her = await joined(house, tenant, mails, role="admin")
    await tenant.call(
        "directory.replace_provisioned_user", user_id=user.id, profile={"user_name": "ada@example.com"}
    )
    chiefs = await tenant.call("directory.create_group", display_name="chiefs", members=[user.id])
    assert (await her.call("people.get_user", user_id=user.id)).role == "admin"
    key = (await tenant.call("identity.whoami")).subject
    await her.call("identity.revoke_key", key_id=key)
    with pytest.raises(LastAdministrator):
        await her.call("directory.update_group", group_id=chiefs.group_id, remove=[user.id])
    assert (await her.call("directory.get_group", group_id=chiefs.group_id)).members == [user.id]


async def test_of_two_administrators_who_leave_their_groups_at_the_same_moment_one_stays(
    house: House, mails: Mailbox
) -> None:
    tenant = await tenant_client(house, "other")
    emails = ["ada@example.com", "bob@example.com"]
    users = [(await joined(house, tenant, mails, email, role="admin"))[0] for email in emails]
    rules = [{"by": "group", "value": user.id, "role": "admin"} for user in users]
    await tenant.call("directory.set_provisioning", rules=rules)
    groups = []
    for user in users:
        profile = {"user_name": user.email}
        await tenant.call("directory.replace_provisioned_user", user_id=user.id, profile=profile)
        groups.append(await tenant.call("directory.create_group", display_name=user.id, members=[user.id]))
    async with house.engines.database.unit(SYSTEM) as unit:  # its key is no administrator's any more
        where = {"tenant_id": (await tenant.call("identity.whoami")).tenant_id}
        await unit.update("api_keys", {"role": "", "permissions": '["*"]'}, where)
    outcomes = await asyncio.gather(
        *(
            tenant.call("directory.update_group", group_id=group.group_id, remove=[user.id])
            for group, user in zip(groups, users, strict=True)
        ),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Group", "LastAdministrator"]
    assert len(await tenant.call("people.list_users", state="active", role="admin")) == 1
