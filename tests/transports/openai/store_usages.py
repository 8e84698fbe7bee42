"""What programs do with vector stores through OpenAI's package, as they write it."""

import io
from pathlib import Path
from typing import Any

import openai

from transports.openai.file_usages import Usage, do, filled, found, listed, refused, uploaded


async def make_a_store(client: Any, _: Path) -> None:
    store = await do(
        client.vector_stores.create(
            name="Support",
            description="What we tell",
            metadata={"team": "ü"},
            expires_after={"anchor": "last_active_at", "days": 7},
        )
    )
    assert (store.object, store.name, store.status) == ("vector_store", "Support", "completed")
    assert (store.metadata, store.expires_after.days) == ({"team": "ü"}, 7)
    assert store.expires_at == store.last_active_at + 7 * 86_400
    assert (store.file_counts.total, store.usage_bytes) == (0, 0)
    assert await do(client.vector_stores.retrieve(store.id)) == store


async def make_a_store_with_files(client: Any, _: Path) -> None:
    ids = [(await uploaded(client, text)).id for text in ("The ferry.", "The owl.")]
    store = await do(client.vector_stores.create(file_ids=ids))
    assert store.file_counts.total == 2
    for file_id in ids:
        file = await do(client.vector_stores.files.poll(file_id, vector_store_id=store.id))
        assert file.status == "completed"
    assert (await do(client.vector_stores.retrieve(store.id))).status == "completed"


async def change_a_store(client: Any, _: Path) -> None:
    ends = {"anchor": "last_active_at", "days": 7}
    store = await do(client.vector_stores.create(name="A", metadata={"k": "v"}, expires_after=ends))
    changed = await do(client.vector_stores.update(store.id, name="B"))
    assert (changed.name, changed.metadata, changed.expires_after.days) == ("B", {"k": "v"}, 7)
    changed = await do(client.vector_stores.update(store.id, metadata=None, expires_after=None))
    assert (changed.name, changed.metadata, changed.expires_after, changed.expires_at) == (
        "B",
        {},
        None,
        None,
    )


async def list_stores_in_pages(client: Any, _: Path) -> None:
    made = [(await do(client.vector_stores.create(name=f"{number}"))).id for number in range(5)]
    ids = [store.id for store in await listed(client.vector_stores.list(limit=2))]
    assert set(made) <= set(ids)
    assert len(ids) == len(set(ids))
    page = await do(client.vector_stores.list(limit=2, before=ids[3]))
    assert [store.id for store in page.data] == ids[1:3]


async def delete_a_store(client: Any, _: Path) -> None:
    store, [file_id] = await filled(client, "The ferry.")
    gone = await do(client.vector_stores.delete(store.id))
    assert (gone.id, gone.deleted, gone.object) == (store.id, True, "vector_store.deleted")
    await refused(openai.NotFoundError, lambda: client.vector_stores.retrieve(store.id))
    await refused(openai.NotFoundError, lambda: client.vector_stores.search(store.id, query="a"))
    assert (await do(client.files.retrieve(file_id))).id == file_id


async def cut_a_store_smaller(client: Any, _: Path) -> None:
    sizes = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}
    strategy = {"type": "static", "static": sizes}
    text = "\n\n".join(f"Paragraph {n} tells of ferries. " + "word " * 60 for n in range(6))
    store = await do(client.vector_stores.create(chunking_strategy=strategy))
    file = await uploaded(client, text)
    attached = await do(client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id))
    assert attached.chunking_strategy.static.max_chunk_size_tokens == 100
    assert attached.chunking_strategy.static.chunk_overlap_tokens == 0
    assert len(await found(client, store, "ferries", max_num_results=20)) > 2
    auto = await do(client.vector_stores.create(chunking_strategy={"type": "auto"}))
    assert auto.id


async def attach_a_file(client: Any, _: Path) -> None:
    store, _none = await filled(client)
    file = await uploaded(client, "The ferry leaves at nine.")
    attached = await do(
        client.vector_stores.files.create(store.id, file_id=file.id, attributes={"year": 2026})
    )
    assert (attached.object, attached.id, attached.vector_store_id) == (
        "vector_store.file",
        file.id,
        store.id,
    )
    assert attached.status in {"in_progress", "completed"}
    assert attached.attributes == {"year": 2026}
    done = await do(client.vector_stores.files.poll(file.id, vector_store_id=store.id, poll_interval_ms=20))
    assert (done.status, done.last_error, done.usage_bytes) == ("completed", None, file.bytes)


async def upload_and_poll(client: Any, folder: Path) -> None:
    path = folder / "ferry.md"
    path.write_text("# Ferries\n\nThe ferry leaves at nine.")
    store, _none = await filled(client)
    attached = await do(
        client.vector_stores.files.upload_and_poll(
            vector_store_id=store.id, file=path, attributes={"a": True}
        )
    )
    assert attached.status == "completed"
    [hit] = await found(client, store)
    assert (hit.filename, hit.attributes) == ("ferry.md", {"a": True})


async def upload_without_waiting(client: Any, _: Path) -> None:
    store, _none = await filled(client)
    file = await do(
        client.vector_stores.files.upload(vector_store_id=store.id, file=("a.txt", b"The ferry."))
    )
    assert (
        await do(client.vector_stores.files.poll(file.id, vector_store_id=store.id))
    ).status == "completed"


async def upload_a_batch_and_poll(client: Any, _: Path) -> None:
    store, _none = await filled(client)
    files = [(f"{number}.txt", io.BytesIO(f"Ferry {number}.".encode())) for number in range(6)]
    batch = await do(client.vector_stores.file_batches.upload_and_poll(store.id, files=files))
    assert (batch.status, batch.file_counts.completed, batch.file_counts.total) == ("completed", 6, 6)
    inside = await listed(
        client.vector_stores.file_batches.list_files(batch.id, vector_store_id=store.id, limit=2)
    )
    assert len({file.id for file in inside}) == 6


async def batch_with_attributes(client: Any, _: Path) -> None:
    store, _none = await filled(client)
    old, new = [(await uploaded(client, f"The {age} ferry.")).id for age in ("old", "new")]
    files = [{"file_id": old, "attributes": {"year": 1999}}, {"file_id": new, "attributes": {"year": 2026}}]
    batch = await do(client.vector_stores.file_batches.create(store.id, files=files))
    batch = await do(client.vector_stores.file_batches.poll(batch.id, vector_store_id=store.id))
    assert (batch.object, batch.status) == ("vector_store.file_batch", "completed")
    by_id = {file.id: file.attributes for file in await listed(client.vector_stores.files.list(store.id))}
    assert by_id == {old: {"year": 1999}, new: {"year": 2026}}


async def cancel_a_batch(client: Any, _: Path) -> None:
    store, _none = await filled(client)
    ids = [(await uploaded(client, f"Ferry {number}.")).id for number in range(20)]
    batch = await do(client.vector_stores.file_batches.create(store.id, file_ids=ids))
    batch = await do(client.vector_stores.file_batches.cancel(batch.id, vector_store_id=store.id))
    assert batch.file_counts.total == 20
    assert batch.status in {"cancelled", "completed", "in_progress"}


async def list_by_state(client: Any, _: Path) -> None:
    store, [good] = await filled(client, "The ferry.")
    bad = await uploaded(client, "   \n ")
    failed = await do(client.vector_stores.files.create_and_poll(bad.id, vector_store_id=store.id))
    assert (failed.status, failed.last_error.code) == ("failed", "invalid_file")
    assert failed.last_error.message
    for state, file_id in (("failed", bad.id), ("completed", good)):
        files = await listed(client.vector_stores.files.list(store.id, filter=state))
        assert [file.id for file in files] == [file_id]
    counts = (await do(client.vector_stores.retrieve(store.id))).file_counts
    assert (counts.failed, counts.completed, counts.total) == (1, 1, 2)


async def read_what_was_read(client: Any, _: Path) -> None:
    store, [file_id] = await filled(client, "The ferry leaves at nine.")
    [page] = await listed(client.vector_stores.files.content(file_id, vector_store_id=store.id))
    assert (page.type, page.text) == ("text", "The ferry leaves at nine.")


async def replace_attributes(client: Any, _: Path) -> None:
    store, [file_id] = await filled(client, "The ferry.")
    changed = await do(
        client.vector_stores.files.update(
            file_id, vector_store_id=store.id, attributes={"a": 1, "b": "x", "c": False}
        )
    )
    assert changed.attributes == {"a": 1, "b": "x", "c": False}
    assert len(await found(client, store, filters={"type": "eq", "key": "c", "value": False})) == 1
    await do(client.vector_stores.files.update(file_id, vector_store_id=store.id, attributes=None))
    assert await found(client, store, filters={"type": "eq", "key": "a", "value": 1}) == []


async def detach_a_file(client: Any, _: Path) -> None:
    store, [file_id] = await filled(client, "The ferry.")
    gone = await do(client.vector_stores.files.delete(file_id, vector_store_id=store.id))
    assert (gone.id, gone.deleted, gone.object) == (file_id, True, "vector_store.file.deleted")
    assert await found(client, store) == []
    await refused(
        openai.NotFoundError, lambda: client.vector_stores.files.retrieve(file_id, vector_store_id=store.id)
    )
    assert (await do(client.files.retrieve(file_id))).id == file_id


async def delete_a_file_that_is_in_stores(client: Any, _: Path) -> None:
    store, [file_id, other] = await filled(client, "The ferry leaves.", "The ferry stays.")
    await do(client.files.delete(file_id))
    assert [hit.file_id for hit in await found(client, store)] == [other]
    assert (await do(client.vector_stores.retrieve(store.id))).file_counts.total == 1


async def search_a_store(client: Any, _: Path) -> None:
    store, [ferry, _owl] = await filled(client, "The ferry leaves at nine.", "Owls sleep by day.")
    page = await do(client.vector_stores.search(store.id, query="When does the ferry leave?"))
    assert page.search_query == ["When does the ferry leave?"]
    first = page.data[0]
    assert (first.file_id, first.filename) == (ferry, "0.txt")
    assert first.content[0].text == "The ferry leaves at nine."
    assert 0 <= first.score <= 1
    assert [hit.score for hit in page.data] == sorted((hit.score for hit in page.data), reverse=True)


async def search_with_several_queries(client: Any, _: Path) -> None:
    store, ids = await filled(client, "The ferry leaves at nine.", "Owls sleep by day.", "Trains.")
    hits = await found(
        client,
        store,
        ["The ferry leaves at nine", "Owls sleep by day"],
        max_num_results=2,
        rewrite_query=True,
    )
    assert {hit.file_id for hit in hits} == set(ids[:2])


async def search_with_ranking_options(client: Any, _: Path) -> None:
    store, _ids = await filled(client, "The ferry leaves at nine.", "Owls sleep by day.")
    options = {"ranker": "none", "score_threshold": 1.0}
    assert len(await found(client, store, ranking_options=options)) < 2
    weights = {"embedding_weight": 0.0, "text_weight": 1.0}
    hits = await found(client, store, ranking_options={"ranker": "auto", "hybrid_search": weights})
    assert hits[0].filename == "0.txt"
    assert len(await found(client, store, max_num_results=1)) == 1


async def search_with_filters(client: Any, _: Path) -> None:
    store, _none = await filled(client)
    rows: list[dict[str, Any]] = [
        {"year": 1999, "tag": "old", "open": False},
        {"year": 2026, "tag": "new", "open": True},
        {"year": 2010.5, "tag": "mid"},
    ]
    ids = [(await uploaded(client, f"The ferry number {number}.")).id for number in range(3)]
    files = [{"file_id": id_, "attributes": row} for id_, row in zip(ids, rows, strict=True)]
    await do(client.vector_stores.file_batches.create_and_poll(store.id, file_ids=ids[:1]))
    await do(
        client.vector_stores.file_batches.poll(
            (await do(client.vector_stores.file_batches.create(store.id, files=files))).id,
            vector_store_id=store.id,
        )
    )

    def one(kind: str, key: str, value: Any) -> dict[str, Any]:
        return {"type": kind, "key": key, "value": value}

    expected: list[tuple[dict[str, Any], set[int]]] = [
        (one("eq", "tag", "old"), {0}),
        (one("ne", "tag", "old"), {1, 2}),
        (one("eq", "open", True), {1}),
        (one("ne", "open", True), {0, 2}),
        (one("gt", "year", 1999), {1, 2}),
        (one("gte", "year", 1999), {0, 1, 2}),
        (one("lt", "year", 2010.5), {0}),
        (one("lte", "year", 2010.5), {0, 2}),
        (one("eq", "year", 2010.5), {2}),
        (one("in", "tag", ["old", "mid"]), {0, 2}),
        (one("nin", "tag", ["old", "mid"]), {1}),
        (one("in", "year", [1999, 2026]), {0, 1}),
        (one("eq", "missing", "x"), set()),
        ({"type": "and", "filters": [one("gt", "year", 2000), one("ne", "tag", "mid")]}, {1}),
        ({"type": "or", "filters": [one("eq", "tag", "old"), one("eq", "open", True)]}, {0, 1}),
        (
            {
                "type": "and",
                "filters": [
                    {"type": "or", "filters": [one("eq", "tag", "old"), one("eq", "tag", "mid")]},
                    one("lt", "year", 2005),
                ],
            },
            {0},
        ),
    ]
    for filters, numbers in expected:
        hits = await found(client, store, filters=filters)
        assert {hit.file_id for hit in hits} == {ids[number] for number in numbers}, filters


USAGES: list[Usage] = [
    make_a_store,
    make_a_store_with_files,
    change_a_store,
    list_stores_in_pages,
    delete_a_store,
    cut_a_store_smaller,
    attach_a_file,
    upload_and_poll,
    upload_without_waiting,
    upload_a_batch_and_poll,
    batch_with_attributes,
    cancel_a_batch,
    list_by_state,
    read_what_was_read,
    replace_attributes,
    detach_a_file,
    delete_a_file_that_is_in_stores,
    search_a_store,
    search_with_several_queries,
    search_with_ranking_options,
    search_with_filters,
]
