"""Answers that a client has already are not sent again, and shown to nobody else."""

import httpx2
import pytest

from mainstay.transports.rest import routes
from transports.house import ADMIN, STRANGER, USER

NOTE = "/v1/notes/a"


async def tagged(web: httpx2.AsyncClient, path: str = NOTE) -> str:
    await web.post("/v1/notes?wait=true", json={"text": "Buy oars.", "note_id": "a"})
    return str((await web.get(path)).headers["etag"])


async def test_what_still_holds_is_not_sent_again(web: httpx2.AsyncClient) -> None:
    tag = await tagged(web)
    for named in (tag, f"W/{tag}", f'"other" , {tag}', "*"):
        again = await web.get(NOTE, headers={"If-None-Match": named})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers.get_list("cache-control") == ["private, no-cache"]
        assert again.headers["vary"] == "Authorization, X-API-Key, Accept"
        assert "content-type" not in again.headers
        assert "RateLimit" in again.headers
    head = await web.head(NOTE, headers={"If-None-Match": tag})
    assert (head.status_code, head.headers["etag"]) == (304, tag)


@pytest.mark.parametrize("named", ['"other"', "", "other", '"', "W/", '"a" "b"'])
async def test_what_does_not_hold_is_sent(web: httpx2.AsyncClient, named: str) -> None:
    await tagged(web)
    assert (await web.get(NOTE, headers={"If-None-Match": named})).json()["text"] == "Buy oars."


async def test_a_change_changes_the_tag(web: httpx2.AsyncClient) -> None:
    path = "/v1/notes?words=oars"
    tag = await tagged(web, path)
    await web.post("/v1/notes?wait=true", json={"text": "More oars.", "note_id": "b"})
    changed = await web.get(path, headers={"If-None-Match": tag})
    assert [note["text"] for note in changed.json()] == ["Buy oars.", "More oars."]
    assert changed.headers["etag"] != tag


async def test_a_tag_opens_nothing(web: httpx2.AsyncClient) -> None:
    tag = await tagged(web)
    for secret, status in ((STRANGER, 404), (f"{ADMIN}x", 401), (USER, 304)):
        headers = {"Authorization": f"Bearer {secret}", "If-None-Match": tag}
        assert (await web.get(NOTE, headers=headers)).status_code == status
        everything = {**headers, "If-None-Match": "*"}
        assert (await web.get(NOTE, headers=everything)).status_code == status


async def test_only_what_was_read_whole_and_is_no_secret_may_be_kept(web: httpx2.AsyncClient) -> None:
    await tagged(web)
    answers = [
        await web.get("/v1/notes/me", headers={"If-None-Match": "*"}),  # declared as secret
        await web.post("/v1/notes/search", json={"words": "oars"}, headers={"If-None-Match": "*"}),
        await web.post("/v1/notes?wait=true", json={"text": "x"}, headers={"If-None-Match": "*"}),
        await web.get("/v1/notes/none", headers={"If-None-Match": "*"}),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 201, 404]
    for answer in answers:
        assert answer.headers.get_list("cache-control") == ["no-store"]
        assert "etag" not in answer.headers


async def test_large_answers_have_no_tag(web: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    tag = await tagged(web)
    monkeypatch.setattr(routes, "TAGGED_BYTES_MAX", 10)
    large = await web.get(NOTE, headers={"If-None-Match": tag})
    assert (large.status_code, large.headers["cache-control"]) == (200, "no-store")
    assert "etag" not in large.headers
