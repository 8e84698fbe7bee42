"""Quotas and budgets of single keys, set by administrators of the tenant."""

from pathlib import Path

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import PermissionMissing, QuotaUsedUp
from mainstay.services.gateway.records import KeyBeyond, KeyUnknown
from makers import Client, FrozenClock, client, opened_house, tenant_client


async def two(house: House) -> tuple[Client, Client, str]:
    """Give an administrator, and a program with its key's id."""
    who = await tenant_client(house, "Ferry")
    made = await who.call("identity.create_key", name="import", role="developer")
    return who, client(house, made.key), made.key_id


async def test_a_key_has_as_many_requests_as_it_may_and_others_go_on(
    house: House, clock: FrozenClock
) -> None:
    who, program, key_id = await two(house)
    await program.call("jobs.list_jobs")
    told = await who.call("gateway.replace_key_quotas", key_id=key_id, requests_per_day=3)
    assert [(line.name, line.most, line.used) for line in told.quotas] == [("requests_per_day", 3, 1)]
    for _ in range(2):
        await program.call("jobs.list_jobs")
    assert program.headers["Quota"].startswith('"requests_per_day";q=3;r=0;')
    with pytest.raises(QuotaUsedUp, match="requests_per_day of this key is 3, and 3 are used"):
        await program.call("jobs.list_jobs")
    await who.call("jobs.list_jobs")
    assert (await program.call("gateway.get_limits")).key_quotas[0].left == 0
    clock.move(24 * 3600)
    await program.call("jobs.list_jobs")


async def test_what_was_used_before_a_stop_counts(tmp_path: Path, where: dict[str, str]) -> None:
    clock = FrozenClock()
    async with opened_house(tmp_path / "again", clock=clock, **where) as house:
        who, program, key_id = await two(house)
        for _ in range(2):
            await program.call("jobs.list_jobs")
    async with opened_house(tmp_path / "again", clock=clock, **where) as house:
        told = await client(house, who.key).call(
            "gateway.replace_key_quotas", key_id=key_id, requests_per_month=3
        )
        assert told.quotas[0].used == 2
        again = client(house, program.key)
        await again.call("jobs.list_jobs")
        await house.counting.go()
        with pytest.raises(QuotaUsedUp):
            await again.call("jobs.list_jobs")


async def test_tokens_of_a_key_have_quotas(house: House) -> None:
    who, program, key_id = await two(house)
    await who.call("knowledge.search", query="tokens of another key are its own")
    await who.call("gateway.replace_key_quotas", key_id=key_id, tokens_per_day=5)
    await program.call("knowledge.search", query="one two three four five")
    with pytest.raises(QuotaUsedUp, match="tokens_per_day of this key is 5, and 5 are used"):
        await program.call("knowledge.search", query="one")
    await who.call("knowledge.search", query="one")


async def test_a_keys_budget_is_told_and_refuses_nothing(house: House) -> None:
    who, program, key_id = await two(house)
    await who.call("gateway.replace_key_quotas", key_id=key_id, requests_per_day=1, soft=True)
    for _ in range(3):
        await program.call("jobs.list_jobs")
    assert program.headers["Quota"].startswith('"requests_per_day";q=1;r=0;')
    told = await who.call("gateway.get_key_quotas", key_id=key_id)
    assert (told.soft, told.quotas[0].used) == (True, 3)
    await who.call("gateway.replace_key_quotas", key_id=key_id)
    await program.call("jobs.list_jobs")
    assert "Quota" not in program.headers


async def test_nobody_sets_the_quotas_of_his_own_key_or_of_a_stronger_one(house: House) -> None:
    who, program, _ = await two(house)
    mine = (await who.call("identity.whoami")).subject
    made = await who.call("identity.create_key", name="keys", scopes=["keys:read", "keys:write"])
    keeper = client(house, made.key)
    with pytest.raises(KeyBeyond):
        await who.call("gateway.replace_key_quotas", key_id=mine, requests_per_day=1)
    with pytest.raises(KeyBeyond):
        await keeper.call("gateway.replace_key_quotas", key_id=mine, requests_per_day=0)
    with pytest.raises(PermissionMissing):
        await program.call("gateway.replace_key_quotas", key_id=mine, requests_per_day=0)
    for name in ("get_key_quotas", "replace_key_quotas"):
        with pytest.raises(KeyUnknown):
            await client(house).call(f"gateway.{name}", key_id=mine)  # of another tenant
