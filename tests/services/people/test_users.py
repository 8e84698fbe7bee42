"""Users: invited, listed, found, changed, deactivated; each tenant its own."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.ports.database import SYSTEM
from mainstay.services.people.addresses import addressed, begins
from mainstay.services.people.failures import (
    LastAdministrator,
    RoleUnknown,
    SearchTooWide,
    UserChanged,
    UserExists,
    UserMayTooMuch,
    UserMissing,
    UserNotInvited,
)
from makers import Client, client, tenant_client

ADA = {"email": "Ada@Example.com", "name": "Ada Lovelace"}


async def rows(house: House, sql: str) -> list[Mapping[str, Any]]:
    return list(await house.engines.database.fetch(SYSTEM, sql))


async def activate(house: House, *users: Any) -> None:
    """Let users be as if they had accepted."""
    async with house.engines.database.unit(SYSTEM) as unit:
        for user in users:
            await unit.update("members", {"state": "active", "accepted_ms": 1}, {"user_id": user.id})


async def with_scopes(house: House, admin: Client, *scopes: str, groups: Sequence[str] = ()) -> Client:
    made = await admin.call(
        "identity.create_key", name="officer", scopes=["users:read", "users:write", *scopes], groups=groups
    )
    return client(house, made.key)


async def test_a_user_is_invited_and_found(admin: Client) -> None:
    made = await admin.call("people.create_user", **ADA, role="developer", groups=["b", "a", "b"])
    assert (made.email, made.name, made.role) == ("ada@example.com", "Ada Lovelace", "developer")
    assert (made.groups, made.state) == (["b", "a"], "invited")
    assert made.created_by == (await admin.call("identity.whoami")).subject
    assert await admin.call("people.get_user", user_id=made.id) == made
    assert await admin.call("people.list_users") == [made]


async def test_nothing_personal_is_stored_in_the_clear(house: House, admin: Client) -> None:
    await admin.call("people.create_user", email="grace@example.com", name="Grace Hopper")
    stored = repr(
        [dict(row) for table in ("people", "members") for row in await rows(house, f"SELECT * FROM {table}")]
    )
    for marker in ("grace", "Grace", "Hopper", "hopper", "example.com"):
        assert marker not in stored


@pytest.mark.parametrize("again", ["ada@example.com", "ADA@EXAMPLE.COM", "Ada@Example.com"])
async def test_one_address_is_one_user_of_a_tenant(admin: Client, again: str) -> None:
    await admin.call("people.create_user", **ADA)
    with pytest.raises(UserExists):
        await admin.call("people.create_user", email=again, name="Another")


async def test_two_tenants_call_one_person_as_they_like_and_learn_nothing(
    house: House, admin: Client
) -> None:
    other = await tenant_client(house, "other")
    here = await admin.call("people.create_user", **ADA, role="developer", groups=["a"])
    await activate(house, here)
    fresh = await other.call("people.create_user", email="new@example.com", name="Miss A.")
    there = await other.call("people.create_user", email="ada@EXAMPLE.com", name="Miss A.")
    hidden = {"id", "created_ms"}
    told = {**fresh.model_dump(exclude=hidden), "email": "ada@example.com"}
    assert there.model_dump(exclude=hidden) == told
    assert (there.state, there.role, there.groups) == ("invited", "user", [])
    await other.call("people.update_user", user_id=there.id, name="A. L.")
    assert (await admin.call("people.get_user", user_id=here.id)).name == "Ada Lovelace"
    assert len(await rows(house, "SELECT person_id FROM people")) == 2
    assert (await other.call("people.get_user", user_id=there.id)).name == "A. L."


async def test_users_of_another_tenant_are_as_if_there_were_none(house: House, admin: Client) -> None:
    made = await admin.call("people.create_user", **ADA)
    other = await tenant_client(house, "other")
    for user_id in (made.id, "user_none"):
        for name, values in (
            ("get_user", {}),
            ("update_user", {"role": "user"}),
            ("deactivate_user", {}),
        ):
            with pytest.raises(UserMissing, match=r"^List the users to see their ids\.$"):
                await other.call(f"people.{name}", user_id=user_id, **values)
    assert await other.call("people.list_users") == []
    assert await other.call("people.list_users", q="ada") == []


async def test_users_are_listed_in_pages_and_by_state_and_role(house: House, admin: Client) -> None:
    made = [
        await admin.call("people.create_user", email=f"u{n}@example.com", name=f"User {n}", role=role)
        for n, role in enumerate(["user", "developer", "user", "developer"])
    ]
    order = sorted(each.id for each in made)
    first = await admin.call("people.list_users", limit=3)
    rest = await admin.call("people.list_users", limit=3, after=first[-1].id)
    assert [each.id for each in (*first, *rest)] == order
    assert {each.id for each in await admin.call("people.list_users", role="developer")} == {
        made[1].id,
        made[3].id,
    }
    await activate(house, made[0])
    assert [each.id for each in await admin.call("people.list_users", state="active")] == [made[0].id]
    assert await admin.call("people.list_users", state="active", role="developer") == []


async def test_users_are_searched_by_the_beginnings_of_names_and_addresses(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):
        await admin.call("people.create_user", email=f"crowd{number:03}@example.com", name="One of many")
    ada = await admin.call("people.create_user", **ADA)
    for q in ("ada", "LOVE", "ada@ex", " Ada love"):
        assert await admin.call("people.list_users", q=q) == [ada]
    for q in ("da", "example", "lace", "@"):
        assert await admin.call("people.list_users", q=q) == []
    crowd = await admin.call("people.list_users", q="crowd", limit=115)
    assert len(crowd) == 115
    assert len(await admin.call("people.list_users", q="crowd", after=crowd[-1].id)) == 5
    assert await admin.call("people.list_users", q="ada", state="active") == []
    monkeypatch.setattr("mainstay.services.people.members.LOOKED_THROUGH_MAX", 100)
    with pytest.raises(SearchTooWide, match="after=user_") as told:
        await admin.call("people.list_users", q="nobody")
    after = str(told.value).partition("after=")[2].split("`")[0]
    assert len(await admin.call("people.list_users", after=after)) == 21


@pytest.mark.parametrize(
    ("beginning", "found"),
    [("STRASSE", True), ("straße", True), ("Müll", True), ("mu\u0308ll", True), ("üll", False)],
)
def test_ways_to_write_a_letter_do_not_matter(beginning: str, found: bool) -> None:
    assert begins("m@example.com", "Mu\u0308ller Straße", beginning) is found


@pytest.mark.parametrize(
    ("email", "other", "same"),
    [
        ("Ada@Example.COM", " ada@example.com", True),
        ("mu\u0308ller@x.de", "m\u00fcller@x.de", True),
        ("a@stra\u00dfe.de", "a@strasse.de", False),
        ("mo\u017fs@x.de", "moss@x.de", False),
        ("g\u0131t@x.de", "git@x.de", False),
        ("G\u0130T@x.de", "git@x.de", False),
    ],
)
def test_addresses_of_two_mailboxes_are_never_taken_for_one(email: str, other: str, same: bool) -> None:
    assert (addressed(email) == addressed(other)) is same
    assert addressed(addressed(email)) == addressed(email)


async def test_what_is_left_out_stays_as_it_is(admin: Client) -> None:
    made = await admin.call("people.create_user", **ADA, role="developer", groups=["a"])
    named = await admin.call("people.update_user", user_id=made.id, name="Countess")
    assert (named.name, named.role, named.groups) == ("Countess", "developer", ["a"])
    moved = await admin.call("people.update_user", user_id=made.id, role="user", groups=[])
    assert (moved.name, moved.role, moved.groups, moved.state) == ("Countess", "user", [], "invited")
    with pytest.raises(RoleUnknown):
        await admin.call("people.update_user", user_id=made.id, role="nobody")


async def test_the_deactivated_come_back_as_what_they_were(house: House, admin: Client) -> None:
    invited = await admin.call("people.create_user", **ADA)
    with pytest.raises(UserNotInvited):
        await admin.call("people.update_user", user_id=invited.id, state="active")
    accepted = await admin.call("people.create_user", email="b@example.com", name="B")
    await activate(house, accepted)
    for user, state in ((invited, "invited"), (accepted, "active")):
        assert (await admin.call("people.deactivate_user", user_id=user.id)).state == "deactivated"
        assert (await admin.call("people.deactivate_user", user_id=user.id)).state == "deactivated"
        assert (await admin.call("people.update_user", user_id=user.id, state="active")).state == state


async def test_nobody_gives_more_than_he_has(house: House, admin: Client) -> None:
    officer = await with_scopes(house, admin, "documents:read", groups=["staff"])
    await admin.call("identity.create_role", name="reader", permissions=["documents:read"])
    made = await officer.call("people.create_user", **ADA, role="reader", groups=["staff"])
    for more in ({"role": "admin"}, {"role": "developer"}, {"role": "reader", "groups": ["board"]}):
        with pytest.raises(UserMayTooMuch):
            await officer.call("people.create_user", email="x@example.com", name="X", **more)
        with pytest.raises(UserMayTooMuch):
            await officer.call("people.update_user", user_id=made.id, **more)
    boss = await admin.call("people.create_user", email="boss@example.com", name="B", role="admin")
    for change in ({"role": "reader"}, {"name": "Fool"}, {"state": "deactivated"}):
        with pytest.raises(UserMayTooMuch):
            await officer.call("people.update_user", user_id=boss.id, **change)
    with pytest.raises(UserMayTooMuch):
        await officer.call("people.deactivate_user", user_id=boss.id)
    assert await admin.call("people.get_user", user_id=boss.id) == boss


async def keyless(house: House) -> tuple[Client, list[Any]]:
    """Give a tenant whose only key, no administrator's, may change users; and its two administrators."""
    other = await tenant_client(house, "keyless")
    users = [
        await other.call("people.create_user", email=f"{n}@example.com", name=n, role="admin") for n in "ab"
    ]
    await activate(house, *users)
    async with house.engines.database.unit(SYSTEM) as unit:
        tenant = (await other.call("identity.whoami")).tenant_id
        changed = {"role": "", "permissions": '["*"]'}
        await unit.update("api_keys", changed, {"tenant_id": tenant})
    return other, users


@pytest.mark.parametrize("change", [{"state": "deactivated"}, {"role": "user"}])
async def test_the_last_administrator_stays_one(house: House, change: dict[str, str]) -> None:
    other, (one, two) = await keyless(house)
    await other.call("people.update_user", user_id=one.id, **change)
    with pytest.raises(LastAdministrator):
        await other.call("people.update_user", user_id=two.id, **change)
    assert (await other.call("people.get_user", user_id=two.id)).state == "active"
    await other.call("people.update_user", user_id=two.id, name="Still here")
    await other.call("identity.create_key", name="spare", role="admin")
    await other.call("people.update_user", user_id=two.id, **change)


async def test_of_two_who_go_at_the_same_moment_one_stays(house: House) -> None:
    other, users = await keyless(house)
    outcomes = await asyncio.gather(
        *(other.call("people.deactivate_user", user_id=user.id) for user in users), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["LastAdministrator", "User"]
    assert len(await other.call("people.list_users", state="active", role="admin")) == 1


async def test_of_eight_invitations_of_one_person_one_is_made(admin: Client) -> None:
    outcomes = await asyncio.gather(
        *(admin.call("people.create_user", **ADA) for _ in range(8)), return_exceptions=True
    )
    made = [each for each in outcomes if not isinstance(each, BaseException)]
    assert len(made) == 1
    assert {type(each) for each in outcomes if isinstance(each, BaseException)} <= {UserChanged, UserExists}
    assert await admin.call("people.list_users") == made
