"""Nothing that a key gives lives longer than it; and what was revoked stays so."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import CredentialsUnknown
from mainstay.services.identity.failures import KeyMayTooMuch
from makers import ADMIN_KEY, Client, FrozenClock, client, opened_house, tenant_client

DAY_S = 24 * 3600


def moment(clock: FrozenClock, ahead_s: float) -> str:
    return datetime.fromtimestamp(clock.now_ms() / 1000 + ahead_s, UTC).isoformat()


async def ending(house: House, admin: Client, clock: FrozenClock) -> Client:
    """Give an administrator's key that ends within a day."""
    made = await admin.call(
        "identity.create_key", name="a day", role="admin", expires_at=moment(clock, DAY_S)
    )
    return client(house, made.key)


async def test_what_an_ending_key_makes_ends_with_it(house: House, admin: Client, clock: FrozenClock) -> None:
    who = await ending(house, admin, clock)
    mine = (await who.call("identity.whoami")).subject
    own = await admin.call("identity.get_key", key_id=mine)
    other = await tenant_client(house, "other")
    tenant = (await other.call("identity.whoami")).tenant_id
    for operation, values in (("create_key", {}), ("create_tenant_key", {"tenant_id": tenant})):
        with pytest.raises(KeyMayTooMuch, match="ends on"):
            await who.call(f"identity.{operation}", name="k", expires_at=moment(clock, DAY_S + 1), **values)
        sooner = await who.call(f"identity.{operation}", name="k", expires_at=moment(clock, 60), **values)
        unsaid = await who.call(f"identity.{operation}", name="k", **values)
        assert sooner.expires_at < unsaid.expires_at
        assert unsaid.expires_at == own.expires_at


async def test_an_ending_key_takes_over_no_key_that_lives_longer(
    house: House, admin: Client, clock: FrozenClock
) -> None:
    who = await ending(house, admin, clock)
    longer = await admin.call("identity.create_key", name="long", role="user")
    own = await who.call("identity.whoami")
    with pytest.raises(KeyMayTooMuch):
        await who.call("identity.rotate_key", key_id=longer.key_id)
    sooner = await who.call("identity.create_key", name="soon", expires_at=moment(clock, 60))
    for end in (None, moment(clock, DAY_S + 1)):
        with pytest.raises(KeyMayTooMuch):
            await who.call("identity.update_key", key_id=sooner.key_id, expires_at=end)
    await who.call("identity.update_key", key_id=sooner.key_id, expires_at=moment(clock, 120))
    await who.call("identity.update_key", key_id=longer.key_id, name="still long")
    await who.call("identity.rotate_key", key_id=own.subject)


async def test_who_has_the_secret_before_cannot_rotate_it_into_one_of_his_own(
    house: House, admin: Client, clock: FrozenClock
) -> None:
    made = await admin.call("identity.create_key", name="k", role="admin")
    await admin.call("identity.rotate_key", key_id=made.key_id, overlap_s=3600)
    leaked = client(house, made.key)
    with pytest.raises(KeyMayTooMuch):
        await leaked.call("identity.rotate_key", key_id=made.key_id)
    with pytest.raises(KeyMayTooMuch):
        await leaked.call("identity.create_key", name="mine", expires_at=moment(clock, DAY_S))


@pytest.mark.parametrize("operation", ["revoke_key", "rotate_key"])
async def test_a_first_key_that_was_revoked_or_rotated_does_not_come_back(
    tmp_path: Path, where: dict[str, str], operation: str
) -> None:
    async with opened_house(tmp_path / "data", **where) as house:
        first = client(house)
        first_id = (await first.call("identity.whoami")).subject
        other = client(house, (await first.call("identity.create_key", name="o", role="admin")).key)
        values = {"overlap_s": 0} if operation == "rotate_key" else {}
        await other.call(f"identity.{operation}", key_id=first_id, **values)
    for _ in range(2):
        async with opened_house(tmp_path / "data", **where) as house:
            with pytest.raises(CredentialsUnknown):
                await client(house, ADMIN_KEY).call("identity.whoami")
    newer = "another-administrators-key-for-tests-0002"
    async with opened_house(tmp_path / "data", admin_key=newer, **where) as house:
        assert (await client(house, newer).call("identity.whoami")).roles == ["admin"]
