"""Sessions: seen, ended, and over in time, at once when a password, a user or a tenant ends."""

from datetime import timedelta

import pytest

from mainstay.app.house import House
from mainstay.kernel.caller import LOOKED_AT, Caller, Credential
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.kernel.work import Work, entered
from mainstay.ports.database import SYSTEM
from mainstay.services.people.failures import SessionMissing, UserNeeded
from mainstay.services.people.session_store import SessionStore
from makers import Client, FrozenClock, Mailbox, client, tenant_client
from services.people.joining import PHRASE, from_address, joined

ADA = "ada@example.com"
HOUR_S = timedelta(hours=1).total_seconds()


async def signed_in(house: House, email: str = ADA, address: str = "192.0.2.1", agent: str = "") -> Client:
    begun = await from_address(house, address, "people.sign_in", agent, email=email, password=PHRASE)
    return client(house, begun.secret)


async def is_over(session: Client) -> bool:
    try:
        await session.call("identity.whoami")
    except CredentialsUnknown:
        return True
    return False


async def test_sessions_are_listed_with_where_they_were_begun(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, first = await joined(house, admin, mails)
    clock.move(120)
    second = await signed_in(house, address="2001:db8::7", agent="Browser/1")
    listed = await second.call("people.list_sessions")
    assert [(each.address, each.agent, each.current) for each in listed] == [
        ("2001:db8::7", "Browser/1", True),
        ("192.0.2.1", "", False),
    ]
    assert [each.current for each in await first.call("people.list_sessions")] == [False, True]
    assert listed[0].ends_ms - listed[0].created_ms == 14 * 24 * HOUR_S * 1000


async def test_sessions_are_ended_one_by_one_or_all_but_this(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, first = await joined(house, admin, mails)
    second, third = await signed_in(house), await signed_in(house)
    listed = await first.call("people.list_sessions")
    gone = next(each for each in listed if not each.current)
    await first.call("people.end_session", session_id=gone.session_id)
    with pytest.raises(SessionMissing):
        await first.call("people.end_session", session_id=gone.session_id)
    assert [await is_over(each) for each in (first, second, third)].count(True) == 1
    assert (await first.call("people.end_other_sessions")).ended == 1
    assert [await is_over(each) for each in (first, second, third)] == [False, True, True]
    [own] = await first.call("people.list_sessions")
    await first.call("people.end_session", session_id=own.session_id)
    assert await is_over(first)


async def test_sessions_of_others_are_as_if_there_were_none(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, ada = await joined(house, admin, mails)
    _, bob = await joined(house, admin, mails, "bob@example.com")
    other = await tenant_client(house, "other")
    _, eve = await joined(house, other, mails, "eve@example.com")
    [session] = await ada.call("people.list_sessions")
    for stranger in (bob, eve):
        for session_id in (session.session_id, "session_none"):
            with pytest.raises(SessionMissing, match=r"^List your sessions to see their ids\.$"):
                await stranger.call("people.end_session", session_id=session_id)
        assert (await stranger.call("people.end_other_sessions")).ended == 0
    assert not await is_over(ada)


async def test_a_key_has_no_account(house: House, admin: Client) -> None:
    for name in ("list_sessions", "end_other_sessions", "list_memberships"):
        with pytest.raises(UserNeeded):
            await admin.call(f"people.{name}")
    for name, values in (
        ("change_password", {"password": PHRASE, "new_password": PHRASE}),
        ("change_email", {"email": ADA, "password": PHRASE}),
        ("end_session", {"session_id": "session_none"}),
    ):
        with pytest.raises(UserNeeded):
            await admin.call(f"people.{name}", **values)


async def test_a_session_that_is_used_lasts_to_its_longest(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, session = await joined(house, admin, mails)
    for _ in range(14 * 24 // 8 - 1):
        clock.move(8 * HOUR_S)
        assert not await is_over(session)
        await house.uses.go()
    clock.move(8 * HOUR_S)
    assert await is_over(session)
    clock.move(1)
    await house.uses.go()
    assert (
        await house.engines.database.fetch(
            (await admin.call("identity.whoami")).tenant_id, "SELECT session_id FROM sessions"
        )
        == []
    )


async def test_a_session_that_is_not_used_ends(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, session = await joined(house, admin, mails)
    idle, again = await signed_in(house), await signed_in(house)
    clock.move(11 * HOUR_S)
    assert not await is_over(again)
    await house.application.guard.authenticate(Credential(idle.key, LOOKED_AT))  # that is no use of it
    await house.uses.go()
    clock.move(HOUR_S)
    assert await is_over(idle)
    assert not await is_over(again)
    assert len(await again.call("people.list_sessions")) == 1
    assert await is_over(session)


async def test_the_deactivated_are_out_at_once_and_for_good(
    house: House, admin: Client, mails: Mailbox
) -> None:
    user, session = await joined(house, admin, mails)
    await admin.call("people.deactivate_user", user_id=user.id)
    assert await is_over(session)
    with pytest.raises(CredentialsUnknown):
        await house.recognisers.find((await admin.call("identity.whoami")).tenant_id, user.id)
    await admin.call("people.update_user", user_id=user.id, state="active")
    assert await is_over(session)
    assert not await is_over(await signed_in(house))


async def test_a_role_holds_from_the_next_request_on(house: House, admin: Client, mails: Mailbox) -> None:
    user, session = await joined(house, admin, mails)
    assert "documents:write" not in (await session.call("identity.whoami")).permissions
    await admin.call("people.update_user", user_id=user.id, role="developer")
    assert "documents:write" in (await session.call("identity.whoami")).permissions


async def test_a_tenant_without_a_name_is_not_all_tenants(
    house: House, admin: Client, mails: Mailbox
) -> None:
    user, _ = await joined(house, admin, mails)
    [row] = await house.engines.database.fetch(SYSTEM, "SELECT tenant_id, person_id FROM members")
    work = Work(Caller(str(row["tenant_id"]), user.id, (), frozenset()), house.engines.database, "test")
    with entered(work):
        store = house._wiring.make(SessionStore)
        ended = [await store.end_all(str(row["person_id"]), "", tenant_id) for tenant_id in ("", None)]
        await work.commit()
    assert ended == [0, 1]
