"""Documents: stored, found, replaced, deleted."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.interface import Upload
from mainstay.ports.failures import EncoderUnavailable
from mainstay.services.knowledge import library
from mainstay.services.knowledge.failures import (
    CollectionExists,
    CollectionMissing,
    DocumentIdTaken,
    DocumentInvalid,
    DocumentMissing,
    DocumentsHidden,
    PassagesTooLong,
)
from makers import ADMIN_KEY, Client, WordEncoder, client, opened_house, tenant_client

HARBOUR = "The harbour office opens at nine. It closes at five."
KEYS = "A key is shown once. To rotate it, make a new key and revoke the old one."


async def add(admin: Client, doc_id: str, text: str, **more: object) -> object:
    return await admin.call(
        "knowledge.add_document", collection="c", doc_id=doc_id, text=text, wait=True, **more
    )


async def found(admin: Client, query: str, **more: object) -> list[str]:
    return [hit.doc_id for hit in await admin.call("knowledge.search", query=query, **more)]


async def test_a_document_is_found_when_wait_answers(admin: Client) -> None:
    receipt = await add(admin, "harbour", HARBOUR)
    assert (receipt.state, receipt.version) == ("indexed", 1)
    [hit] = await admin.call("knowledge.search", query="harbour office")
    assert (hit.doc_id, hit.snippet) == ("harbour", HARBOUR)
    document = await admin.call("knowledge.get_document", doc_id="harbour")
    assert document.text[hit.start : hit.end] == hit.snippet


async def test_without_wait_a_job_says_when_it_is_done(admin: Client) -> None:
    receipt = await admin.call("knowledge.add_document", collection="c", text=HARBOUR)
    assert receipt.state == "queued"
    job = await admin.call("jobs.get_job", job_id=receipt.job_id, wait_s=30.0)
    assert (job.state, job.progress, job.failures) == ("done", 1.0, [])
    assert await found(admin, "harbour") == [receipt.doc_id]


async def test_an_unchanged_document_costs_nothing(admin: Client) -> None:
    await add(admin, "keys", KEYS)
    encoder = admin.house.engines.encoder
    assert isinstance(encoder, WordEncoder)
    before = len(encoder.encoded)
    receipt = await add(admin, "keys", KEYS)
    assert (receipt.state, receipt.version) == ("unchanged", 1)
    assert len(encoder.encoded) == before


async def test_of_a_changed_document_only_the_changed_passages_are_encoded(admin: Client) -> None:
    parts = [f"# Part {n}\n\n" + f"word{n} " * 60 for n in range(8)]
    await add(admin, "book", "\n\n".join(parts), title="Book")
    encoder = admin.house.engines.encoder
    assert isinstance(encoder, WordEncoder)
    first = len(encoder.encoded)
    parts[3] = "# Part 3\n\n" + "changed " * 60
    receipt = await add(admin, "book", "\n\n".join(parts), title="Book")
    assert receipt.version == 2
    assert 0 < len(encoder.encoded) - first <= first / 3
    [hit] = await admin.call("knowledge.search", query="changed")
    assert hit.version == 2
    assert await found(admin, "word3", mode="lexical") == []


async def test_a_replaced_document_keeps_its_earlier_version_for_a_while(admin: Client) -> None:
    await add(admin, "keys", KEYS)
    await add(admin, "keys", HARBOUR)
    assert (await admin.call("knowledge.get_document", doc_id="keys")).text == HARBOUR
    assert (await admin.call("knowledge.get_document", doc_id="keys", version=1)).text == KEYS
    for number in range(3):
        await add(admin, "keys", f"{HARBOUR} {number}")
    with pytest.raises(DocumentMissing):
        await admin.call("knowledge.get_document", doc_id="keys", version=1)


async def test_a_deleted_document_is_not_found_when_the_call_answers(admin: Client) -> None:
    await add(admin, "keys", KEYS)
    await admin.call("knowledge.delete_document", doc_id="keys")
    assert await found(admin, "rotate key") == []
    with pytest.raises(DocumentMissing):
        await admin.call("knowledge.get_document", doc_id="keys")
    with pytest.raises(DocumentMissing):
        await admin.call("knowledge.delete_document", doc_id="keys")


async def test_a_deleted_id_can_be_used_again(admin: Client) -> None:
    await add(admin, "keys", KEYS)
    await admin.call("knowledge.delete_document", doc_id="keys")
    await add(admin, "keys", HARBOUR)
    assert await found(admin, "harbour office") == ["keys"]


async def test_a_batch_stores_what_it_can_and_names_the_rest(admin: Client) -> None:
    batch = await admin.call(
        "knowledge.add_documents",
        collection="c",
        documents=[
            {"doc_id": "good", "text": HARBOUR},
            {"doc_id": "empty", "text": " "},
            {"doc_id": "odd", "words": "no text"},
            {"doc_id": "good", "text": KEYS},
        ],
        wait=True,
    )
    assert (batch.stored, batch.failed, batch.state) == (1, 3, "indexed")
    assert [receipt.doc_id for receipt in batch.documents] == ["good", "empty", "odd", "good"]
    assert {receipt.problem["code"] for receipt in batch.documents[1:]} == {"DocumentInvalid"}
    assert await found(admin, "harbour") == ["good"]


async def test_nothing_is_stored_when_all_of_a_batch_fails(admin: Client) -> None:
    batch = await admin.call("knowledge.add_documents", collection="none", documents=[{"text": ""}])
    assert (batch.state, batch.job_id) == ("failed", None)
    assert await admin.call("knowledge.list_collections") == []


@pytest.mark.parametrize(
    ("metadata", "field"),
    [({}, "metadata.year"), ({"year": "soon"}, "metadata.year"), ({"year": 1, "at": "noon"}, "metadata.at")],
)
async def test_metadata_has_to_fit_the_collection(
    admin: Client, metadata: dict[str, object], field: str
) -> None:
    schema = {"year": {"type": "integer", "required": True}, "at": {"type": "datetime"}}
    await admin.call("knowledge.create_collection", name="c", metadata_schema=schema)
    with pytest.raises(DocumentInvalid) as caught:
        await add(admin, "doc", KEYS, metadata=metadata)
    assert [problem["field"] for problem in caught.value.problems] == [field]


async def test_collections_are_made_listed_and_deleted_with_all_they_hold(admin: Client) -> None:
    await admin.call("knowledge.create_collection", name="c", description="Ours")
    with pytest.raises(CollectionExists):
        await admin.call("knowledge.create_collection", name="c")
    await add(admin, "keys", KEYS)
    [collection] = await admin.call("knowledge.list_collections")
    assert (collection.documents, collection.passages, collection.description) == (1, 1, "Ours")
    deleted = await admin.call("knowledge.delete_collection", name="c")
    assert deleted.documents == 1
    assert await found(admin, "rotate key") == []
    with pytest.raises(CollectionMissing):
        await admin.call("knowledge.search", query="key", collection="c")


async def test_search_filters_by_metadata(admin: Client) -> None:
    for year in (2023, 2024, 2025):
        await add(admin, f"y{year}", f"{HARBOUR} {year}", metadata={"year": year, "tags": ["a", str(year)]})
    assert await found(admin, "harbour", filters={"year": 2024}) == ["y2024"]
    assert set(await found(admin, "harbour", filters={"year": {"gte": 2024}})) == {"y2024", "y2025"}
    assert await found(admin, "harbour", filters={"tags": "2023"}) == ["y2023"]
    assert set(await found(admin, "harbour", filters={"not": {"year": 2023}})) == {"y2024", "y2025"}
    assert await found(admin, "harbour", filters={"year": 1999}) == []


async def test_passages_that_the_encoder_would_cut_off_are_refused(admin: Client) -> None:
    with pytest.raises(PassagesTooLong, match="at most"):
        await admin.call("knowledge.create_collection", name="long", chunking={"tokens_max": 512})
    with pytest.raises(CollectionMissing):
        await admin.call("knowledge.get_collection", name="long")


async def test_groups_hide_documents_from_everyone_else(house: House, admin: Client) -> None:
    await add(admin, "open", HARBOUR)
    await add(admin, "board", f"{HARBOUR} board", groups=["board"])
    keys = {}
    for name, groups in (("member", ["board"]), ("other", ["staff"])):
        made = await admin.call("identity.create_key", name=name, role="developer", groups=groups)
        keys[name] = client(house, made.key)
    assert set(await found(keys["member"], "harbour")) == {"open", "board"}
    assert await found(keys["other"], "harbour") == ["open"]
    with pytest.raises(DocumentMissing):
        await keys["other"].call("knowledge.get_document", doc_id="board")
    with pytest.raises(DocumentMissing):
        await keys["other"].call("knowledge.delete_document", doc_id="board")
    with pytest.raises(DocumentIdTaken):
        await add(keys["other"], "board", "mine now")
    page = await keys["other"].call("knowledge.list_documents")
    assert [document.doc_id for document in page.documents] == ["open"]
    assert (await admin.call("knowledge.get_document", doc_id="board")).version == 1
    for who, documents in ((admin, 2), (keys["member"], 2), (keys["other"], 1)):
        [listed] = await who.call("knowledge.list_collections")
        assert (listed.documents, listed.passages) == (documents, documents)
        assert await who.call("knowledge.get_collection", name="c") == listed


async def test_a_document_that_is_for_everybody_again_says_so(admin: Client) -> None:
    await add(admin, "plan", "The plan is secret.", groups=["board", "staff"])
    plan = {"collection": "c", "doc_id": "plan"}
    opened = await admin.call("knowledge.add_document", **plan, text="It is told.", groups=["*"])
    assert opened.opened_from == ["board", "staff"]
    assert (await admin.call("knowledge.get_document", doc_id="plan")).groups is None
    again = await admin.call(
        "knowledge.add_document", **plan, text="It was told.", groups=["*", "board"], wait=True
    )
    assert again.opened_from is None
    same = await admin.call("knowledge.add_document", **plan, text="It was told.")
    assert same.state == "unchanged"


async def test_a_document_stored_again_without_groups_stays_with_its_own(house: House, admin: Client) -> None:
    await add(admin, "plan", "The plan is secret.", groups=["board", "board"])
    made = await admin.call("identity.create_key", name="reader", role="user", groups=["staff"])
    reader = client(house, made.key)
    plan = {"collection": "c", "doc_id": "plan"}
    same = await admin.call("knowledge.add_document", **plan, text="The plan is secret.")
    assert same.state == "unchanged"
    for step, text in enumerate(("The plan is changed.", "x" * 150_000), 2):
        receipt = await admin.call("knowledge.add_document", **plan, text=text, wait=True)
        assert (receipt.version, receipt.opened_from) == (step, None)
        assert (await admin.call("knowledge.get_document", doc_id="plan")).groups == ["board"]
        assert await found(reader, "plan changed") == []
    documents = [{"doc_id": "plan", "text": "In a batch.", "groups": None}, {"doc_id": "new", "text": "New."}]
    await admin.call("knowledge.add_documents", collection="c", documents=documents, wait=True)
    file = Upload("plan.md", "text/markdown", b"# In a file")
    uploaded = await admin.call("knowledge.upload_document", file=file, **plan, wait=True)
    assert uploaded.version == 5
    assert (await admin.call("knowledge.get_document", doc_id="plan")).groups == ["board"]
    assert (await admin.call("knowledge.get_document", doc_id="new")).groups is None
    resent = await admin.call("knowledge.upload_document", file=file, **plan)
    assert resent.state == "unchanged"
    closed = await admin.call("knowledge.add_document", **plan, text="For nobody.", groups=[])
    assert closed.opened_from is None
    assert (await admin.call("knowledge.get_document", doc_id="plan")).groups == []


async def test_what_stays_as_it_is_has_not_changed(house: House, admin: Client) -> None:
    await add(admin, "plan", "The plan is secret.", groups=["board"])
    before = await admin.call("knowledge.get_document", doc_id="plan")
    await asyncio.sleep(0.01)
    receipt = await admin.call(
        "knowledge.add_document", collection="c", doc_id="plan", text="The plan is secret.", groups=["board"]
    )
    assert receipt.state == "unchanged"
    documents = [{"doc_id": "plan", "text": "Mine."}]
    made = await admin.call("identity.create_key", name="other", role="developer", groups=["other"])
    batch = await client(house, made.key).call("knowledge.add_documents", collection="c", documents=documents)
    assert batch.documents[0].problem["code"] == "DocumentIdTaken"
    assert await admin.call("knowledge.get_document", doc_id="plan") == before


async def test_a_document_that_is_stored_elsewhere_says_where_it_was(admin: Client) -> None:
    await add(admin, "keys", KEYS)
    moved = await admin.call("knowledge.add_document", collection="d", doc_id="keys", text=KEYS, wait=True)
    assert (moved.moved_from, moved.collection, moved.version, moved.state) == ("c", "d", 2, "indexed")
    assert await found(admin, "rotate key", collection="c") == []
    assert await found(admin, "rotate key", collection="d") == ["keys"]
    again = await admin.call("knowledge.add_document", collection="d", doc_id="keys", text=KEYS, wait=True)
    assert (again.moved_from, again.state) == (None, "unchanged")


async def test_another_tenant_sees_nothing(house: House, admin: Client) -> None:
    await add(admin, "keys", KEYS)
    other = await tenant_client(house, "other")
    assert await found(other, "rotate key") == []
    assert await other.call("knowledge.list_collections") == []
    with pytest.raises(DocumentMissing):
        await other.call("knowledge.get_document", doc_id="keys")
    await add(other, "keys", HARBOUR)
    assert (await admin.call("knowledge.get_document", doc_id="keys")).text == KEYS


async def test_lists_are_paged(admin: Client) -> None:
    documents = [{"doc_id": f"d{n:02}", "text": f"{HARBOUR} {n}"} for n in range(7)]
    await admin.call("knowledge.add_documents", collection="c", documents=documents)
    seen: list[str] = []
    after = None
    while True:
        page = await admin.call("knowledge.list_documents", limit=3, after=after)
        seen += [document.doc_id for document in page.documents]
        after = page.next
        if after is None:
            break
    assert seen == [f"d{n:02}" for n in range(7)]


async def test_what_a_caller_does_not_see_is_passed_in_turns_and_never_named(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "_ROWS_AT_ONCE", 10)
    monkeypatch.setattr(library, "_ROUNDS_MAX", 12)
    hidden = {f"{n:03}-{n % 7}" for n in range(300)}
    documents = [{"doc_id": each, "text": f"{HARBOUR} {each}", "groups": ["board"]} for each in hidden]
    documents += [{"doc_id": each, "text": HARBOUR} for each in ("005-seen", "250-seen", "late")]
    await admin.call("knowledge.add_documents", collection="c", documents=documents, wait=True)
    made = await admin.call("identity.create_key", name="anyone", role="user")
    anyone = client(house, made.key)
    turns = 0

    async def beside() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    pages = []
    task = asyncio.create_task(beside())
    while not pages or pages[-1].next is not None:
        before, after = turns, pages[-1].next if pages else None
        pages.append(await anyone.call("knowledge.list_documents", limit=2, after=after))
        told = (len(pages[-1].documents), pages[-1].next)
        assert told[0] == 2 or told[1] is None or turns - before >= library._ROUNDS_MAX
    task.cancel()
    assert [each.doc_id for page in pages for each in page.documents] == ["005-seen", "250-seen", "late"]
    assert any(not page.documents for page in pages)
    assert not hidden & {page.next for page in pages}


async def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with opened_house(folder) as house:
        await add(client(house), "keys", KEYS)
    async with opened_house(folder) as house:
        assert await found(client(house, ADMIN_KEY), "rotate key") == ["keys"]


async def test_a_few_long_documents_do_not_crowd_out_the_others(admin: Client) -> None:
    pages = "\n\n".join(f"# Page {n}\n\nherring herring market {n}" for n in range(150))
    await add(admin, "long", pages)
    for number in range(3):
        await add(admin, f"short{number}", f"A note that names herring once, number {number}.")
    assert set(await found(admin, "herring", top_k=4)) == {"long", "short0", "short1", "short2"}


async def test_earlier_versions_do_not_show_to_whom_they_were_hidden(house: House, admin: Client) -> None:
    await add(admin, "pay", "SECRET salary 9000", groups=["people"])
    await add(admin, "pay", "salaries are fair", groups=["*"])
    made = await admin.call("identity.create_key", name="anyone", role="user")
    anyone = client(house, made.key)
    assert (await anyone.call("knowledge.get_document", doc_id="pay")).text == "salaries are fair"
    with pytest.raises(DocumentMissing):
        await anyone.call("knowledge.get_document", doc_id="pay", version=1)


async def test_an_earlier_version_is_never_found_by_those_whom_only_the_new_one_is_for(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(admin, "pay", "SECRET salary 9000", groups=["people"])
    made = await admin.call("identity.create_key", name="anyone", role="user")
    anyone = client(house, made.key)

    async def down(self: WordEncoder, texts: Sequence[str], *, role: str = "", lane: str = "query") -> Any:
        if lane == "ingest":
            raise EncoderUnavailable("down")
        return await embed(self, texts)

    embed = WordEncoder.embed
    monkeypatch.setattr(WordEncoder, "embed", down)
    fair = {"collection": "c", "doc_id": "pay", "text": "salaries are fair", "groups": ["*"]}
    await admin.call("knowledge.add_document", **fair)
    await admin.call("knowledge.rebuild", wait=True)
    for who in (anyone, admin):
        assert await found(who, "salary") == []
    monkeypatch.undo()
    encoded = len(house.engines.encoder.encoded)
    await add(admin, "pay", "SECRET salary 9000", groups=["board"])
    assert await found(anyone, "salary") == []
    assert await found(admin, "salary") == ["pay"]
    assert len(house.engines.encoder.encoded) <= encoded + 1


async def test_a_collection_with_hidden_documents_is_not_deleted_by_those_who_do_not_see_them(
    house: House, admin: Client
) -> None:
    await add(admin, "board", HARBOUR, groups=["board"])
    made = await admin.call("identity.create_key", name="developer", role="developer")
    with pytest.raises(DocumentsHidden):
        await client(house, made.key).call("knowledge.delete_collection", name="c")
    assert await found(admin, "harbour") == ["board"]


async def test_a_collection_made_by_many_at_once_is_made_once(admin: Client) -> None:
    adding = [
        admin.call("knowledge.add_document", collection="new", text=f"{HARBOUR} {n}") for n in range(12)
    ]
    assert len({receipt.doc_id for receipt in await asyncio.gather(*adding)}) == 12
    [collection] = await admin.call("knowledge.list_collections")
    assert collection.documents == 12
