"""What tenants and keys used, through the front door."""

from pathlib import Path

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import PermissionMissing, RateLimited
from mainstay.kernel.interface import Upload
from mainstay.kernel.operating import OperatorNeeded
from mainstay.services.gateway.records import DaysInvalid, TenantUnknown, UsageCounts, UsageReport
from mainstay.services.jobs.interface import JobMissing
from makers import Client, FrozenClock, client, opened_house, tenant_client

HOUR_S = 3600.0
_UNTIL = {"since": "2026-09-01", "until": "2026-10-01"}


async def reported(house: House, who: Client, **values: object) -> UsageReport:
    await house.counting.go()
    report: UsageReport = await who.call("gateway.get_usage", **{**_UNTIL, **values})
    return report


def counts(report: UsageReport, **of: str) -> UsageCounts:
    (line,) = [
        line for line in report.lines if all(getattr(line, name) == value for name, value in of.items())
    ]
    return UsageCounts(**{name: getattr(line, name) for name in UsageCounts.model_fields})


async def used(house: House, name: str = "Ferry") -> tuple[Client, Client, str]:
    """Make a tenant whose one key asks, is refused and fails; give its administrator, the key and its id."""
    admin = await tenant_client(house, name)
    made = await admin.call("identity.create_key", name="website", limit_per_minute=4)
    key = client(house, made.key)
    for _ in range(2):
        await key.call("identity.whoami")
    with pytest.raises(PermissionMissing):
        await key.call("identity.list_keys")
    with pytest.raises(JobMissing):
        await key.call("jobs.get_job", job_id="none")
    with pytest.raises(RateLimited):
        await key.call("identity.whoami")
    return admin, key, made.key_id


async def test_requests_are_counted_by_key_and_operation(house: House, clock: FrozenClock) -> None:
    admin, _, key_id = await used(house)
    report = await reported(house, admin, split="both")
    assert counts(report, key_id=key_id, operation="identity.whoami") == UsageCounts(
        requests=3, refused=1, failed=0, writes=0, tokens=0
    )
    assert counts(report, key_id=key_id, operation="identity.list_keys").failed == 1
    assert counts(report, key_id=key_id, operation="jobs.get_job").failed == 1
    assert counts(report, operation="identity.create_key").writes == 1
    by_key = await reported(house, admin, split="key", key_id=key_id)
    assert [(line.key_id, line.operation, line.requests) for line in by_key.lines] == [(key_id, None, 5)]
    assert by_key.totals.requests == 5
    only = await reported(house, admin, key_id=key_id, operation="jobs.get_job")
    assert (only.totals.requests, only.totals.failed, only.lines[0].key_id) == (1, 1, None)


async def test_lines_are_hours_or_days_of_utc(house: House, clock: FrozenClock) -> None:
    admin = await tenant_client(house, "Ferry")
    clock.ms = 1_790_027_940_000  # 2026-09-21, 21:19 UTC
    for _ in range(4):
        await admin.call("identity.whoami")
        clock.move(HOUR_S)
    clock.move(-HOUR_S)
    hours = await reported(house, admin, by="hour", operation="identity.whoami")
    assert [(line.begins_at, line.requests) for line in hours.lines] == [
        ("2026-09-21T21:00:00Z", 1),
        ("2026-09-21T22:00:00Z", 1),
        ("2026-09-21T23:00:00Z", 1),
        ("2026-09-22T00:00:00Z", 1),
    ]
    days = await reported(house, admin, operation="identity.whoami")
    assert [(line.begins_at[:10], line.requests) for line in days.lines] == [
        ("2026-09-21", 3),
        ("2026-09-22", 1),
    ]
    assert (
        await reported(house, admin, operation="identity.whoami", until="2026-09-22")
    ).totals.requests == 3


async def test_pages_follow_each_other(house: House, clock: FrozenClock) -> None:
    admin, _, _ = await used(house)
    whole = (await reported(house, admin, split="both")).lines
    pages, after = [], ""
    while True:
        page = await admin.call("gateway.get_usage", **_UNTIL, split="both", limit=1, after=after)
        pages += page.lines
        after = page.next
        if not after:
            break
    assert pages == whole
    assert len(pages) == 4


async def test_a_tenant_sees_its_own_and_the_operator_each(house: House) -> None:
    admin, key, _ = await used(house)
    other = await tenant_client(house, "Barge")
    tenant_id = (await admin.call("identity.whoami")).tenant_id
    mine = await reported(house, admin)
    assert mine.tenant_id == tenant_id
    assert (await reported(house, other)).totals.requests < mine.totals.requests
    asked = {**_UNTIL, "operation": "jobs.get_job"}
    seen = await client(house).call("gateway.get_tenant_usage", tenant_id=tenant_id, **asked)
    assert seen == await admin.call("gateway.get_usage", **asked)
    assert seen.totals.failed == 1
    with pytest.raises(OperatorNeeded):
        await other.call("gateway.get_tenant_usage", tenant_id=tenant_id)
    with pytest.raises(TenantUnknown):
        await client(house).call("gateway.get_tenant_usage", tenant_id="tenant_none")
    with pytest.raises(RateLimited):
        await key.call("gateway.get_usage")


async def test_without_days_it_is_the_last_thirty(house: House, clock: FrozenClock) -> None:
    admin = await tenant_client(house, "Ferry")
    report = await admin.call("gateway.get_usage")
    assert (report.since, report.until) == ("2026-08-23", "2026-09-22")
    for days in ({"since": "2026-09-22", "until": "2026-09-22"}, {"since": "2026-02-30"}):
        with pytest.raises(DaysInvalid):
            await admin.call("gateway.get_usage", **days)


async def test_tokens_and_what_is_stored_are_told(house: House) -> None:
    admin = await tenant_client(house, "Ferry")
    text = "Keys are shown once. Make a new one to rotate a key."
    await admin.call("knowledge.add_document", collection="c", doc_id="d", text=text, wait=True)
    await client(house).call("knowledge.search", query="what every first search needs")
    await admin.call("knowledge.search", query="rotate a key")
    await house.counting.go()
    await house.stocktaking.go()
    report = await reported(house, admin, split="both")
    assert counts(report, operation="knowledge.search").tokens == 3
    assert counts(report, operation="knowledge.encode_documents") == UsageCounts(
        requests=0, refused=0, failed=0, writes=0, tokens=12
    )
    (stored,) = report.stored
    assert (stored.day, stored.documents) == ("2026-09-21", 1)
    assert len(text) <= stored.bytes < len(text) + 200  # as it is sealed
    await admin.call("knowledge.delete_document", doc_id="d")
    await house.counting.go()
    await house.stocktaking.go()
    (gone,) = (await reported(house, admin)).stored
    assert (gone.documents, gone.bytes) == (0, 0)


async def test_files_count_as_stored(house: House) -> None:
    admin = await tenant_client(house, "Ferry")
    content = b"A note about the ferry. " * 100
    file = Upload("note.txt", "text/plain", content)
    await admin.call("knowledge.upload_document", file=file, collection="c", wait=True)
    await house.counting.go()
    await house.stocktaking.go()
    (stored,) = (await reported(house, admin)).stored
    assert stored.bytes >= 2 * len(content) - 1  # the file, and its text


async def test_what_was_counted_is_there_after_a_stop(tmp_path: Path, where: dict[str, str]) -> None:
    clock = FrozenClock()
    for _ in range(2):
        async with opened_house(tmp_path / "again", clock=clock, **where) as house:
            for _ in range(3):
                await client(house).call("identity.whoami")
    async with opened_house(tmp_path / "again", clock=clock, **where) as house:
        report = await reported(house, client(house), operation="identity.whoami")
    assert report.totals.requests == 6
