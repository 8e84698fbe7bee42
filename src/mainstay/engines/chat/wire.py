"""Chat completions as they travel: a conversation as a request's body, an event as pieces of an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import jiter

from mainstay.ports.chat import (
    CallPiece,
    ChatUnavailable,
    Conversation,
    Message,
    Piece,
    Reason,
    Shape,
    Tool,
    Words,
)

LIMITS = ("max_tokens", "max_completion_tokens")
"""Names of the limit on an answer's tokens: most servers take the first, some models the second alone."""

_REASONS: Mapping[str, Reason] = {
    "stop": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "refusal": "content_filter",
}
_BROKEN = frozenset({"error", "abort", "insufficient_system_resource"})
_CALLS_MAX = 128


@dataclass(frozen=True)
class Told:
    """What one event says: pieces of the answer, how it ended, what it cost.

    Whoever `begins` says something, or thinks aloud. What is `done` has no further events.
    """

    pieces: Sequence[Piece] = ()
    reason: Reason | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    begins: bool = False
    done: bool = False


def body_of(model: str, asked: Conversation, limit: str = LIMITS[0]) -> dict[str, object]:
    """Write a request, with one of the LIMITS; what is left to the model is left out."""
    body: dict[str, object] = {
        "model": model,
        "messages": [_message(each) for each in asked.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if asked.tools:
        body["tools"] = [_tool(each) for each in asked.tools]
        named = {"type": "function", "function": {"name": asked.tool}}
        body["tool_choice"] = named if asked.tool else asked.tool_choice
        if not asked.parallel_calls:
            body["parallel_tool_calls"] = False
    if asked.shape is not None:
        body["response_format"] = _shape(asked.shape)
    wishes = {
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        limit: asked.tokens_max,
        "stop": list(asked.stop) or None,
        "seed": asked.seed,
    }
    return body | {name: wish for name, wish in wishes.items() if wish is not None}


def _message(message: Message) -> dict[str, object]:
    told: dict[str, object] = {"role": message.role, "content": message.content}
    if message.images or message.files:
        seen = [{"type": "image_url", "image_url": {"url": url}} for url in message.images]
        read = [
            {"type": "file", "file": {"filename": file.name, "file_data": file.content}}
            for file in message.files
        ]
        told["content"] = [{"type": "text", "text": message.content}, *seen, *read]
    if message.role == "tool":
        told["tool_call_id"] = message.call_id
    if message.calls:
        told["content"] = message.content or None
        told["tool_calls"] = [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.calls
        ]
    return told


def _tool(tool: Tool) -> dict[str, object]:
    function: dict[str, object] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    if tool.parameters is not None:
        function["parameters"] = dict(tool.parameters)
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def _shape(shape: Shape) -> dict[str, object]:
    if shape.schema is None:
        return {"type": "json_object"}
    schema: dict[str, object] = {"name": shape.name, "schema": dict(shape.schema)}
    if shape.description:
        schema["description"] = shape.description
    if shape.strict:
        schema["strict"] = True
    return {"type": "json_schema", "json_schema": schema}


class Reader:
    """Reads the events of one answer."""

    def __init__(self) -> None:
        """Begin with no calls."""
        self._calls: list[tuple[int | None, str]] = []

    def read(self, data: bytes) -> Told:
        """Read one event; raises ChatUnavailable when it is an error, or nothing that can be understood."""
        try:
            event = jiter.from_json(data, allow_inf_nan=False)
            if event.get("error"):
                raise ChatUnavailable("The generator's server reports an error: try again.")
            tokens_in, tokens_out = _tokens(event.get("usage"))
            choices = event.get("choices") or [{}]
            choice = choices[0]
            delta = choice.get("delta") or {}
            begins = any(said for name, said in delta.items() if name != "role")
            reason = _reason(choice.get("finish_reason"))
            return Told(self._pieces(delta), reason, tokens_in, tokens_out, begins)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as problem:
            raise ChatUnavailable(
                "The generator's server sent something that is no answer: check its address."
            ) from problem

    def _pieces(self, delta: Mapping[str, Any]) -> list[Piece]:
        found: list[Piece] = []
        words = delta.get("content") or delta.get("refusal") or ""
        if words:
            found.append(Words(_text(words)))
        for call in delta.get("tool_calls") or ():
            function = call.get("function") or {}
            call_id, name, arguments = (
                _text(each or "")
                for each in (call.get("id"), function.get("name"), function.get("arguments"))
            )
            found.append(CallPiece(self._place(call.get("index"), call_id, name), call_id, name, arguments))
        return found

    def _place(self, index: object, call_id: str, name: str) -> int:
        """Say to which call a piece belongs: by its index, and where there is none by its id.

        Some servers give every call the same index, so that a new id with a name opens a place too; others
        give each piece of one call another id, but the name only once.
        """
        if index is not None and (not isinstance(index, int) or not 0 <= index < _CALLS_MAX):
            raise TypeError("a call that has no place")
        for place, (known, known_id) in reversed(list(enumerate(self._calls))):
            if index is None:
                same = call_id == known_id if call_id else not name
            else:
                same = index == known and not (call_id and name and call_id != known_id)
            if same:
                return place
        if len(self._calls) >= _CALLS_MAX:
            raise TypeError("more calls than there are places")
        self._calls.append((index, call_id))
        return len(self._calls) - 1


def _reason(told: object) -> Reason | None:
    """Read why an answer ended; for a reason that is not known it is whole all the same, and was paid for."""
    if not told:
        return None
    word = str(told).lower()
    if word in _BROKEN:
        raise ChatUnavailable("The generator's server broke its answer off: try again.")
    return _REASONS.get(word, "stop")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a piece that is no text")
    return value


def _tokens(usage: object) -> tuple[int | None, int | None]:
    if not isinstance(usage, dict):
        return None, None
    counts = (usage.get("prompt_tokens"), usage.get("completion_tokens"))
    whole = (count if isinstance(count, int) and count >= 0 else None for count in counts)
    return cast("tuple[int | None, int | None]", tuple(whole))
