"""Nobody makes, changes or rotates what may do more than he may himself."""

from itertools import product
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import PermissionMissing
from mainstay.kernel.operating import OperatorNeeded
from mainstay.services.identity.failures import KeyMayTooMuch
from mainstay.services.identity.roles import PERMISSIONS
from makers import Client, FrozenClock, client, tenant_client

OFFICER = ["keys:read", "keys:write", "roles:read", "roles:write", "documents:read", "jobs:read"]
LIMIT = 100
ROLES: dict[str, bool] = {
    "admin": False,
    "developer": False,
    "user": False,
    "researcher": False,
    "operations": False,
    "compliance_officer": False,
    "reader": True,
    "writer": False,
}
SCOPES = {
    ("documents:read",): True,
    ("documents:write",): False,
    ("documents:all",): False,
    tuple(OFFICER): True,
}
GROUPS: dict[tuple[str, ...], bool] = {
    (): True,
    ("staff",): True,
    ("board",): False,
    ("staff", "board"): False,
}
LIMITS: dict[int | None, bool] = {None: False, 1: True, LIMIT: True, LIMIT + 1: False}
COMBINATIONS = [
    *product([*ROLES.items()], [None], GROUPS.items(), LIMITS.items()),
    *product([None], [*SCOPES.items()], GROUPS.items(), LIMITS.items()),
]


async def officer(house: House, admin: Client, **more: Any) -> Client:
    """Give a client that looks after keys and roles, in one group, with a limit, and may little else."""
    for name, permissions in (("reader", ["documents:read"]), ("writer", ["documents:write"])):
        await admin.call("identity.create_role", name=name, permissions=permissions)
    values = {"scopes": OFFICER, "groups": ["staff"], "limit_per_minute": LIMIT, **more}
    made = await admin.call("identity.create_key", name="officer", **values)
    return client(house, made.key)


def wishes() -> list[tuple[dict[str, Any], bool]]:
    """Give every combination of what a key may be, and whether the officer may make it."""
    found = []
    for role, scopes, (groups, in_groups), (limit, in_limit) in COMBINATIONS:
        given: dict[str, Any] = {"groups": list(groups)}
        given |= {"limit_per_minute": limit} if limit else {}
        given |= {"role": role[0]} if role else {"scopes": list(scopes[0])}
        found.append((given, (role or scopes)[1] and in_groups and in_limit))
    return found


async def test_every_key_is_within_its_makers_rights(house: House, admin: Client, clock: FrozenClock) -> None:
    maker = await officer(house, admin)
    allowed = 0
    for given, may in wishes():
        clock.move(1)
        try:
            made = await maker.call("identity.create_key", name="x", **given)
        except KeyMayTooMuch:
            assert not may, given
        else:
            assert may, given
            allowed += 1
            me = await client(house, made.key).call("identity.whoami")
            assert set(me.permissions) <= set(OFFICER)
    assert allowed == 12  # a reader's role and two kinds of scopes, two kinds of groups, two limits


async def test_stronger_keys_are_neither_changed_nor_rotated(
    house: House, admin: Client, clock: FrozenClock
) -> None:
    maker = await officer(house, admin)
    for given, may in wishes():
        clock.move(4)
        theirs = await admin.call("identity.create_key", name="x", **given)
        for operation in ("identity.rotate_key", "identity.update_key"):
            try:
                await maker.call(operation, key_id=theirs.key_id)
            except KeyMayTooMuch:
                assert not may, (operation, given)
            else:
                assert may, (operation, given)
    mine = await maker.call("identity.create_key", name="y", scopes=["jobs:read"], limit_per_minute=1)
    for more in ({"groups": ["board"]}, {"limit_per_minute": LIMIT + 1}, {"limit_per_minute": None}):
        with pytest.raises(KeyMayTooMuch):
            await maker.call("identity.update_key", key_id=mine.key_id, **more)
    assert await admin.call("identity.get_key", key_id=mine.key_id) == await maker.call(
        "identity.update_key", key_id=mine.key_id
    )


async def test_a_key_cannot_raise_itself(house: House, admin: Client) -> None:
    maker = await officer(house, admin, expires_at="2027-01-01T00:00:00Z")
    me = (await maker.call("identity.whoami")).subject
    for more in (
        {"groups": ["staff", "board"]},
        {"limit_per_minute": LIMIT + 1},
        {"limit_per_minute": None},
        {"expires_at": "2027-01-01T00:00:01Z"},
        {"expires_at": None},
    ):
        with pytest.raises(KeyMayTooMuch):
            await maker.call("identity.update_key", key_id=me, **more)
    lower = await maker.call(
        "identity.update_key", key_id=me, groups=[], limit_per_minute=50, expires_at="2026-12-01T00:00:00Z"
    )
    assert (lower.groups, lower.limit_per_minute) == ([], 50)
    turned = await maker.call("identity.rotate_key", key_id=me)
    assert turned.scopes == sorted(OFFICER)


async def test_a_role_is_within_its_makers_rights(house: House, admin: Client) -> None:
    maker = await officer(house, admin)
    for permission in ("documents:write", "keys:fly", "tenants:write", "documents:all", "audit:read"):
        with pytest.raises(Exception, match=r"have not yourself|There is no"):
            await maker.call("identity.create_role", name="more", permissions=["jobs:read", permission])
        with pytest.raises(Exception, match=r"have not yourself|There is no"):
            await maker.call("identity.replace_role", name="reader", permissions=[permission])
    for operation, more in (
        ("identity.replace_role", {"permissions": ["jobs:read"]}),
        ("identity.delete_role", {}),
    ):
        with pytest.raises(KeyMayTooMuch):
            await maker.call(operation, name="writer", **more)
    await maker.call("identity.replace_role", name="reader", permissions=["documents:read", "jobs:read"])


async def test_a_key_with_its_own_role_cannot_raise_it(house: House, admin: Client) -> None:
    await admin.call("identity.create_role", name="officer", permissions=OFFICER)
    made = await admin.call("identity.create_key", name="o", role="officer")
    with pytest.raises(KeyMayTooMuch):
        await client(house, made.key).call(
            "identity.replace_role", name="officer", permissions=[*OFFICER, "tenants:write"]
        )
    assert (await admin.call("identity.get_role", name="officer")).permissions == sorted(OFFICER)


async def test_a_role_that_is_raised_meanwhile_is_not_given(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = await officer(house, admin)
    fetch, raised = house.engines.database.fetch, []

    async def overtaken(scope: Any, sql: str, values: Any = None) -> Any:
        rows = await fetch(scope, sql, values)
        if "FROM roles" in sql and not raised:
            raised.append(True)
            await admin.call("identity.replace_role", name="reader", permissions=["documents:write"])
        return rows

    monkeypatch.setattr(house.engines.database, "fetch", overtaken)
    with pytest.raises(KeyMayTooMuch):
        await maker.call("identity.create_key", name="x", role="reader", limit_per_minute=1)
    assert raised
    assert [each.name for each in await admin.call("identity.list_keys") if each.role == "reader"] == []


@pytest.mark.parametrize("role", [role for role in PERMISSIONS if role != "admin"])
async def test_no_other_role_makes_keys_or_roles(house: House, admin: Client, role: str) -> None:
    weak = client(house, (await admin.call("identity.create_key", name="w", role=role)).key)
    for operation, values in (
        ("identity.create_key", {"name": "x", "role": role}),
        ("identity.create_role", {"name": "x", "permissions": ["jobs:read"]}),
        ("identity.create_tenant", {"name": "x"}),
    ):
        with pytest.raises(PermissionMissing):
            await weak.call(operation, **values)


async def test_who_makes_tenants_keys_gives_no_more_than_he_has(house: House, admin: Client) -> None:
    tenant = await admin.call("identity.create_tenant", name="third")
    made = await admin.call("identity.create_key", name="sales", scopes=["tenants:write", "documents:read"])
    sales = client(house, made.key)
    values = {"tenant_id": tenant.tenant_id, "name": "x"}
    for more in ({}, {"role": "admin"}, {"role": "user"}, {"scopes": ["documents:write"]}):
        with pytest.raises(KeyMayTooMuch):
            await sales.call("identity.create_tenant_key", **values, **more)
    await sales.call("identity.create_tenant_key", **values, scopes=["documents:read"])


async def test_a_tenants_scope_is_no_operators_right(house: House) -> None:
    other = await tenant_client(house, "other")
    made = await other.call("identity.create_key", name="x", scopes=["tenants:write", "tenants:read"])
    for operation, values in (
        ("identity.create_tenant", {"name": "mine"}),
        ("identity.list_tenants", {}),
        ("identity.update_tenant", {"tenant_id": "t", "suspended": True}),
    ):
        with pytest.raises(OperatorNeeded):
            await client(house, made.key).call(operation, **values)


async def test_a_tenants_limit_is_the_most_that_its_keys_have(house: House, admin: Client) -> None:
    tenant = await admin.call("identity.create_tenant", name="small", limit_per_minute=20)
    values = {"tenant_id": tenant.tenant_id, "name": "a"}
    with pytest.raises(KeyMayTooMuch):
        await admin.call("identity.create_tenant_key", **values, limit_per_minute=21)
    theirs = client(house, (await admin.call("identity.create_tenant_key", **values)).key)
    assert (await theirs.call("identity.whoami")).limit_per_minute == 20
    with pytest.raises(KeyMayTooMuch):
        await theirs.call("identity.create_key", name="x", limit_per_minute=21)
    low = await theirs.call("identity.create_key", name="x", limit_per_minute=7)
    for ceiling, expected in ((5, (5, 5)), (None, (1000, 7)), (3000, (3000, 7))):
        await admin.call("identity.update_tenant", tenant_id=tenant.tenant_id, limit_per_minute=ceiling)
        told = [await each.call("identity.whoami") for each in (theirs, client(house, low.key))]
        assert (told[0].limit_per_minute, told[1].limit_per_minute) == expected
