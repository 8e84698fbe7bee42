"""The audit through the front door: searched, carried away, checked; on both databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from mainstay.app import audits
from mainstay.app.audits import check_file
from mainstay.app.house import House
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.guard import PermissionMissing
from mainstay.ports.database import SYSTEM
from mainstay.services.observability.interface import (
    AuditPiece,
    MomentUnreadable,
)
from makers import Client, FrozenClock, client, opened_house, tenant_client


@pytest.fixture
async def house(tmp_path: Path, where: dict[str, str], clock: FrozenClock) -> AsyncIterator[House]:
    async with opened_house(tmp_path / "data", clock=clock, **where) as opened:
        yield opened


@pytest.fixture
def admin(house: House) -> Client:
    return client(house)


async def filled(house: House, who: Client, count: int = 5) -> list[str]:
    made = []
    for number in range(count):
        house.clock.move(1)  # type: ignore[attr-defined]  # the frozen one
        made.append((await who.call("identity.create_key", name=f"key {number}")).key_id)
    with pytest.raises(RequestInvalid):
        await who.call("knowledge.search", query="")
    await house.audit.flush()
    await house.sealer.catch_up()
    return made


async def exported(who: Client, **values: Any) -> list[AuditPiece]:
    answer = await who.answer("observability.export_entries", **values)
    return [piece async for piece in answer.value]


async def test_entries_are_found_newest_first_by_every_filter(house: House, admin: Client) -> None:
    begun = house.clock.now_ms()
    made = await filled(house, admin)
    page = await admin.call("observability.search_entries", operation="identity.create_key", limit=2)
    assert [entry.target for entry in page.entries] == [made[4], made[3]]
    assert page.entries[0].place is not None
    assert not page.entries[0].erased
    after = await admin.call(
        "observability.search_entries", operation="identity.create_key", limit=3, before=page.next
    )
    assert [entry.target for entry in after.entries] == made[2::-1]
    assert after.next == ""
    entry = page.entries[1]
    for name in ("subject", "operation", "target", "request_id", "door", "outcome"):
        found = await admin.call("observability.search_entries", **{name: getattr(entry, name)})
        assert entry in found.entries
        none = await admin.call("observability.search_entries", **{name: "nothing like this"})
        assert none.entries == []
    refused = await admin.call("observability.search_entries", outcome="RequestInvalid")
    assert [each.operation for each in refused.entries] == ["knowledge.search"]
    third = {"since": str(begun + 3000), "until": str(begun + 4000), "operation": "identity.create_key"}
    found = await admin.call("observability.search_entries", **third)
    assert [each.target for each in found.entries] == [made[2]]


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-11-29T21:00:00", "-5", "1e9", "2026-13-01T00:00:00Z", "٣"]
)
async def test_a_time_that_cannot_be_read_is_refused(admin: Client, moment: str) -> None:
    for name in ("since", "until"):
        with pytest.raises((RequestInvalid, MomentUnreadable)):
            await admin.call("observability.search_entries", **{name: moment})
        with pytest.raises((RequestInvalid, MomentUnreadable)):
            await exported(admin, **{name: moment})


async def test_times_may_be_written_with_their_offset(house: House, admin: Client) -> None:
    await filled(house, admin, 1)
    for since, there in (("2020-01-01T00:00:00+02:00", True), ("2100-01-01t00:00:00z", False)):
        page = await admin.call("observability.search_entries", since=since)
        assert bool(page.entries) is there


@pytest.mark.parametrize("before", ["x", "1", "1.", ".1", "1.2.3", "99999999999999999.1", "-1.2"])
async def test_a_cursor_that_is_none_is_refused(admin: Client, before: str) -> None:
    with pytest.raises(RequestInvalid):
        await admin.call("observability.search_entries", before=before)


@pytest.mark.parametrize(
    ("operation", "values"),
    [
        ("search_entries", {"limit": 501}),
        ("search_entries", {"limit": 0}),
        ("search_entries", {"subject": "x" * 501}),
        ("verify_chain", {"after": -1}),
        ("verify_chain", {"limit": 1_000_001}),
        ("list_checkpoints", {"limit": 501}),
        ("search_entries", {"color": "red"}),
    ],
)
async def test_limits(admin: Client, operation: str, values: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        await admin.call(f"observability.{operation}", **values)


async def test_only_who_may_read_the_audit_does(house: House, admin: Client) -> None:
    for role in ("developer", "user"):
        key = await admin.call("identity.create_key", name=role, role=role)
        who = client(house, key.key)
        for operation in ("search_entries", "verify_chain", "list_checkpoints", "export_entries"):
            with pytest.raises(PermissionMissing):
                await who.call(f"observability.{operation}")


async def test_a_refusal_is_audited(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="a reader", role="user")
    with pytest.raises(PermissionMissing):
        await client(house, made.key).call("identity.create_tenant", name="mine")
    await house.audit.flush()
    found = await admin.call("observability.search_entries", outcome="PermissionMissing")
    assert [(each.subject, each.operation) for each in found.entries] == [
        (made.key_id, "identity.create_tenant")
    ]


async def test_another_tenants_entries_are_never_seen(house: House, admin: Client) -> None:
    other = await tenant_client(house, "Harbour")
    await filled(house, admin)
    await filled(house, other, 3)
    mine = await admin.call("identity.whoami")
    theirs = await other.call("identity.whoami")
    await house.audit.flush()
    await house.sealer.catch_up()
    for who, subject, stranger in ((admin, mine, theirs), (other, theirs, mine)):
        page = await who.call("observability.search_entries", limit=500)
        assert {entry.subject for entry in page.entries} <= {subject.subject, "house:start"}
        found = await who.call("observability.search_entries", subject=stranger.subject)
        assert found.entries == []
        pieces = await exported(who)
        assert {entry.subject for piece in pieces for entry in piece.entries} == {subject.subject}
        assert pieces[0].begin.tenant_id == subject.tenant_id  # type: ignore[union-attr]  # the first begins it
        checkpoints = await who.call("observability.list_checkpoints", limit=500)
        assert checkpoints.tenant_id == subject.tenant_id
        verified = await who.call("observability.verify_chain")
        sql = "SELECT count(*) AS n FROM audit WHERE tenant_id = :tenant AND sealed = 1"
        rows = await house.engines.database.fetch(SYSTEM, sql, {"tenant": subject.tenant_id})
        assert (verified.whole, verified.checked) == (True, rows[0]["n"])


async def test_the_chain_is_checked_and_the_first_wrong_entry_named(house: House, admin: Client) -> None:
    await filled(house, admin)
    good = await admin.call("observability.verify_chain")
    assert (good.whole, good.finding, good.next, good.unsigned) == (True, "", None, 0)
    part = await admin.call("observability.verify_chain", limit=2)
    assert (part.whole, part.checked, part.next) == (True, 2, 2)
    rows = await house.engines.database.fetch(SYSTEM, "SELECT seq FROM audit_links WHERE place = 3")
    async with house.engines.database.unit(SYSTEM) as unit:
        await unit.update("audit", {"outcome": "Forbidden"}, {"seq": rows[0]["seq"]})
    bad = await admin.call("observability.verify_chain")
    assert (bad.whole, bad.wrong_place, bad.checked) == (False, 3, 2)
    assert bad.finding == "Entry 3 was changed: it is not what was sealed."


async def written(folder: Path, pieces: list[AuditPiece]) -> Path:
    path = folder / "audit.jsonl"
    path.write_text("".join(audits.line_of(piece) for piece in pieces))
    return path


def silent(_done: int) -> None:
    return


async def test_an_export_is_checked_elsewhere(house: House, admin: Client, tmp_path: Path) -> None:
    await filled(house, admin, 120)
    subject = (await admin.call("identity.whoami")).subject
    await filled(house, admin, 3)
    tenant = (await admin.call("identity.whoami")).tenant_id
    assert await house.eraser.erase(tenant, subject) > 120
    await house.audit.flush()
    await house.sealer.catch_up()
    pieces = await exported(admin)
    path = await written(tmp_path, pieces)
    anchors = await admin.call("observability.list_checkpoints", limit=1)
    checked = check_file(path, anchors.public_key, anchors, silent)
    assert (checked.finding, checked.unsigned, checked.anchored) == ("", 0, True)
    assert checked.checked == pieces[-1].end.entries > 120  # type: ignore[union-attr]  # the last piece ends it
    text = path.read_text()
    lines = text.splitlines(keepends=True)
    for old, new, words in (
        ("identity.create_key", "identity.revoke_key", "was changed"),
        ('"place": ', '"plaice": ', "no piece"),
        ('"link": "', '"link": "x', "not hexadecimal"),
        (lines[-1], "", "complete"),
        (lines[1], "", "missing"),
    ):
        assert old in text
        broken = tmp_path / "broken.jsonl"
        broken.write_text(text.replace(old, new, 1))
        assert words in check_file(broken, None, None, silent).finding


async def test_an_export_of_a_time_has_what_surrounds_it(house: House, admin: Client, tmp_path: Path) -> None:
    for _ in range(3):
        await filled(house, admin, 4)
        house.clock.move(1000)  # type: ignore[attr-defined]  # the frozen one
    page = await admin.call("observability.search_entries", operation="identity.create_key", limit=500)
    middle = sorted(page.entries, key=lambda entry: entry.at_ms)[4:8]
    pieces = await exported(admin, since=str(middle[0].at_ms), until=str(middle[-1].at_ms + 1))
    inside = [entry.seq for piece in pieces for entry in piece.entries]
    assert {entry.seq for entry in middle} <= set(inside)
    assert len(inside) < len(page.entries)
    checked = check_file(await written(tmp_path, pieces), None, None, silent)
    assert (checked.finding, checked.unsigned, checked.checked) == ("", 0, len(inside))
    nothing = await exported(admin, since="2100-01-01T00:00:00Z")
    assert [len(piece.entries) for piece in nothing] == [0, 0]


async def test_checkpoints_are_listed_newest_first(house: House, admin: Client) -> None:
    for _ in range(3):
        await filled(house, admin, 1)
    found = await admin.call("observability.list_checkpoints", limit=2)
    assert [each.number for each in found.checkpoints] == [3, 2]
    older = await admin.call("observability.list_checkpoints", before=2)
    assert [each.number for each in older.checkpoints] == [1]
    assert {each.key_id for each in found.checkpoints} == {found.key_id}


async def test_two_houses_on_one_database_seal_together(tmp_path: Path, where: dict[str, str]) -> None:
    """Two processes' worth: each with its own engines and sealer, on one database and one key."""
    services = ("identity", "jobs", "observability")
    async with AsyncExitStack() as stack:
        houses = [
            await stack.enter_async_context(opened_house(tmp_path / "data", only=services, **where))
            for _ in range(2)
        ]

        async def write(house: House) -> None:
            for number in range(25):
                await client(house).call("identity.create_key", name=f"k {number}")

        await asyncio.gather(*(write(house) for house in houses))
        for _ in range(200):
            verified = await client(houses[0]).call("observability.verify_chain")
            assert verified.whole, verified.finding
            if verified.checked >= 50 and not verified.waiting:
                break
            await asyncio.sleep(0.05)
        assert verified.checked >= 50
