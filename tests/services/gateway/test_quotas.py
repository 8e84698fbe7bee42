"""What tenants may use: exact within a process, told before it ends, renewed by the calendar."""

from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import PermissionMissing, QuotaUsedUp, RateLimited
from mainstay.kernel.interface import Upload
from mainstay.kernel.operating import OperatorNeeded
from mainstay.kernel.room import QuotaFull
from mainstay.services.gateway.records import OperationUnknown, TenantQuotas, TenantUnknown
from makers import Client, FrozenClock, client, opened_house, tenant_client

DAY_S = 24 * 3600.0


async def limited(house: House, **quotas: Any) -> tuple[Client, str]:
    """Make a tenant with quotas; give its administrator and its id."""
    who = await tenant_client(house, "Ferry")
    tenants = await client(house).call("identity.list_tenants")
    (tenant_id,) = [each.tenant_id for each in tenants if each.name == "Ferry"]
    await client(house).call("gateway.replace_tenant_quotas", tenant_id=tenant_id, **quotas)
    return who, tenant_id


async def told(who: Client) -> dict[str, tuple[int, int, int]]:
    found: TenantQuotas = await who.call("gateway.get_quotas")
    return {line.name: (line.most, line.used, line.left) for line in found.quotas}


async def noticed(house: House, tenant_id: str) -> list[Any]:
    await house.audit.flush()
    rows = await house.engines.database.fetch(
        tenant_id, "SELECT target FROM audit WHERE operation = 'quotas.notice' ORDER BY seq"
    )
    return [row["target"] for row in rows]


async def test_a_day_has_as_many_requests_as_it_may(house: House, clock: FrozenClock) -> None:
    who, _ = await limited(house, requests_per_day=5)
    for _ in range(5):
        await who.call("jobs.list_jobs")
    with pytest.raises(QuotaUsedUp) as refused:
        await who.call("jobs.list_jobs")
    assert "requests_per_day of your tenant is 5, and 5 are used" in refused.value.detail
    assert "2026-09-22T00:00:00Z" in refused.value.detail
    assert refused.value.retry_after_s == (1_790_035_200_000 - clock.ms) / 1000
    assert await told(who) == {"requests_per_day": (5, 6, 0)}  # what asks for quotas is let in, and counts
    clock.ms = 1_790_035_199_999
    with pytest.raises(QuotaUsedUp):
        await who.call("jobs.list_jobs")
    clock.ms += 1
    await who.call("jobs.list_jobs")


async def test_months_go_on_over_days_and_end_with_the_calendar(house: House, clock: FrozenClock) -> None:
    who, _ = await limited(house, requests_per_month=4)
    for _ in range(4):
        await who.call("jobs.list_jobs")
        await house.counting.go()
        clock.move(DAY_S)
    with pytest.raises(QuotaUsedUp, match="2026-10-01T00:00:00Z"):
        await who.call("jobs.list_jobs")
    clock.ms = 1_790_812_800_000  # 1 October, midnight
    await who.call("jobs.list_jobs")


async def test_whatever_was_used_before_a_stop_counts(tmp_path: Path, where: dict[str, str]) -> None:
    clock = FrozenClock()
    async with opened_house(tmp_path / "again", clock=clock, **where) as house:
        who, _ = await limited(house, requests_per_day=3)
        for _ in range(2):
            await who.call("jobs.list_jobs")
    async with opened_house(tmp_path / "again", clock=clock, **where) as house:
        again = client(house, who.key)
        await again.call("jobs.list_jobs")
        with pytest.raises(QuotaUsedUp):
            await again.call("jobs.list_jobs")


async def test_what_other_processes_let_in_is_seen_in_the_next_round(
    tmp_path: Path, house_postgres: str
) -> None:
    given = {"clock": FrozenClock(), "database": house_postgres, "admin_key": "x" * 32}
    async with opened_house(tmp_path, **given) as one:
        who = client(one, "x" * 32)
        me = await who.call("identity.whoami")
        await who.call("gateway.replace_tenant_quotas", tenant_id=me.tenant_id, requests_per_day=8)
        async with opened_house(tmp_path, **given, only="identity,gateway,jobs") as other:
            there = client(other, "x" * 32)
            for _ in range(4):
                await there.call("jobs.list_jobs")
            assert (await told(who))["requests_per_day"][1] == 3
            for house in (one, other, one):
                await house.counting.go()
            assert (await told(who))["requests_per_day"][1] == 8
            with pytest.raises(QuotaUsedUp):
                await who.call("jobs.list_jobs")
            for house in (one, other):
                await house.counting.go()
            with pytest.raises(QuotaUsedUp):
                await there.call("jobs.list_jobs")


async def test_tokens_have_quotas(house: House) -> None:
    who, _ = await limited(house, tokens_per_day=10)
    await client(house).call("knowledge.search", query="what every first search needs")
    for _ in range(2):
        await who.call("knowledge.search", query="one two three four five")
    with pytest.raises(QuotaUsedUp, match="tokens_per_day of your tenant is 10, and 10 are used"):
        await who.call("knowledge.search", query="one")


async def test_four_fifths_and_all_are_told(house: House, clock: FrozenClock) -> None:
    who, tenant_id = await limited(house, requests_per_day=10, tokens_per_month=1_000)
    for _ in range(7):
        await who.call("jobs.list_jobs")
        assert "Quota" not in who.headers
    await who.call("jobs.list_jobs")
    wait_s = (1_790_035_200_000 - clock.ms) // 1000
    assert who.headers["Quota"] == f'"requests_per_day";q=10;r=2;t={wait_s}'
    assert await noticed(house, tenant_id) == ["requests_per_day: 80 % of 10"]


async def test_each_edge_is_told_once(house: House) -> None:
    who, tenant_id = await limited(house, requests_per_day=5)
    for _ in range(5):
        await who.call("jobs.list_jobs")
        await house.counting.go()
    with pytest.raises(QuotaUsedUp):
        await who.call("jobs.list_jobs")
    assert await noticed(house, tenant_id) == ["requests_per_day: 80 % of 5", "requests_per_day: 100 % of 5"]


async def test_budgets_are_told_and_refuse_nothing(house: House) -> None:
    who, _ = await limited(house, requests_per_day=2, documents=0, soft=True)
    for _ in range(4):
        await who.call("jobs.list_jobs")
    assert who.headers["Quota"].startswith('"requests_per_day";q=2;r=0;')
    await who.call("knowledge.add_document", collection="c", text="Let in.", wait=True)
    assert (await who.call("gateway.get_quotas")).soft


async def test_documents_are_refused_before_they_are_stored(house: House) -> None:
    who, _ = await limited(house, documents=2)
    add = "knowledge.add_document"
    await who.call(add, collection="c", doc_id="a", text="One.")
    await who.call(add, collection="c", doc_id="b", text="Two.", wait=True)
    with pytest.raises(QuotaFull, match="documents of your tenant is 2; 2 are used, this takes 1 more"):
        await who.call(add, collection="c", text="Three.")
    file = Upload("note.txt", "text/plain", b"Three.")
    with pytest.raises(QuotaFull):
        await who.call("knowledge.upload_document", file=file, collection="new")
    assert [each.name for each in await who.call("knowledge.list_collections")] == ["c"]
    batch = [{"doc_id": "a", "text": "One."}, {"text": "Four."}]
    with pytest.raises(QuotaFull):
        await who.call("knowledge.add_documents", collection="c", documents=batch)
    await who.call(add, collection="c", doc_id="a", text="One, changed.", wait=True)  # takes no more
    await who.call("knowledge.delete_document", doc_id="b")
    await who.call(add, collection="c", doc_id="d", text="There is room again.")


async def test_a_file_that_is_read_for_long_meets_its_quota_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, _ = await limited(house, documents=0)
    parse = house.engines.parser.parse

    async def slowly(*given: Any) -> Any:
        for _ in range(3):  # rounds in which nobody of this tenant asks for anything
            await house.counting.go()
        return await parse(*given)

    monkeypatch.setattr(house.engines.parser, "parse", slowly)
    file = Upload("note.txt", "text/plain", b"Three.")
    with pytest.raises(QuotaFull):
        await who.call("knowledge.upload_document", file=file, collection="c")


async def test_bytes_are_counted_with_files(house: House) -> None:
    who, tenant_id = await limited(house, storage_bytes=1_000)
    content = b"A note about the ferry. " * 20
    file = Upload("note.txt", "text/plain", content)
    await who.call("knowledge.upload_document", file=file, collection="c", doc_id="a", wait=True)
    with pytest.raises(QuotaFull, match="storage_bytes of your tenant is 1,000"):
        await who.call("knowledge.upload_document", file=file, collection="c", doc_id="b")
    await house.stocktaking.go()
    await client(house).call("gateway.replace_tenant_quotas", tenant_id=tenant_id)
    await who.call("knowledge.upload_document", file=file, collection="c", doc_id="b")


async def test_only_the_operator_sets_quotas(house: House) -> None:
    who, tenant_id = await limited(house, requests_per_day=100)
    operator = client(house)
    given = {"tenant_id": tenant_id, "requests_per_day": 10_000}
    with pytest.raises(OperatorNeeded):
        await who.call("gateway.replace_tenant_quotas", **given)
    with pytest.raises(OperatorNeeded):
        await who.call("gateway.get_tenant_quotas", tenant_id=tenant_id)
    with pytest.raises(TenantUnknown):
        await operator.call("gateway.replace_tenant_quotas", tenant_id="tenant_none")
    made = await who.call("identity.create_key", name="user", role="user")
    with pytest.raises(PermissionMissing):
        await client(house, made.key).call("gateway.get_quotas")
    seen = await operator.call("gateway.get_tenant_quotas", tenant_id=tenant_id)
    assert [(line.name, line.most) for line in seen.quotas] == [("requests_per_day", 100)]
    assert await told(await tenant_client(house, "Barge")) == {}


async def test_quotas_that_are_set_answer_with_what_is_used(house: House) -> None:
    who, tenant_id = await limited(house)
    for _ in range(3):
        await who.call("jobs.list_jobs")
    answer = await client(house).call(
        "gateway.replace_tenant_quotas", tenant_id=tenant_id, requests_per_day=10, documents=7
    )
    assert [(line.name, line.used, line.left, line.renews_at) for line in answer.quotas] == [
        ("requests_per_day", 3, 7, "2026-09-22T00:00:00Z"),
        ("documents", 0, 7, None),
    ]


async def test_a_tenant_without_quotas_asks_the_database_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await tenant_client(house, "Ferry")
    fetch, asked = house.engines.database.fetch, []

    async def noting(scope: Any, sql: str, values: Any = None) -> Any:
        if "quotas" in sql:
            asked.append(sql)
        return await fetch(scope, sql, values)

    monkeypatch.setattr(house.engines.database, "fetch", noting)
    for _ in range(5):
        await who.call("jobs.list_jobs")
    assert len(asked) == 1


async def test_an_operation_has_a_limit_of_its_own(house: House, clock: FrozenClock) -> None:
    who, tenant_id = await limited(house, operations_per_minute={"jobs.list_jobs": 2}, requests_per_day=50)
    made = await who.call("identity.create_key", name="another")
    another = client(house, made.key)
    await who.call("jobs.list_jobs")
    await another.call("jobs.list_jobs")
    assert another.headers["RateLimit"].startswith('"operation";r=0;')
    with pytest.raises(RateLimited, match=r"ask for jobs.list_jobs 2 times a minute"):
        await who.call("jobs.list_jobs")
    for _ in range(5):
        await who.call("identity.list_keys")
    assert (await told(who))["requests_per_day"][1] == 9  # what a limit refused is not used
    clock.move(61)
    await who.call("jobs.list_jobs")
    answer = await client(house).call("gateway.replace_tenant_quotas", tenant_id=tenant_id)
    assert (answer.operations_per_minute, answer.quotas) == ({}, [])
    for _ in range(3):
        await who.call("jobs.list_jobs")


async def test_only_operations_that_there_are_can_be_limited(house: House) -> None:
    _, tenant_id = await limited(house)
    for name in ("knowledge.guess", "identity.whoami"):
        with pytest.raises(OperationUnknown, match=name):
            await client(house).call(
                "gateway.replace_tenant_quotas", tenant_id=tenant_id, operations_per_minute={name: 5}
            )
