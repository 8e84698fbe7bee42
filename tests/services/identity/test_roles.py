"""Roles: those that come with the server, a tenant's own, and what can be permitted."""

import asyncio
import re

import pytest

from mainstay.app import spec
from mainstay.app.house import House
from mainstay.app.services import interfaces
from mainstay.kernel.guard import ANYBODY, STRANGER, PermissionMissing
from mainstay.kernel.permissions import permissions_of
from mainstay.kit.errors import Conflict, NotFound
from mainstay.services.identity.failures import (
    PermissionUnknown,
    RoleBuiltIn,
    RoleInUse,
    RoleMissing,
    RoleNameTaken,
    RolesTooMany,
)
from mainstay.services.identity.rolebook import ROLES_MAX
from mainstay.services.identity.roles import DESCRIPTIONS, PERMISSIONS
from makers import Client, client, tenant_client

OPERATIONS = spec.application().operations


async def test_permissions_are_those_that_operations_ask_for(admin: Client) -> None:
    told = {each.name: each for each in await admin.call("identity.list_permissions")}
    asked = {operation.may for operation in OPERATIONS} - {ANYBODY, STRANGER}
    assert {name for name, each in told.items() if each.operations} == asked
    opened = {name for each in told.values() for name in each.operations}
    assert opened == {each.full_name for each in OPERATIONS if each.may not in {ANYBODY, STRANGER}}
    grants = {name for name, each in told.items() if each.description}
    assert grants == {"documents:all", "groups:all", "jobs:all"}
    assert set(told) == asked | grants


def test_every_permission_is_documented_and_no_other() -> None:
    known = permissions_of(interfaces())
    page = (spec.ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE) == [*known.opens, *known.grants]


def test_the_handbook_tells_each_built_in_role_as_it_is() -> None:
    page = (spec.ROOT / "src" / "mainstay" / "handbook" / "roles.md").read_text(encoding="utf-8")
    told = {
        name: frozenset(re.findall(r"`([^`]+)`", rest))
        for name, rest in re.findall(r"^\| `(\w+)` \|[^|]*\|(.+)\|$", page, re.MULTILINE)
    }
    assert told == PERMISSIONS
    assert set(DESCRIPTIONS) == set(PERMISSIONS)


async def test_a_role_of_ones_own_is_made_used_changed_and_deleted(house: House, admin: Client) -> None:
    made = await admin.call(
        "identity.create_role", name="support", permissions=["jobs:read", "collections:read", "jobs:read"]
    )
    assert (made.permissions, made.built_in) == (["collections:read", "jobs:read"], False)
    assert await admin.call("identity.get_role", name="support") == made
    assert [each.name for each in await admin.call("identity.list_roles")] == [*PERMISSIONS, "support"]
    key = await admin.call("identity.create_key", name="s", role="support")
    support = client(house, key.key)
    await support.call("knowledge.list_collections")
    assert (await support.call("identity.whoami")).roles == ["support"]
    with pytest.raises(PermissionMissing, match="support"):
        await support.call("knowledge.list_documents")
    await admin.call("identity.replace_role", name="support", permissions=["documents:read"])
    await support.call("knowledge.list_documents")
    with pytest.raises(PermissionMissing):
        await support.call("knowledge.list_collections")
    with pytest.raises(RoleInUse):
        await admin.call("identity.delete_role", name="support")
    await support.call("knowledge.list_documents")
    await admin.call("identity.revoke_key", key_id=key.key_id)
    assert (await admin.call("identity.delete_role", name="support")).name == "support"
    for operation, more in (
        ("identity.get_role", {}),
        ("identity.delete_role", {}),
        ("identity.replace_role", {"permissions": ["jobs:read"]}),
    ):
        with pytest.raises(RoleMissing):
            await admin.call(operation, name="support", **more)
    with pytest.raises(RoleMissing):
        await admin.call("identity.create_key", name="s", role="support")


async def test_built_in_roles_stay_as_they_are(admin: Client) -> None:
    for name in PERMISSIONS:
        assert (await admin.call("identity.get_role", name=name)).built_in
        with pytest.raises(RoleNameTaken):
            await admin.call("identity.create_role", name=name, permissions=["jobs:read"])
        with pytest.raises(RoleBuiltIn):
            await admin.call("identity.replace_role", name=name, permissions=["jobs:read"])
        with pytest.raises(RoleBuiltIn):
            await admin.call("identity.delete_role", name=name)


async def test_names_and_permissions_are_checked(admin: Client) -> None:
    await admin.call("identity.create_role", name="one", permissions=["jobs:read"])
    with pytest.raises(RoleNameTaken):
        await admin.call("identity.create_role", name="one", permissions=["jobs:read"])
    for operation in ("identity.create_role", "identity.replace_role"):
        with pytest.raises(PermissionUnknown, match="jobs:fly"):
            await admin.call(operation, name="one", permissions=["jobs:fly"])


async def test_roles_belong_to_their_tenant(house: House, admin: Client) -> None:
    await admin.call("identity.create_role", name="crew", permissions=["jobs:read"])
    other = await tenant_client(house, "other")
    with pytest.raises(RoleMissing):
        await other.call("identity.create_key", name="x", role="crew")
    await other.call("identity.create_role", name="crew", permissions=["documents:read"])
    key = await other.call("identity.create_key", name="x", role="crew")
    assert (await client(house, key.key).call("identity.whoami")).permissions == ["documents:read"]
    # The operator makes keys with the other tenant's roles, not with his own.
    tenant_id = (await other.call("identity.whoami")).tenant_id
    theirs = await admin.call("identity.create_tenant_key", tenant_id=tenant_id, name="y", role="crew")
    assert (await client(house, theirs.key).call("identity.whoami")).permissions == ["documents:read"]


async def test_a_tenant_has_so_many_roles_and_no_more(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ROLES_MAX == 200
    monkeypatch.setattr("mainstay.services.identity.rolebook.ROLES_MAX", 2)
    for name in ("one", "two"):
        await admin.call("identity.create_role", name=name, permissions=["jobs:read"])
    with pytest.raises(RolesTooMany):
        await admin.call("identity.create_role", name="three", permissions=["jobs:read"])


async def test_no_key_is_left_with_a_role_that_is_gone(house: House, admin: Client) -> None:
    for number in range(5):
        name = f"role{number}"
        await admin.call("identity.create_role", name=name, permissions=["jobs:read"])
        outcomes = await asyncio.gather(
            client(house).call("identity.create_key", name="x", role=name),
            client(house).call("identity.delete_role", name=name),
            return_exceptions=True,
        )
        made, deleted = (not isinstance(each, BaseException) for each in outcomes)
        assert made != deleted, outcomes
        assert all(isinstance(each, Conflict | NotFound) for each in outcomes if isinstance(each, Exception))
