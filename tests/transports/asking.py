"""Asking the REST door, byte by byte if need be, and reading the problems it tells."""

from collections.abc import Callable
from typing import Any

import httpx2

from mainstay.transports.rest.door import RestDoor

JSON = {"Content-Type": "application/json"}


def code_of(answer: httpx2.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["request_id"] == answer.headers["x-request-id"]
    return str(told["code"])


def fields_of(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 422
    return [each["field"] for each in answer.json()["errors"]]


async def asgi(
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
