"""Vector stores: collections with stored files in them, which search finds and forgets as it should."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.interface import Upload
from mainstay.ports.database import SYSTEM
from mainstay.ports.failures import FilterInvalid
from mainstay.services.files.failures import FileMissing
from mainstay.services.knowledge.attaching import Attaching
from mainstay.services.knowledge.failures import (
    CollectionMissing,
    DocumentIdTaken,
    DocumentMissing,
    DocumentsHidden,
    FileBatchMissing,
    StoreFileMissing,
    VectorStoreExpired,
)
from makers import UNDONE, Client, FrozenClock, client, tenant_client
from services.houses import house

__all__ = ["house"]
_DAY_S = 86_400


async def calm(house: House) -> None:
    """Wait until nothing is left to do now."""
    sql = f"SELECT 1 AS one FROM outbox WHERE {UNDONE} LIMIT 1"
    async with asyncio.timeout(30):
        while await house.engines.database.fetch(SYSTEM, sql):
            await asyncio.sleep(0.01)


async def stored(who: Client, text: str | bytes, name: str = "note.txt", **more: Any) -> str:
    content = text if isinstance(text, bytes) else text.encode()
    file = Upload(name, None, content)
    return str((await who.call("files.upload_file", file=file, purpose="assistants", **more)).file_id)


async def made(who: Client, *texts: str, **more: Any) -> tuple[str, list[str]]:
    """Make a store with a file for each text, and wait until it is searchable."""
    store = await who.call("knowledge.create_vector_store", **more)
    files = [await stored(who, text, f"{number}.txt") for number, text in enumerate(texts)]
    if files:
        await attached(who, store.store_id, files)
    return store.store_id, files


async def attached(who: Client, store_id: str, files: Sequence[str], **more: Any) -> Any:
    wanted = [{"file_id": file_id, **more} for file_id in files]
    batch = await who.call("knowledge.attach_files", store_id=store_id, files=wanted)
    await calm(who.house)
    return await who.call("knowledge.get_file_batch", store_id=store_id, batch_id=batch.batch_id)


async def found(who: Client, *store_ids: str, query: str = "ferry", **more: Any) -> list[str]:
    passages = await who.call(
        "knowledge.search_vector_stores", store_ids=list(store_ids), queries=[query], **more
    )
    return [passage.file_id for passage in passages]


async def test_an_attached_file_is_found_with_its_words(admin: Client) -> None:
    store_id, [file_id, _] = await made(
        admin, "The ferry leaves at nine.", "Owls sleep by day.", name="Trips"
    )
    [passage, *_] = await admin.call(
        "knowledge.search_vector_stores", store_ids=[store_id], queries=["When does the ferry leave?"]
    )
    assert (passage.file_id, passage.name, passage.text) == (file_id, "0.txt", "The ferry leaves at nine.")
    assert passage.store_id == store_id
    store = await admin.call("knowledge.get_vector_store", store_id=store_id)
    assert (store.name, store.state, store.files.completed, store.files.total) == ("Trips", "completed", 2, 2)
    assert store.bytes == len("The ferry leaves at nine.") + len("Owls sleep by day.")
    file = await admin.call("knowledge.get_attached_file", store_id=store_id, file_id=file_id)
    document = await admin.call("knowledge.get_document", doc_id=file.doc_id)
    assert (file.state, document.text) == ("completed", "The ferry leaves at nine.")


async def test_the_file_is_stored_once(house: House, admin: Client) -> None:
    await made(admin, "The ferry leaves at nine.")
    tenant_id = (await admin.call("identity.whoami")).tenant_id
    keys = await house.engines.blobs.keys(tenant_id)
    assert [key.partition("_")[0] for key in keys] == ["part"]


async def test_any_collection_is_a_vector_store(admin: Client) -> None:
    document = {
        "collection": "books",
        "doc_id": "b1",
        "title": "Ferries",
        "metadata": {"year": 1999, "x": [1]},
    }
    await admin.call("knowledge.add_document", text="The ferry sank.", wait=True, **document)
    store = await admin.call("knowledge.get_vector_store", store_id="books")
    assert (store.name, store.files.completed, store.bytes) == ("books", 1, 0)
    page = await admin.call("knowledge.list_attached_files", store_id="books")
    assert [(file.file_id, file.name, file.attributes) for file in page.files] == [
        ("b1", "Ferries", {"year": 1999})
    ]
    assert await found(admin, "books", filters={"metadata.year": 1999}) == ["b1"]
    renamed = await admin.call(
        "knowledge.update_vector_store", store_id="books", name="Library", metadata={"k": "v"}
    )
    assert (renamed.name, renamed.metadata) == ("Library", {"k": "v"})
    file_id = await stored(admin, "A ferry is a ship.")
    await attached(admin, "books", [file_id])
    hits = await admin.call("knowledge.search", query="ferry", collection="books")
    assert {hit.doc_id for hit in hits} == {"b1", f"{file_id}@books"}
    await admin.call("knowledge.detach_file", store_id="books", file_id="b1")
    with pytest.raises(DocumentMissing):
        await admin.call("knowledge.get_document", doc_id="b1")


async def test_a_file_may_be_in_several_stores_and_leaves_all_when_it_is_deleted(admin: Client) -> None:
    first, [file_id] = await made(admin, "The ferry leaves at nine.")
    second = (await admin.call("knowledge.create_vector_store")).store_id
    await attached(admin, second, [file_id])
    assert await found(admin, first, second) == [file_id, file_id]
    await admin.call("files.delete_file", file_id=file_id)
    assert await found(admin, first, second) == []
    assert await admin.call("knowledge.search", query="ferry") == []
    for store_id in (first, second):
        store = await admin.call("knowledge.get_vector_store", store_id=store_id)
        assert (store.files.total, store.bytes) == (0, 0)
        with pytest.raises(StoreFileMissing):
            await admin.call("knowledge.get_attached_file", store_id=store_id, file_id=file_id)


async def test_a_detached_file_is_not_found_and_can_come_back(admin: Client) -> None:
    store_id, [file_id] = await made(admin, "The ferry leaves at nine.")
    await admin.call("knowledge.detach_file", store_id=store_id, file_id=file_id)
    assert await found(admin, store_id) == []
    assert (await admin.call("files.get_file", file_id=file_id)).file_id == file_id
    await attached(admin, store_id, [file_id])
    assert await found(admin, store_id) == [file_id]


async def test_a_document_deleted_by_itself_leaves_the_store(admin: Client) -> None:
    store_id, [file_id] = await made(admin, "The ferry leaves at nine.")
    await admin.call("knowledge.delete_document", doc_id=f"{file_id}@{store_id}")
    assert (await admin.call("knowledge.list_attached_files", store_id=store_id)).files == []


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"%PDF-1.7 broken", "FileUnreadable"),
        ("a.exe", b"MZ\x90\x00" + bytes(range(256)), "FileKindUnsupported"),
        ("a.txt", b"   \n ", "FileUnreadable"),
    ],
)
async def test_what_cannot_be_read_fails_with_its_reason(
    admin: Client, name: str, content: bytes, code: str
) -> None:
    store_id, [good] = await made(admin, "The ferry leaves at nine.")
    bad = await stored(admin, content, name)
    batch = await attached(admin, store_id, [bad])
    assert (batch.state, batch.files.failed, batch.files.total) == ("failed", 1, 1)
    file = await admin.call("knowledge.get_attached_file", store_id=store_id, file_id=bad)
    assert (file.state, file.problem_code) == ("failed", code)
    assert file.problem
    store = await admin.call("knowledge.get_vector_store", store_id=store_id)
    assert (store.state, store.files.failed, store.files.completed) == ("completed", 1, 1)
    failed = await admin.call("knowledge.list_attached_files", store_id=store_id, state="failed")
    assert [each.file_id for each in failed.files] == [bad]
    assert await found(admin, store_id) == [good]


async def test_attributes_filter_and_can_be_replaced(admin: Client) -> None:
    store_id, _ = await made(admin)
    old, new = await stored(admin, "The old ferry."), await stored(admin, "The new ferry.")
    await attached(admin, store_id, [old], attributes={"year": 1999, "open": False})
    await attached(admin, store_id, [new], attributes={"year": 2026, "open": True})
    assert await found(admin, store_id, filters={"metadata.year": {"gte": 2000}}) == [new]
    assert await found(admin, store_id, filters={"metadata.open": False}) == [old]
    changed = await admin.call(
        "knowledge.update_attached_file", store_id=store_id, file_id=old, attributes={"year": 2030}
    )
    assert (changed.attributes, changed.state) == ({"year": 2030}, "completed")
    assert await found(admin, store_id, filters={"metadata.year": 2030}) == [old]
    assert await found(admin, store_id, filters={"metadata.open": False}) == []
    with pytest.raises(FilterInvalid):
        await found(admin, store_id, filters={"metadata.year": {"near": 1}})


async def test_groups_hold_in_stores(house: House, admin: Client) -> None:
    keys = [
        await admin.call("identity.create_key", name=name, role="developer", groups=[name])
        for name in ("staff", "guests")
    ]
    staff, guest = (client(house, made_key.key) for made_key in keys)
    store_id = (await admin.call("knowledge.create_vector_store")).store_id
    secret = await stored(staff, "The secret ferry.", groups=["staff"])
    plain = await stored(staff, "The plain ferry.")
    await attached(staff, store_id, [secret, plain])
    assert sorted(await found(staff, store_id)) == sorted([secret, plain])
    assert await found(guest, store_id) == [plain]
    listed = await guest.call("knowledge.list_attached_files", store_id=store_id)
    assert [file.file_id for file in listed.files] == [plain]
    assert (await guest.call("knowledge.get_vector_store", store_id=store_id)).files.total == 1
    for call in ("knowledge.get_attached_file", "knowledge.detach_file"):
        with pytest.raises(StoreFileMissing):
            await guest.call(call, store_id=store_id, file_id=secret)
    with pytest.raises(FileMissing):
        await guest.call("knowledge.attach_files", store_id=store_id, files=[{"file_id": secret}])
    # A file for everybody that was attached for some is not to be opened by others.
    board = await stored(staff, "The board's ferry.")
    await staff.call(
        "knowledge.attach_files", store_id=store_id, files=[{"file_id": board}], groups=["staff"]
    )
    await calm(house)
    assert board not in await found(guest, store_id)
    with pytest.raises(DocumentIdTaken):
        await guest.call("knowledge.attach_files", store_id=store_id, files=[{"file_id": board}])


async def test_another_tenant_has_no_such_store(house: House, admin: Client) -> None:
    store_id, [file_id] = await made(admin, "The ferry leaves at nine.")
    stranger = await tenant_client(house, "Canoe")
    own = await stored(stranger, "A canoe.")
    for call, values in (
        ("knowledge.get_vector_store", {}),
        ("knowledge.update_vector_store", {"name": "mine"}),
        ("knowledge.delete_vector_store", {}),
        ("knowledge.attach_files", {"files": [{"file_id": own}]}),
        ("knowledge.list_attached_files", {}),
        ("knowledge.get_attached_file", {"file_id": file_id}),
    ):
        with pytest.raises(CollectionMissing):
            await stranger.call(call, store_id=store_id, **values)
    with pytest.raises(CollectionMissing):
        await found(stranger, store_id)
    theirs = (await stranger.call("knowledge.create_vector_store")).store_id
    with pytest.raises(FileMissing):
        await stranger.call("knowledge.attach_files", store_id=theirs, files=[{"file_id": file_id}])
    assert (await stranger.call("knowledge.list_vector_stores")).stores[0].store_id == theirs


async def test_a_cancelled_batch_leaves_out_what_was_not_read(admin: Client) -> None:
    store_id, _ = await made(admin)
    files = [await stored(admin, f"Ferry {number}.") for number in range(30)]
    wanted = [{"file_id": file_id} for file_id in files]
    batch = await admin.call("knowledge.attach_files", store_id=store_id, files=wanted)
    assert (batch.state, batch.files.in_progress) == ("in_progress", 30)
    cancelled = await admin.call("knowledge.cancel_file_batch", store_id=store_id, batch_id=batch.batch_id)
    assert cancelled.state == "cancelled"
    await calm(admin.house)
    told = await admin.call("knowledge.get_file_batch", store_id=store_id, batch_id=batch.batch_id)
    assert told.files.in_progress == 0
    assert told.files.cancelled == cancelled.files.cancelled > 0
    assert told.files.completed + told.files.cancelled == 30
    with pytest.raises(FileBatchMissing):
        await admin.call("knowledge.get_file_batch", store_id=store_id, batch_id="batch_none")


async def test_lists_have_pages_in_both_directions(admin: Client, clock: FrozenClock) -> None:
    store_id, _ = await made(admin)
    files = []
    for number in range(5):
        clock.move(1)
        files.append(await stored(admin, f"Ferry {number}."))
        await attached(admin, store_id, files[-1:])

    async def page(**more: Any) -> tuple[list[str], bool]:
        told = await admin.call("knowledge.list_attached_files", store_id=store_id, limit=2, **more)
        return [file.file_id for file in told.files], told.more

    assert await page() == (files[:2:-1], True)
    assert await page(after=files[3]) == (files[2:0:-1], True)
    assert await page(after=files[1]) == ([files[0]], False)
    assert await page(before=files[1]) == (files[3:1:-1], True)
    assert await page(before=files[3]) == ([files[4]], False)
    assert await page(order="asc", after=files[0]) == (files[1:3], True)
    with pytest.raises(StoreFileMissing):
        await page(after="file_none")


async def test_stores_are_listed_newest_first_with_pages(admin: Client, clock: FrozenClock) -> None:
    stores = []
    for _ in range(3):
        clock.move(1)
        stores.append((await admin.call("knowledge.create_vector_store")).store_id)
    page = await admin.call("knowledge.list_vector_stores", limit=2)
    assert ([each.store_id for each in page.stores], page.more) == (stores[:0:-1], True)
    page = await admin.call("knowledge.list_vector_stores", limit=2, after=stores[1])
    assert ([each.store_id for each in page.stores], page.more) == (stores[:1], False)
    page = await admin.call("knowledge.list_vector_stores", limit=1, before=stores[0])
    assert ([each.store_id for each in page.stores], page.more) == ([stores[1]], True)


async def test_a_store_that_nobody_uses_goes_and_one_that_is_searched_stays(
    house: House, admin: Client, clock: FrozenClock
) -> None:
    used, _ = await made(admin, "The ferry leaves at nine.", expires_days=2)
    idle, [file_id] = await made(admin, "An idle ferry.", expires_days=2)
    clock.move(1.5 * _DAY_S)
    assert len(await found(admin, used)) == 1
    await house._go_round(house._wiring.make(type(house._caretakers[0])))
    clock.move(0.6 * _DAY_S)
    async with asyncio.timeout(20):
        while idle in {each.store_id for each in (await admin.call("knowledge.list_vector_stores")).stores}:
            await asyncio.sleep(0.05)
    assert (await admin.call("files.get_file", file_id=file_id)).file_id == file_id
    store = await admin.call("knowledge.get_vector_store", store_id=used)
    assert store.state == "completed"
    assert len(await found(admin, used)) == 1
    with pytest.raises((CollectionMissing, VectorStoreExpired)):
        await found(admin, idle)


async def test_several_queries_over_several_stores_are_one_list(admin: Client) -> None:
    first, [ferry, owl] = await made(admin, "The ferry leaves at nine.", "Owls sleep by day.")
    second, [canoe] = await made(admin, "A canoe is a small boat.")
    passages = await admin.call(
        "knowledge.search_vector_stores",
        store_ids=[first, second, first],
        queries=["ferry at nine", "small canoe"],
        top_k=2,
    )
    assert {passage.file_id for passage in passages} == {ferry, canoe}
    assert passages[0].score >= passages[1].score
    passages = await admin.call(
        "knowledge.search_vector_stores", store_ids=[first], queries=["ferry"], score_min=1.0
    )
    assert owl not in [passage.file_id for passage in passages]


async def test_a_deleted_store_takes_its_documents_and_leaves_the_files(admin: Client) -> None:
    store_id, [file_id] = await made(admin, "The ferry leaves at nine.")
    gone = await admin.call("knowledge.delete_vector_store", store_id=store_id)
    assert gone.documents == 1
    with pytest.raises(CollectionMissing):
        await admin.call("knowledge.get_vector_store", store_id=store_id)
    assert await admin.call("knowledge.search", query="ferry") == []
    assert (await admin.call("files.get_file", file_id=file_id)).bytes > 0


async def test_a_store_with_files_on_their_way_to_other_groups_is_not_deleted(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await admin.call("knowledge.create_vector_store")
    file = {"file_id": await stored(admin, "The code of the safe.")}

    async def later(*_: object) -> None:
        return None

    monkeypatch.setattr(Attaching, "read", later)
    place = {"store_id": store.store_id}
    await admin.call("knowledge.attach_files", **place, files=[file], groups=["board"])
    await calm(admin.house)
    made = await admin.call("identity.create_key", name="hers", role="developer")
    developer = client(admin.house, made.key)
    with pytest.raises(DocumentsHidden):
        await developer.call("knowledge.delete_vector_store", **place)
    assert (await admin.call("knowledge.get_vector_store", **place)).files.in_progress == 1
    await admin.call("knowledge.delete_vector_store", **place)
