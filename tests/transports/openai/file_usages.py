"""What programs do with files and vector stores through OpenAI's package, as they write it."""

import inspect
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
    what_is_missing_is_not_found,
    what_is_wrong_is_a_bad_request,
]
