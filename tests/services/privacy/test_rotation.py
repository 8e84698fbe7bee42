"""Keys of the installation: described and replaced by the operator alone."""

import base64
from pathlib import Path

import pytest

from mainstay.kernel.operating import OperatorNeeded
from mainstay.ports.ciphers import CipherUnavailable
from makers import Client, FrozenClock, client, opened_house, tenant_client


async def add(admin: Client, doc_id: str) -> None:
    await admin.call(
        "knowledge.add_document", collection="c", doc_id=doc_id, text=f"{doc_id} is here.", wait=True
    )


async def test_keys_of_all_are_replaced_and_what_is_stored_stays_readable(
    tmp_path: Path, clock: FrozenClock
) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin, other = client(house), await tenant_client(house, "other")
        for one in (admin, other):
            await add(one, "d1")
        before = await admin.call("privacy.describe_keys")
        assert (before.roots, before.owners, before.waiting) == (1, 3, 0), "two tenants, and the installation"
        assert before.wrapper.startswith("file:")
        after = await admin.call("privacy.rotate_keys", what="data")
        assert (after.owners, after.versions, after.waiting) == (3, before.versions + 3, 3)
        clock.move(5)
        await house.key_rounds.reseal()
        assert (await admin.call("privacy.describe_keys")).waiting == 0
        for one in (admin, other):
            assert (await one.call("knowledge.get_document", doc_id="d1")).text == "d1 is here."


async def test_the_root_key_is_replaced(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        await add(admin, "d1")
        clock.move(1)
        assert (await admin.call("privacy.rotate_keys", what="root")).roots == 2
        for seconds in (5, 120):
            clock.move(seconds)
            await house.engines.keys.look()
        state = await admin.call("privacy.describe_keys")
        assert (state.roots, state.root_made_ms) == (1, clock.ms - 125_000)
    async with opened_house(tmp_path / "data", clock=clock) as house:
        assert (await client(house).call("knowledge.get_document", doc_id="d1")).text == "d1 is here."


async def test_only_the_operator_may(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data") as house:
        other = await tenant_client(house, "other")
        for operation, values in (("privacy.describe_keys", {}), ("privacy.rotate_keys", {"what": "data"})):
            with pytest.raises(OperatorNeeded):
                await other.call(operation, **values)


async def test_the_key_moves_from_the_file_into_a_variable(tmp_path: Path, clock: FrozenClock) -> None:
    data, key = tmp_path / "data", base64.b64encode(bytes(32)).decode()
    async with opened_house(data, clock=clock) as house:
        await add(client(house), "d1")
    clock.move(1)
    async with opened_house(data, clock=clock, key=key) as house:
        admin = client(house)
        assert (await admin.call("privacy.describe_keys")).wrapper.startswith("file:")
        assert (await admin.call("privacy.rotate_keys", what="root")).wrapper.startswith("environment:")
        for seconds in (5, 120):
            clock.move(seconds)
            await house.engines.keys.look()
    (data / "secret.key").unlink()
    async with opened_house(data, clock=clock, key=key) as house:
        assert (await client(house).call("knowledge.get_document", doc_id="d1")).text == "d1 is here."
    with pytest.raises(CipherUnavailable, match="there is data sealed with it"):
        async with opened_house(data, clock=clock):
            pass
