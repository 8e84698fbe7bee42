"""Second factors: asked for once they are confirmed, each code once, and taken away by who may alone."""

import asyncio
import base64
import re
from typing import Any

import pytest
from argon2 import PasswordHasher

from mainstay.app.house import House
from mainstay.kernel.redacting import Copying
from mainstay.ports.database import SYSTEM
from mainstay.services.people.factor_failures import (
    FactorCodeWrong,
    FactorExists,
    FactorMissing,
    SecondFactorNeeded,
)
from mainstay.services.people.failures import (
    CodeInvalid,
    PasswordWrong,
    SignInSlowed,
    SignInWrong,
    UserNeeded,
)
from makers import Client, FrozenClock, Mailbox, client, tenant_client
from services.people.apps import ADA, HOME, Device, began, sign_in, with_app
from services.people.joining import OTHER, PHRASE, calm, from_address, invited, joined
from services.people.test_sessions import is_over

FINISH = "people.finish_sign_in"


async def waiting(house: House, **more: Any) -> str:
    with pytest.raises(SecondFactorNeeded) as needed:
        await sign_in(house, **more)
    return str(needed.value.problems[0]["pending_token"])


async def test_an_app_counts_once_it_is_confirmed(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, session = await joined(house, admin, mails)
    with pytest.raises(PasswordWrong):
        await session.call("people.begin_app", password=OTHER)
    device = await began(session, clock)
    assert await session.call("people.list_factors") == []
    await sign_in(house)
    with pytest.raises(FactorCodeWrong):
        await session.call("people.confirm_app", code=device.wrong())
    made = await session.call("people.confirm_app", code=device.code())
    assert len(set(made.recovery_codes)) == 10
    assert all(
        re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", code) for code in made.recovery_codes
    )
    with pytest.raises(SecondFactorNeeded):
        await sign_in(house)
    listed = await session.call("people.list_factors")
    assert [(each.kind, each.recovery_codes_left) for each in listed] == [("totp", 10)]
    await calm(house)
    assert "authenticator app was set up" in mails.sent[-1].text
    for name, values in (("begin_app", {"password": PHRASE}), ("confirm_app", {"code": device.next()})):
        with pytest.raises(FactorExists):
            await session.call(f"people.{name}", **values)


async def test_setting_up_ends_and_can_be_begun_anew(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, session = await joined(house, admin, mails)
    with pytest.raises(FactorMissing):
        await session.call("people.confirm_app", code="123456")
    first = await began(session, clock)
    clock.move(15 * 60)
    with pytest.raises(FactorMissing):
        await session.call("people.confirm_app", code=first.code())
    second = await began(session, clock)
    with pytest.raises(FactorCodeWrong):
        await session.call("people.confirm_app", code=first.code())
    await session.call("people.confirm_app", code=second.code())


async def test_nothing_of_a_factor_is_stored_in_the_clear(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, device, codes = await with_app(house, admin, mails, clock)
    secret = await waiting(house)
    stored = ""
    for table in ("authenticator_apps", "recovery_codes", "codes"):
        rows = await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}")
        stored += repr([dict(row) for row in rows])
    for hidden in (
        repr(device.secret)[2:-1],
        device.secret.hex(),
        codes[0],
        codes[0].replace("-", ""),
        secret,
    ):
        assert hidden not in stored


async def test_the_log_of_requests_has_no_secret_of_a_factor(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, session = await joined(house, admin, mails)
    begun = await session.call("people.begin_app", password=PHRASE)
    code = Device(base64.b32decode(begun.secret), clock).code()
    made = await session.call("people.confirm_app", code=code)
    with pytest.raises(SecondFactorNeeded) as needed:
        await sign_in(house)
    problem = needed.value.problems[0]
    copied = repr(Copying(frozenset(), 10_000).copy([begun, made, {"code": code}, problem, str(problem)]))
    for hidden in (begun.secret, *made.recovery_codes, code, problem["pending_token"]):
        assert hidden not in copied


async def test_a_code_completes_a_sign_in(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    user, session, device, _ = await with_app(house, admin, mails, clock)
    begun = await sign_in(house, code=device.next())
    assert begun.user_id == user.id
    listed = await client(house, begun.secret).call("people.list_sessions")
    assert [each.methods for each in listed] == [["pwd", "otp", "mfa"]] * 2
    secret = await waiting(house)
    with pytest.raises(FactorCodeWrong):
        await from_address(house, HOME, FINISH, pending_token=secret, code=device.wrong())
    begun = await from_address(house, HOME, FINISH, pending_token=secret, code=device.next())
    assert (await client(house, begun.secret).call("identity.whoami")).subject == user.id
    with pytest.raises(CodeInvalid):
        await from_address(house, HOME, FINISH, pending_token=secret, code=device.next())
    assert not await is_over(session)


async def test_nothing_is_told_before_the_password_is_proven(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, device, codes = await with_app(house, admin, mails, clock)
    await joined(house, admin, mails, "plain@example.com")
    told = set()
    for email in (ADA, "plain@example.com", "nobody@example.com"):
        for code in ({}, {"code": device.next()}, {"code": codes[0]}):
            with pytest.raises(SignInWrong) as failure:
                await sign_in(house, email=email, password="wrong", **code)
            told.add((failure.value.detail, str(failure.value.problems)))
    assert len(told) == 1
    await sign_in(house, code=codes[0])  # nor was it used up


@pytest.mark.parametrize("kind", ["app", "recovery code"])
async def test_of_eight_with_one_code_one_wins(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock, kind: str
) -> None:
    _, _, device, codes = await with_app(house, admin, mails, clock)
    code = device.next() if kind == "app" else codes[3]
    outcomes = await asyncio.gather(
        *(sign_in(house, f"192.0.2.{number}", code=code) for number in range(8)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in outcomes) == [*["FactorCodeWrong"] * 7, "NewSession"]
    with pytest.raises(FactorCodeWrong):
        await sign_in(house, code=code)


async def test_of_eight_who_wait_with_one_sign_in_one_wins(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, _, codes = await with_app(house, admin, mails, clock)
    secret = await waiting(house)
    outcomes = await asyncio.gather(
        *(from_address(house, HOME, FINISH, pending_token=secret, code=code) for code in codes[:8]),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in outcomes) == [*["CodeInvalid"] * 7, "NewSession"]


async def test_an_older_code_is_of_no_use_after_a_newer(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, device, _ = await with_app(house, admin, mails, clock)
    clock.move(90)
    await sign_in(house, code=device.code(1))
    for skew in (-1, 0, 1):
        with pytest.raises(FactorCodeWrong):
            await sign_in(house, code=device.code(skew))
    clock.move(60)
    await sign_in(house, code=f"{device.code()[:3]} {device.code()[3:]}")


async def test_recovery_codes_work_once_and_end_with_new_ones(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, session, device, codes = await with_app(house, admin, mails, clock)
    await sign_in(house, code=codes[0].lower().replace("-", " "))
    with pytest.raises(FactorCodeWrong):
        await sign_in(house, code=codes[0])
    assert (await session.call("people.list_factors"))[0].recovery_codes_left == 9
    for wrong, failure in (({"password": OTHER}, PasswordWrong), ({"code": device.wrong()}, FactorCodeWrong)):
        given = {"password": PHRASE, "code": codes[1], **wrong}
        with pytest.raises(failure):
            await session.call("people.make_recovery_codes", **given)
    made = await session.call("people.make_recovery_codes", password=PHRASE, code=codes[1])
    assert not set(made.recovery_codes) & set(codes)
    with pytest.raises(FactorCodeWrong):
        await sign_in(house, code=codes[2])
    await sign_in(house, code=made.recovery_codes[9])
    await calm(house)
    assert "New recovery codes" in mails.sent[-1].text


async def test_a_waiting_sign_in_ends(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    user, session, device, _ = await with_app(house, admin, mails, clock)
    late = await waiting(house)
    clock.move(5 * 60)
    changed = await waiting(house)
    await session.call("people.change_password", password=PHRASE, new_password=OTHER)
    dismissed = await waiting(house, password=OTHER)
    await admin.call("people.deactivate_user", user_id=user.id)
    for secret in (late, changed, dismissed, "msw_unknown"):
        with pytest.raises(CodeInvalid):
            await from_address(house, HOME, FINISH, pending_token=secret, code=device.next())


@pytest.mark.parametrize("at_once", [False, True])
async def test_an_outdated_hash_is_renewed_beside_a_second_factor(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock, *, at_once: bool
) -> None:
    _, _, device, _ = await with_app(house, admin, mails, clock)
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PHRASE)
    async with house.engines.database.unit(SYSTEM) as unit:
        await unit.update("people", {"password": weak}, {"created_ms": (">", 0)})
    if at_once:
        await sign_in(house, code=device.next())
    else:
        await waiting(house)
    rows = await house.engines.database.fetch(SYSTEM, "SELECT password FROM people")
    assert weak not in {row["password"] for row in rows}


async def guesses(house: House, device: Device, address: str, most: int = 200) -> int:
    """Guess codes, knowing the password, until one has to wait; give how often it was possible."""
    for number in range(most):
        try:
            await sign_in(house, address, code=device.wrong())
        except FactorCodeWrong:
            continue
        except SignInSlowed:
            return number
    return most


async def test_codes_are_guessed_slowly_and_their_owner_is_not_kept_waiting(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, device, _ = await with_app(house, admin, mails, clock)
    tried = 0
    for number in range(40):
        tried += await guesses(house, device, f"203.0.113.{number}", most=3)
    assert tried <= 30
    await sign_in(house, code=device.next())
    assert await guesses(house, device, HOME) <= 10


async def test_guessing_with_one_waiting_sign_in_is_slowed_too(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, device, _ = await with_app(house, admin, mails, clock)
    secret = await waiting(house)
    given = {"pending_token": secret, "code": device.wrong()}
    for _ in range(10):
        with pytest.raises(FactorCodeWrong):
            await from_address(house, "203.0.113.7", FINISH, **given)
    with pytest.raises(SignInSlowed):
        await from_address(house, "203.0.113.7", FINISH, **given)


async def test_a_mailbox_is_no_second_factor(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, device, _ = await with_app(house, admin, mails, clock)
    await from_address(house, HOME, "people.request_password_reset", email=ADA)
    await calm(house)
    await from_address(house, HOME, "people.reset_password", code=mails.code(ADA), password=OTHER)
    with pytest.raises(SecondFactorNeeded):
        await sign_in(house, password=OTHER)
    await sign_in(house, password=OTHER, code=device.next())


async def test_an_invitation_does_not_go_round_a_second_factor(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    other = await tenant_client(house, "Harbour")
    _, _, device, _ = await with_app(house, admin, mails, clock)
    user, code = await invited(house, other, mails, ADA)
    with pytest.raises(SecondFactorNeeded) as needed:
        await from_address(house, HOME, "people.accept_invitation", code=code, password=PHRASE)
    assert (await other.call("people.get_user", user_id=user.id)).state == "active"
    secret = needed.value.problems[0]["pending_token"]
    begun = await from_address(house, HOME, FINISH, pending_token=secret, code=device.next())
    assert begun.user_id == user.id


async def test_an_app_is_removed_by_who_has_both_factors(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, session, device, codes = await with_app(house, admin, mails, clock)
    for wrong, failure in (({"password": OTHER}, PasswordWrong), ({"code": device.wrong()}, FactorCodeWrong)):
        given = {"password": PHRASE, "code": codes[0], **wrong}
        with pytest.raises(failure):
            await session.call("people.remove_app", **given)
    await session.call("people.remove_app", password=PHRASE, code=codes[0])
    await sign_in(house)
    assert await session.call("people.list_factors") == []
    with pytest.raises(FactorMissing):
        await session.call("people.remove_app", password=PHRASE, code=codes[1])
    await calm(house)
    assert "was removed" in mails.sent[-1].text
    again = await began(session, clock)
    await session.call("people.confirm_app", code=again.code())
    with pytest.raises(FactorCodeWrong):
        await sign_in(house, code=codes[1])


async def test_a_key_has_no_factors(house: House, admin: Client) -> None:
    with pytest.raises(UserNeeded):
        await admin.call("people.list_factors")
