"""The key of the audit: never replaced in silence, rotated by command, and followed by every check."""

from pathlib import Path

import pytest

from mainstay.app import audit_keys, audits
from mainstay.app.audit_keys import AuditKeyThere, rotate
from mainstay.app.audits import AuditDataMissing, check_data, check_file
from mainstay.app.house import House
from mainstay.app.settings import Settings
from mainstay.kernel.audit_keys import AuditKeyChanged
from mainstay.kit.random import SystemRandom
from mainstay.ports.database import SYSTEM
from mainstay.services.observability.interface import AuditCheckpoints
from makers import FrozenClock, client, opened_house


async def used(folder: Path) -> AuditCheckpoints:
    """Do something that is sealed and signed, and give the newest checkpoint."""
    async with opened_house(folder) as house:
        admin = client(house)
        await admin.call("identity.create_key", name="k")
        await sealed(house)
        told: AuditCheckpoints = await admin.call("observability.list_checkpoints", limit=1)
        return told


async def exported(folder: Path) -> str:
    async with opened_house(folder) as house:
        answer = await client(house).answer("observability.export_entries")
        return "".join([audits.line_of(piece) async for piece in answer.value])


def checked(folder: Path, export: str, public_key: str, anchors: AuditCheckpoints) -> str:
    path = folder / "audit.jsonl"
    path.write_text(export)
    return check_file(path, public_key, anchors, silent).finding


async def sealed(house: House) -> None:
    await house.audit.flush()
    await house.sealer.catch_up()


async def rotated(folder: Path, *, lost: bool = False) -> audit_keys.Rotated:
    return await rotate(Settings(data=folder), FrozenClock(), SystemRandom(), lost=lost)


async def findings(folder: Path, public_key: str | None = None) -> set[str]:
    chains = check_data(Settings(data=folder), public_key, None, silent)
    return {each.finding async for each in chains}


def silent(_done: int) -> None:
    return


async def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    before = await used(folder)
    kept = (folder / "audit.key").read_bytes()
    (folder / "audit.key").unlink()
    for _ in range(2):
        with pytest.raises(AuditKeyChanged, match=f"{before.key_id}.*rotate-key --lost"):
            await used(folder)
    (folder / "audit.key").write_bytes(kept)
    assert (await used(folder)).key_id == before.key_id


async def test_a_key_lost_before_keys_were_written_down_is_not_replaced_either(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    await used(folder)
    async with opened_house(folder) as house, house.engines.database.unit(SYSTEM) as unit:
        await unit.delete("audit_keys", {"number": (">", 0)})
    (folder / "audit.key").unlink()
    with pytest.raises(AuditKeyChanged):
        await used(folder)


async def test_a_rotated_key_is_followed_from_both_ends(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = await used(folder)
    told = [await rotated(folder) for _ in range(2)]
    assert (told[0].previous_id, told[1].previous_id) == (first.key_id, told[0].key_id)
    newest = await used(folder)
    export = await exported(folder)
    assert (newest.key_id, newest.public_key) == (told[1].key_id, told[1].public_key)
    for public_key in (first.public_key, told[0].public_key, newest.public_key):
        assert await findings(folder, public_key) == {""}
        assert checked(tmp_path, export, public_key, first) == ""
    assert await findings(folder) == {""}
    assert not (folder / audit_keys.NEXT).exists()


async def test_after_a_loss_the_new_key_is_followed_back_and_the_old_one_not_on(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = await used(folder)
    (folder / "audit.key").unlink()
    assert (await rotated(folder, lost=True)).previous_id == first.key_id
    newest = await used(folder)
    export = await exported(folder)
    assert await findings(folder) == {""}
    assert checked(tmp_path, export, newest.public_key, first) == ""
    finding = checked(tmp_path, export, first.public_key, first)
    assert f"signed by the key {newest.key_id}" in finding


async def test_a_key_that_only_says_that_it_follows_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = await used(folder)
    await rotated(folder)
    await used(folder)
    async with opened_house(folder) as house, house.engines.database.unit(SYSTEM) as unit:
        await unit.update("audit_keys", {"by_previous": bytes(64)}, {"number": 2})
    [finding] = {each for each in await findings(folder, first.public_key) if each}
    assert "which is not the one it is checked with" in finding


async def test_an_interrupted_rotation_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "data"
    await used(folder)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            await rotated(folder)
    with pytest.raises(AuditKeyChanged, match="interrupted"):
        await used(folder)
    again = await rotated(folder)
    assert (await used(folder)).key_id == again.key_id
    assert await findings(folder) == {""}


async def test_what_cannot_be_rotated_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with pytest.raises(AuditDataMissing):
        await rotated(folder)
    await used(folder)
    with pytest.raises(AuditKeyThere):
        await rotated(folder, lost=True)
    (folder / audit_keys.NEXT).unlink()
    (folder / "audit.key").unlink()
    with pytest.raises(AuditDataMissing, match="--lost"):
        await rotated(folder)
    with pytest.raises(AuditKeyChanged):
        await used(folder)
    with pytest.raises(AuditKeyChanged):
        await rotated(folder)
