"""A sign-in from a new place is told by mail; administrators end the sessions of others."""

import pytest

from mainstay.app.house import House
from mainstay.ports.database import SYSTEM
from mainstay.services.people.failures import SignInWrong, UserMayTooMuch, UserMissing
from makers import Client, FrozenClock, Mailbox, client, tenant_client
from services.people.apps import ADA, HOME, sign_in
from services.people.devices import add, device, enter
from services.people.joining import PHRASE, calm, from_address, joined
from services.people.test_sessions import is_over

AWAY, ELSEWHERE = "198.51.100.7", "203.0.113.9"
END = "people.end_user_sessions"


def told(mails: Mailbox) -> list[str]:
    return [each.text for each in mails.sent if "new place" in each.subject]


async def test_a_sign_in_from_a_new_place_is_told(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    await joined(house, admin, mails)
    await sign_in(house, HOME)
    await calm(house)
    assert told(mails) == [], "the first place is no news"
    given = {"email": ADA, "password": PHRASE}
    await from_address(house, AWAY, "people.sign_in", agent="Firefox", **given)
    await calm(house)
    [text] = told(mails)
    assert (AWAY in text, "Firefox" in text, "2026-09-21" in text) == (True, True, True)
    rows = await house.engines.database.fetch(SYSTEM, "SELECT body FROM outbox")
    assert all(AWAY not in str(row["body"]) for row in rows)
    await sign_in(house, AWAY)
    await calm(house)
    assert len(told(mails)) == 1, "it is known now"
    with pytest.raises(SignInWrong):
        await from_address(house, ELSEWHERE, "people.sign_in", email=ADA, password="a wrong guess")
    await calm(house)
    assert len(told(mails)) == 1


async def test_so_is_one_with_a_passkey(house: House, admin: Client, mails: Mailbox) -> None:
    _, session = await joined(house, admin, mails)
    made = device()
    await add(session, made)
    await enter(house, made)
    await calm(house)
    assert told(mails) == []
    await enter(house, made, address=AWAY)
    await calm(house)
    assert len(told(mails)) == 1


async def test_an_administrator_ends_a_user_s_sessions(house: House, admin: Client, mails: Mailbox) -> None:
    quay = await tenant_client(house, "Quay")
    user, session = await joined(house, admin, mails)
    _, other = await joined(house, admin, mails, "bob@example.com")
    again = client(house, (await sign_in(house)).secret)
    with pytest.raises(UserMissing):
        await quay.call(END, user_id=user.id)
    assert (await admin.call(END, user_id=user.id)).ended == 2
    assert await is_over(session)
    assert await is_over(again)
    assert not await is_over(other)
    await sign_in(house)


async def test_nobody_ends_the_sessions_of_who_may_more(house: House, admin: Client, mails: Mailbox) -> None:
    user, session = await joined(house, admin, mails, role="admin")
    await admin.call("identity.create_role", name="desk", permissions=["users:write"])
    desk = client(house, (await admin.call("identity.create_key", name="desk", role="desk")).key)
    with pytest.raises(UserMayTooMuch):
        await desk.call(END, user_id=user.id)
    assert not await is_over(session)


async def test_an_administrator_ends_all_sessions_but_his_own(
    house: House, admin: Client, mails: Mailbox
) -> None:
    quay = await tenant_client(house, "Quay")
    _, abroad = await joined(house, quay, mails, "abroad@example.com")
    _, boss = await joined(house, admin, mails, role="admin")
    _, member = await joined(house, admin, mails, "bob@example.com")
    assert (await boss.call("people.end_tenant_sessions")).ended == 1
    assert await is_over(member)
    assert not await is_over(boss)
    assert not await is_over(abroad)
    assert (await admin.call("people.end_tenant_sessions")).ended == 1
    assert await is_over(boss)
