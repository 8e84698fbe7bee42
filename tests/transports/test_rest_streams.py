"""Streams at the REST door: who gets one, how it fails, how it beats, how it ends."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from mainstay.transports.rest.door import RestDoor
from transports.asking import asgi, code_of, fields_of
from transports.house import ADMIN, House


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
    assert (refused.status_code, code_of(refused)) == (422, "WordRefused")
    broken = await web.post("/v1/notes/tell", json={"text": "bug"}, headers=EVENTS)
    assert (broken.status_code, code_of(broken)) == (500, "InternalError")
    invalid = await web.post("/v1/notes/tell", json={}, headers=EVENTS)
    assert fields_of(invalid) == ["text"]


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
        sent = await asgi(door, "POST", "/v1/notes/tell", headers, receive, seen)
        await notes_house.notes.closed.wait()
    assert sent[1]["body"] == b'event: piece\ndata: {"word":"one"}\n\n'
