"""Fields at fault have the names that the client sent, whatever our operations call them."""

import re
from typing import Any

import openai
import pytest

from mainstay.transports.compatible.openai.naming import as_sent
from transports.openai.serving import Served

_HI = [{"role": "user", "content": "Hi"}]
_CHAT = {"model": "chat", "messages": _HI}
_RESPONSE = {"model": "chat", "input": "Hi"}
_LONG = "word " * 1000
_FUNCTION = {"name": "no name", "parameters": {"type": "object"}}
_CALL = {"id": "c", "type": "function", "function": {"name": "no name", "arguments": "{}"}}
_SEEN = [
    {"type": "text", "text": "a"},
    {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    {"type": "text", "text": "b"},
]
_SCHEMA = {"type": "objekt"}
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("chat/completions", {**_CHAT, "max_tokens": 0}, "max_tokens"),
    ("chat/completions", {**_CHAT, "max_tokens": 0, "stream": True}, "max_tokens"),
    ("chat/completions", {**_CHAT, "max_completion_tokens": 0}, "max_completion_tokens"),
    (
        "chat/completions",
        {**_CHAT, "tools": [{"type": "function", "function": _FUNCTION}]},
        "tools.0.function.name",
    ),
    (
        "chat/completions",
        {"model": "chat", "messages": [*_HI, {"role": "assistant", "tool_calls": [_CALL]}]},
        "messages.1.tool_calls.0.function.name",
    ),
    (
        "chat/completions",
        {"model": "mainstay/harbour", "messages": [{"role": "user", "content": _LONG}]},
        "messages",
    ),
    *(
        (
            "chat/completions",
            {
                "model": "chat",
                "messages": [
                    *_HI,
                    {"role": "user", "content": [*_SEEN, {"type": "image_url", "image_url": {"url": url}}]},
                ],
            },
            "messages.1.content.3",
        )
        for url in ("http://127.0.0.1/x.png", "https://127.0.0.1/x.png")
    ),
    ("responses", {**_RESPONSE, "max_output_tokens": 0}, "max_output_tokens"),
    (
        "responses",
        {**_RESPONSE, "input": [{"type": "function_call", "call_id": "c", "name": "no name"}]},
        "input",
    ),
    ("responses", {**_RESPONSE, "model": "mainstay/harbour", "input": _LONG}, "input"),
    ("responses", {**_RESPONSE, "prompt": {"id": "no name!"}}, "prompt.id"),
    ("embeddings", {"model": "embedding", "input": ["a", "\0"]}, "input.1"),
    ("moderations", {"input": ["\0"]}, "input.0"),
    ("rerank", {"model": "rerank", "query": "a", "documents": ["\0"]}, "documents.0"),
    ("vector_stores", {"name": "a", "file_ids": [], "description": "\0"}, "description"),
    ("vector_stores/harbour/search", {"query": "\0"}, "query.0"),
    (
        "uploads",
        {"bytes": 0, "filename": "a", "mime_type": "text/plain", "purpose": "batch"},
        "bytes",
    ),
]


@pytest.mark.parametrize(("path", "body", "param"), WRONG)
def test_a_field_at_fault_is_named_as_it_was_sent(
    there: Served, path: str, body: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        there.client().post(f"/{path}", body=body, cast_to=object)
    assert refused.value.param == param
    listed = re.findall(r"these fields: (.+?)\.(?:\s|$)", refused.value.message)
    assert all(param in each.split(", ") for each in listed)


def test_a_problem_begins_a_sentence_of_its_own(there: Served) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        there.client().embeddings.create(model="embedding", input="a", dimensions=1536)
    assert re.search(r"[.:] dimensions: ", refused.value.message)


def test_names_are_found_by_their_whole_path() -> None:
    names = {"messages.call_id": "tool_call_id", "transcript": "", "items": "input."}
    paths = ["messages.0.call_id", "call_id", "transcript.messages.1.content", "items.3.name", "other"]
    assert [as_sent(path, names) for path in paths] == [
        "messages.0.tool_call_id",
        "call_id",
        "messages.1.content",
        "input",
        "other",
    ]
