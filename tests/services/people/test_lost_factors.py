"""Second factors that were lost: who may take them away, and that the person is told."""

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import PermissionMissing
from mainstay.ports.database import SYSTEM
from mainstay.services.people.factor_failures import FactorElsewhere, SecondFactorNeeded
from mainstay.services.people.failures import UserMayTooMuch, UserMissing
from makers import Client, FrozenClock, Mailbox, client, tenant_client
from services.people.apps import ADA, sign_in, with_app
from services.people.joining import calm
from services.people.test_sessions import is_over

REMOVE = "people.remove_user_factors"


async def with_permissions(by: Client, house: House, *permissions: str) -> Client:
    await by.call("identity.create_role", name="desk", permissions=list(permissions))
    return client(house, (await by.call("identity.create_key", name="desk", role="desk")).key)


async def test_an_administrator_takes_a_lost_factor_away(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    harbour = await tenant_client(house, "Harbour")
    user, session, _, _ = await with_app(house, harbour, mails, clock)
    assert (await harbour.call(REMOVE, user_id=user.id)).removed
    assert await is_over(session)
    await sign_in(house)
    await calm(house)
    assert (mails.sent[-1].to, "An administrator" in mails.sent[-1].text) == (ADA, True)
    told = len(mails.sent)
    assert not (await harbour.call(REMOVE, user_id=user.id)).removed
    await calm(house)
    assert len(mails.sent) == told
    await house.audit.flush()
    rows = await house.engines.database.fetch(
        SYSTEM, f"SELECT target FROM audit WHERE operation = '{REMOVE}'"
    )
    assert [row["target"] for row in rows] == [user.id, user.id]


async def test_it_needs_its_own_permission_and_goes_no_higher(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    harbour = await tenant_client(house, "Harbour")
    user, _, _, _ = await with_app(house, harbour, mails, clock, role="admin")
    await with_app(house, harbour, mails, clock, "other@example.com")
    desk = await with_permissions(harbour, house, "users:read", "users:write")
    with pytest.raises(PermissionMissing):
        await desk.call(REMOVE, user_id=user.id)
    await harbour.call("identity.replace_role", name="desk", permissions=["factors:write"])
    with pytest.raises(UserMayTooMuch):
        await desk.call(REMOVE, user_id=user.id)
    with pytest.raises(SecondFactorNeeded):
        await sign_in(house)


async def test_no_single_tenant_lowers_the_guard_of_another(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    harbour, quay = await tenant_client(house, "Harbour"), await tenant_client(house, "Quay")
    there, session, _, _ = await with_app(house, harbour, mails, clock)
    tenant = (await harbour.call("identity.whoami")).tenant_id
    with pytest.raises(UserMissing):
        await quay.call(REMOVE, user_id=there.id, tenant_id=tenant)
    here = await quay.call("people.create_user", email=ADA, name="Ada")  # it takes no more to know her
    for by, user in ((quay, here), (harbour, there)):
        with pytest.raises(FactorElsewhere):
            await by.call(REMOVE, user_id=user.id)
    assert not await is_over(session)
    with pytest.raises(UserMissing):
        await admin.call(REMOVE, user_id=there.id)
    assert (await admin.call(REMOVE, user_id=there.id, tenant_id=tenant)).removed
    await sign_in(house)


async def test_the_operator_s_desk_goes_no_higher_by_way_of_another_tenant(
    house: House, admin: Client, mails: Mailbox, clock: FrozenClock
) -> None:
    harbour = await tenant_client(house, "Harbour")
    tenant = (await harbour.call("identity.whoami")).tenant_id
    await with_app(house, admin, mails, clock, role="admin")
    there = await harbour.call("people.create_user", email=ADA, name="Ada")
    desk = await with_permissions(admin, house, "factors:write")
    with pytest.raises(UserMayTooMuch):
        await desk.call(REMOVE, user_id=there.id, tenant_id=tenant)
