"""Requests that are sent again with their idempotency key: every endpoint that writes, twice."""

import http.client
import json
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from mainstay.kernel.idempotency import KEY_LENGTH_MAX
from mainstay.transports.compatible.openai.door import TABLES
from transports.openai.serving import Served

_BORDER = "border"
_HI = [{"role": "user", "content": "Hi"}]
_ANEW = {"/chat/completions", "/responses", "/responses/compact", "/moderations", "/rerank"}
"""What a model answers anew each time, and is no write."""

Ask = Callable[..., tuple[int, Any]]
Case = Callable[[Ask], tuple[dict[str, str], Any]]
"""Gives what fills the path, and the body."""


@pytest.fixture
def ask(there: Served) -> Iterator[Ask]:
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(there.url).netloc, timeout=20)

    def ask(method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        headers = {
            "Authorization": f"Bearer {there.keys['admin']}",
            "Idempotency-Key": key or uuid.uuid4().hex,
        }
        if isinstance(body, bytes):
            headers["Content-Type"] = f"multipart/form-data; boundary={_BORDER}"
        elif body is not None:
            headers["Content-Type"], body = "application/json", json.dumps(body)
        connection.request(method, f"/v1{path}", body, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    yield ask
    connection.close()


def _form(**parts: str) -> bytes:
    """Write a form, with a file in the field that is not called `purpose`."""
    told = ""
    for name, content in parts.items():
        file = "" if name == "purpose" else '; filename="a.txt"'
        told += f'--{_BORDER}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{content}\r\n'
    return f"{told}--{_BORDER}--\r\n".encode()


def _file(ask: Ask) -> str:
    return str(ask("POST", "/files", _form(purpose="assistants", file="A ferry."))[1]["id"])


def _store(ask: Ask) -> str:
    return str(ask("POST", "/vector_stores", {"name": "Ferries"})[1]["id"])


def _upload(ask: Ask) -> str:
    return str(ask("POST", "/uploads", _UPLOAD)[1]["id"])


def _attached(ask: Ask) -> dict[str, str]:
    place = {"store_id": _store(ask), "file_id": _file(ask)}
    ask("POST", f"/vector_stores/{place['store_id']}/files", {"file_id": place["file_id"]})
    return place


def _batch(ask: Ask) -> dict[str, str]:
    store = _store(ask)
    made = ask("POST", f"/vector_stores/{store}/file_batches", {"file_ids": [_file(ask)]})[1]
    return {"store_id": store, "batch_id": made["id"]}


def _completed(ask: Ask) -> tuple[dict[str, str], Any]:
    upload = _upload(ask)
    part = ask("POST", f"/uploads/{upload}/parts", _form(data="ferry"))[1]["id"]
    return {"upload_id": upload}, {"part_ids": [part]}


def _kept(ask: Ask) -> str:
    return str(ask("POST", "/responses", {"model": "chat", "input": "Hi"})[1]["id"])


def _plain(body: Any, _ask: Ask) -> tuple[dict[str, str], Any]:
    return {}, body


_UPLOAD = {"bytes": 5, "filename": "a.txt", "mime_type": "text/plain", "purpose": "assistants"}
CASES: dict[tuple[str, str], Case] = {
    ("POST", "/moderations"): partial(_plain, {"input": "Hi"}),
    ("POST", "/chat/completions"): partial(_plain, {"model": "chat", "messages": _HI}),
    ("POST", "/responses"): partial(_plain, {"model": "chat", "input": "Hi"}),
    ("POST", "/responses/compact"): partial(_plain, {"model": "chat", "input": "Hi"}),
    ("DELETE", "/responses/{response_id}"): lambda ask: ({"response_id": _kept(ask)}, None),
    ("POST", "/files"): partial(_plain, _form(purpose="assistants", file="A boat.")),
    ("DELETE", "/files/{file_id}"): lambda ask: ({"file_id": _file(ask)}, None),
    ("POST", "/uploads"): partial(_plain, _UPLOAD),
    ("POST", "/uploads/{upload_id}/parts"): lambda ask: ({"upload_id": _upload(ask)}, _form(data="ferry")),
    ("POST", "/uploads/{upload_id}/complete"): _completed,
    ("POST", "/uploads/{upload_id}/cancel"): lambda ask: ({"upload_id": _upload(ask)}, None),
    ("POST", "/vector_stores"): lambda ask: ({}, {"name": "Boats", "file_ids": [_file(ask)]}),
    ("POST", "/vector_stores/{store_id}"): lambda ask: ({"store_id": _store(ask)}, {"name": "Other"}),
    ("DELETE", "/vector_stores/{store_id}"): lambda ask: ({"store_id": _store(ask)}, None),
    ("POST", "/vector_stores/{store_id}/search"): lambda ask: ({"store_id": _store(ask)}, {"query": "a"}),
    ("POST", "/vector_stores/{store_id}/files"): lambda ask: (
        {"store_id": _store(ask)},
        {"file_id": _file(ask)},
    ),
    ("POST", "/vector_stores/{store_id}/files/{file_id}"): lambda ask: (
        _attached(ask),
        {"attributes": {"a": 1}},
    ),
    ("DELETE", "/vector_stores/{store_id}/files/{file_id}"): lambda ask: (_attached(ask), None),
    ("POST", "/vector_stores/{store_id}/file_batches"): lambda ask: (
        {"store_id": _store(ask)},
        {"file_ids": [_file(ask)]},
    ),
    ("POST", "/vector_stores/{store_id}/file_batches/{batch_id}/cancel"): lambda ask: (_batch(ask), None),
    ("POST", "/embeddings"): partial(_plain, {"model": "embedding", "input": "Hi"}),
    ("POST", "/rerank"): partial(_plain, {"model": "rerank", "query": "a", "documents": ["a", "b"]}),
}


def test_no_endpoint_that_writes_is_left_out() -> None:
    writing = {(each.method, each.path) for table in TABLES for each in table if each.method != "GET"}
    assert writing == set(CASES)


@pytest.mark.parametrize(("method", "path"), CASES, ids=str)
def test_the_same_request_with_its_key_succeeds_again(
    there: Served, ask: Ask, method: str, path: str
) -> None:
    texts, body = CASES[method, path](ask)
    key = uuid.uuid4().hex.ljust(KEY_LENGTH_MAX, "k")
    once, again = (ask(method, path.format(**texts), body, key) for _ in range(2))
    assert (once[0], again[0]) == (200, 200), again
    assert path in _ANEW or once[1].get("id") == again[1].get("id")


def test_a_store_that_is_made_again_with_its_key_has_its_files(there: Served, ask: Ask) -> None:
    body = {"name": "Once", "file_ids": [_file(ask), _file(ask)]}
    made = [ask("POST", "/vector_stores", body, "once-with-files")[1] for _ in range(2)]
    assert {each["id"] for each in made} == {made[0]["id"]}
    assert made[1]["file_counts"]["total"] == 2
    other = {**body, "file_ids": body["file_ids"][:1]}
    status, told = ask("POST", "/vector_stores", other, "once-with-files")
    assert (status, told["error"]["code"]) == (400, "idempotency_key_reused")
