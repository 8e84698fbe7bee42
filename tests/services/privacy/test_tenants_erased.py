"""Erasing a tenant: confirmed, put off, called off, gone on with after a crash, and no other's business."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.app.tables import TABLES
from mainstay.kernel import clearing
from mainstay.kernel.guard import CredentialsUnknown, TenantSuspended
from mainstay.kernel.operating import OperatorNeeded
from mainstay.ports.database import SYSTEM
from mainstay.services.identity.failures import (
    TenantBeingErased,
    TenantErasureBegun,
    TenantErasureMissing,
    TenantIsOperator,
    TenantMissing,
    TenantNameDiffers,
)
from mainstay.services.jobs.interface import JobPromised
from makers import Client, FrozenClock, Mailbox, client, opened_house, tenant_client
from services.houses import house
from services.people.joining import from_address, joined
from services.privacy.test_persons import calm

__all__ = ["house"]

DAY_S = 24 * 3600


async def other(house: House, name: str = "other") -> tuple[Client, str]:
    """Make a tenant with some documents; give its administrator, and its id."""
    made = await tenant_client(house, name)
    texts = [{"doc_id": f"d{number}", "text": f"Pump {number} is red."} for number in range(7)]
    await made.call("knowledge.add_documents", collection="c", documents=texts, wait=True)
    return made, (await made.call("identity.whoami")).tenant_id


async def erase(admin: Client, tenant_id: str, name: str = "other", **more: Any) -> Any:
    return await admin.call("identity.erase_tenant", tenant_id=tenant_id, name=name, **more)


async def documents(house: House, tenant_id: str) -> int:
    rows = await house.engines.database.fetch(tenant_id, "SELECT count(*) AS n FROM documents")
    return int(rows[0]["n"] or 0)


async def test_it_is_put_off_and_can_be_called_off(house: House, clock: FrozenClock) -> None:
    admin = client(house)
    tenant, tenant_id = await other(house)
    asked = await erase(admin, tenant_id)
    assert (asked.state, asked.due_ms - asked.asked_ms) == ("waiting", 7 * DAY_S * 1000)
    with pytest.raises(TenantSuspended):
        await tenant.call("identity.whoami")
    with pytest.raises(TenantBeingErased, match="Call its erasure off"):
        await admin.call("identity.update_tenant", tenant_id=tenant_id, suspended=False)
    with pytest.raises(TenantBeingErased):
        await erase(admin, tenant_id)
    with pytest.raises(JobPromised):
        await admin.call("jobs.cancel_job", job_id=asked.job_id)
    clock.move(6 * DAY_S)
    await calm(house, admin)
    assert await documents(house, tenant_id) == 7
    off = await admin.call("identity.call_off_tenant_erasure", tenant_id=tenant_id)
    assert off.state == "called_off"
    assert (await admin.call("jobs.get_job", job_id=asked.job_id)).state == "cancelled"
    clock.move(30 * DAY_S)
    await calm(house, admin)
    await admin.call("identity.update_tenant", tenant_id=tenant_id, suspended=False)
    assert (await tenant.call("knowledge.get_document", doc_id="d1")).text == "Pump 1 is red."
    await admin.call("jobs.retry_job", job_id=asked.job_id)
    await calm(house, admin)
    assert await documents(house, tenant_id) == 7, "to try it again brings nothing back"
    with pytest.raises(TenantErasureBegun):
        await admin.call("identity.call_off_tenant_erasure", tenant_id=tenant_id)


async def test_it_begins_when_the_days_are_over(house: House, clock: FrozenClock) -> None:
    admin = client(house)
    _, tenant_id = await other(house)
    asked = await erase(admin, tenant_id, grace_days=3)
    clock.move(3 * DAY_S + 1)
    await calm(house, admin)
    assert (await admin.call("jobs.get_job", job_id=asked.job_id)).state == "done"
    done = await admin.call("identity.get_tenant_erasure", tenant_id=tenant_id)
    assert done.state == "done"
    with pytest.raises(TenantErasureBegun, match="`done`"):
        await admin.call("identity.call_off_tenant_erasure", tenant_id=tenant_id)
    with pytest.raises(TenantMissing):
        await admin.call("identity.get_tenant", tenant_id=tenant_id)


async def test_it_is_confirmed_by_the_name_and_by_the_operator_alone(house: House) -> None:
    admin = client(house)
    tenant, tenant_id = await other(house)
    own = (await admin.call("identity.whoami")).tenant_id
    with pytest.raises(TenantNameDiffers):
        await erase(admin, tenant_id, "Other")
    with pytest.raises(TenantIsOperator):
        await erase(admin, own, "operator")
    with pytest.raises(TenantErasureMissing):
        await admin.call("identity.get_tenant_erasure", tenant_id=tenant_id)
    for operation in ("get_tenant_erasure", "call_off_tenant_erasure"):
        with pytest.raises(OperatorNeeded):
            await tenant.call(f"identity.{operation}", tenant_id=tenant_id)
    with pytest.raises(OperatorNeeded):
        await erase(tenant, tenant_id)
    assert (await tenant.call("knowledge.get_document", doc_id="d1")).doc_id == "d1"


async def test_it_goes_on_where_it_was_broken_off_and_counts_all(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "ROWS_AT_ONCE", 2)
    async with opened_house(tmp_path / "data", clock=clock, **where) as house:
        admin = client(house)
        _, tenant_id = await other(house)
        with pytest.MonkeyPatch.context() as broken:
            counted, count = 0, clearing.count

            async def breaks(*given: Any) -> None:
                nonlocal counted
                counted += given[3] == "passages"
                if counted == 3:
                    raise RuntimeError("power is out")
                await count(*given)

            broken.setattr(clearing, "count", breaks)
            await erase(admin, tenant_id, grace_days=0)
            for _ in range(300):
                if counted == 3:
                    break
                await asyncio.sleep(0.02)
            report = await admin.call("identity.get_tenant_erasure", tenant_id=tenant_id)
            assert report.state == "running"
    async with opened_house(tmp_path / "data", clock=clock, **where) as house:
        clock.move(600)
        await calm(house, client(house))
        report = await client(house).call("identity.get_tenant_erasure", tenant_id=tenant_id)
        counts = {part.service: part.counts for part in report.parts}
        assert (report.state, counts["knowledge"]["passages"], counts["knowledge"]["documents"]) == (
            "done",
            7,
            7,
        )


async def test_a_person_whom_another_tenant_has_stays_there(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str]
) -> None:
    mails = Mailbox()
    given: dict[str, Any] = {"mailer": mails, "public_url": "https://mainstay.example.com", **where}
    async with opened_house(tmp_path / "data", clock=clock, **given) as house:
        admin = client(house)
        tenant, tenant_id = await other(house)
        await joined(house, admin, mails, name="Ada")
        _, session = await joined(house, tenant, mails, name="Lovelace")
        await joined(house, tenant, mails, "bob@example.com")
        await erase(admin, tenant_id, grace_days=0)
        await calm(house, admin)
        people = await house.engines.database.fetch(SYSTEM, "SELECT count(*) AS n FROM people")
        members = await house.engines.database.fetch(SYSTEM, "SELECT tenant_id FROM members")
        assert (people[0]["n"], len(members)) == (1, 1), "Bob was nowhere else"
        with pytest.raises(CredentialsUnknown):
            await session.call("identity.whoami")
        listed = await admin.call("people.list_users")
        assert [each.name for each in getattr(listed, "users", listed)] == ["Ada"]
        signed = await from_address(
            house,
            "192.0.2.1",
            "people.sign_in",
            email="ada@example.com",
            password="violet tractor sings at dawn",
        )
        assert signed.secret


async def test_rows_that_come_late_are_swept_away(house: House, clock: FrozenClock) -> None:
    admin = client(house)
    _, tenant_id = await other(house)
    await erase(admin, tenant_id, grace_days=0)
    await calm(house, admin)
    async with house.engines.database.unit(tenant_id) as unit:
        await unit.insert("quotas", [{"name": "late", "most": 1}])
    clock.move(3700)
    await calm(house, admin)
    assert not await house.engines.database.fetch(tenant_id, "SELECT name FROM quotas")
    report = await admin.call("identity.get_tenant_erasure", tenant_id=tenant_id)
    assert {part.service: part.counts for part in report.parts}["late"] == {"quotas": 1}


def test_conditions_name_rows_and_no_others() -> None:
    table = next(each for each in TABLES if each.name == "document_versions")
    rows = [{"doc_id": "a", "version": 1}, {"doc_id": "a", "version": 2}, {"doc_id": "b", "version": 1}]
    assert clearing.conditions(table, rows) == [
        {"doc_id": "a", "version": [1, 2]},
        {"doc_id": "b", "version": [1]},
    ]
