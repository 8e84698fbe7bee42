"""Values of the wrong kinds, anywhere in a body or a query, are refused and never a bug of the server."""

import http.client
import json
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from transports.openai.serving import Served

_WRONG = (None, True, 7, 0.5, "", "x", [], {}, [[]], ["x"], [{}], {"type": []}, {"type": {}}, {"x": None})
_PART = {"type": "input_text", "text": "Hi"}
_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_SEARCH = {
    "type": "file_search",
    "vector_store_ids": ["x"],
    "filters": {"type": "eq", "key": "a", "value": 1},
}
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (
        "/v1/chat/completions",
        {
            "model": "chat",
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hi"}, _IMAGE]},
                {"role": "assistant", "content": "", "tool_calls": [_CALL]},
                {"role": "tool", "content": "1", "tool_call_id": "c"},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}},
            "stream_options": {"include_usage": True},
            "metadata": {"a": "b"},
            "user": "ada",
        },
    ),
    "responses": (
        "/v1/responses",
        {
            "model": "chat",
            "input": [
                {"type": "message", "role": "user", "id": "m", "content": [_PART], "status": "completed"},
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": [_PART]},
                {"type": "file_search_call", "id": "s", "queries": [], "results": None},
            ],
            "tools": [{"type": "function", "name": "f", "parameters": {}}],
            "tool_choice": {"type": "function", "name": "f"},
            "text": {"format": {"type": "json_schema", "name": "a", "schema": {}}},
            "include": ["file_search_call.results"],
            "conversation": {"id": "x"},
            "safety_identifier": "ada",
            "store": False,
        },
    ),
    "allowed tools": (
        "/v1/responses",
        {
            "model": "chat",
            "input": "Hi",
            "tools": [{"type": "function", "name": "f", "parameters": {}}],
            "tool_choice": {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}],
            },
        },
    ),
    "prompts and files": (
        "/v1/responses",
        {
            "prompt": {"id": "none", "version": "1", "variables": {"a": {"type": "input_text", "text": "b"}}},
            "input": "Hi",
            "tools": [_SEARCH],
            "tool_choice": {"type": "file_search"},
        },
    ),
    "searching files": ("/v1/responses", {"model": "chat", "input": "Hi", "tools": [_SEARCH]}),
    "embeddings": ("/v1/embeddings", {"model": "embedding", "input": ["a"], "dimensions": 8}),
    "moderations": ("/v1/moderations", {"input": [{"type": "text", "text": "a"}]}),
    "ranking": ("/v1/rerank", {"model": "rerank", "query": "a", "documents": [{"text": "b"}], "top_n": 1}),
    "stores": (
        "/v1/vector_stores",
        {
            "name": "a",
            "file_ids": ["x"],
            "expires_after": {"anchor": "last_active_at", "days": 1},
            "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 100}},
        },
    ),
    "searches": (
        "/v1/vector_stores/x/search",
        {
            "query": ["a"],
            "filters": {"type": "and", "filters": [{"type": "in", "key": "a", "value": [1]}]},
            "ranking_options": {"ranker": "none", "score_threshold": 0.5},
        },
    ),
    "batches": ("/v1/vector_stores/x/file_batches", {"files": [{"file_id": "a", "attributes": {"b": 1}}]}),
    "uploads": ("/v1/uploads", {"bytes": 1, "filename": "a", "mime_type": "b", "purpose": "assistants"}),
}


@pytest.fixture(scope="module")
def asks(serves: Served) -> Iterator[Any]:
    """Ask over one connection, with a key that nothing limits here."""
    made = serves.call("identity.create_key", name="wrong", role="admin", limit_per_minute=100_000)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(serves.url).netloc, timeout=20)
    headers = {"Authorization": f"Bearer {made.key}", "Content-Type": "application/json"}

    def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    yield ask
    connection.close()


def _changed(value: Any) -> Iterator[Any]:
    """Give a value with each thing in it replaced by each wrong one, taken away, or joined by a stranger."""
    yield from _WRONG
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: other} for other in _changed(inner))
            yield {other: each for other, each in value.items() if other != name}
        yield {**value, "surplus": []}
    if isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], other, *value[place + 1 :]] for other in _changed(inner))


@pytest.mark.parametrize("name", BODIES)
def test_bodies_of_the_wrong_kinds_are_refused(there: Served, asks: Any, name: str) -> None:
    path, body = BODIES[name]
    broken = [
        (given, told)
        for given in _changed(body)
        for status, told in [asks("POST", path, given)]
        if status == http.client.INTERNAL_SERVER_ERROR
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("query", "param"),
    [("limit=" + "9" * 5000, "limit"), ("limit=0", "limit"), ("order=up", "order"), ("sort=id", "sort")],
)
def test_queries_of_the_wrong_kinds_are_refused(there: Served, asks: Any, query: str, param: str) -> None:
    _, kept = asks("POST", "/v1/responses", {"model": "chat", "input": "Hi"})
    status, told = asks("GET", f"/v1/responses/{kept['id']}/input_items?{query}")
    assert (status, told["error"]["param"]) == (400, param)


def test_items_that_other_doors_kept_are_listed_as_they_are(there: Served, asks: Any) -> None:
    items: list[dict[str, Any]] = [{"x": 1}, {"type": [], "id": {}}, {"type": "message", "content": []}]
    _, kept = asks("POST", "/v1/generation/responses", {"input_items": items, "output_items": []})
    status, told = asks("GET", f"/v1/responses/{kept['response_id']}/input_items?order=asc")
    assert (status, told["data"]) == (200, items)
