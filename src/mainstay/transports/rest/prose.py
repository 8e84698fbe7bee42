"""The words and shared parts of the OpenAPI document that stand in no docstring."""

from collections.abc import Sequence
from typing import Any

from mainstay.kernel.interface import Operation, Route

Schema = dict[str, Any]

PENDING = "Stored; the rest goes on, and `job_id` tells how far it has come."
SERVERS: list[Schema] = [
    {"url": "/v1", "description": "This server"},
    {"url": "/api/v1", "description": "The same, where a proxy hands on `/api`"},
]
PARAMETERS: Schema = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": (
            "Any text of your own, new for each new request. Sent again within a day with the same request, "
            "it gives the first answer again instead of doing the work twice."
        ),
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an answer you have; if it still holds, 304 says so without sending it.",
        "schema": {"type": "string"},
    },
}
HEADERS: Schema = {
    "RequestId": {
        "description": "The id you sent in `X-Request-Id`, or a new one; the server's log has it too.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "What is left of your limit: `r` requests; if none, `t` seconds until there is one.",
        "schema": {"type": "string", "examples": ['"minute";r=998;t=0']},
    },
    "RateLimitPolicy": {
        "description": "Your key's limit: `q` requests in `w` seconds.",
        "schema": {"type": "string", "examples": ['"minute";q=1000;w=60']},
    },
    "RetryAfter": {
        "description": "When to try again, in seconds.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "ETag": {
        "description": "Names exactly this answer; send it as `If-None-Match` to ask whether it still holds.",
        "schema": {"type": "string"},
    },
    "Challenge": {
        "description": "How to authenticate (RFC 6750).",
        "schema": {"type": "string"},
    },
}
SECURITY: Schema = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer mk_…`"},
    "apiKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The same key in a header of its own; send one of the two.",
    },
}
_DESCRIPTION = """\
The AI backend in one process: search and grounded answers over a team's own documents.

**Keys.** Every operation needs an API key, as `Authorization: Bearer …` or `X-API-Key: …`.
A key belongs to one tenant and sees nothing of others.

**Problems.** Everything that goes wrong is told as a problem document (RFC 9457) with a stable `code`,
a `detail` that says what to do next, and the `request_id`.

**Limits.** `RateLimit` says what is left; `Retry-After` says when to come back.

**Once only.** A write sent with an `Idempotency-Key` can be repeated safely.

Beside the operations, without a key: `GET /healthz` (alive), `GET /readyz` (ready), `GET /problems/{name}`
(what a problem means), `GET /docs` (this document to read) and `GET /openapi.json`.
"""
_EVENTS = (
    "Server-sent events: `piece` with a JSON object as described, then `end`. When something fails on the "
    "way, `problem` with a problem document comes in place of `end`. Lines that begin with a colon say that "
    "the connection is alive."
)


def info(version: str) -> Schema:
    """Give the document's head."""
    return {
        "title": "Mainstay",
        "version": version,
        "summary": "Search and grounded answers over your own documents",
        "description": _DESCRIPTION,
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    }


def words(operations: Sequence[Operation], route: Route) -> tuple[str, str]:
    """Give the summary and the description of what stands at a place, one operation or several."""
    first = operations[0]
    others = operations[1:]
    parts = [first.description] if first.description else []
    if others:
        parts = [f"Whole, as JSON: {_lower(first.summary)}.", *parts]
    if route != first.route:
        parts.insert(0, f"The same as `{first.route.method} {first.route.path}`.")
    for other in others:
        parts.extend([f"Or: {_lower(other.summary)}.", other.description])
    paragraphs = [" ".join(each.split()) for part in parts for each in part.split("\n\n")]
    return first.summary, "\n\n".join(each for each in paragraphs if each)


def _lower(summary: str) -> str:
    return summary[:1].lower() + summary[1:]


def success(description: str) -> Schema:
    """Give the part of a good response that all share."""
    return {
        "description": description,
        "headers": {
            "X-Request-Id": {"$ref": "#/components/headers/RequestId"},
            "RateLimit": {"$ref": "#/components/headers/RateLimit"},
            "RateLimit-Policy": {"$ref": "#/components/headers/RateLimitPolicy"},
        },
    }


UNCHANGED: Schema = {
    "description": "The answer that you named still holds.",
    "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
}


def events(piece: Schema) -> Schema:
    """Describe a stream by its single event, as OpenAPI 3.1 documents do, which have no word for that."""
    kinds = {"piece": piece, "end": {"type": "object"}, "problem": {"$ref": "#/components/schemas/Problem"}}
    return {"schema": {"description": _EVENTS, "oneOf": [_event(*kind) for kind in kinds.items()]}}


def _event(name: str, content: Schema) -> Schema:
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": content}
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {"event": {"const": name}, "data": data},
    }
