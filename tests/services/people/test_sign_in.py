"""Signing in: the right get in, the wrong learn nothing, and nobody locks anybody out."""

import time
from collections.abc import Mapping
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.engines.passwords.argon2 import Argon2Passwords
from mainstay.kernel.caller import Credential
from mainstay.kernel.guard import CredentialsUnknown, TenantSuspended
from mainstay.kit.random import SystemRandom
from mainstay.kit.tokens import is_token
from mainstay.ports.database import SYSTEM
from mainstay.services.people.failures import SignInSlowed, SignInWrong, TenantUnclear
from makers import Client, FrozenClock, Mailbox, client, spoiled, tenant_client
from services.people.joining import OTHER, PHRASE, calm, from_address, invited, joined

ADA = "ada@example.com"
HOME = "192.0.2.1"
ELSEWHERE = "198.51.100.7"
SIGN_IN = "people.sign_in"


async def rows(house: House, sql: str) -> list[Mapping[str, Any]]:
    await house.audit.flush()
    return list(await house.engines.database.fetch(SYSTEM, sql))


async def test_a_session_speaks_for_its_user(house: House, admin: Client, mails: Mailbox) -> None:
    user, _ = await joined(house, admin, mails, role="developer", groups=["staff"])
    begun = await from_address(house, HOME, SIGN_IN, email="ADA@Example.com", password=PHRASE)
    assert is_token("mss_", begun.secret)
    assert begun.user_id == user.id
    me = await client(house, begun.secret).call("identity.whoami")
    assert (me.subject, me.roles, me.groups, me.operator) == (user.id, ["developer"], ["staff"], True)
    found = await house.recognisers.find(begun.tenant_id, user.id)
    assert (found.permissions, found.groups) == (frozenset(me.permissions), frozenset({"staff"}))
    stored = repr([dict(row) for row in await rows(house, "SELECT * FROM sessions")])
    for hidden in (begun.secret, HOME, "ada@"):
        assert hidden not in stored


async def test_each_session_has_a_secret_of_its_own(house: House, admin: Client, mails: Mailbox) -> None:
    _, first = await joined(house, admin, mails)
    begun = [await from_address(house, HOME, SIGN_IN, email=ADA, password=PHRASE) for _ in range(2)]
    assert len({first.key, *(each.secret for each in begun)}) == 3
    planted = "mss_" + "0" * 49
    with pytest.raises(CredentialsUnknown):
        await house.recognisers.recognise(Credential(planted, "test"))
    changed = spoiled(begun[0].secret)
    with pytest.raises(CredentialsUnknown):
        await house.recognisers.recognise(Credential(changed, "test"))


async def test_unknown_and_wrong_are_told_alike(house: House, admin: Client, mails: Mailbox) -> None:
    _, speaking = await joined(house, admin, mails)
    await invited(house, admin, mails, "waiting@example.com")
    gone, _ = await joined(house, admin, mails, "gone@example.com")
    await admin.call("people.deactivate_user", user_id=gone.id)
    told = set()
    for email, password, more in (
        (ADA, "wrong", {}),
        ("nobody@example.com", PHRASE, {}),
        ("waiting@example.com", PHRASE, {}),
        ("gone@example.com", PHRASE, {}),
        (ADA, PHRASE, {"tenant_id": "tenant_none"}),
    ):
        with pytest.raises(SignInWrong) as failure:
            await from_address(house, HOME, SIGN_IN, email=email, password=password, **more)
        told.add((failure.value.detail, str(failure.value.problems)))
    assert len(told) == 1
    await speaking.call("identity.whoami")


@pytest.mark.parametrize(
    "engines", [{"passwords": lambda: Argon2Passwords(SystemRandom())}], indirect=True, ids=["at full cost"]
)
async def test_unknown_and_wrong_take_as_long(house: House, admin: Client, mails: Mailbox) -> None:
    await joined(house, admin, mails)
    took: dict[str, list[float]] = {ADA: [], "nobody@example.com": []}
    for _ in range(8):
        for email, times in took.items():
            begun = time.process_time()  # of all threads: what others do on the machine counts for nothing
            with pytest.raises(SignInWrong):
                await from_address(house, HOME, SIGN_IN, email=email, password="wrong")
            times.append(time.process_time() - begun)
    known, unknown = (min(times) for times in took.values())
    assert 0.5 < known / unknown < 2  # without the dummy hash it is a tenth or less


async def test_attempts_are_audited_where_they_were_aimed(
    house: House, admin: Client, mails: Mailbox
) -> None:
    user, _ = await joined(house, admin, mails)
    tenant = (await admin.call("identity.whoami")).tenant_id
    for email, password in ((ADA, "wrong"), ("nobody@example.com", "wrong"), (ADA, PHRASE)):
        try:
            begun = await from_address(house, HOME, SIGN_IN, email=email, password=password)
        except SignInWrong:
            continue
    found = await rows(house, "SELECT * FROM audit WHERE operation = 'people.sign_in'")
    told = {(row["tenant_id"], row["subject"], row["target"], row["outcome"]) for row in found}
    assert told == {
        (tenant, f"stranger:{HOME}/32", user.id, "SignInWrong"),
        ("nobody", f"stranger:{HOME}/32", "", "SignInWrong"),
        (tenant, user.id, begun.session_id, "ok"),
    }
    assert "wrong" not in repr([dict(row) for row in found]).replace("SignInWrong", "")


async def test_a_member_of_several_tenants_says_which(house: House, admin: Client, mails: Mailbox) -> None:
    other = await tenant_client(house, "Harbour")
    user, _ = await joined(house, admin, mails)
    there, session = await joined(house, other, mails)
    with pytest.raises(SignInWrong):  # nothing is told before the password is proven
        await from_address(house, HOME, SIGN_IN, email=ADA, password="wrong")
    with pytest.raises(TenantUnclear) as unclear:
        await from_address(house, HOME, SIGN_IN, email=ADA, password=PHRASE)
    named = {each["problem"]: each["tenant_id"] for each in unclear.value.problems}
    assert set(named) == {"operator", "Harbour"}
    for name, expected in (("operator", user.id), ("Harbour", there.id)):
        begun = await from_address(house, HOME, SIGN_IN, email=ADA, password=PHRASE, tenant_id=named[name])
        assert (begun.user_id, begun.tenant_id) == (expected, named[name])
    listed = await session.call("people.list_memberships")
    assert {(each.tenant, each.user_id, each.state) for each in listed} == {
        ("operator", user.id, "active"),
        ("Harbour", there.id, "active"),
    }


async def test_a_suspended_tenant_lets_nobody_in(house: House, admin: Client, mails: Mailbox) -> None:
    other = await tenant_client(house, "Harbour")
    tenant = (await other.call("identity.whoami")).tenant_id
    _, session = await joined(house, other, mails)
    await admin.call("identity.update_tenant", tenant_id=tenant, suspended=True)
    with pytest.raises(TenantSuspended):
        await session.call("identity.whoami")
    with pytest.raises(SignInWrong):
        await from_address(house, HOME, SIGN_IN, email=ADA, password="wrong")
    with pytest.raises(TenantSuspended):
        await from_address(house, HOME, SIGN_IN, email=ADA, password=PHRASE)


async def attempts(house: House, address: str, email: str, most: int = 500) -> int:
    """Guess until one has to wait; give how often it was possible."""
    for number in range(most):
        try:
            await from_address(house, address, SIGN_IN, email=email, password=f"guess {number}")
        except SignInWrong:
            continue
        except SignInSlowed as slowed:
            return number if slowed.retry_after_s else most
    return most


@pytest.mark.parametrize("email", [ADA, "nobody@example.com"])
async def test_waits_grow_for_one_place(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock, email: str
) -> None:
    await joined(house, admin, mails)
    possible = []
    for wait_s in (60, 60, 60, 900):
        possible.append(await attempts(house, HOME, email))
        clock.move(wait_s + 1)
    assert sum(possible[:3]) <= 30
    assert possible[3] == 0  # within a quarter of an hour, however long the pauses
    assert await attempts(house, HOME, email) == 10


async def test_many_addresses_guess_no_faster_and_lock_nobody_out(
    house: House, admin: Client, mails: Mailbox
) -> None:
    await joined(house, admin, mails)
    await from_address(house, HOME, SIGN_IN, email=ADA, password=PHRASE)
    guessed = 0
    for number in range(40):
        guessed += await attempts(house, f"203.0.113.{number}", ADA, most=3)
    assert guessed <= 30
    with pytest.raises(SignInSlowed):
        await from_address(house, ELSEWHERE, SIGN_IN, email=ADA, password=PHRASE)
    await from_address(house, HOME, SIGN_IN, email=ADA, password=PHRASE)


async def test_who_proves_the_mailbox_is_not_kept_waiting(
    house: House, admin: Client, mails: Mailbox
) -> None:
    await joined(house, admin, mails)
    for number in range(40):
        await attempts(house, f"203.0.113.{number}", ADA, most=1)
    with pytest.raises(SignInSlowed):
        await from_address(house, ELSEWHERE, SIGN_IN, email=ADA, password=PHRASE)
    await from_address(house, ELSEWHERE, "people.request_password_reset", email=ADA)
    await calm(house)
    code = mails.code(ADA)
    await from_address(house, ELSEWHERE, "people.reset_password", code=code, password=OTHER)
    await from_address(house, ELSEWHERE, SIGN_IN, email=ADA, password=OTHER)


async def test_a_household_is_one_place(house: House, admin: Client, mails: Mailbox) -> None:
    await joined(house, admin, mails)
    first = await attempts(house, "2001:db8::1", ADA)
    assert first == 10
    assert await attempts(house, "2001:db8::2:3", ADA) == 0
    assert await attempts(house, "2001:db8:0:1::1", ADA) == 10


async def test_a_password_never_has_to_be_changed(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    await joined(house, admin, mails)
    clock.move(3 * 366 * 86_400)
    await from_address(house, HOME, SIGN_IN, email=ADA, password=PHRASE)
