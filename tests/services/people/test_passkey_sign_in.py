"""Signing in with a passkey: alone, beside a password, once for each challenge, and told alike."""

import asyncio
from base64 import urlsafe_b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import NOBODYS
from mainstay.ports.database import SYSTEM
from mainstay.ports.passkeys import PasskeyRefused
from mainstay.services.people.factor_failures import FactorMissing, PasskeysNotHere, SecondFactorNeeded
from mainstay.services.people.failures import CodeInvalid, SignInSlowed, TenantUnclear
from makers import Client, FrozenClock, Mailbox, client, opened_house, spoiled, tenant_client
from services.people.apps import ADA, sign_in, with_app
from services.people.devices import add, answer, asked, device, enter, show, with_passkey
from services.people.joining import PHRASE, from_address, invited, joined


async def waiting(house: House, **more: str) -> tuple[str, str]:
    with pytest.raises(SecondFactorNeeded) as needed:
        await sign_in(house, **more)
    problem = needed.value.problems[0]
    return problem["pending_token"], problem["factors"]


async def test_a_passkey_alone_signs_in_as_two_factors(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    user, _, made = await with_passkey(house, admin, mails)
    begun = await asked(house)
    assert "allowCredentials" not in begun.options or begun.options["allowCredentials"] == []
    assert begun.options["userVerification"] == "required"
    entered = await show(house, made, begun)
    session = client(house, entered.secret)
    assert (await session.call("identity.whoami")).subject == user.id
    [present] = [each for each in await session.call("people.list_sessions") if each.current]
    assert present.methods == ["pop", "user", "mfa"]
    [listed] = await session.call("people.list_passkeys")
    assert listed.last_used_ms == clock.now_ms()


async def test_a_passkey_is_the_second_factor_beside_a_password(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, made = await with_passkey(house, admin, mails)
    _, _, other = await with_passkey(house, admin, mails, "bob@example.com")
    token, kinds = await waiting(house)
    assert kinds == "passkey"
    begun = await asked(house, token)
    known = [each["id"] for each in begun.options["allowCredentials"]]
    assert known == [urlsafe_b64encode(made.credential_id).rstrip(b"=").decode()]
    with pytest.raises(PasskeyRefused):
        await show(house, other, begun)
    entered = await show(house, made, begun)
    session = client(house, entered.secret)
    [present] = [each for each in await session.call("people.list_sessions") if each.current]
    assert present.methods == ["pwd", "pop", "user", "mfa"]
    for again in (token, "msw_unknown"):
        with pytest.raises(CodeInvalid):
            await asked(house, again)
    with pytest.raises(CodeInvalid):
        await show(house, made, begun)
    token, _ = await waiting(house)
    begun = await asked(house, token)
    clock.move(5 * 60)
    with pytest.raises(CodeInvalid):
        await show(house, made, begun)


async def test_whoever_has_an_app_alone_is_asked_for_its_code(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, app, _ = await with_app(house, admin, mails, clock)
    token, kinds = await waiting(house)
    assert kinds == "totp"
    with pytest.raises(FactorMissing):
        await asked(house, token)
    strong = client(house, (await sign_in(house, code=app.next())).secret)
    await add(strong, device(), password=None)
    assert (await waiting(house))[1] == "totp passkey"


async def test_a_challenge_signs_in_once_and_for_five_minutes(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, _, made = await with_passkey(house, admin, mails)
    made.count = 0
    begun = await asked(house)
    proof = replace(made, count=7).get(begun.options)
    first, *others = await asyncio.gather(
        *(answer(house, begun, proof) for _ in range(4)), return_exceptions=True
    )
    got = [each for each in (first, *others) if not isinstance(each, Exception)]
    assert len(got) == 1
    assert {type(each) for each in (first, *others) if isinstance(each, Exception)} <= {
        CodeInvalid,
        PasskeyRefused,
    }
    late = await asked(house)
    clock.move(5 * 60)
    with pytest.raises(CodeInvalid):
        await answer(house, late, replace(made, count=8).get(late.options))


async def test_challenges_of_strangers_are_ours_and_leave_no_row(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, _, made = await with_passkey(house, admin, mails)
    count = "SELECT count(*) AS n FROM codes"
    before = (await house.engines.database.fetch(SYSTEM, count))[0]["n"]
    begun = await asked(house)
    assert (await house.engines.database.fetch(SYSTEM, count))[0]["n"] == before
    made.count += 1
    same_bytes = begun.pending_token[:-1] + chr(ord(begun.pending_token[-1]) + 1)
    for wrong in (spoiled(begun.pending_token), same_bytes, "msq_", "msq_" + "A" * 75, "msp_x"):
        with pytest.raises(CodeInvalid):
            await answer(
                house,
                begun.model_copy(update={"pending_token": wrong}),
                made.get(begun.options),
            )
    other = await asked(house)
    with pytest.raises(PasskeyRefused):
        await answer(house, other, made.get(begun.options))


async def test_everything_wrong_is_told_in_the_same_words(
    house: House, admin: Client, mails: Mailbox
) -> None:
    user, _, made = await with_passkey(house, admin, mails)
    gone, _, theirs = await with_passkey(house, admin, mails, "bob@example.com")
    await admin.call("people.deactivate_user", user_id=gone.id)
    made.count = theirs.count = 5
    impostor = replace(device(), credential_id=made.credential_id, count=9)
    elsewhere = replace(made, origin="https://evil.example", count=9)
    copied = replace(made, count=1)
    told = set()
    for wrong in (device(), theirs, impostor, elsewhere, copied):
        begun = await asked(house)
        with pytest.raises(PasskeyRefused) as refused:
            await answer(house, begun, wrong.get(begun.options))
        told.add((refused.value.title, refused.value.detail, str(refused.value.problems)))
    assert len(told) == 1
    begun = await asked(house)
    for handle in ("AAAA", "é", 7, ""):
        proof = replace(made, count=9).get(begun.options)
        proof["response"]["userHandle"] = handle
        with pytest.raises(PasskeyRefused):
            await answer(house, begun, proof)
    await house.audit.flush()
    rows = await house.engines.database.fetch(
        SYSTEM, "SELECT tenant_id, target FROM audit WHERE operation = 'people.sign_in_with_passkey'"
    )
    assert {user.id, ""} <= {row["target"] for row in rows}
    assert NOBODYS in {row["tenant_id"] for row in rows}


async def test_a_copy_that_lags_behind_is_refused(house: House, admin: Client, mails: Mailbox) -> None:
    _, _, made = await with_passkey(house, admin, mails)
    made.count = 10
    await enter(house, made)
    copied = replace(made, count=4)
    with pytest.raises(PasskeyRefused):
        await enter(house, copied)
    await enter(house, made)


async def test_a_holder_that_the_browser_names_is_the_passkeys(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, session = await joined(house, admin, mails)
    made = device()
    begun = await session.call("people.begin_passkey", password=PHRASE)
    await session.call(
        "people.add_passkey",
        pending_token=begun.pending_token,
        name="x",
        credential=made.create(begun.options),
    )
    asking = await asked(house)
    made.count += 1
    proof = made.get(asking.options)
    proof["response"]["userHandle"] = begun.options["user"]["id"]
    assert (await answer(house, asking, proof)).secret


async def test_a_member_of_several_tenants_says_which(house: House, admin: Client, mails: Mailbox) -> None:
    here, _, made = await with_passkey(house, admin, mails)
    quay = await tenant_client(house, "Quay")
    there, code = await invited(house, quay, mails, ADA)
    with pytest.raises(SecondFactorNeeded):
        await from_address(house, "192.0.2.1", "people.accept_invitation", code=code, password=PHRASE)
    begun = await asked(house)
    made.count += 1
    proof = made.get(begun.options)
    with pytest.raises(TenantUnclear) as unclear:
        await answer(house, begun, proof)
    named = {each["problem"]: each["tenant_id"] for each in unclear.value.problems}
    away = named.pop("Quay")
    entered = await answer(house, begun, proof, tenant_id=away)
    assert entered.user_id == there.id
    [home] = named.values()
    assert (await enter(house, made, tenant_id=home)).user_id == here.id


async def test_passkeys_are_guessed_as_slowly_as_codes(house: House, admin: Client, mails: Mailbox) -> None:
    _, _, made = await with_passkey(house, admin, mails)
    impostor = replace(device(), credential_id=made.credential_id, count=99)
    for _ in range(10):
        begun = await asked(house)
        with pytest.raises(PasskeyRefused):
            await answer(house, begun, impostor.get(begun.options))
    with pytest.raises(SignInSlowed):
        await enter(house, made)


async def test_on_a_laptop_they_belong_to_its_own_name(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        assert house.address.url == "http://127.0.0.1:8080"
        assert (await asked(house)).options["rpId"] == "localhost"


async def test_without_a_public_address_there_are_none(tmp_path: Path, clock: FrozenClock) -> None:
    mails = Mailbox()
    async with opened_house(tmp_path / "data", clock=clock, mailer=mails, host="192.0.2.7") as house:
        with pytest.raises(PasskeysNotHere, match="MAINSTAY_PUBLIC_URL"):
            await asked(house)
        _, session = await joined(house, client(house), mails)
        with pytest.raises(PasskeysNotHere):
            await session.call("people.begin_passkey", password=PHRASE)
