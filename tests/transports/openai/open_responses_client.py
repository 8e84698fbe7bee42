"""Asks for responses with plain HTTP, and checks each answer and each stream against the standard."""

import base64
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from transports.openai.open_responses_schema import Event, Response, as_event
from transports.openai.serving import Served

ENDS = {"response.completed", "response.incomplete", "response.failed"}
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the current weather for a location",
    "parameters": {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"}
        },
        "required": ["location"],
    },
}
CALLED = [("get_weather", '{"location": "San Francisco, CA"}')]


@dataclass(frozen=True)
class Asking:
    """Somebody who asks a model, and checks whatever comes."""

    there: Served
    model: str

    def post(self, path: str, body: Mapping[str, Any], key: str = "admin") -> httpx.Response:
        """Send a body as it is."""
        headers = {"Authorization": f"Bearer {self.there.keys[key]}"}
        return httpx.post(f"{self.there.url}/v1{path}", headers=headers, json=body, timeout=20)

    def whole(self, **body: Any) -> Response:
        """Give a whole response."""
        answer = self.post("/responses", {"model": self.model, **body})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return Response.model_validate(answer.json())

    def refused(self, **body: Any) -> dict[str, Any]:
        """Give the error that a request is answered with."""
        answer = self.post("/responses", {"model": self.model, **body})
        assert 400 <= answer.status_code < 500, answer.text
        told: dict[str, Any] = answer.json()["error"]
        assert set(told) == {"message", "type", "param", "code"}
        return told

    def events(self, **body: Any) -> list[Any]:
        """Give a stream's events."""
        answer = self.post("/responses", {"model": self.model, **body, "stream": True})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("text/event-stream")
        return in_order(sent_events(answer.text))


def sent_events(text: str) -> list[Any]:
    """Take a stream apart; its end is marked, and each event is named as its type."""
    *blocks, rest = text.split("\n\n")
    assert not rest
    blocks = [block for block in blocks if not block.startswith(":")]
    assert blocks.pop() == "data: [DONE]"
    found = []
    for block in blocks:
        name, data = block.split("\n")
        found.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {found[-1]['type']}"
    return found


def in_order(sent: Sequence[Any]) -> list[Any]:
    """Check events one by one, then what they say together; give them."""
    events = [as_event(each) for each in sent]
    assert [each.sequence_number for each in events] == list(range(len(events)))
    assert [each.type for each in events[:2]] == ["response.created", "response.in_progress"]
    assert events[0].response.status == "in_progress"
    assert [each.type in ENDS for each in events] == [False] * (len(events) - 1) + [True]
    last = events[-1].response
    assert events[-1].type == f"response.{last.status}"
    done = [each for each in events if each.type == "response.output_item.done"]
    assert [each.item for each in sorted(done, key=lambda each: each.output_index)] == last.output
    for index, item in enumerate(last.output):
        _check_item([each for each in events if getattr(each, "output_index", None) == index], item)
    unfinished = [item for item in last.output if item.status == "incomplete"]
    assert unfinished in ([], last.output[-1:])
    assert not unfinished or last.status != "completed"
    return events


def _check_item(events: Sequence[Any], item: Any) -> None:
    """Check an item's events: it is added, told of piece by piece, and done with just that."""
    kinds = [each.type.removeprefix("response.") for each in events]
    assert kinds[0] == "output_item.added"
    assert kinds[-1] == "output_item.done"
    begun = events[0].item
    assert (begun.status, begun.id, begun.type) == ("in_progress", item.id, item.type)
    assert {each.item_id for each in events[1:-1]} <= {item.id}
    if item.type == "message":
        assert begun.content == []
        assert (kinds[1], kinds[-2], kinds[-3]) == (
            "content_part.added",
            "content_part.done",
            "output_text.done",
        )
        [part] = item.content
        assert _joined(events, "response.output_text.delta") == part.text == events[-3].text
        assert events[-2].part == part
        notes = [each for each in events if each.type == "response.output_text.annotation.added"]
        assert [each.annotation for each in notes] == part.annotations
    if item.type == "function_call":
        assert begun.name == item.name
        assert kinds[-2] == "function_call_arguments.done"
        assert _joined(events, "response.function_call_arguments.delta") == item.arguments
        assert events[-2].arguments == item.arguments


def _joined(events: Sequence[Event], kind: str) -> str:
    return "".join(each.delta for each in events if getattr(each, "type", "") == kind)


def text_of(response: Response) -> str:
    """Give the text of a response's messages."""
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    return "".join(part.text for part in parts if part.type == "output_text")


def picture() -> str:
    """Give a picture of 32 times 32 red points, as an address that holds it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\x00" + b"\xd0\x10\x20" * 32 for _ in range(32))
    head = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return "data:image/png;base64," + base64.b64encode(png).decode()
