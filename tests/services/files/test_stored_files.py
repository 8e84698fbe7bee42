"""Stored files: whole when they are given back, gone when they were deleted, seen by whom they are for."""

import asyncio
import base64
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.interface import Upload
from mainstay.kernel.room import QuotaFull
from mainstay.ports.database import SYSTEM
from mainstay.services.files.failures import FileEmpty, FileMissing, PartMissing
from mainstay.services.files.limits import PART_BYTES
from makers import UNDONE, Client, FrozenClock, client, opened_house, tenant_client

_TEXT = b"The ferry leaves at nine."


async def calm(house: House) -> None:
    """Wait until nothing is left to do now."""
    sql = f"SELECT 1 AS one FROM outbox WHERE {UNDONE} LIMIT 1"
    async with asyncio.timeout(20):
        while await house.engines.database.fetch(SYSTEM, sql):
            await asyncio.sleep(0.01)


async def stored(who: Client, content: bytes = _TEXT, name: str = "ferry.txt", **more: Any) -> Any:
    return await who.call("files.upload_file", file=Upload(name, "text/plain", content), **more)


async def given(who: Client, file: Any) -> bytes:
    """Put a file together again."""
    parts = [
        await who.call("files.get_file_part", file_id=file.file_id, part=number)
        for number in range(1, file.parts + 1)
    ]
    return b"".join(base64.b64decode(part.content) for part in parts)


async def blobs(house: House, who: Client) -> list[str]:
    tenant_id = (await who.call("identity.whoami")).tenant_id
    return list(await house.engines.blobs.keys(tenant_id))


async def test_a_file_comes_back_as_it_was_sent(admin: Client) -> None:
    file = await stored(admin, purpose="assistants")
    assert (file.name, file.purpose, file.media_type, file.bytes) == (
        "ferry.txt",
        "assistants",
        "text/plain",
        len(_TEXT),
    )
    assert file.sha256 == hashlib.sha256(_TEXT).hexdigest()
    assert await given(admin, file) == _TEXT
    assert await admin.call("files.get_file", file_id=file.file_id) == file
    with pytest.raises(PartMissing, match="1 parts"):
        await admin.call("files.get_file_part", file_id=file.file_id, part=2)


async def test_a_large_file_lies_in_parts_and_encrypted(house: House, admin: Client, tmp_path: Path) -> None:
    content = os.urandom(2 * PART_BYTES + 17)
    file = await stored(admin, content)
    assert file.parts == 3
    assert await given(admin, file) == content
    at_rest = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("part_*"))
    assert len(at_rest) >= len(content)
    assert content[:64] not in at_rest


async def test_an_empty_file_is_refused(house: House, admin: Client) -> None:
    with pytest.raises(FileEmpty):
        await stored(admin, b"")
    assert await blobs(house, admin) == []


async def test_a_deleted_file_is_gone_when_the_answer_comes(house: House, admin: Client) -> None:
    file, other = await stored(admin), await stored(admin, b"Another.")
    await admin.call("files.delete_file", file_id=file.file_id)
    assert len(await blobs(house, admin)) == 1
    for call in ("files.get_file", "files.delete_file"):
        with pytest.raises(FileMissing):
            await admin.call(call, file_id=file.file_id)
    with pytest.raises(FileMissing):
        await admin.call("files.get_file_part", file_id=file.file_id, part=1)
    assert await given(admin, other) == b"Another."


async def test_lists_go_by_time_and_in_pages(admin: Client, clock: FrozenClock) -> None:
    made = []
    for number in range(5):
        clock.move(1)
        purpose = "batch" if number % 2 else "evals"
        made.append((await stored(admin, name=f"{number}.txt", purpose=purpose)).file_id)
    first = await admin.call("files.list_files", limit=2)
    second = await admin.call("files.list_files", limit=2, after=first.next)
    third = await admin.call("files.list_files", limit=2, after=second.next)
    listed = [file.file_id for page in (first, second, third) for file in page.files]
    assert listed == made[::-1]
    assert third.next is None
    oldest = await admin.call("files.list_files", order="asc", purpose="batch")
    assert [file.file_id for file in oldest.files] == [made[1], made[3]]


async def test_whom_a_file_is_kept_to_sees_it_and_nobody_else(house: House, admin: Client) -> None:
    made = await admin.call("identity.create_key", name="staff", role="developer", groups=["staff"])
    other = await admin.call("identity.create_key", name="guest", role="developer", groups=["guests"])
    staff, guest = client(house, made.key), client(house, other.key)
    secret = await stored(staff, groups=["staff"])
    plain = await stored(staff, groups=["*", "staff"])
    assert (await staff.call("files.get_file", file_id=secret.file_id)).groups == ["staff"]
    assert (await admin.call("files.get_file", file_id=secret.file_id)).groups == ["staff"]
    assert [file.file_id for file in (await guest.call("files.list_files")).files] == [plain.file_id]
    for call, more in (
        ("files.get_file", {}),
        ("files.get_file_part", {"part": 1}),
        ("files.delete_file", {}),
    ):
        with pytest.raises(FileMissing):
            await guest.call(call, file_id=secret.file_id, **more)
    assert await given(staff, secret) == _TEXT


async def test_hidden_files_leave_no_holes_in_pages(house: House, admin: Client, clock: FrozenClock) -> None:
    other = await admin.call("identity.create_key", name="guest", role="developer")
    guest = client(house, other.key)
    shown = [(await stored(admin)).file_id]
    for _ in range(4):
        clock.move(1)
        await stored(admin, groups=["staff"])
    clock.move(1)
    shown.append((await stored(admin)).file_id)
    page = await guest.call("files.list_files", limit=1)
    assert [file.file_id for file in page.files] == shown[1:]
    page = await guest.call("files.list_files", limit=1, after=page.next)
    assert [file.file_id for file in page.files] == shown[:1]
    assert page.next is None


async def test_a_files_time_is_over_to_the_second(house: House, admin: Client, clock: FrozenClock) -> None:
    file = await stored(admin, expires_in_s=3600)
    assert file.expires_ms == file.created_ms + 3_600_000
    clock.move(3599)
    assert (await admin.call("files.list_files")).files == [file]
    clock.move(2)
    with pytest.raises(FileMissing):
        await admin.call("files.get_file", file_id=file.file_id)
    assert (await admin.call("files.list_files")).files == []
    async with asyncio.timeout(20):
        while await blobs(house, admin):
            await asyncio.sleep(0.02)


async def test_another_tenant_has_no_such_file(house: House, admin: Client) -> None:
    file = await stored(admin)
    stranger = await tenant_client(house, "Canoe")
    for call in ("files.get_file", "files.delete_file"):
        with pytest.raises(FileMissing):
            await stranger.call(call, file_id=file.file_id)
    assert (await stranger.call("files.list_files")).files == []
    assert await given(admin, file) == _TEXT


async def test_files_and_documents_share_the_quota_of_bytes(house: House, admin: Client) -> None:
    who = await tenant_client(house, "Small")
    tenant_id = (await who.call("identity.whoami")).tenant_id
    file = await stored(who, b"x" * 1000)
    await admin.call("gateway.replace_tenant_quotas", tenant_id=tenant_id, storage_bytes=2000)
    with pytest.raises(QuotaFull, match="storage_bytes of your tenant is 2,000; 1,000 are used"):
        await stored(who, b"x" * 1500)
    with pytest.raises(QuotaFull, match="1,000 are used"):
        await who.call("knowledge.add_document", collection="c", text="x" * 1500)
    await who.call("files.delete_file", file_id=file.file_id)
    await stored(who, b"x" * 1500)
    await calm(house)


async def test_old_files_are_removed_where_the_tenant_says_so(
    house: House, admin: Client, clock: FrozenClock
) -> None:
    old = await stored(admin)
    await admin.call("privacy.set_retention", days={"files": 30})
    clock.move(31 * 86_400)
    young = await stored(admin)
    async with asyncio.timeout(20):
        while len(await blobs(house, admin)) > 1:
            await asyncio.sleep(0.02)
    assert [file.file_id for file in (await admin.call("files.list_files")).files] == [young.file_id]
    with pytest.raises(FileMissing):
        await admin.call("files.get_file", file_id=old.file_id)


async def test_what_was_acknowledged_outlives_a_stop_and_leftovers_are_swept(
    tmp_path: Path, where: dict[str, str]
) -> None:
    clock = FrozenClock()
    async with opened_house(tmp_path / "again", clock=clock, **where) as house:
        admin = client(house)
        file = await stored(admin)
        tenant_id = (await admin.call("identity.whoami")).tenant_id
        await house.engines.blobs.put(tenant_id, house.ids.new("part"), b"left by a crash")
    clock.move(3 * 3600)
    async with opened_house(tmp_path / "again", clock=clock, **where) as house:
        admin = client(house)
        assert await given(admin, file) == _TEXT
        await stored(admin, b"Another.")
        assert len(await blobs(house, admin)) == 2
        await house.engines.blobs.put(tenant_id, house.ids.new("part"), b"left by a request that failed")
        for hours, left in ((3, 3), (22, 2)):
            clock.move(hours * 3600)
            await admin.call("files.start_upload", name="a.txt", size=1)
            assert len(await blobs(house, admin)) == left, "once a day is enough"
