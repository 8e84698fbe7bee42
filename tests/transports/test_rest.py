"""The REST door, asked over ASGI like a stranger would ask it."""

from typing import Any

import httpx2
import pytest

from mainstay.transports.rest.door import RestDoor
from transports.asking import asgi, code_of
from transports.house import ADMIN, BUSY, STRANGER, USER, House

BASES = ("/v1", "/api/v1")


@pytest.mark.parametrize("base", BASES)
async def test_a_note_is_kept_and_given(web: httpx2.AsyncClient, base: str) -> None:
    kept = await web.post(f"{base}/notes?wait=true", json={"text": "Buy oars.", "note_id": "a"})
    assert kept.status_code == 201
    given = await web.get(f"{base}/notes/a")
    assert given.json() == {"note_id": "a", "text": "Buy oars.", "tags": [], "queued": False}
    assert given.headers["x-content-type-options"] == "nosniff"
    assert kept.headers["cache-control"] == "no-store"
    assert "RateLimit" in given.headers


async def test_work_that_goes_on_is_answered_with_202(web: httpx2.AsyncClient) -> None:
    assert (await web.post("/v1/notes", json={"text": "x", "note_id": "late"})).status_code == 202
    told = await web.get("/v1/notes/late")
    assert (told.status_code, told.json()["queued"]) == (200, True)  # to ask how far it is starts no work


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
    assert code_of(foreign) == code_of(missing) == "NoteMissing"


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
    assert code_of(answer) == code
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
        sent = await asgi(door, "POST", "/v1/notes", [*headers, (b"content-length", b"9")], unread)
        assert sent[0]["status"] in {401, 403}


async def test_a_missing_permission_is_forbidden(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/v1/notes", content=b"{", headers={"Authorization": f"Bearer {USER}"})
    assert answer.status_code == 403
    assert code_of(answer) == "PermissionMissing"


async def test_the_rate_limit_says_when_to_come_back(web: httpx2.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {BUSY}"}
    await web.get("/v1/notes/me", headers=headers)
    answer = await web.get("/v1/notes/me", headers=headers)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["ratelimit-policy"] == '"minute";q=1;w=60'
    assert code_of(answer) == "RateLimited"


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
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize("path", ["/nothing", "/docs/", "/account", "/desk/"])
async def test_browsers_are_told_what_is_not_there_in_a_page(web: httpx2.AsyncClient, path: str) -> None:
    accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    answer = await web.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "<h1>There is nothing at this path</h1>" in answer.text
    assert answer.headers["vary"] == "Accept"
    assert "style-src" in answer.headers["content-security-policy"]
    for programs in ("*/*", "application/json", "text/plain"):
        assert code_of(await web.get(path, headers={"Accept": programs})) == "RouteMissing"


@pytest.mark.parametrize("address", ["/", "/nothing"])
async def test_pages_lead_to_signing_in_and_to_the_desk(web: httpx2.AsyncClient, address: str) -> None:
    page = (await web.get(address, headers={"Accept": "text/html"})).text
    for link in ("/account/sign-in", "/desk", "/docs"):
        assert f'href="{link}"' in page


@pytest.mark.parametrize("host", ['"><script>alert(1)</script>', "a'b<i>c", "x&lt;script&gt;", "house<"])
async def test_a_page_escapes_what_the_request_names(web: httpx2.AsyncClient, host: str) -> None:
    page = await web.get("/", headers={"Accept": "text/html", "Host": host})
    assert page.status_code == 200
    assert host not in page.text
    assert "<script" not in page.text
    assert "<i>" not in page.text
    told = await web.get(f"/problems/{host}", headers={"Accept": "text/html"})
    assert told.status_code == 404
    assert host not in told.text
    assert "<script" not in told.text
    assert "<i>" not in told.text


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/docs", "/openapi.json", "/healthz", "/problems/note-missing", "/none", "/mcp"),
        *("/v1/notes/me", "/v1/notes/none", "/v1/nothing", "/v1/notes/broken"),
    ],
)
async def test_every_answer_says_what_browsers_may_do_with_it(web: httpx2.AsyncClient, path: str) -> None:
    for accept in ("text/html", "application/json"):
        answer = await web.get(path, headers={"Accept": accept})
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        policy = answer.headers["content-security-policy"]
        for rule in ("default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert rule in policy
        assert "unsafe" not in policy
        kind = answer.headers["content-type"]
        assert kind.startswith(("text/html; charset=utf-8", "application/json", "application/problem+json"))
        if path.startswith("/v1"):
            assert answer.headers["cache-control"] == "no-store"
            assert "set-cookie" not in answer.headers


async def test_head_and_options(web: httpx2.AsyncClient) -> None:
    head = await web.head("/v1/notes/me")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "19")
    options = await web.options("/v1/notes")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert (await web.options("/healthz")).headers["allow"] == "GET, HEAD, OPTIONS"


async def test_a_repeated_header_is_refused(web: httpx2.AsyncClient) -> None:
    headers = [("Content-Type", "application/json"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    answer = await web.post("/v1/notes", content=b'{"text":"x"}', headers=headers)
    assert code_of(answer) == "HeaderRepeated"


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
    assert code_of(await web.post("/v1/notes", json={"text": "y"}, headers=headers)) == "IdempotencyKeyReused"


async def test_a_bug_is_told_without_its_words(
    web: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await web.get("/v1/notes/broken")
    assert (answer.status_code, code_of(answer)) == (500, "InternalError")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in caplog.text


async def test_alive_and_ready(web: httpx2.AsyncClient, states: dict[str, str]) -> None:
    web.headers.pop("Authorization")
    assert (await web.get("/healthz")).json() == {"status": "alive"}
    ready = await web.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "parts": {"database": "ok"}})
    states["cache"] = "degraded: it is away"
    ready = await web.get("/readyz")
    assert (ready.status_code, ready.json()["parts"]["cache"]) == (200, "degraded: it is away")
    states["encoder"] = "loading"
    unready = await web.get("/readyz")
    assert (unready.status_code, unready.json()["parts"]["encoder"]) == (503, "loading")
