"""What programs do with files and vector stores through OpenAI's package, as they write it."""

import inspect
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types import FileObject, VectorStore

Usage = Callable[[Any, Path], Awaitable[None]]


async def do(value: Any) -> Any:
    """Give what a call of either client gives."""
    return await value if inspect.isawaitable(value) else value


async def listed(pages: Any) -> list[Any]:
    """Go through all pages of either client."""
    if hasattr(pages, "__aiter__"):
        return [each async for each in pages]
    return list(pages)


async def refused(kind: type[Exception], call: Callable[[], Any]) -> Any:
    """Give the exception that a call raises."""
    with pytest.raises(kind) as raised:
        await do(call())
    return raised.value


async def uploaded(client: Any, text: str | bytes, name: str = "note.txt", **more: Any) -> FileObject:
    content = text if isinstance(text, bytes) else text.encode()
    return await do(client.files.create(file=(name, content), purpose="assistants", **more))


async def filled(client: Any, *texts: str, **more: Any) -> tuple[VectorStore, list[str]]:
    """Make a vector store with a file for each text."""
    store = await do(client.vector_stores.create(**more))
    files = [await uploaded(client, text, f"{number}.txt") for number, text in enumerate(texts)]
    ids = [file.id for file in files]
    if ids:
        await do(client.vector_stores.file_batches.create_and_poll(store.id, file_ids=ids))
    return store, ids


async def found(client: Any, store: VectorStore, query: str = "ferry", **more: Any) -> list[Any]:
    return await listed(client.vector_stores.search(store.id, query=query, **more))


async def upload_bytes(client: Any, _: Path) -> None:
    file = await do(client.files.create(file=b"The ferry.", purpose="assistants"))
    assert (file.object, file.bytes, file.purpose, file.status) == ("file", 10, "assistants", "processed")
    assert isinstance(file.created_at, int)


async def upload_a_path(client: Any, folder: Path) -> None:
    path = folder / "Überfahrt.jsonl"
    path.write_bytes(b'{"a": 1}\n')
    file = await do(client.files.create(file=path, purpose="batch"))
    assert (file.filename, file.purpose) == ("Überfahrt.jsonl", "batch")


async def upload_an_open_file(client: Any, folder: Path) -> None:
    path = folder / "ferry.txt"
    path.write_text("The ferry.")
    with path.open("rb") as opened:
        file = await do(client.files.create(file=opened, purpose="user_data"))
    assert file.filename == "ferry.txt"


async def upload_with_an_end(client: Any, _: Path) -> None:
    ends = {"anchor": "created_at", "seconds": 3600}
    file = await uploaded(client, "The ferry.", expires_after=ends)
    assert file.expires_at == file.created_at + 3600


async def upload_for_a_group(client: Any, _: Path) -> None:
    file = await uploaded(client, "The ferry.", extra_body={"groups": ["staff", "board"]})
    assert file.id


async def give_back(client: Any, folder: Path) -> None:
    content = bytes(range(256)) * 40_000
    file = await uploaded(client, content, "all.bin")
    answer = await do(client.files.content(file.id))
    assert answer.content == content
    assert answer.response.headers["content-type"] == "application/octet-stream"
    assert "all.bin" in answer.response.headers["content-disposition"]
    target = folder / "copy.bin"
    await do(answer.write_to_file(target))
    assert target.read_bytes() == content


async def give_back_in_a_stream(client: Any, folder: Path) -> None:
    file = await uploaded(client, b"x" * 100_000)
    target = folder / "streamed"
    streamed = client.files.with_streaming_response.content(file.id)
    if isinstance(client, openai.AsyncOpenAI):
        async with streamed as answer:
            await answer.stream_to_file(target)
    else:
        with streamed as answer:
            answer.stream_to_file(target)
    assert target.read_bytes() == b"x" * 100_000


async def describe_a_file(client: Any, _: Path) -> None:
    file = await uploaded(client, "The ferry.")
    assert await do(client.files.retrieve(file.id)) == file


async def wait_for_a_file(client: Any, _: Path) -> None:
    file = await uploaded(client, "The ferry.")
    assert (await do(client.files.wait_for_processing(file.id))).status == "processed"


async def list_files_in_pages(client: Any, _: Path) -> None:
    made = [(await do(client.files.create(file=(f"{n}.txt", b"A."), purpose="evals"))).id for n in range(5)]
    ids = [file.id for file in await listed(client.files.list(purpose="evals", limit=2))]
    assert set(made) <= set(ids)
    assert len(ids) == len(set(ids))
    oldest = [file.id for file in await listed(client.files.list(purpose="evals", limit=2, order="asc"))]
    assert sorted(oldest) == sorted(ids)


async def delete_a_file(client: Any, _: Path) -> None:
    file = await uploaded(client, "The ferry.")
    gone = await do(client.files.delete(file.id))
    assert (gone.id, gone.deleted, gone.object) == (file.id, True, "file")
    for call in (client.files.retrieve, client.files.content, client.files.delete):
        missing = await refused(openai.NotFoundError, lambda call=call: call(file.id))
        assert (missing.status_code, missing.type) == (404, "invalid_request_error")


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


async def what_is_missing_is_not_found(client: Any, _: Path) -> None:
    store, [file_id] = await filled(client, "The ferry.")
    stores, nothing = client.vector_stores, "no_such"
    for call in (
        lambda: client.files.retrieve(nothing),
        lambda: client.files.content(nothing),
        lambda: stores.retrieve(nothing),
        lambda: stores.update(nothing, name="x"),
        lambda: stores.search(nothing, query="x"),
        lambda: stores.create(file_ids=[nothing]),
        lambda: stores.files.create(store.id, file_id=nothing),
        lambda: stores.files.create(nothing, file_id=file_id),
        lambda: stores.files.retrieve(nothing, vector_store_id=store.id),
        lambda: stores.files.delete(nothing, vector_store_id=store.id),
        lambda: stores.files.list(store.id, after=nothing),
        lambda: stores.file_batches.retrieve(nothing, vector_store_id=store.id),
        lambda: stores.file_batches.list_files(nothing, vector_store_id=store.id),
    ):
        missing = await refused(openai.NotFoundError, call)
        assert missing.request_id
        assert missing.body["message"]


async def what_is_wrong_is_a_bad_request(client: Any, _: Path) -> None:
    store, [file_id] = await filled(client, "The ferry.")
    stores = client.vector_stores
    many = {f"k{number}": number for number in range(17)}
    for call in (
        lambda: client.files.create(file=("a.txt", b"A."), purpose="mischief"),
        lambda: client.files.create(file=("a.txt", b""), purpose="batch"),
        lambda: stores.create(name="x" * 501),
        lambda: stores.create(metadata={"k": "v" * 513}),
        lambda: stores.create(chunking_strategy={"type": "static", "static": {"max_chunk_size_tokens": 1}}),
        lambda: stores.search(store.id, query="x", max_num_results=0),
        lambda: stores.search(store.id, query=[]),
        lambda: stores.search(store.id, query="x", filters={"type": "eq", "key": "a b", "value": 1}),
        lambda: stores.files.create(store.id, file_id=file_id, attributes=many),
        lambda: stores.files.create(store.id, file_id=file_id, attributes={"a b": 1}),
        lambda: stores.files.update(file_id, vector_store_id=store.id, attributes={"k": "v" * 513}),
        lambda: stores.file_batches.create(store.id, file_ids=[]),
        lambda: stores.file_batches.create(store.id),
    ):
        wrong = await refused(openai.BadRequestError, call)
        assert wrong.body["message"]


USAGES: list[Usage] = [
    upload_bytes,
    upload_a_path,
    upload_an_open_file,
    upload_with_an_end,
    upload_for_a_group,
    give_back,
    give_back_in_a_stream,
    describe_a_file,
    wait_for_a_file,
    list_files_in_pages,
    delete_a_file,
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
    what_is_missing_is_not_found,
    what_is_wrong_is_a_bad_request,
]
