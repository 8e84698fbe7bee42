"""Uploads in several parts: whole, in the order that was named, and gone when they are given up."""

import asyncio
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.interface import Upload
from mainstay.kernel.room import QuotaFull
from mainstay.services.files.contents import Contents
from mainstay.services.files.failures import UploadEnded, UploadMissing, UploadUnfit
from mainstay.services.files.upload_store import UploadStore
from makers import Client, FrozenClock, client, tenant_client
from services.files.test_stored_files import blobs, calm, given


async def begun(who: Client, size: int, **more: Any) -> str:
    return str((await who.call("files.start_upload", name="a.txt", size=size, **more)).upload_id)


async def part(who: Client, upload_id: str, content: bytes) -> str:
    file = Upload("part", None, content)
    return str((await who.call("files.add_upload_part", upload_id=upload_id, file=file)).part_id)


async def test_parts_become_a_file_in_the_order_that_is_named(house: House, admin: Client) -> None:
    upload_id = await begun(admin, 9, purpose="batch", groups=["staff"])
    parts = [await part(admin, upload_id, content) for content in (b"ferry", b"The ")]
    done = await admin.call("files.complete_upload", upload_id=upload_id, part_ids=parts[::-1])
    assert (done.state, done.file.bytes, done.file.groups, done.file.media_type) == (
        "completed",
        9,
        ["staff"],
        "text/plain",
    )
    assert await given(admin, done.file) == b"The ferry"
    with pytest.raises(UploadEnded):
        await admin.call("files.complete_upload", upload_id=upload_id, part_ids=parts)
    await admin.call("files.delete_file", file_id=done.file.file_id)
    assert await blobs(house, admin) == []


async def test_parts_at_the_same_time_all_arrive(admin: Client) -> None:
    upload_id = await begun(admin, 80)
    contents = [bytes([number]) * 10 for number in range(8)]
    parts = await asyncio.gather(*(part(admin, upload_id, content) for content in contents))
    done = await admin.call("files.complete_upload", upload_id=upload_id, part_ids=list(parts))
    assert await given(admin, done.file) == b"".join(contents)


async def test_what_is_not_named_or_given_up_is_erased(house: House, admin: Client) -> None:
    upload_id = await begun(admin, 5)
    wrong, right = await part(admin, upload_id, b"f"), await part(admin, upload_id, b"er")
    with pytest.raises(UploadUnfit, match="5 bytes were announced, these parts have 2"):
        await admin.call("files.complete_upload", upload_id=upload_id, part_ids=[right])
    with pytest.raises(UploadUnfit):
        await part(admin, upload_id, b"ryx")
    last = await part(admin, upload_id, b"ry")
    with pytest.raises(UploadUnfit):
        await admin.call("files.complete_upload", upload_id=upload_id, part_ids=[right, last])
    await admin.call("files.complete_upload", upload_id=upload_id, part_ids=[wrong, right, last])
    assert len(await blobs(house, admin)) == 3
    other = await begun(admin, 9)
    await part(admin, other, b"given up")
    await admin.call("files.cancel_upload", upload_id=other)
    await calm(house)
    assert len(await blobs(house, admin)) == 3


@pytest.mark.parametrize("completed", [True, False])
async def test_a_part_that_comes_while_an_upload_is_ended_is_erased(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch, *, completed: bool
) -> None:
    """A client that waited too long sends its part again; the first one comes last of all."""
    keep, end, reached, go_on = Contents.keep, UploadStore.end, asyncio.Event(), asyncio.Event()

    async def slowly(contents: Contents, content: bytes) -> Any:
        kept = await keep(contents, content)
        reached.set()
        await go_on.wait()
        return kept

    async def ending(store: UploadStore, *given: Any) -> Any:
        go_on.set()
        await late
        return await end(store, *given)

    upload_id = await begun(admin, 6)
    first = await part(admin, upload_id, b"fer")
    with monkeypatch.context() as patched:
        patched.setattr(Contents, "keep", slowly)
        late = asyncio.create_task(part(admin, upload_id, b"ry!"))
        await reached.wait()
    again = await part(admin, upload_id, b"ry!")
    monkeypatch.setattr(UploadStore, "end", ending)
    if completed:
        done = await admin.call("files.complete_upload", upload_id=upload_id, part_ids=[first, again])
        assert await given(admin, done.file) == b"ferry!"
    else:
        await admin.call("files.cancel_upload", upload_id=upload_id)
    await calm(house)
    assert len(await blobs(house, admin)) == (2 if completed else 0)


async def test_an_upload_goes_on_for_an_hour(house: House, admin: Client, clock: FrozenClock) -> None:
    upload_id = await begun(admin, 5)
    await part(admin, upload_id, b"fer")
    clock.move(3599)
    await part(admin, upload_id, b"r")
    clock.move(2)
    with pytest.raises(UploadEnded):
        await part(admin, upload_id, b"y")
    async with asyncio.timeout(20):
        while await blobs(house, admin):
            await asyncio.sleep(0.02)
    clock.move(24 * 3600)
    async with asyncio.timeout(20):
        while True:
            try:
                await admin.call("files.cancel_upload", upload_id=upload_id)
            except UploadEnded:
                await asyncio.sleep(0.05)
            except UploadMissing:
                return


async def test_an_upload_is_of_its_tenant_and_groups(house: House, admin: Client) -> None:
    upload_id = await begun(admin, 5, groups=["staff"])
    guest = await admin.call("identity.create_key", name="guest", role="developer")
    for who in (client(house, guest.key), await tenant_client(house, "Canoe")):
        for call, more in (
            ("files.cancel_upload", {}),
            ("files.complete_upload", {"part_ids": ["filepart_a"]}),
        ):
            with pytest.raises(UploadMissing):
                await who.call(call, upload_id=upload_id, **more)
        with pytest.raises(UploadMissing):
            await part(who, upload_id, b"x")


async def test_parts_count_into_the_quota(house: House, admin: Client) -> None:
    who = await tenant_client(house, "Small")
    tenant_id = (await who.call("identity.whoami")).tenant_id
    await admin.call("gateway.replace_tenant_quotas", tenant_id=tenant_id, storage_bytes=10)
    upload_id = await begun(who, 20)
    await part(who, upload_id, b"x" * 8)
    with pytest.raises(QuotaFull, match="8 are used"):
        await part(who, upload_id, b"x" * 8)
