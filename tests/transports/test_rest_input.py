"""What the REST door takes in by body, query string and form, and what it refuses."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from mainstay.ports.database import SYSTEM
from mainstay.transports.rest.door import RestDoor
from transports.asking import JSON, asgi, code_of, fields_of
from transports.house import ADMIN, House


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b'{"text":"x"} x', 400),
        (b'{"text":"a","text":"b"}', 400),
        (b'{"text":NaN}', 400),
        (b'{"text":1e999}', 400),
        (b'{"text":"\\ud800"}', 400),
        (b'{"text":"\xed\xa0\x80"}', 400),
        (b'{"text":"\xff"}', 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b'{"text":' + b"[" * 70 + b"]" * 70 + b"}", 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"text":1}', 422),
        (b'{"text":""}', 422),
        (b'{"text":"a\\u0000"}', 422),
        (b'{"text":"x","tags":"y"}', 422),
        (b'{"text":"x","colour":"y"}', 422),
    ],
)
async def test_bodies_that_are_not_read(web: httpx2.AsyncClient, body: bytes, status: int) -> None:
    answer = await web.post("/v1/notes", content=body, headers=JSON)
    assert answer.status_code == status
    code_of(answer)


async def test_a_problem_names_the_field_and_never_repeats_what_was_sent(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/v1/notes", json={"text": {"secret": "hunter2"}, "pass": "hunter2"})
    assert fields_of(answer) == ["text", "pass"]
    twice = await web.post("/v1/notes", content=b'{"hunter2":1,"hunter2":2}', headers=JSON)
    assert "hunter2" not in answer.text + twice.text


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
async def test_other_media_types_are_refused(web: httpx2.AsyncClient, media_type: str) -> None:
    answer = await web.post("/v1/notes", content=b'{"text":"x"}', headers={"Content-Type": media_type})
    assert (answer.status_code, code_of(answer)) == (415, "MediaTypeUnsupported")


async def test_an_encoded_body_is_refused(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/v1/notes", content=b"x", headers={**JSON, "Content-Encoding": "gzip"})
    assert answer.status_code == 415


async def test_json_of_other_kinds_is_read(web: httpx2.AsyncClient) -> None:
    for media_type in ("application/json; charset=UTF-8", "application/vnd.note+json"):
        answer = await web.post("/v1/notes", content=b'{"text":"x"}', headers={"Content-Type": media_type})
        assert answer.status_code == 202


async def test_a_whole_number_may_be_written_with_a_point(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/v1/notes/search", content=b'{"words":"","top_k":5.0}', headers=JSON)
    assert answer.status_code == 200


async def test_a_body_that_is_too_large_is_refused(web: httpx2.AsyncClient) -> None:
    announced = await web.post("/v1/notes", content=b" " * 1_000_001, headers=JSON)
    assert (announced.status_code, code_of(announced)) == (413, "BodyTooLarge")

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    assert (await web.post("/v1/notes", content=pieces(), headers=JSON)).status_code == 413


async def test_a_large_body_is_read(web: httpx2.AsyncClient) -> None:
    text = "Großer Text. " * 50_000
    answer = await web.post("/v1/notes", json={"text": text, "note_id": "large"})
    assert answer.status_code == 202
    assert (await web.get("/v1/notes/large")).json()["text"] == text


async def test_a_body_that_does_not_come_is_given_up(door: RestDoor) -> None:
    async def never() -> Any:
        await asyncio.Event().wait()

    headers = [
        (b"x-api-key", ADMIN.encode()),
        (b"content-type", b"application/json"),
        (b"content-length", b"9"),
    ]
    sent = await asgi(door, "POST", "/v1/notes", headers, never)
    assert sent[0]["status"] == 408


async def test_a_client_that_leaves_is_not_answered(door: RestDoor) -> None:
    async def gone() -> Any:
        return {"type": "http.disconnect"}

    headers = [
        (b"x-api-key", ADMIN.encode()),
        (b"content-type", b"application/json"),
        (b"content-length", b"9"),
    ]
    assert await asgi(door, "POST", "/v1/notes", headers, gone) == []


async def test_what_is_computed_ends_with_its_client(door: RestDoor, notes_house: House) -> None:
    body = [{"type": "http.request", "body": b'{"text":"wait"}', "more_body": False}]

    async def receive() -> Any:
        return body.pop() if body else {"type": "http.disconnect"}

    headers = [(b"x-api-key", ADMIN.encode()), (b"content-type", b"application/json")]
    async with asyncio.timeout(5):
        assert await asgi(door, "POST", "/v1/notes/tell", headers, receive) == []
    assert notes_house.notes.closed.is_set()
    audit = notes_house.parts.audit
    await audit.flush()
    told = "SELECT outcome FROM audit WHERE operation = 'notes.tell'"
    rows = await notes_house.parts.database.fetch(SYSTEM, told)
    assert [row["outcome"] for row in rows] == ["left"]


async def test_whoever_cancels_a_request_sees_it_cancelled(door: RestDoor, notes_house: House) -> None:
    body, asked = [{"type": "http.request", "body": b'{"text":"wait"}', "more_body": False}], asyncio.Event()

    async def receive() -> Any:
        if body:
            return body.pop()
        asked.set()
        return await asyncio.Event().wait()

    headers = [(b"x-api-key", ADMIN.encode()), (b"content-type", b"application/json")]
    task = asyncio.create_task(asgi(door, "POST", "/v1/notes/tell", headers, receive))
    async with asyncio.timeout(5):
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert notes_house.notes.closed.is_set()


async def test_a_query_string_has_types(web: httpx2.AsyncClient) -> None:
    await web.post("/v1/notes", json={"text": "oars"})
    params = {"words": "oars", "filters": '{"year": 2024}', "exact": "true", "weight": "0.5", "order": "old"}
    found = (await web.get("/v1/notes", params=params)).json()
    assert found[0]["tags"] == ["filters={'year': 2024}", "exact=True", "weight=0.5", "order='old'"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("words=a&top_k=many", "top_k"),
        ("words=a&top_k=0", "top_k"),
        ("words=a&top_k=1_0", "top_k"),
        ("words=a&weight=nan", "weight"),
        ("words=a&weight=1e999", "weight"),
        ("words=a&exact=maybe", "exact"),
        ("words=a&filters=year", "filters"),
        ('words=a&filters=["a"]', "filters"),
        ("words=a&order=odd", "order"),
        ("words=a&words=b", "words"),
        ("words=a&colour=red", "colour"),
        ("top_k=1", "words"),
    ],
)
async def test_a_query_string_that_does_not_fit(web: httpx2.AsyncClient, query: str, field: str) -> None:
    assert fields_of(await web.get(f"/v1/notes?{query}")) == [field]


async def test_a_parameter_stays_in_its_place(web: httpx2.AsyncClient) -> None:
    assert fields_of(await web.post("/v1/notes?wait=maybe", json={"text": "x"})) == ["wait"]
    assert fields_of(await web.post("/v1/notes", json={"text": "x", "wait": True})) == ["wait"]
    assert fields_of(await web.post("/v1/notes?text=x", json={})) == ["text"]


async def test_a_body_stays_strict_beside_a_query_string(web: httpx2.AsyncClient) -> None:
    assert fields_of(await web.post("/v1/notes?wait=true", json={"text": "x", "tags": [1]})) == ["tags.0"]


async def test_a_file_travels_with_fields(web: httpx2.AsyncClient) -> None:
    answer = await web.post(
        "/v1/notes/file?wait=true",
        files={"file": ("..\\up/a.txt", b"\x00\xff" * 1000, "text/plain")},
        data={"facts": '{"year": 2024}', "copies": "3", "label": "x"},
    )
    assert answer.status_code == 201
    told = {"name": "a.txt", "media_type": "text/plain", "size": 2000, "facts": {"year": 2024}, "copies": 3}
    assert answer.json() == told


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"facts": "x"}, "facts"),
        ({"copies": "x"}, "copies"),
        ({"colour": "x"}, "colour"),
        ({"wait": "1"}, "wait"),
    ],
)
async def test_form_fields_that_do_not_fit(
    web: httpx2.AsyncClient, fields: dict[str, str], field: str
) -> None:
    assert fields_of(await web.post("/v1/notes/file", files={"file": b"x"}, data=fields)) == [field]


def _form(*parts: bytes) -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


_FILE = b'Content-Disposition: form-data; name="file"; filename="f"\r\n\r\nx'


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (_form(_FILE), 201),
        (_form(), 422),
        (b"", 400),
        (_form(_FILE)[:-4], 400),
        (b"nonsense", 400),
        (_form(_FILE, _FILE), 400),
        (_form(b"Content-Type: text/plain\r\n\r\nx"), 400),
        (_form(b"X: " + b"y" * 9000 + b"\r\n\r\nx"), 400),
        (_form(*[b'Content-Disposition: form-data; name="f%d"\r\n\r\nx' % n for n in range(140)]), 400),
        (_form(_FILE, b'Content-Disposition: form-data; name="label"\r\n\r\n\xff'), 422),
        (_form(_FILE, b'Content-Disposition: form-data; name="label"\r\n\r\n' + b"x" * 1_100_000), 413),
        (_form(_FILE + b"x" * 2_000_000), 413),
    ],
)
async def test_forms(web: httpx2.AsyncClient, body: bytes, status: int) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert (await web.post("/v1/notes/file", content=body, headers=headers)).status_code == status


async def test_a_form_without_a_boundary_is_refused(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/v1/notes/file", content=b"x", headers={"Content-Type": "multipart/form-data"})
    assert answer.status_code == 400
    assert (await web.post("/v1/notes/file", json={"file": "x"})).status_code == 415
