"""Files and vector stores as OpenAI's own package uses them: each usage by both of its clients."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from mainstay.services.files.failures import FileMissing
from mainstay.services.files.limits import PART_BYTES
from mainstay.services.files.records import FilePart
from mainstay.services.files.vault import Vault
from makers import ADMIN_KEY
from transports.homes import BASES, Home, home_in
from transports.openai.file_usages import USAGES as FILE_USAGES
from transports.openai.file_usages import Usage
from transports.openai.store_usages import USAGES as STORE_USAGES
from transports.openai.upload_usages import USAGES as UPLOAD_USAGES
from transports.real_house import bearer
from transports.worlds import COLLECTION, DOC

USAGES = [*FILE_USAGES, *STORE_USAGES, *UPLOAD_USAGES]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with home_in(tmp_path_factory.mktemp("files") / "data") as made:
        yield made


@pytest.fixture(params=["sync", "async"])
async def client(home: Home, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    given = {"base_url": f"{home.running.url}/v1", "api_key": ADMIN_KEY, "max_retries": 0}
    if request.param == "sync":
        with openai.OpenAI(**given) as one:  # type: ignore[arg-type]  # the three above
            yield one
    else:
        async with openai.AsyncOpenAI(**given) as other:  # type: ignore[arg-type]  # the same
            yield other


@pytest.mark.parametrize("usage", USAGES, ids=lambda usage: usage.__name__)
async def test_a_usage(client: Any, usage: Usage, tmp_path: Path) -> None:
    await usage(client, tmp_path)


def test_there_are_enough_usages() -> None:
    assert len(USAGES) >= 25
    assert len({usage.__name__ for usage in USAGES}) == len(USAGES)


@pytest.mark.parametrize("base", BASES)
def test_a_collection_is_a_vector_store(home: Home, base: str) -> None:
    with openai.OpenAI(base_url=f"{home.running.url}{base}", api_key=ADMIN_KEY) as client:
        assert COLLECTION in [store.id for store in client.vector_stores.list()]
        files = {file.id: file for file in client.vector_stores.files.list(COLLECTION)}
        assert files[DOC].status == "completed"
        [page] = client.vector_stores.files.content(DOC, vector_store_id=COLLECTION)
        assert "To rotate a key" in (page.text or "")
        found = client.vector_stores.search(COLLECTION, query="rotate a key")
        assert found.data[0].file_id == DOC


def test_ids_may_hold_slashes(home: Home) -> None:
    home.running.call(
        "knowledge.add_document", collection="guides/en", doc_id="a/b.md", text="Boats.", wait=True
    )
    with openai.OpenAI(base_url=f"{home.running.url}/v1", api_key=ADMIN_KEY) as client:
        assert client.vector_stores.retrieve("guides/en").file_counts.completed == 1
        file = client.vector_stores.files.retrieve("a/b.md", vector_store_id="guides/en")
        assert (file.id, file.status) == ("a/b.md", "completed")
        client.vector_stores.files.update("a/b.md", vector_store_id="guides/en", attributes={"k": 1})
        found = client.vector_stores.search(
            "guides/en", query="boats", filters={"type": "eq", "key": "k", "value": 1}
        )
        assert [hit.file_id for hit in found] == ["a/b.md"]


def test_another_tenant_has_nothing_of_it(home: Home) -> None:
    with openai.OpenAI(base_url=f"{home.running.url}/v1", api_key=ADMIN_KEY) as client:
        file = client.files.create(file=("mine.txt", b"A secret ferry."), purpose="assistants")
        store = client.vector_stores.create(name="Mine", file_ids=[file.id])
    with openai.OpenAI(
        base_url=f"{home.running.url}/v1", api_key=home.attacker("files"), max_retries=0
    ) as stranger:
        assert list(stranger.files.list()) == []
        assert store.id not in [each.id for each in stranger.vector_stores.list()]
        theirs = stranger.vector_stores.create(name="Theirs")
        for attempt in (
            lambda: stranger.files.retrieve(file.id),
            lambda: stranger.files.content(file.id),
            lambda: stranger.files.delete(file.id),
            lambda: stranger.vector_stores.retrieve(store.id),
            lambda: stranger.vector_stores.delete(store.id),
            lambda: stranger.vector_stores.search(store.id, query="ferry"),
            lambda: stranger.vector_stores.files.list(store.id),
            lambda: stranger.vector_stores.files.create(theirs.id, file_id=file.id),
            lambda: stranger.vector_stores.create(file_ids=[file.id]),
            lambda: stranger.vector_stores.files.retrieve(file.id, vector_store_id=store.id),
        ):
            with pytest.raises(openai.NotFoundError) as missing:
                attempt()
            assert "ferry" not in str(missing.value)
    with openai.OpenAI(base_url=f"{home.running.url}/v1", api_key=ADMIN_KEY) as client:
        assert client.files.content(file.id).content == b"A secret ferry."


def test_a_file_that_goes_while_it_is_downloaded_breaks_off(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with openai.OpenAI(base_url=f"{home.running.url}/v1", api_key=ADMIN_KEY, max_retries=0) as client:
        file = client.files.create(file=("large.bin", bytes(PART_BYTES + 1)), purpose="batch")
        whole = Vault.part

        async def gone(vault: Vault, file_id: str, number: int) -> FilePart:
            if number > 1:
                raise FileMissing("It was deleted.")
            return await whole(vault, file_id, number)

        monkeypatch.setattr(Vault, "part", gone)
        with pytest.raises(openai.APIConnectionError) as broken:
            client.files.content(file.id)
    assert "without sending complete message body" in str(broken.value.__cause__)
    assert "A download broke off: FileMissing" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("role", "may"), [("user", False), ("developer", True)])
def test_roles_hold(home: Home, role: str, *, may: bool) -> None:
    with openai.OpenAI(base_url=f"{home.running.url}/v1", api_key=home.keys[role]) as client:
        assert client.vector_stores.list().data
        if may:
            assert client.files.create(file=("a.txt", b"A."), purpose="batch").purpose == "batch"
        else:
            with pytest.raises(openai.PermissionDeniedError):
                client.files.create(file=("a.txt", b"A."), purpose="batch")


@pytest.mark.parametrize(
    ("method", "path", "body", "param"),
    [
        ("POST", "/vector_stores", b'{"name": 5}', "name"),
        ("POST", "/vector_stores", b'{"nmae": "x"}', "nmae"),
        ("POST", "/vector_stores", b'{"expires_after": {"anchor": "x", "days": 0}}', "expires_after.anchor"),
        ("POST", "/vector_stores", b"[]", None),
        ("POST", "/vector_stores", b'{"name": "a", "name": "b"}', None),
        ("POST", "/vector_stores", b'{"name": "\\ud800"}', None),
        ("POST", f"/vector_stores/{COLLECTION}/search", b"{}", "query"),
        ("POST", f"/vector_stores/{COLLECTION}/search", b'{"query": ""}', "query.0"),
        ("POST", f"/vector_stores/{COLLECTION}/search", b'{"query": "a", "max_num_results": 51}', None),
        (
            "POST",
            f"/vector_stores/{COLLECTION}/search",
            b'{"query": "a", "filters": {"type": "near", "key": "k", "value": 1}}',
            None,
        ),
        (
            "POST",
            f"/vector_stores/{COLLECTION}/search",
            b'{"query": "a", "filters": {"type": "gt", "key": "k", "value": "word"}}',
            None,
        ),
        ("POST", f"/vector_stores/{COLLECTION}/files", b'{"file_id": ""}', "file_id"),
        ("POST", f"/vector_stores/{COLLECTION}/file_batches", b"{}", "file_ids"),
        ("GET", "/vector_stores?limit=0", b"", "limit"),
        ("GET", "/vector_stores?limit=one", b"", "limit"),
        ("GET", "/vector_stores?sort=up", b"", "sort"),
        ("GET", "/files?purpose=mischief", b"", None),
        ("GET", "/files?order=sideways", b"", "order"),
    ],
)
def test_what_is_wrong_is_named(home: Home, method: str, path: str, body: bytes, param: str | None) -> None:
    headers = [bearer(ADMIN_KEY)]
    if body:
        headers.append(("content-type", "application/json"))
        headers.append(("content-length", str(len(body))))
    answer = home.running.ask(method, f"/v1{path}", headers, body)
    error = answer.told["error"]
    assert (answer.status, error["type"]) == (400, "invalid_request_error")
    assert error["message"]
    if param is not None:
        assert error["param"] == param


@pytest.mark.parametrize(
    "form",
    [
        {"files": {"file": ("a.txt", b"A.")}},
        {"files": {"file": ("a.txt", b"A.")}, "data": {"purpose": "mischief"}},
        {"files": {"file": ("a.txt", b"A.")}, "data": {"purpose": "batch", "expires_after[seconds]": "1"}},
        {"files": {"file": ("a.txt", b"A.")}, "data": {"purpose": "batch", "more": "1"}},
        {"files": {"other": ("a.txt", b"A.")}, "data": {"purpose": "batch"}},
        {"files": {"file": ("a.txt", b"")}, "data": {"purpose": "batch"}},
        {"files": {"file": ("x" * 300, b"A.")}, "data": {"purpose": "batch"}},
        {"json": {"purpose": "batch"}},
    ],
)
def test_a_wrong_form_is_refused_and_stores_nothing(home: Home, form: dict[str, Any]) -> None:
    with openai.OpenAI(base_url=f"{home.running.url}/v1", api_key=ADMIN_KEY, max_retries=0) as client:
        before = len(list(client.files.list()))
        answer = client._client.post("files", headers={"Authorization": f"Bearer {ADMIN_KEY}"}, **form)
        assert answer.status_code in {400, 415}, answer.text
        assert answer.json()["error"]["message"]
        assert len(list(client.files.list())) == before
