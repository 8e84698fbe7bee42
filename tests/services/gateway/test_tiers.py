"""Tiers: what their tenants may use, at once, with each tenant's own settings below."""

from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import QuotaUsedUp, RateLimited
from mainstay.kernel.operating import OperatorNeeded
from mainstay.services.gateway.records import AboveTier, TierInUse, TierUnknown
from mainstay.services.identity.failures import KeyMayTooMuch
from makers import Client, FrozenClock, client, opened_house, tenant_client


async def placed(house: House, tier: str = "", **limits: Any) -> tuple[Client, Client, str]:
    """Make a tenant, and a tier that it is put on; give the operator, its administrator and its id."""
    operator, who = client(house), await tenant_client(house, "Ferry")
    tenants = await operator.call("identity.list_tenants")
    (tenant_id,) = [each.tenant_id for each in tenants if each.name == "Ferry"]
    if tier:
        await operator.call("gateway.replace_tier", tier=tier, **limits)
        await operator.call("gateway.set_tenant_tier", tenant_id=tenant_id, tier=tier)
    return operator, who, tenant_id


async def test_a_tier_holds_from_the_next_request_on(house: House, clock: FrozenClock) -> None:
    operator, who, tenant_id = await placed(house)
    await who.call("jobs.list_jobs")
    assert who.headers["RateLimit-Policy"] == '"minute";q=1000;w=60'
    await operator.call("gateway.replace_tier", tier="small", key_per_minute=3, tenant_per_minute=5)
    told = await operator.call("gateway.set_tenant_tier", tenant_id=tenant_id, tier="small")
    assert told.tier == "small"
    await who.call("jobs.list_jobs")
    assert who.headers["RateLimit-Policy"] == '"minute";q=3;w=60, "tenant";q=5;w=60'
    await who.call("jobs.list_jobs")
    with pytest.raises(RateLimited, match="may send 3 requests a minute"):
        await who.call("jobs.list_jobs")
    clock.move(61)
    await operator.call("gateway.replace_tier", tier="small", key_per_minute=8)
    me = await who.call("identity.whoami")
    assert (me.limit_per_minute, me.tenant_limit_per_minute) == (8, 0)
    await operator.call("gateway.set_tenant_tier", tenant_id=tenant_id, tier="default")
    assert (await who.call("identity.whoami")).limit_per_minute == 1000


async def test_a_key_has_its_own_limit_up_to_its_tiers(house: House) -> None:
    _, who, _ = await placed(house, "large", key_per_minute=5_000)
    assert (await who.call("identity.whoami")).limit_per_minute == 5_000
    made = await who.call("identity.create_key", name="slow", limit_per_minute=20)
    assert (await client(house, made.key).call("identity.whoami")).limit_per_minute == 20
    with pytest.raises(KeyMayTooMuch, match="5000 requests a minute at most"):
        await who.call("identity.create_key", name="fast", limit_per_minute=5_001)


async def test_a_key_that_was_given_more_has_what_its_tier_says(house: House) -> None:
    operator, who, tenant_id = await placed(house)
    made = await who.call("identity.create_key", name="fast", limit_per_minute=900)
    await operator.call("gateway.replace_tier", tier="small", key_per_minute=200)
    await operator.call("gateway.set_tenant_tier", tenant_id=tenant_id, tier="small")
    assert (await client(house, made.key).call("identity.whoami")).limit_per_minute == 200


async def test_people_may_have_another_limit_than_keys(house: House) -> None:
    _, who, tenant_id = await placed(house, "small", key_per_minute=50, user_per_minute=7)
    found = await house.quotas.terms_of(tenant_id)
    me = await who.call("identity.whoami")
    assert me.limit_per_minute == 50
    known = await house.recognisers.find(tenant_id, me.subject)
    person = type(known)(**{**vars(known), "subject": "user_01k9z6q7h8e4v5c3x2b1n0m9a8", "own_limit": False})
    assert found.fitted(person).limit_per_minute == 7


async def test_own_quotas_are_below_the_tiers(house: House) -> None:
    operator, who, tenant_id = await placed(
        house, "small", requests_per_day=10, operations_per_minute={"jobs.list_jobs": 4}
    )
    replace = "gateway.replace_tenant_quotas"
    with pytest.raises(AboveTier, match=r"small allows less: requests_per_day \(10\)"):
        await operator.call(replace, tenant_id=tenant_id, requests_per_day=11)
    with pytest.raises(AboveTier, match=r"jobs\.list_jobs"):
        await operator.call(replace, tenant_id=tenant_id, operations_per_minute={"jobs.list_jobs": 5})
    told = await operator.call(replace, tenant_id=tenant_id, requests_per_day=3, documents=9, soft=True)
    assert [(line.name, line.most) for line in told.quotas] == [("requests_per_day", 3), ("documents", 9)]
    assert not told.soft  # a tier's quotas cannot be made budgets from below
    assert told.operations_per_minute == {"jobs.list_jobs": 4}
    for _ in range(3):
        await who.call("jobs.list_jobs")
    with pytest.raises(QuotaUsedUp):
        await who.call("jobs.list_jobs")
    await operator.call("gateway.replace_tier", tier="small", requests_per_day=2)
    assert [line.most for line in (await who.call("gateway.get_quotas")).quotas] == [2, 9]


async def test_the_default_tier_is_everybodys(house: House) -> None:
    operator, who, tenant_id = await placed(house)
    (found,) = await operator.call("gateway.list_tiers")
    assert (found.tier, found.key_per_minute, found.quotas, found.tenants) == ("default", None, {}, 0)
    await operator.call("gateway.replace_tier", tier="default", key_per_minute=40, requests_per_day=1)
    assert (await who.call("gateway.get_limits")).requests_per_minute == 40
    with pytest.raises(QuotaUsedUp):
        await who.call("jobs.list_jobs")
    await operator.call("gateway.get_tier", tier="default")  # no quota shuts the operator out
    await operator.call("gateway.replace_tier", tier="default")
    await who.call("jobs.list_jobs")
    with pytest.raises(TierInUse):
        await operator.call("gateway.delete_tier", tier="default")
    assert (await operator.call("gateway.get_tenant_quotas", tenant_id=tenant_id)).tier == "default"


async def test_a_tier_goes_when_nobody_is_on_it(house: House) -> None:
    operator, who, tenant_id = await placed(house, "small", key_per_minute=50)
    assert (await operator.call("gateway.get_tier", tier="small")).tenants == 1
    with pytest.raises(TierInUse, match="1 tenants"):
        await operator.call("gateway.delete_tier", tier="small")
    await operator.call("gateway.set_tenant_tier", tenant_id=tenant_id, tier="default")
    await operator.call("gateway.delete_tier", tier="small")
    for name, values in {
        "get_tier": {},
        "delete_tier": {},
        "set_tenant_tier": {"tenant_id": tenant_id},
    }.items():
        with pytest.raises(TierUnknown):
            await operator.call(f"gateway.{name}", tier="small", **values)
    for name in ("list_tiers", "get_tier", "replace_tier", "delete_tier"):
        with pytest.raises(OperatorNeeded):
            await who.call(f"gateway.{name}", **({} if name == "list_tiers" else {"tier": "mine"}))
    with pytest.raises(OperatorNeeded):
        await who.call("gateway.set_tenant_tier", tenant_id=tenant_id, tier="default")


async def test_callers_are_told_what_holds_for_them(house: House) -> None:
    _, who, _ = await placed(
        house, "small", key_per_minute=50, writes_per_minute=9, tenant_per_minute=60, requests_per_month=500
    )
    told = await who.call("gateway.get_limits")
    assert (told.tier, told.requests_per_minute, told.writes_per_minute) == ("small", 50, 9)
    assert told.tenant_requests_per_minute == 60
    assert [(line.name, line.used) for line in told.quotas] == [("requests_per_month", 1)]
    made = await who.call("identity.create_key", name="user", role="user")
    assert (await client(house, made.key).call("gateway.get_limits")).quotas == []


async def test_other_processes_see_it_in_their_next_round(tmp_path: Path, house_postgres: str) -> None:
    given = {"clock": FrozenClock(), "database": house_postgres, "admin_key": "x" * 32}
    async with opened_house(tmp_path, **given) as one:
        who = client(one, "x" * 32)
        tenant_id = (await who.call("identity.whoami")).tenant_id
        async with opened_house(tmp_path, **given, only="identity,gateway,jobs") as other:
            there = client(other, "x" * 32)
            await there.call("jobs.list_jobs")
            await who.call("gateway.replace_tier", tier="small", key_per_minute=77)
            await who.call("gateway.set_tenant_tier", tenant_id=tenant_id, tier="small")
            await other.counting.go()
            await there.call("jobs.list_jobs")
            assert '"minute";q=77;w=60' in there.headers["RateLimit-Policy"]
