"""The REST door, asked over ASGI like a stranger would ask it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from mainstay.transports.rest.door import RestDoor
from transports.house import ADMIN, BUSY, STRANGER, USER, House

BASES = ("/v1", "/api/v1")
JSON = {"Content-Type": "application/json"}


def _code(answer: httpx2.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["request_id"] == answer.headers["x-request-id"]
    return str(told["code"])


def _fields(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 422
    return [each["field"] for each in answer.json()["errors"]]


@pytest.mark.parametrize("base", BASES)
async def test_a_note_is_kept_and_given(web: httpx2.AsyncClient, base: str) -> None:
    kept = await web.post(f"{base}/notes?wait=true", json={"text": "Buy oars.", "note_id": "a"})
    assert kept.status_code == 201
    given = await web.get(f"{base}/notes/a")
    assert given.json() == {"note_id": "a", "text": "Buy oars.", "tags": [], "queued": False}
    assert given.headers["x-content-type-options"] == "nosniff"
    assert given.headers["cache-control"] == "no-store"
    assert "RateLimit" in given.headers


async def test_work_that_goes_on_is_answered_with_202(web: httpx2.AsyncClient) -> None:
    assert (await web.post("/v1/notes", json={"text": "x"})).status_code == 202


@pytest.mark.parametrize("note_id", ["a/b", "ä ö", "100%", "a+b", "..", "?#"])
async def test_an_id_may_hold_what_addresses_use(web: httpx2.AsyncClient, note_id: str) -> None:
    await web.post("/v1/notes", json={"text": "x", "note_id": note_id})
    path = "".join(f"%{byte:02X}" for byte in note_id.encode())
    assert (await web.get(f"/v1/notes/{path}")).json()["note_id"] == note_id


async def test_fixed_names_win_over_ids(web: httpx2.AsyncClient) -> None:
    assert (await web.get("/v1/notes/me")).json() == {"word": "tenant_a"}


async def test_another_tenants_note_is_not_there(web: httpx2.AsyncClient) -> None:
    await web.post("/v1/notes", json={"text": "x", "note_id": "mine"})
    foreign = await web.get("/v1/notes/mine", headers={"Authorization": f"Bearer {STRANGER}"})
    missing = await web.get("/v1/notes/none", headers={"Authorization": f"Bearer {STRANGER}"})
    assert foreign.status_code == missing.status_code == 404
    assert _code(foreign) == _code(missing) == "NoteMissing"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "CredentialsMissing"),
        ({"Authorization": f"Bearer {ADMIN}x"}, "CredentialsUnknown"),
        ({"Authorization": f"Basic {ADMIN}"}, "CredentialsUnknown"),
        ({"Authorization": "Bearer"}, "CredentialsUnknown"),
        ({"X-API-Key": ""}, "CredentialsMissing"),
        ({"X-API-Key": "k" * 5000}, "CredentialsUnknown"),
        ({"Authorization": f"Bearer {ADMIN}", "X-API-Key": USER}, "CredentialsAmbiguous"),
        ([("X-API-Key", USER), ("X-API-Key", ADMIN)], "CredentialsAmbiguous"),
        ([("Authorization", f"Bearer {USER}"), ("Authorization", f"Bearer {ADMIN}")], "CredentialsAmbiguous"),
    ],
)
async def test_strangers_are_refused(door: RestDoor, headers: Any, code: str) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(door), base_url="http://house") as anyone:
        answer = await anyone.get("/v1/notes/me", headers=headers)
    assert answer.status_code == 401
    assert _code(answer) == code
    assert answer.headers["www-authenticate"].startswith('Bearer realm="mainstay"')


async def test_both_carriers_with_the_same_key_are_fine(web: httpx2.AsyncClient) -> None:
    assert (await web.get("/v1/notes/me", headers={"X-API-Key": ADMIN})).status_code == 200


async def test_a_key_in_the_address_is_no_key(door: RestDoor) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(door), base_url="http://house") as anyone:
        for name in ("api_key", "key", "x-api-key", "access_token"):
            assert (await anyone.get(f"/v1/notes/me?{name}={ADMIN}")).status_code == 401


async def test_no_byte_of_a_body_is_read_before_its_sender_is_admitted(door: RestDoor) -> None:
    async def unread() -> Any:
        raise AssertionError("The body was read")

    for headers in ([], [(b"x-api-key", b"nobody")], [(b"x-api-key", USER.encode())]):
        sent = await _asgi(door, "POST", "/v1/notes", [*headers, (b"content-length", b"9")], unread)
        assert sent[0]["status"] in {401, 403}


async def test_a_missing_permission_is_forbidden(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/v1/notes", content=b"{", headers={"Authorization": f"Bearer {USER}"})
    assert answer.status_code == 403
    assert _code(answer) == "PermissionMissing"


async def test_the_rate_limit_says_when_to_come_back(web: httpx2.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {BUSY}"}
    await web.get("/v1/notes/me", headers=headers)
    answer = await web.get("/v1/notes/me", headers=headers)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["ratelimit-policy"] == '"minute";q=1;w=60'
    assert _code(answer) == "RateLimited"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "RouteMissing"),
        ("GET", "/v1/notes/", 404, "RouteMissing"),
        ("GET", "/v1/notes/%FF", 404, "RouteMissing"),
        ("GET", "/nothing", 404, "RouteMissing"),
        ("PUT", "/v1/notes", 405, "MethodUnsupported"),
        ("TRACE", "/v1/notes", 405, "MethodUnsupported"),
        ("POST", "/healthz", 405, "MethodUnsupported"),
    ],
)
async def test_what_is_not_there_is_told(
    web: httpx2.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await web.request(method, path)
    assert (answer.status_code, _code(answer)) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)


async def test_head_and_options(web: httpx2.AsyncClient) -> None:
    head = await web.head("/v1/notes/me")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "19")
    options = await web.options("/v1/notes")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert (await web.options("/healthz")).headers["allow"] == "GET, HEAD, OPTIONS"


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
    _code(answer)


async def test_a_problem_names_the_field_and_never_repeats_what_was_sent(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/v1/notes", json={"text": {"secret": "hunter2"}, "pass": "hunter2"})
    assert _fields(answer) == ["text", "pass"]
    twice = await web.post("/v1/notes", content=b'{"hunter2":1,"hunter2":2}', headers=JSON)
    assert "hunter2" not in answer.text + twice.text


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
async def test_other_media_types_are_refused(web: httpx2.AsyncClient, media_type: str) -> None:
    answer = await web.post("/v1/notes", content=b'{"text":"x"}', headers={"Content-Type": media_type})
    assert (answer.status_code, _code(answer)) == (415, "MediaTypeUnsupported")


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
    assert (announced.status_code, _code(announced)) == (413, "BodyTooLarge")

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
    sent = await _asgi(door, "POST", "/v1/notes", headers, never)
    assert sent[0]["status"] == 408


async def test_a_client_that_leaves_is_not_answered(door: RestDoor) -> None:
    async def gone() -> Any:
        return {"type": "http.disconnect"}

    headers = [
        (b"x-api-key", ADMIN.encode()),
        (b"content-type", b"application/json"),
        (b"content-length", b"9"),
    ]
    assert await _asgi(door, "POST", "/v1/notes", headers, gone) == []


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
    assert _fields(await web.get(f"/v1/notes?{query}")) == [field]


async def test_a_parameter_stays_in_its_place(web: httpx2.AsyncClient) -> None:
    assert _fields(await web.post("/v1/notes?wait=maybe", json={"text": "x"})) == ["wait"]
    assert _fields(await web.post("/v1/notes", json={"text": "x", "wait": True})) == ["wait"]
    assert _fields(await web.post("/v1/notes?text=x", json={})) == ["text"]


async def test_a_body_stays_strict_beside_a_query_string(web: httpx2.AsyncClient) -> None:
    assert _fields(await web.post("/v1/notes?wait=true", json={"text": "x", "tags": [1]})) == ["tags.0"]


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
    assert _fields(await web.post("/v1/notes/file", files={"file": b"x"}, data=fields)) == [field]


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


async def test_a_repeated_header_is_refused(web: httpx2.AsyncClient) -> None:
    headers = [("Content-Type", "application/json"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await web.post("/v1/notes", content=b'{"text":"x"}', headers=headers)
    assert _code(answer) == "HeaderRepeated"


async def test_a_request_id_is_kept_when_it_is_printable(web: httpx2.AsyncClient) -> None:
    for given, kept in (("mine-1", True), ("x" * 101, False), ("a\tb", False), ("é", False)):
        answer = await web.get("/v1/notes/me", headers={"X-Request-Id": given.encode("latin-1")})
        assert (answer.headers["x-request-id"] == given) == kept
    assert (await web.get("/healthz", headers={"X-Request-Id": "mine-2"})).headers["x-request-id"] == "mine-2"


async def test_the_same_write_twice_has_one_effect(web: httpx2.AsyncClient, notes_house: House) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await web.post("/v1/notes", json={"text": "x"}, headers=headers)
    second = await web.post("/v1/notes", json={"text": "x"}, headers=headers)
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert second.headers["idempotency-replayed"] == "true"
    assert len(notes_house.notes.notes) == 1
    assert _code(await web.post("/v1/notes", json={"text": "y"}, headers=headers)) == "IdempotencyKeyReused"


async def test_a_bug_is_told_without_its_words(
    web: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await web.get("/v1/notes/broken")
    assert (answer.status_code, _code(answer)) == (500, "InternalError")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in caplog.text


def _events(text: str) -> list[tuple[str, Any]]:
    blocks = [block.split("\n") for block in text.strip().split("\n\n") if not block.startswith(":")]
    return [
        (lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))) for lines in blocks
    ]


EVENTS = {"Accept": "text/event-stream"}


async def test_accept_chooses_between_whole_and_streamed(web: httpx2.AsyncClient) -> None:
    whole = await web.post("/v1/notes/tell", json={"text": "one two"})
    assert whole.json() == {"word": "one two"}
    streamed = await web.post("/v1/notes/tell", json={"text": "one two"}, headers=EVENTS)
    assert streamed.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert _events(streamed.text) == [("piece", {"word": "one"}), ("piece", {"word": "two"}), ("end", {})]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/event-stream"),
        ("application/json;q=0.5, text/event-stream;q=0.9", "text/event-stream"),
        ("application/json, text/event-stream", "application/json"),
        ("text/event-stream;q=0, */*", "application/json"),
        ("application/json;q=0, */*;q=0.1", "text/event-stream"),
        ("text/html", "application/problem+json"),
        ("application/json;q=broken", "application/problem+json"),
    ],
)
async def test_accept_is_weighed(web: httpx2.AsyncClient, accept: str, media_type: str) -> None:
    answer = await web.post("/v1/notes/tell", json={"text": "one"}, headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.status_code == (406 if media_type.endswith("problem+json") else 200)


async def test_a_stream_that_fails_at_once_is_a_plain_problem(web: httpx2.AsyncClient) -> None:
    refused = await web.post("/v1/notes/tell", json={"text": "refuse"}, headers=EVENTS)
    assert (refused.status_code, _code(refused)) == (422, "WordRefused")
    broken = await web.post("/v1/notes/tell", json={"text": "bug"}, headers=EVENTS)
    assert (broken.status_code, _code(broken)) == (500, "InternalError")
    invalid = await web.post("/v1/notes/tell", json={}, headers=EVENTS)
    assert _fields(invalid) == ["text"]


@pytest.mark.parametrize(("word", "code"), [("break", "StreamBroken"), ("bug", "InternalError")])
async def test_a_stream_that_fails_later_says_so(web: httpx2.AsyncClient, word: str, code: str) -> None:
    answer = await web.post("/v1/notes/tell", json={"text": f"one {word}"}, headers=EVENTS)
    events = _events(answer.text)
    assert [name for name, _ in events] == ["piece", "problem"]
    assert events[1][1]["code"] == code
    assert "secret" not in answer.text


async def test_a_quiet_stream_has_a_heartbeat_and_ends_with_its_client(
    door: RestDoor, notes_house: House
) -> None:
    beats = asyncio.Event()
    body = [{"type": "http.request", "body": b'{"text":"one wait"}', "more_body": False}]

    async def receive() -> Any:
        if body:
            return body.pop()
        await beats.wait()
        return {"type": "http.disconnect"}

    def seen(message: Any) -> None:
        if message.get("body", b"").startswith(b":"):
            beats.set()

    headers = [
        (b"x-api-key", ADMIN.encode()),
        (b"content-type", b"application/json"),
        (b"accept", b"text/event-stream"),
    ]
    async with asyncio.timeout(5):
        sent = await _asgi(door, "POST", "/v1/notes/tell", headers, receive, seen)
        await notes_house.notes.closed.wait()
    assert sent[1]["body"] == b'event: piece\ndata: {"word":"one"}\n\n'


async def test_alive_and_ready(web: httpx2.AsyncClient, states: dict[str, str]) -> None:
    web.headers.pop("Authorization")
    assert (await web.get("/healthz")).json() == {"status": "alive"}
    ready = await web.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "parts": {"database": "ok"}})
    states["encoder"] = "loading"
    unready = await web.get("/readyz")
    assert (unready.status_code, unready.json()["parts"]["encoder"]) == (503, "loading")


async def _asgi(
    door: RestDoor,
    method: str,
    path: str,
    headers: list[tuple[bytes, bytes]],
    receive: Callable[[], Any],
    seen: Callable[[Any], None] = lambda _: None,
) -> list[Any]:
    """Ask as a server would, with a body that the test controls; give what was sent."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)
        seen(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    await door(scope, receive, send)
    return sent
