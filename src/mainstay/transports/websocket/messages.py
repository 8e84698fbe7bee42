"""The door's messages: JSON in, JSON out, one object in each."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mainstay.transports.rest.problems import MessageMalformed

_ID_LENGTH_MAX = 64
_ASKS = frozenset({"id", "operation", "values", "idempotency_key"})
_CANCELS = frozenset({"id", "cancel"})
_SHAPES = (
    'Send {"id": "1", "operation": "knowledge.search", "values": {"query": "…"}}, with an `idempotency_key` '
    'if you like, or {"id": "1", "cancel": true}.'
)
_HELLO = 'Say who you are first: {"key": "mk_…"}, or in a page of this server {"session": true}.'


@dataclass(frozen=True)
class Hello:
    """Who has connected: by a key or a token, or by the session that the browser has (None)."""

    key: str | None = field(repr=False)


@dataclass(frozen=True)
class Asked:
    """A request."""

    id: str
    operation: str
    values: Mapping[str, Any]
    idempotency_key: str | None


@dataclass(frozen=True)
class Cancelled:
    """That a request is wanted no longer."""

    id: str


def hello_of(value: Any) -> Hello:
    """Read the first message of whoever came without credentials in a header; raises MessageMalformed."""
    if isinstance(value, dict) and len(value) == 1:
        if isinstance(value.get("key"), str):
            return Hello(value["key"])
        if value.get("session") is True:
            return Hello(None)
    raise MessageMalformed(_HELLO)


def id_of(value: Any) -> str | None:
    """Give a message's id, None where it has none that could be told again."""
    found = value.get("id") if isinstance(value, dict) else None
    fine = isinstance(found, str) and 0 < len(found) <= _ID_LENGTH_MAX and found.isprintable()
    return found if fine else None


def request_of(value: Any) -> Asked | Cancelled:
    """Read any later message; raises MessageMalformed."""
    known = id_of(value)
    if known is None:
        raise MessageMalformed(f"Each message is an object with an `id`, 1 to {_ID_LENGTH_MAX} characters.")
    if set(value) == _CANCELS and value["cancel"] is True:
        return Cancelled(known)
    operation, values, key = value.get("operation"), value.get("values", {}), value.get("idempotency_key")
    fits = isinstance(operation, str) and isinstance(values, dict) and isinstance(key, str | None)
    if not (set(value) <= _ASKS and fits):
        raise MessageMalformed(_SHAPES)
    return Asked(known, operation, values, key)


WELCOME = b'{"authenticated":true}'


def result(known: str, body: bytes, headers: Mapping[str, str], *, pending: bool) -> bytes:
    """Write a whole answer; `pending`: the work behind it goes on."""
    more = b',"pending":true' if pending else b""
    return b"".join([_head(known), b',"result":', body, more, b',"headers":', _json(headers), b"}"])


def item(known: str, body: bytes) -> bytes:
    """Write a piece of an answer."""
    return b"".join([_head(known), b',"item":', body, b"}"])


def done(known: str, headers: Mapping[str, str], *, cancelled: bool = False) -> bytes:
    """Write that an answer in pieces is whole, or that one was cancelled."""
    more = b',"cancelled":true' if cancelled else b""
    return b"".join([_head(known), b',"done":true', more, b',"headers":', _json(headers), b"}"])


def error(known: str | None, problem: bytes, headers: Mapping[str, str]) -> bytes:
    """Write that a request failed; of what cannot be told which, the id is null."""
    return b"".join([_head(known), b',"error":', problem, b',"headers":', _json(headers), b"}"])


def _head(known: str | None) -> bytes:
    return b'{"id":' + json.dumps(known).encode()


def _json(headers: Mapping[str, str]) -> bytes:
    return json.dumps(headers).encode()
