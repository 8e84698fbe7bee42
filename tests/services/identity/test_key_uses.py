"""When a key was used last: gathered in memory, written in the background, lost by nobody who closes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.ports.database import SYSTEM, DatabaseUnavailable
from makers import Client, FrozenClock, client, opened_house


async def test_uses_are_written_in_the_background_to_the_minute(
    house: House, admin: Client, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await admin.call("identity.create_key", name="x")
    used = client(house, made.key)
    for _ in range(3):
        await used.call("identity.whoami")

    async def told() -> int | None:
        return (
            int(ms)
            if (ms := (await admin.call("identity.get_key", key_id=made.key_id)).last_used_ms)
            else None
        )

    assert await told() is None
    unit, opened = house.engines.database.unit, []
    me = asyncio.current_task()

    def noted(scope: Any) -> Any:
        if asyncio.current_task() is me:  # the house writes other things meanwhile
            opened.append(scope)
        return unit(scope)

    monkeypatch.setattr(house.engines.database, "unit", noted)
    await used.call("identity.whoami")
    assert opened == []  # a use writes nothing by itself
    await house.uses.go()
    assert len(opened) == 1
    first = clock.now_ms() - clock.now_ms() % 60_000
    assert await told() == first
    clock.move(120)
    await used.call("identity.whoami")
    await house.uses.go()
    assert await told() == first + 120_000


async def test_uses_that_cannot_be_written_wait(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await admin.call("identity.create_key", name="x")
    await client(house, made.key).call("identity.whoami")

    def full(_: object) -> Any:
        raise DatabaseUnavailable

    with monkeypatch.context() as broken:
        broken.setattr(house.engines.database, "unit", full)
        await house.uses.go()
    await house.uses.go()
    assert (await admin.call("identity.get_key", key_id=made.key_id)).last_used_ms is not None


async def test_uses_are_written_when_the_house_closes(tmp_path: Path, where: dict[str, str]) -> None:
    async with opened_house(tmp_path / "again", **where) as house:
        me = await client(house).call("identity.whoami")
    async with opened_house(tmp_path / "again", **where) as house:
        assert (await client(house).call("identity.get_key", key_id=me.subject)).last_used_ms is not None


async def test_a_revoked_key_leaves_no_trace_of_its_use(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="x")
    for _ in range(2):
        await client(house, made.key).call("identity.whoami")
        await house.uses.go()
        await client(house).call("identity.whoami")
    await client(house, made.key).call("identity.whoami")
    await admin.call("identity.revoke_key", key_id=made.key_id)
    await house.uses.go()
    rows = await house.engines.database.fetch(SYSTEM, "SELECT key_id FROM key_uses")
    assert made.key_id not in {row["key_id"] for row in rows}
