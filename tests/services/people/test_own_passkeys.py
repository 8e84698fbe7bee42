"""Passkeys: added by whoever proves himself, listed, renamed, removed, and told of by mail."""

import base64
import re

import pytest

from mainstay.app.house import House
from mainstay.ports.database import SYSTEM
from mainstay.ports.passkeys import PasskeyInvalid, PasskeyRefused
from mainstay.services.people.factor_failures import (
    PasskeyExists,
    PasskeyMissing,
    PasskeysTooMany,
    ProofNeeded,
    SecondFactorNeeded,
)
from mainstay.services.people.failures import PasswordWrong, SignInSlowed, UserNeeded
from makers import Client, FrozenClock, Mailbox, client, spoiled
from services.people.apps import ADA, began, sign_in, with_app
from services.people.devices import add, device, enter
from services.people.joining import OTHER, PHRASE, calm, joined

BEGIN, ADD, REMOVE = "people.begin_passkey", "people.add_passkey", "people.remove_passkey"


async def test_a_passkey_is_added_listed_renamed_and_removed(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    user, session = await joined(house, admin, mails)
    made = await add(session, device())
    assert (made.name, made.synced, made.last_used_ms) == ("Laptop", False, None)
    assert len(set(made.recovery_codes)) == 10
    clock.move(1)
    again = await add(session, device(), "Key", None)
    assert again.recovery_codes == []
    listed = await session.call("people.list_passkeys")
    assert [each.name for each in listed] == ["Laptop", "Key"]
    factors = await session.call("people.list_factors")
    assert [(each.kind, each.recovery_codes_left) for each in factors] == [("passkey", 10)] * 2
    renamed = await session.call("people.rename_passkey", passkey_id=made.passkey_id, name=" Tower ")
    assert renamed.name == "Tower"
    assert [each.name for each in await session.call("people.list_passkeys")] == ["Tower", "Key"]
    await calm(house)
    assert (mails.sent[-1].to, "passkey was added" in mails.sent[-1].text) == (ADA, True)
    fresh = client(house, (await sign_in(house, code=made.recovery_codes[0])).secret)
    for passkey in (made, again):
        clock.move(1)
        assert (await fresh.call(REMOVE, passkey_id=passkey.passkey_id)).removed
    assert await fresh.call("people.list_factors") == []
    await sign_in(house)
    await calm(house)
    assert "passkey was removed" in mails.sent[-1].text
    await house.audit.flush()
    rows = await house.engines.database.fetch(
        SYSTEM, f"SELECT target, subject FROM audit WHERE operation IN ('{ADD}', '{REMOVE}') ORDER BY at_ms"
    )
    ids = [made.passkey_id, again.passkey_id]
    assert [(row["target"], row["subject"]) for row in rows] == [(each, user.id) for each in ids * 2]


async def test_what_browsers_are_told_says_nothing_about_the_person(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, session = await joined(house, admin, mails)
    first = await session.call(BEGIN, password=PHRASE)
    added = device()
    await session.call(
        ADD, pending_token=first.pending_token, name="Laptop", credential=added.create(first.options)
    )
    fresh = client(house, (await enter(house, added)).secret)
    second = await fresh.call(BEGIN)
    assert first.options["rp"] == {"id": "ai.example.com", "name": "Mainstay"}
    handle = first.options["user"]["id"]
    assert (handle, len(base64.urlsafe_b64decode(handle + "="))) == (second.options["user"]["id"], 32)
    assert first.options["challenge"] != second.options["challenge"]
    for begun in (first, second):
        assert len(base64.urlsafe_b64decode(begun.options["challenge"] + "=")) == 32
        assert begun.options["challenge"] not in begun.pending_token
    excluded = [each["id"] for each in second.options["excludeCredentials"]]
    assert excluded == [base64.urlsafe_b64encode(added.credential_id).rstrip(b"=").decode()]


async def test_only_whoever_proves_himself_adds_and_removes_one(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, session = await joined(house, admin, mails)
    clock.move(10 * 60 - 1)
    await session.call(BEGIN)
    clock.move(2)
    with pytest.raises(ProofNeeded):
        await session.call(BEGIN)
    with pytest.raises(PasswordWrong):
        await session.call(BEGIN, password=OTHER)
    weak = client(house, (await sign_in(house)).secret)
    made = await add(session, device())
    with pytest.raises(ProofNeeded, match="second factor"):  # this one began with the password alone
        await weak.call(REMOVE, passkey_id=made.passkey_id, password=PHRASE)
    with pytest.raises(ProofNeeded, match="second factor"):
        await weak.call(BEGIN, password=PHRASE)
    strong = client(house, (await sign_in(house, code=made.recovery_codes[0])).secret)
    clock.move(10 * 60 + 1)
    with pytest.raises(ProofNeeded):
        await strong.call(REMOVE, passkey_id=made.passkey_id)
    for _ in range(9):
        with pytest.raises(PasswordWrong):
            await strong.call(REMOVE, passkey_id=made.passkey_id, password=OTHER)
    assert (await strong.call(REMOVE, passkey_id=made.passkey_id, password=PHRASE)).removed
    with pytest.raises(SignInSlowed):
        await strong.call(BEGIN, password=PHRASE)


async def test_keys_have_no_passkeys_and_nobody_has_another_s(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, ada = await joined(house, admin, mails)
    _, bob = await joined(house, admin, mails, "bob@example.com")
    made = await add(ada, device())
    for name, values in (
        (BEGIN, {}),
        ("people.list_passkeys", {}),
        ("people.rename_passkey", {"passkey_id": made.passkey_id, "name": "x"}),
    ):
        with pytest.raises(UserNeeded):
            await admin.call(name, **values)
    assert await bob.call("people.list_passkeys") == []
    for name, values in (("people.rename_passkey", {"name": "x"}), (REMOVE, {"password": PHRASE})):
        for passkey_id in (made.passkey_id, "passkey_unknown"):
            with pytest.raises(PasskeyMissing):
                await bob.call(name, passkey_id=passkey_id, **values)
    assert [each.name for each in await ada.call("people.list_passkeys")] == ["Laptop"]


async def test_a_challenge_is_one_person_s_for_one_passkey_and_ten_minutes(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, ada = await joined(house, admin, mails)
    _, bob = await joined(house, admin, mails, "bob@example.com")
    begun = await ada.call(BEGIN, password=PHRASE)
    hers = device()
    given = {"pending_token": begun.pending_token, "name": "x", "credential": hers.create(begun.options)}
    with pytest.raises(PasskeyInvalid):
        await bob.call(ADD, **given)
    with pytest.raises(PasskeyInvalid):
        await ada.call(ADD, **{**given, "pending_token": spoiled(begun.pending_token)})
    for wrong in (device(origin="https://evil.example"), device(rp_id="evil.example"), device(flags=1)):
        with pytest.raises(PasskeyInvalid):
            await ada.call(ADD, **{**given, "credential": wrong.create(begun.options)})
    await ada.call(ADD, **given)
    with pytest.raises(PasskeyInvalid):
        await ada.call(ADD, **{**given, "credential": device().create(begun.options)})
    late = await bob.call(BEGIN, password=PHRASE)
    with pytest.raises(PasskeyExists):
        await bob.call(ADD, pending_token=late.pending_token, name="x", credential=hers.create(late.options))
    clock.move(10 * 60)
    with pytest.raises(PasskeyInvalid):
        await bob.call(
            ADD, pending_token=late.pending_token, name="x", credential=device().create(late.options)
        )


async def test_a_new_password_ends_what_was_begun(house: House, admin: Client, mails: Mailbox) -> None:
    _, session = await joined(house, admin, mails)
    begun = await session.call(BEGIN, password=PHRASE)
    await session.call("people.change_password", password=PHRASE, new_password=OTHER)
    with pytest.raises(PasskeyInvalid):
        await session.call(
            ADD, pending_token=begun.pending_token, name="x", credential=device().create(begun.options)
        )


async def test_nobody_has_too_many(house: House, admin: Client, mails: Mailbox) -> None:
    _, session = await joined(house, admin, mails)
    first = device()
    await add(session, first)
    strong = client(house, (await enter(house, first)).secret)
    for number in range(19):
        await add(strong, device(), f"n{number}", None)
    with pytest.raises(PasskeysTooMany):
        await strong.call(BEGIN)


async def test_recovery_codes_last_as_long_as_any_factor(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, app, codes = await with_app(house, admin, mails, clock)
    strong = client(house, (await sign_in(house, code=app.next())).secret)
    assert (await add(strong, device())).recovery_codes == []
    await strong.call("people.remove_app", password=PHRASE, code=app.next())
    strong = client(house, (await sign_in(house, code=codes[0])).secret)
    [left] = await strong.call("people.list_factors")
    assert (left.kind, left.recovery_codes_left) == ("passkey", 9)
    again = await began(strong, clock)
    await strong.call("people.confirm_app", code=again.code())
    with pytest.raises(SecondFactorNeeded):
        await sign_in(house)


async def test_an_administrator_takes_lost_passkeys_away(house: House, admin: Client, mails: Mailbox) -> None:
    user, session = await joined(house, admin, mails)
    lost = device()
    await add(session, lost)
    assert (await admin.call("people.remove_user_factors", user_id=user.id)).removed
    with pytest.raises(PasskeyRefused):
        await enter(house, lost)
    await sign_in(house)


async def test_names_are_sealed_and_tokens_hashed(house: House, admin: Client, mails: Mailbox) -> None:
    _, session = await joined(house, admin, mails)
    await add(session, device(), "Zebra stripes")
    passkey_id = (await session.call("people.list_passkeys"))[0].passkey_id
    stored = ""
    for table in ("passkeys", "codes", "outbox", "recovery_codes"):
        rows = await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}")
        stored += repr([dict(row) for row in rows])
    assert passkey_id in stored
    assert "Zebra" not in stored
    assert not re.search(r"ms[pq]_", stored)
