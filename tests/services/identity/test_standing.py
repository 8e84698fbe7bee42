"""Who somebody is now, found by id: for what was granted in his name before."""

from datetime import UTC, datetime

import pytest

from mainstay.app.house import House
from mainstay.kernel.caller import Credential
from mainstay.kernel.guard import CredentialsUnknown, TenantSuspended
from mainstay.kernel.recognising import Standing
from makers import Client, FrozenClock, tenant_client


def standing(house: House) -> Standing:
    given: Standing = house._wiring._known[Standing]
    return given


async def test_a_key_is_found_by_its_id_with_its_present_rights(
    house: House, admin: Client, clock: FrozenClock
) -> None:
    made = await admin.call("identity.create_key", name="x", scopes=["documents:read"], groups=["staff"])
    tenant = (await admin.call("identity.whoami")).tenant_id
    found = await house.recognisers.find(tenant, made.key_id)
    by_key = await house.recognisers.recognise(Credential(made.key, "test"))
    assert (found.permissions, found.groups, found.subject) == (
        by_key.permissions,
        by_key.groups,
        by_key.subject,
    )
    assert found.secret == ""
    for other_tenant, other_key in (("tenant_none", made.key_id), (tenant, "key_none")):
        with pytest.raises(CredentialsUnknown):
            await house.recognisers.find(other_tenant, other_key)
    await admin.call("identity.revoke_key", key_id=made.key_id)
    ends = datetime.fromtimestamp(clock.now_ms() / 1000 + 60, UTC).isoformat()
    ending = await admin.call("identity.create_key", name="y", expires_at=ends)
    assert (await house.recognisers.find(tenant, ending.key_id)).subject == ending.key_id
    clock.move(60)
    for gone in (made.key_id, ending.key_id):
        with pytest.raises(CredentialsUnknown):
            await house.recognisers.find(tenant, gone)


async def test_a_caller_is_made_of_a_role_and_the_tenants_state(house: House, admin: Client) -> None:
    other = await tenant_client(house, "harbour")
    tenant = (await other.call("identity.whoami")).tenant_id
    made = await standing(house).caller_of(tenant, "user_x", "user", frozenset({"staff"}))
    assert made.may("documents:read")
    assert not made.may("documents:write")
    assert (made.tenant_id, made.subject, made.groups, made.operator) == (
        tenant,
        "user_x",
        {"staff"},
        False,
    )
    await other.call("identity.create_role", name="scribe", permissions=["documents:write"])
    scribe = await standing(house).caller_of(tenant, "user_x", "scribe")
    assert scribe.permissions == {"documents:write"}
    await other.call("identity.delete_role", name="scribe")
    assert (await standing(house).caller_of(tenant, "user_x", "scribe")).permissions == frozenset()
    await admin.call("identity.update_tenant", tenant_id=tenant, suspended=True, limit_per_minute=50)
    with pytest.raises(TenantSuspended):
        await standing(house).caller_of(tenant, "user_x", "user")
    with pytest.raises(TenantSuspended):
        await house.recognisers.find(tenant, (await _some_key(house, tenant)))
    await admin.call("identity.update_tenant", tenant_id=tenant, suspended=False)
    assert (await standing(house).caller_of(tenant, "user_x", "user")).limit_per_minute == 50
    with pytest.raises(CredentialsUnknown):
        await standing(house).caller_of("tenant_none", "user_x", "user")


async def _some_key(house: House, tenant: str) -> str:
    sql = "SELECT key_id FROM api_keys"
    return str((await house.engines.database.fetch(tenant, sql))[0]["key_id"])
