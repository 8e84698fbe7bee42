"""What an endpoint answers: JSON, the content of a file, or events one after another."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from mainstay.kit.errors import Failure
from mainstay.transports.compatible.openai import errors


@dataclass(frozen=True)
class Told:
    """A JSON document, or the bytes of one that is written already."""

    value: Any
    status: int = 200


@dataclass(frozen=True)
class Download:
    """The bytes of a file one piece after another, `size` in all; browsers save them and never show them."""

    pieces: AsyncGenerator[bytes, None]
    size: int
    media_type: str = "application/octet-stream"
    name: str = ""


def encoded(value: Any) -> bytes:
    """Give a JSON document as bytes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


DONE = b"data: [DONE]\n\n"
"""The mark that ends a stream of events."""


def data(value: Any) -> bytes:
    """Write an event without a name."""
    return b"data: " + encoded(value) + b"\n\n"


def named(name: str, value: Any) -> bytes:
    """Write an event with a name."""
    return b"event: " + name.encode() + b"\n" + data(value)


def done(failure: Exception | None) -> bytes:
    """Write what ends a stream of events without names: a mark, or what went wrong."""
    if failure is None:
        return DONE
    return data(errors.body(failure) if isinstance(failure, Failure) else errors.bug())


@dataclass(frozen=True)
class Events:
    """Server-sent events, each written already; `last` ends them, whatever went wrong."""

    pieces: AsyncIterator[bytes]
    last: Callable[[Exception | None], bytes] = field(default=done)


Reply = Told | Download | Events
