"""Whoever guesses at a tenant's door pays himself: it loses no quota, and sees a flood as a count."""

from collections import Counter

import pytest

from mainstay.app.house import House
from mainstay.kernel.gathering import ROWS_EACH
from mainstay.kernel.guard import NOBODYS
from mainstay.ports.database import SYSTEM
from mainstay.services.people.failures import SignInSlowed, SignInWrong
from makers import Client, FrozenClock, Mailbox, client, tenant_client
from services.people.joining import PHRASE, from_address, joined

ADA = "ada@example.com"
GUESSES = 40
STRANGER = "198.51.100.7"


@pytest.fixture
async def victim(house: House, mails: Mailbox) -> Client:
    """Give the administrator of a tenant that Ada is a member of."""
    admin = await tenant_client(house, "Harbour")
    await joined(house, admin, mails)
    return admin


async def tenant_of(admin: Client) -> str:
    return str((await admin.call("identity.whoami")).tenant_id)


async def guessed(house: House) -> Counter[str]:
    """Guess Ada's password from one address, past where it is slowed; give how often each outcome came."""
    outcomes: Counter[str] = Counter()
    for number in range(GUESSES):
        try:
            await from_address(house, STRANGER, "people.sign_in", email=ADA, password=f"guess {number}")
        except (SignInWrong, SignInSlowed) as failure:
            outcomes[failure.code()] += 1
    assert min(outcomes["SignInWrong"], outcomes["SignInSlowed"]) > ROWS_EACH
    return outcomes


async def test_guesses_use_up_nobodys_quota(house: House, victim: Client, clock: FrozenClock) -> None:
    quotas = {"tenant_id": await tenant_of(victim), "requests_per_month": GUESSES // 2}
    await client(house).call("gateway.replace_tenant_quotas", **quotas)
    await guessed(house)
    clock.move(24 * 3600)  # the day that is over is known by what was written of it
    await house.counting.go()
    await victim.call("jobs.list_jobs")
    (line,) = (await victim.call("gateway.get_quotas")).quotas
    assert line.used < 10


async def test_who_signs_in_is_counted_without_address_or_tenant(house: House, victim: Client) -> None:
    await guessed(house)
    await from_address(house, "192.0.2.1", "people.sign_in", email=ADA, password=PHRASE)
    await house.counting.go()
    rows = await house.engines.database.fetch(
        SYSTEM,
        "SELECT tenant_id, subject, requests, failed, writes FROM usage"
        " WHERE span = 'day' AND operation = 'people.sign_in'",
    )
    assert [tuple(row.values()) for row in rows] == [(NOBODYS, "", GUESSES + 1, GUESSES, 1)]


async def test_a_flood_of_guesses_is_a_few_entries_and_a_count(
    house: House, victim: Client, clock: FrozenClock
) -> None:
    outcomes = await guessed(house)
    clock.move(60)
    await house.audit.flush()
    for outcome, times in outcomes.items():
        asked = {"operation": "people.sign_in", "outcome": outcome}
        entries = (await victim.call("observability.search_entries", **asked)).entries
        assert {each.subject for each in entries} == {f"stranger:{STRANGER}/32"}
        told = [each.target for each in reversed(entries)]
        assert told[ROWS_EACH:] == [f"{times - ROWS_EACH} like this within a minute"]
        assert all(target.startswith("user_") for target in told[:ROWS_EACH])
