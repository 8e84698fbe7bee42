"""Tenants are renamed, limited, suspended and resumed by the operator."""

from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import TenantSuspended
from mainstay.kernel.operating import OperatorNeeded
from mainstay.services.identity.failures import (
    TenantIsOperator,
    TenantMissing,
    TenantNameTaken,
)
from makers import Client, FrozenClock, client, tenant_client


async def test_a_suspended_tenant_is_refused_until_it_is_resumed(
    house: House, admin: Client, clock: FrozenClock
) -> None:
    other = await tenant_client(house, "other")
    tenant_id = (await other.call("identity.whoami")).tenant_id
    reader = client(house, (await other.call("identity.create_key", name="r")).key)
    await other.call("knowledge.add_document", collection="c", doc_id="d", text="Pumps are red.", wait=True)
    stream = await reader.answer("knowledge.stream_answer", question="Which pumps are red?")
    told = await admin.call("identity.update_tenant", tenant_id=tenant_id, suspended=True)
    assert told.suspended
    for each in (other, reader):
        with pytest.raises(TenantSuspended):
            await each.call("identity.whoami")
    clock.move(1)
    with pytest.raises(TenantSuspended):
        _ = [piece async for piece in stream.value]
    await admin.call("identity.whoami")
    again = await admin.call("identity.update_tenant", tenant_id=tenant_id, suspended=False)
    assert not again.suspended
    assert (await reader.call("knowledge.get_document", doc_id="d")).text == "Pumps are red."


async def test_jobs_of_a_suspended_tenant_go_on(house: House, admin: Client) -> None:
    other = await tenant_client(house, "other")
    tenant_id = (await other.call("identity.whoami")).tenant_id
    made = await other.call("knowledge.add_document", collection="c", doc_id="d", text="Pumps.")
    await admin.call("identity.update_tenant", tenant_id=tenant_id, suspended=True)
    await admin.call("identity.update_tenant", tenant_id=tenant_id, suspended=False)
    assert (await other.call("jobs.get_job", job_id=made.job_id, wait_s=10)).state == "done"


async def test_what_is_left_out_stays(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_tenant", name="one", limit_per_minute=7)
    values = {"tenant_id": made.tenant_id}
    assert await admin.call("identity.update_tenant", **values) == made
    renamed = await admin.call("identity.update_tenant", **values, name="two", suspended=True)
    assert (renamed.name, renamed.suspended, renamed.limit_per_minute) == ("two", True, 7)
    free = await admin.call("identity.update_tenant", **values, limit_per_minute=None)
    assert (free.name, free.suspended, free.limit_per_minute) == ("two", True, None)
    assert await admin.call("identity.get_tenant", **values) == free


async def test_a_change_at_the_same_moment_is_not_undone(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await admin.call("identity.create_tenant", name="one")
    fetch, came = house.engines.database.fetch, []

    async def overtaken(scope: Any, sql: str, values: Any = None) -> Any:
        rows = await fetch(scope, sql, values)
        if "FROM tenants WHERE" in sql and not came:
            came.append(True)
            await client(house).call("identity.update_tenant", tenant_id=made.tenant_id, suspended=True)
        return rows

    monkeypatch.setattr(house.engines.database, "fetch", overtaken)
    await admin.call("identity.update_tenant", tenant_id=made.tenant_id, name="two")
    told = await admin.call("identity.get_tenant", tenant_id=made.tenant_id)
    assert (came, told.name, told.suspended) == ([True], "two", True)


async def test_names_are_given_once(admin: Client) -> None:
    made = await admin.call("identity.create_tenant", name="one")
    with pytest.raises(TenantNameTaken):
        await admin.call("identity.update_tenant", tenant_id=made.tenant_id, name="operator")
    assert (await admin.call("identity.get_tenant", tenant_id=made.tenant_id)).name == "one"


async def test_the_operators_tenant_is_not_suspended(house: House, admin: Client) -> None:
    me = await admin.call("identity.whoami")
    with pytest.raises(TenantIsOperator):
        await admin.call("identity.update_tenant", tenant_id=me.tenant_id, suspended=True)
    await admin.call("identity.update_tenant", tenant_id=me.tenant_id, name="Harbour", suspended=False)
    assert (await admin.call("identity.get_tenant", tenant_id=me.tenant_id)).name == "Harbour"


async def test_only_the_operator_looks_after_tenants(house: House, admin: Client) -> None:
    other = await tenant_client(house, "other")
    tenant_id = (await other.call("identity.whoami")).tenant_id
    for operation in ("identity.get_tenant", "identity.update_tenant"):
        with pytest.raises(OperatorNeeded):
            await other.call(operation, tenant_id=tenant_id)
        with pytest.raises(TenantMissing):
            await admin.call(operation, tenant_id="tenant_none")
