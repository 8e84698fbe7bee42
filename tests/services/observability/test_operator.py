"""The operator's administrators read what strangers tried, and other tenants' audits; nobody else does."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.caller import Credential
from mainstay.kernel.dispatch import Message
from mainstay.kernel.gathering import ROWS_EACH
from mainstay.kernel.guard import NOBODYS, CredentialsUnknown, RateLimited, TenantSuspended, stranger
from mainstay.ports.database import SYSTEM
from mainstay.services.observability.interface import AuditMissing, AuditNotYours
from makers import Client, FrozenClock, client, opened_house, tenant_client

READS = ("search_entries", "list_checkpoints", "verify_chain", "export_entries")


@pytest.fixture
async def house(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[House]:
    async with opened_house(tmp_path / "data", clock=clock) as opened:
        yield opened


async def read(who: Client, operation: str, **values: Any) -> Any:
    told = (await who.answer(f"observability.{operation}", **values)).value
    return [piece async for piece in told] if operation == "export_entries" else told


async def settled(house: House) -> None:
    await house.audit.flush()
    await house.sealer.catch_up()


async def test_what_strangers_tried_is_read_by_the_operators_administrators(house: House) -> None:
    origin = {"request_id": "r", "door": "rest", "address": "192.0.2.1"}
    row = house.audit.row(stranger("192.0.2.1", 5), "porter.enter", "harbour", "CodeWrong", origin)
    house.audit.note(NOBODYS, row)
    await settled(house)
    admin = client(house)
    page = await read(admin, "search_entries", tenant=NOBODYS)
    assert [(entry.subject, entry.target) for entry in page.entries] == [("stranger:192.0.2.1/32", "harbour")]
    pieces = await read(admin, "export_entries", tenant=NOBODYS)
    assert pieces[0].begin.tenant_id == NOBODYS
    assert [entry.operation for piece in pieces for entry in piece.entries] == ["porter.enter"]
    assert (await read(admin, "verify_chain", tenant=NOBODYS)).checked == 1
    assert (await read(admin, "list_checkpoints", tenant=NOBODYS)).tenant_id == NOBODYS
    await house.audit.flush()
    looks = await admin.call("observability.search_entries", target=NOBODYS)
    assert {entry.operation for entry in looks.entries} == {f"observability.{name}" for name in READS}


@pytest.mark.parametrize("operation", READS)
async def test_others_read_their_own_audit_alone(house: House, operation: str) -> None:
    admin = client(house)
    other = await tenant_client(house, "Harbour")
    key = await admin.call("identity.create_key", name="c", role="compliance_officer")
    mine = (await admin.call("identity.whoami")).tenant_id
    theirs = (await other.call("identity.whoami")).tenant_id
    await settled(house)
    for tenant in (NOBODYS, mine, "tenant_nothing_like_this"):
        with pytest.raises(AuditNotYours):
            await read(other, operation, tenant=tenant)
    with pytest.raises(AuditNotYours):
        await read(client(house, key.key), operation, tenant=theirs)
    await read(other, operation, tenant=theirs)
    await read(client(house, key.key), operation, tenant=mine)
    await read(admin, operation, tenant=theirs)
    with pytest.raises(AuditMissing):
        await read(admin, operation, tenant="tenant_nothing_like_this")


async def test_keys_of_a_suspended_tenant_are_audited_and_cannot_fill_the_disk(house: House) -> None:
    admin = client(house)
    other = await tenant_client(house, "Harbour")
    me = await other.call("identity.whoami")
    await admin.call("identity.update_tenant", tenant_id=me.tenant_id, suspended=True)
    for _ in range(30):
        with pytest.raises(TenantSuspended):
            await other.call("identity.create_key", name="no")
    house.clock.move(60)  # type: ignore[attr-defined]  # the frozen one
    await settled(house)
    page = await read(admin, "search_entries", tenant=me.tenant_id, outcome="TenantSuspended")
    told = [(entry.subject, entry.operation, entry.target) for entry in page.entries]
    key = (me.subject, "identity.create_key")
    assert told == [(*key, f"{30 - ROWS_EACH} like this within a minute"), *[(*key, "")] * ROWS_EACH]


async def test_tried_keys_are_audited_without_the_key(house: House) -> None:
    admin = client(house)
    guess = "mk_" + "0" * 64
    operation = admin.operation("identity.whoami")

    async def nothing() -> dict[str, Any]:
        return {}

    for number in range(30):
        message = Message(Credential(guess, "test"), nothing, f"req_{number}", "rest", "192.0.2.9")
        with pytest.raises(CredentialsUnknown):
            await house.application.dispatch(operation, message)
    with pytest.raises(CredentialsUnknown):
        await house.application.recognise(Credential(guess, "test"), message.origin)
    house.clock.move(60)  # type: ignore[attr-defined]  # the frozen one
    await settled(house)
    page = await read(admin, "search_entries", tenant=NOBODYS, outcome="CredentialsUnknown")
    told = [(entry.subject, entry.operation, entry.target) for entry in page.entries]
    tried = ("stranger:192.0.2.9/32", "identity.whoami")
    assert sorted(told) == sorted(
        [
            ("stranger:192.0.2.9/32", "", ""),
            (*tried, f"{30 - ROWS_EACH} like this within a minute"),
            *[(*tried, "")] * ROWS_EACH,
        ]
    )
    assert guess not in repr(await house.engines.database.fetch(SYSTEM, "SELECT * FROM audit"))


async def test_requests_above_a_limit_are_counted(house: House) -> None:
    admin = client(house)
    key = await admin.call("identity.create_key", name="k", limit_per_minute=2)
    operation = admin.operation("identity.whoami")

    async def nothing() -> dict[str, Any]:
        return {}

    refused = 0
    for number in range(40):
        message = Message(Credential(key.key, "test"), nothing, f"req_{number}", "rest", "10.0.0.9")
        try:
            await house.application.dispatch(operation, message)
        except RateLimited:
            refused += 1
    assert refused == 38
    house.clock.move(60)  # type: ignore[attr-defined]  # the frozen one
    await settled(house)
    page = await read(admin, "search_entries", subject=key.key_id)
    assert [entry.outcome for entry in page.entries] == ["RateLimited"] * (ROWS_EACH + 1) + ["ok"] * 2
    assert page.entries[0].target == f"{38 - ROWS_EACH} like this within a minute"
    assert page.entries[0].origin == "10.0.0.9"
