"""Keys and tenants: made, shown once, limited, revoked; each tenant its own."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from mainstay.app.house import House
from mainstay.kernel.caller import Credential
from mainstay.kernel.guard import CredentialsUnknown, PermissionMissing, TenantSuspended
from mainstay.kernel.operating import OperatorNeeded
from mainstay.ports.database import SYSTEM, Row, Scalar, Scope
from mainstay.services.identity.failures import (
    AdminKeyInvalid,
    KeyInUse,
    KeyMissing,
    TenantMissing,
    TenantNameTaken,
)
from makers import ADMIN_KEY, Client, FrozenClock, client, opened_house, tenant_client


async def test_a_key_is_shown_once_and_stored_hashed(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="website", role="user", groups=["a", "a", "b"])
    assert made.key.startswith("mk_")
    assert made.groups == ["a", "b"]
    listed = await admin.call("identity.list_keys")
    shown = next(key for key in listed if key.key_id == made.key_id)
    assert not hasattr(shown, "key")
    assert made.key.startswith(shown.start)
    stored = await house.engines.database.fetch(SYSTEM, "SELECT * FROM api_keys")
    assert made.key not in str([dict(row) for row in stored])


async def test_whoami_tells_role_groups_and_limit(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="site", groups=["g"], limit_per_minute=7)
    me = await client(house, made.key).call("identity.whoami")
    assert (me.roles, me.groups, me.limit_per_minute, me.operator) == (["user"], ["g"], 7, True)
    assert "documents:write" not in me.permissions


async def test_a_revoked_key_is_refused_at_once(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="site")
    await admin.call("identity.revoke_key", key_id=made.key_id)
    with pytest.raises(CredentialsUnknown):
        await client(house, made.key).call("identity.whoami")
    with pytest.raises(KeyMissing):
        await admin.call("identity.revoke_key", key_id=made.key_id)


async def test_a_key_is_looked_up_once_until_anybody_commits_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By SQLite's own word, so that commits of other processes count too."""
    async with opened_house(tmp_path / "data") as house:
        made = await client(house).call("identity.create_key", name="site")
        site, looks = client(house, made.key), list[str]()
        fetch = house.engines.database.fetch

        async def counted(scope: Scope, sql: str, values: Mapping[str, Scalar] | None = None) -> list[Row]:
            looks.extend(["look"] if "k.hash = :hash" in sql else [])
            return await fetch(scope, sql, values)

        monkeypatch.setattr(house.engines.database, "fetch", counted)
        await house.audit.flush()
        for _ in range(20):
            await site.call("identity.whoami")
        assert 1 <= len(looks) < 10  # what is noted of the calls is committed meanwhile
        await house.audit.flush()
        before = len(looks)
        await house.recognisers.recognise(Credential(made.key, "test"))
        await house.recognisers.recognise(Credential(made.key, "test"))
        assert len(looks) <= before + 1
        with closing(sqlite3.connect(tmp_path / "data" / "mainstay.db", timeout=10)) as another, another:
            another.execute("UPDATE tenants SET suspended = 1")
        with pytest.raises(TenantSuspended):
            await house.recognisers.recognise(Credential(made.key, "test"))


async def test_a_key_cannot_revoke_itself(admin: Client) -> None:
    me = await admin.call("identity.whoami")
    with pytest.raises(KeyInUse):
        await admin.call("identity.revoke_key", key_id=me.subject)


@pytest.mark.parametrize(
    ("role", "operation", "values"),
    [
        ("user", "identity.create_key", {"name": "x"}),
        ("developer", "identity.create_key", {"name": "x"}),
        ("developer", "identity.create_tenant", {"name": "x"}),
        ("user", "knowledge.add_document", {"collection": "c", "text": "x"}),
        ("user", "knowledge.evaluate", {"questions": [{"question": "x"}]}),
    ],
)
async def test_roles_have_their_bounds(
    house: House, admin: Client, role: str, operation: str, values: dict[str, object]
) -> None:
    made = await admin.call("identity.create_key", name="other", role=role)
    with pytest.raises(PermissionMissing):
        await client(house, made.key).call(operation, **values)


async def test_only_the_operator_makes_tenants(house: House, admin: Client, clock: FrozenClock) -> None:
    clock.move(1)
    other = await tenant_client(house, "other")
    with pytest.raises(OperatorNeeded):
        await other.call("identity.create_tenant", name="third")
    with pytest.raises(OperatorNeeded):
        await other.call("identity.list_tenants")
    with pytest.raises(TenantNameTaken):
        await admin.call("identity.create_tenant", name="other")
    with pytest.raises(TenantMissing):
        await admin.call("identity.create_tenant_key", tenant_id="tenant_none", name="x")
    assert [tenant.name for tenant in await admin.call("identity.list_tenants")] == ["operator", "other"]


async def test_keys_of_one_tenant_are_unknown_to_another(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="ours")
    other = await tenant_client(house, "other")
    assert made.key_id not in {key.key_id for key in await other.call("identity.list_keys")}
    with pytest.raises(KeyMissing):
        await other.call("identity.revoke_key", key_id=made.key_id)
    await client(house, made.key).call("identity.whoami")


async def test_a_bad_first_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdminKeyInvalid):
        async with opened_house(tmp_path / "data", admin_key="with spaces " * 4):
            pass


async def test_the_local_key_changes_with_every_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with opened_house(folder) as house:
        first = house.local_key
        assert (await client(house, first).call("identity.whoami")).subject == "key_local"
    async with opened_house(folder) as house:
        with pytest.raises(CredentialsUnknown):
            await client(house, first).call("identity.whoami")
        assert (await client(house, ADMIN_KEY).call("identity.whoami")).roles == ["admin"]
