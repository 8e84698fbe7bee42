"""Accounts: invitations accepted once, passwords and addresses changed by whom they belong to alone."""

import asyncio
from datetime import timedelta

import pytest

from mainstay.app.house import House
from mainstay.ports.database import SYSTEM
from mainstay.services.people.failures import (
    CodeInvalid,
    EmailTaken,
    MailTooOften,
    PasswordGuessable,
    PasswordWrong,
    SignInWrong,
    UserNotWaiting,
)
from mainstay.services.people.interface import CodeShown
from makers import Client, FrozenClock, Mailbox, tenant_client
from services.people.joining import OTHER, PHRASE, calm, from_address, invited, joined
from services.people.test_sessions import is_over, signed_in

ADA = "ada@example.com"
HOME = "192.0.2.1"


async def accept(house: House, code: str, password: str = PHRASE) -> object:
    return await from_address(house, HOME, "people.accept_invitation", code=code, password=password)


async def sign_in(house: House, email: str, password: str) -> object:
    return await from_address(house, HOME, "people.sign_in", email=email, password=password)


async def reset_code(house: House, mails: Mailbox, email: str = ADA) -> str:
    await from_address(house, HOME, "people.request_password_reset", email=email)
    await calm(house)
    return mails.code(email)


async def test_the_link_is_of_the_public_address_and_nothing_secret_is_stored(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, code = await invited(house, admin, mails, ADA)
    assert f"https://ai.example.com/account/accept?code={code}\n" in mails.sent[0].text
    assert "operator" in mails.sent[0].subject
    for table in ("codes", "outbox", "audit", "people", "members"):
        stored = repr(
            [dict(each) for each in await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}")]
        )
        assert code not in stored
        assert ADA not in stored


async def look(house: House, code: str, purpose: str) -> CodeShown:
    found = await from_address(house, HOME, "people.look_at_code", code=code, purpose=purpose)
    assert isinstance(found, CodeShown)
    return found


async def test_a_code_is_looked_at_before_it_is_used(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, code = await invited(house, admin, mails, ADA)
    for _ in range(2):  # it is not used up by that
        found = await look(house, code, "invitation")
        assert (found.email, found.tenant, found.inviter) == (ADA, "operator", "")
        assert found.expires_ms - clock.now_ms() == 7 * 24 * 3_600_000
    for wrong in ("reset", "address"):
        with pytest.raises(CodeInvalid):
            await look(house, code, wrong)
    await accept(house, code)
    with pytest.raises(CodeInvalid):
        await look(house, code, "invitation")
    code = await reset_code(house, mails)
    assert (await look(house, code, "reset")).email == ADA
    clock.move(31 * 60)
    with pytest.raises(CodeInvalid):
        await look(house, code, "reset")


async def test_whoever_invites_is_named(house: House, admin: Client, mails: Mailbox) -> None:
    _, boss = await joined(house, admin, mails, "grace@example.com", name="Grace Hopper", role="admin")
    _, code = await invited(house, boss, mails, ADA)
    assert (await look(house, code, "invitation")).inviter == "Grace Hopper"
    assert f"Grace Hopper has invited you, {ADA}, to join “operator” on Mainstay." in mails.sent[-1].text


async def test_an_invitation_makes_a_user_once(house: House, admin: Client, mails: Mailbox) -> None:
    user, code = await invited(house, admin, mails, ADA)
    with pytest.raises(SignInWrong):
        await sign_in(house, ADA, PHRASE)
    outcomes = await asyncio.gather(*(accept(house, code) for _ in range(8)), return_exceptions=True)
    assert sorted({type(each).__name__ for each in outcomes}) == ["CodeInvalid", "NewSession"]
    assert [type(each).__name__ for each in outcomes].count("NewSession") == 1
    assert (await admin.call("people.get_user", user_id=user.id)).state == "active"
    with pytest.raises(CodeInvalid):
        await accept(house, code)
    await sign_in(house, ADA, PHRASE)


@pytest.mark.parametrize(
    "password", ["short", "password1234", "ada@example.com", "Lovelace2026!", "aaaaaaaaaaaa"]
)
async def test_an_easily_guessed_password_is_refused_and_the_code_still_works(
    house: House, admin: Client, mails: Mailbox, password: str
) -> None:
    _, code = await invited(house, admin, mails, ADA, name="Ada Lovelace")
    with pytest.raises(PasswordGuessable):
        await accept(house, code, password)
    await accept(house, code)


async def test_codes_end(house: House, admin: Client, mails: Mailbox, clock: FrozenClock) -> None:
    _, code = await invited(house, admin, mails, ADA)
    clock.move(timedelta(days=7).total_seconds() - 1)
    with pytest.raises(PasswordGuessable):
        await accept(house, code, "x")
    clock.move(1)
    with pytest.raises(CodeInvalid):
        await accept(house, code)
    _, session = await joined(house, admin, mails, "bob@example.com")
    code = await reset_code(house, mails, "bob@example.com")
    clock.move(timedelta(minutes=30).total_seconds())
    with pytest.raises(CodeInvalid):
        await from_address(house, HOME, "people.reset_password", code=code, password=OTHER)
    assert not await is_over(session)


async def test_a_code_is_for_one_purpose(house: House, admin: Client, mails: Mailbox) -> None:
    _, invitation = await invited(house, admin, mails, ADA)
    await joined(house, admin, mails, "bob@example.com")
    reset = await reset_code(house, mails, "bob@example.com")
    for name, values in (
        ("reset_password", {"code": invitation, "password": OTHER}),
        ("confirm_email", {"code": invitation}),
        ("confirm_email", {"code": reset}),
        ("accept_invitation", {"code": reset, "password": OTHER}),
        ("accept_invitation", {"code": "msc_none", "password": OTHER}),
    ):
        with pytest.raises(CodeInvalid):
            await from_address(house, HOME, f"people.{name}", **values)
    await accept(house, invitation)


async def test_another_invitation_ends_the_one_before(house: House, admin: Client, mails: Mailbox) -> None:
    user, first = await invited(house, admin, mails, ADA)
    await admin.call("people.invite_again", user_id=user.id)
    await calm(house)
    second = mails.code(ADA)
    with pytest.raises(CodeInvalid):
        await accept(house, first)
    await accept(house, second)
    with pytest.raises(UserNotWaiting):
        await admin.call("people.invite_again", user_id=user.id)


async def test_a_withdrawn_invitation_ends_and_mails_are_bounded(
    house: House, admin: Client, mails: Mailbox
) -> None:
    user, first = await invited(house, admin, mails, ADA)
    await admin.call("people.deactivate_user", user_id=user.id)
    with pytest.raises(CodeInvalid):
        await accept(house, first)
    await admin.call("people.update_user", user_id=user.id, state="active")
    await calm(house)
    with pytest.raises(CodeInvalid):
        await accept(house, first)
    await accept(house, mails.code(ADA))
    waiting, _ = await invited(house, admin, mails, "bob@example.com")
    for _ in range(5):
        await admin.call("people.invite_again", user_id=waiting.id)
    with pytest.raises(MailTooOften):
        await admin.call("people.invite_again", user_id=waiting.id)


async def test_who_has_a_password_proves_it_in_the_next_tenant(
    house: House, admin: Client, mails: Mailbox
) -> None:
    await joined(house, admin, mails)
    other = await tenant_client(house, "Harbour")
    _, code = await invited(house, other, mails, ADA)
    with pytest.raises(PasswordWrong):
        await accept(house, code, OTHER)
    await accept(house, code, PHRASE)


async def test_a_mail_server_that_is_down_loses_nothing(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    mails.down = True
    user = await admin.call("people.create_user", email=ADA, name="Ada")
    await asyncio.sleep(0)
    assert mails.sent == []
    mails.down = False
    for _ in range(20):
        clock.move(60)
        await house.engines.bus.publish(
            "outbox", f"{(await admin.call('identity.whoami')).tenant_id}/people.send_invitation"
        )
        if mails.sent:
            break
        await asyncio.sleep(0.1)
    await calm(house)
    await accept(house, mails.code(ADA))
    assert (await admin.call("people.get_user", user_id=user.id)).state == "active"


async def test_a_forgotten_password_is_replaced_and_every_session_ends(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, session = await joined(house, admin, mails)
    code = await reset_code(house, mails)
    with pytest.raises(PasswordGuessable):
        await from_address(house, HOME, "people.reset_password", code=code, password="password1234")
    outcomes = await asyncio.gather(
        *(from_address(house, HOME, "people.reset_password", code=code, password=OTHER) for _ in range(4)),
        return_exceptions=True,
    )
    assert [type(each).__name__ for each in outcomes].count("SessionsEnded") == 1
    assert await is_over(session)
    with pytest.raises(SignInWrong):
        await sign_in(house, ADA, PHRASE)
    await sign_in(house, ADA, OTHER)
    await calm(house)
    assert mails.sent[-1].subject == "Your password was changed"


async def test_an_address_that_was_asked_for_with_the_old_password_is_not_taken_any_more(
    house: House, admin: Client, mails: Mailbox
) -> None:
    user, thief = await joined(house, admin, mails)
    await thief.call("people.change_email", email="thief@example.com", password=PHRASE)
    await calm(house)
    planted = mails.code("thief@example.com")
    code = await reset_code(house, mails)
    await from_address(house, HOME, "people.reset_password", code=code, password=OTHER)
    with pytest.raises(CodeInvalid):
        await from_address(house, HOME, "people.confirm_email", code=planted)
    assert (await admin.call("people.get_user", user_id=user.id)).email == ADA


async def test_asking_for_a_reset_tells_nothing_and_floods_nobody(
    house: House, admin: Client, mails: Mailbox
) -> None:
    await joined(house, admin, mails)
    await invited(house, admin, mails, "waiting@example.com")
    before = len(mails.sent)
    told = [
        await from_address(house, HOME, "people.request_password_reset", email=email)
        for email in (ADA, "nobody@example.com", "waiting@example.com")
        for _ in range(8)
    ]
    assert len({repr(each) for each in told}) == 1
    await calm(house)
    assert [mail.to for mail in mails.sent[before:]] == [ADA] * 5
    events = await house.engines.database.fetch(
        SYSTEM, "SELECT tenant_id, body FROM outbox WHERE event = 'ResetWanted'"
    )
    assert {row["tenant_id"] for row in events} <= {"nobody"}
    assert "example.com" not in repr([dict(row) for row in events])


async def test_a_password_is_changed_by_who_knows_it(house: House, admin: Client, mails: Mailbox) -> None:
    _, session = await joined(house, admin, mails)
    other = await signed_in(house)
    code = await reset_code(house, mails)
    with pytest.raises(PasswordWrong):
        await session.call("people.change_password", password=OTHER, new_password=OTHER)
    changed = await session.call("people.change_password", password=PHRASE, new_password=OTHER)
    assert changed.ended == 1
    assert (await is_over(session), await is_over(other)) == (False, True)
    with pytest.raises(CodeInvalid):  # a link that was asked for before is of no use any more
        await from_address(house, HOME, "people.reset_password", code=code, password=PHRASE)
    await sign_in(house, ADA, OTHER)


async def test_an_address_is_changed_by_proving_the_new_one(
    house: House, admin: Client, mails: Mailbox
) -> None:
    user, session = await joined(house, admin, mails)
    old_reset = await reset_code(house, mails)
    with pytest.raises(PasswordWrong):
        await session.call("people.change_email", email="new@example.com", password=OTHER)
    await session.call("people.change_email", email="New@example.com", password=PHRASE)
    await calm(house)
    assert (await admin.call("people.get_user", user_id=user.id)).email == ADA
    code = mails.code("new@example.com")
    await from_address(house, HOME, "people.confirm_email", code=code)
    await calm(house)
    assert (mails.sent[-1].to, mails.sent[-1].subject) == (ADA, "Your e-mail address was changed")
    assert (await admin.call("people.get_user", user_id=user.id)).email == "new@example.com"
    await sign_in(house, "new@example.com", PHRASE)
    with pytest.raises(SignInWrong):
        await sign_in(house, ADA, PHRASE)
    for name, values in (
        ("confirm_email", {"code": code}),
        ("reset_password", {"code": old_reset, "password": OTHER}),
    ):
        with pytest.raises(CodeInvalid):
            await from_address(house, HOME, f"people.{name}", **values)


async def test_an_address_of_somebody_else_is_not_taken_over(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, ada = await joined(house, admin, mails)
    await joined(house, admin, mails, "bob@example.com")
    asked = await ada.call("people.change_email", email="bob@example.com", password=PHRASE)
    free = await ada.call("people.change_email", email="free@example.com", password=PHRASE)
    assert asked == free
    await calm(house)
    with pytest.raises(EmailTaken):
        await from_address(house, HOME, "people.confirm_email", code=mails.code("bob@example.com"))
    await from_address(house, HOME, "people.confirm_email", code=mails.code("free@example.com"))
