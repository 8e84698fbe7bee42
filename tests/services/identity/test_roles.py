"""Roles: those that come with the server, a tenant's own, and what can be permitted."""

import asyncio
import re

import pytest

from mainstay.app import spec
from mainstay.app.house import House
from mainstay.app.services import interfaces
from mainstay.app.tables import TABLES
from mainstay.kernel.guard import ANYBODY, STRANGER, PermissionMissing
from mainstay.kernel.permissions import permissions_of
from mainstay.kit.errors import Conflict, NotFound
from mainstay.ports.database import SYSTEM
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
    assert grants == {"conversations:all", "documents:all", "groups:all", "jobs:all"}
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


async def test_a_role_is_not_deleted_while_anybody_has_it_or_a_rule_gives_it(admin: Client) -> None:
    await admin.call("identity.create_role", name="crew", permissions=["jobs:read"])
    await admin.call("identity.create_key", name="s", role="crew")
    users = [
        await admin.call("people.create_user", email=f"{n}@example.com", name=n, role="crew") for n in "ab"
    ]
    made = await admin.call("authorization.create_client", name="Import", role="crew")
    await admin.call("people.deactivate_user", user_id=users[0].id)
    rules = [{"by": "group", "value": "staff", "role": "crew"}]
    await admin.call("directory.set_provisioning", default_role="crew", rules=rules)
    [key] = [each for each in await admin.call("identity.list_keys") if each.role == "crew"]
    for kind, operation, values in (
        ("API keys (1), users (2), ", "identity.revoke_key", {"key_id": key.key_id}),
        ("users (2), OAuth", "people.update_user", {"user_id": users[0].id, "role": "user"}),
        ("users (1), OAuth", "people.update_user", {"user_id": users[1].id, "role": "user"}),
        ("first: OAuth clients (1), pro", "authorization.delete_client", {"client_id": made.client_id}),
        ("provisioning rules (2).", "directory.set_provisioning", {"default_role": "crew"}),
        ("provisioning rules (1).", "directory.set_provisioning", {}),
    ):
        with pytest.raises(RoleInUse) as caught:
            await admin.call("identity.delete_role", name="crew")
        assert kind in caught.value.detail
        await admin.call(operation, **values)
    await admin.call("identity.delete_role", name="crew")


async def test_another_tenants_users_hold_no_role_here(house: House, admin: Client) -> None:
    other = await tenant_client(house, "other")
    for who in (admin, other):
        await who.call("identity.create_role", name="crew", permissions=["jobs:read"])
    await other.call("people.create_user", email="a@example.com", name="A", role="crew")
    await admin.call("identity.delete_role", name="crew")
    await admin.call("identity.create_role", name="crew", permissions=["jobs:read"])


async def test_nobody_gets_the_rights_of_a_new_role_by_an_old_name(house: House, admin: Client) -> None:
    await admin.call("identity.create_role", name="crew", permissions=["jobs:read"])
    user = await admin.call("people.create_user", email="a@example.com", name="A", role="crew")
    async with house.engines.database.unit(SYSTEM) as unit:  # deleted while the user was made
        await unit.delete("roles", {"name": "crew"})
    with pytest.raises(RoleNameTaken, match=r"users \(1\)"):
        await admin.call("identity.create_role", name="crew", permissions=["documents:read"])
    assert (await admin.call("people.update_user", user_id=user.id, role="user")).role == "user"
    await admin.call("identity.create_role", name="crew", permissions=["documents:read"])


def test_every_table_that_names_roles_is_asked_before_one_goes() -> None:
    named = {
        table.name
        for table in TABLES
        if any(column.name in {"role", "default_role", "mapping"} for column in table.columns)
    }
    assert named == {"api_keys", "members", "oauth_clients", "sso_connections", "provisioning_settings"}


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
