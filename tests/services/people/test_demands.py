"""A second factor that is demanded: whoever has none may set one up and nothing else, from now on."""

from pathlib import Path

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import CredentialsUnknown, PermissionMissing, SecondFactorRequired
from mainstay.ports.database import SYSTEM
from mainstay.services.people.demands import ENROLLING
from mainstay.services.people.factor_failures import (
    FactorDemanded,
    PasskeyMissing,
    ProofNeeded,
    SecondFactorNeeded,
)
from makers import Client, FrozenClock, Mailbox, client, opened_house, tenant_client
from services.people.apps import began, sign_in, with_app
from services.people.devices import add, device, enter
from services.people.joining import PHRASE, from_address, invited, joined

GET, SET = "people.get_sign_in_settings", "people.set_sign_in_settings"
SEARCH = "knowledge.list_collections"


async def demand(by: Client) -> None:
    settings = await by.call(SET, second_factor="required")
    assert (settings.second_factor, settings.required) == ("required", True)


async def test_sessions_without_a_factor_stop_at_once_and_may_set_one_up(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    _, session = await joined(house, admin, mails)
    assert not (await admin.call(GET)).required
    await session.call(SEARCH)
    await demand(admin)
    for name, values in (
        (SEARCH, {}),
        ("people.change_password", {"password": PHRASE, "new_password": PHRASE}),
    ):
        with pytest.raises(SecondFactorRequired, match="/account/second-factor"):
            await session.call(name, **values)
    await admin.call(SEARCH)  # a key is nobody's password
    entered = await sign_in(house)
    assert entered.limited
    fresh = client(house, entered.secret)
    with pytest.raises(SecondFactorRequired):
        await fresh.call(SEARCH)
    app = await began(fresh, clock)
    await fresh.call("people.confirm_app", code=app.code())
    await fresh.call(SEARCH)
    with pytest.raises(SecondFactorRequired):  # that one was begun without the factor
        await session.call(SEARCH)
    with pytest.raises(SecondFactorNeeded):
        await sign_in(house)
    assert not (await sign_in(house, code=app.next())).limited


async def test_a_passkey_is_as_good(house: House, admin: Client, mails: Mailbox, clock: FrozenClock) -> None:
    await demand(admin)
    _, session = await joined(house, admin, mails)
    made = device()
    await add(session, made)
    await session.call(SEARCH)
    assert not (await enter(house, made)).limited


async def test_the_last_factor_stays(house: House, admin: Client, mails: Mailbox, clock: FrozenClock) -> None:
    user, session, app, _ = await with_app(house, admin, mails, clock)
    added = await add(session, device())
    await demand(admin)
    await session.call("people.remove_passkey", passkey_id=added.passkey_id, password=PHRASE)
    with pytest.raises(FactorDemanded):
        await session.call("people.remove_app", password=PHRASE, code=app.next())
    again = await add(session, device())
    await session.call("people.remove_app", password=PHRASE, code=app.next())
    with pytest.raises(FactorDemanded):
        await session.call("people.remove_passkey", passkey_id=again.passkey_id, password=PHRASE)
    assert (await admin.call("people.remove_user_factors", user_id=user.id)).removed
    assert (await sign_in(house)).limited
    await admin.call(SET, second_factor="optional")
    assert not (await sign_in(house)).limited


async def test_a_tenant_demands_it_of_its_own_sessions_alone(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, here = await joined(house, admin, mails)
    quay = await tenant_client(house, "Quay")
    await demand(quay)
    assert not (await admin.call(GET)).required
    await here.call(SEARCH)
    _, code = await invited(house, quay, mails, "ada@example.com")
    there = await from_address(house, "192.0.2.1", "people.accept_invitation", code=code, password=PHRASE)
    assert there.limited
    with pytest.raises(SecondFactorRequired):
        await client(house, there.secret).call(SEARCH)
    await here.call(SEARCH)


async def test_only_who_may_demands_it(house: House, admin: Client, mails: Mailbox) -> None:
    key = (await admin.call("identity.create_key", name="developer", role="developer")).key
    for name, values in ((GET, {}), (SET, {"second_factor": "required"})):
        with pytest.raises(PermissionMissing):
            await client(house, key).call(name, **values)


async def test_what_was_granted_to_apps_stops_too(house: House, admin: Client, mails: Mailbox) -> None:
    user, session = await joined(house, admin, mails)
    tenant = (await session.call("identity.whoami")).tenant_id
    assert await house.recognisers.find(tenant, user.id)
    await demand(admin)
    with pytest.raises(CredentialsUnknown):
        await house.recognisers.find(tenant, user.id)
    await add(session, device())
    assert await house.recognisers.find(tenant, user.id)


async def test_the_operator_demands_it_of_all(tmp_path: Path, clock: FrozenClock) -> None:
    mails = Mailbox()
    async with opened_house(tmp_path / "data", clock=clock, mailer=mails, second_factor="required") as house:
        admin = client(house)
        settings = await admin.call(GET)
        assert (settings.second_factor, settings.required) == ("optional", True)
        _, session = await joined(house, admin, mails)
        with pytest.raises(SecondFactorRequired):
            await session.call(SEARCH)


async def test_single_sign_on_is_not_asked_and_reaches_no_passkeys(
    house: House, admin: Client, mails: Mailbox
) -> None:
    _, session = await joined(house, admin, mails)
    added = await add(session, device())
    async with house.engines.database.unit(SYSTEM) as unit:
        await unit.update("sessions", {"methods": ""}, {"methods": "pwd pop user mfa"})  # as if vouched for
    await demand(admin)
    await session.call(SEARCH)
    assert await session.call("people.list_passkeys") == []
    with pytest.raises(PasskeyMissing):
        await session.call("people.rename_passkey", passkey_id=added.passkey_id, name="Mine")
    for password in (None, PHRASE):
        with pytest.raises(ProofNeeded):
            await session.call("people.begin_passkey", password=password)


async def test_what_a_limited_session_may_is_an_operation_and_no_more(house: House) -> None:
    known = {each.full_name: each for each in house.application.operations}
    assert set(known) >= ENROLLING
    assert {known[name].may for name in ENROLLING} == {"anybody"}
