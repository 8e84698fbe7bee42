"""What bots and collections cannot heed is refused, and never ignored."""

from typing import Any

import openai
import pytest

from transports.openai.serving import Served

_HI: Any = {"role": "user", "content": "When does the ferry leave?"}
_FUNCTION: Any = {"name": "f", "parameters": {}}
_CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CHAT: list[tuple[dict[str, Any], str]] = [
    ({"stop": "."}, "stop"),
    ({"tool_choice": "required"}, "tool_choice"),
    ({"tools": [{"type": "function", "function": _FUNCTION}]}, "tools"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"extra_body": {"cache_s": 60}}, "cache_s"),
    ({"messages": [{"role": "system", "content": "Answer in French only."}, _HI]}, "messages"),
    ({"messages": [{"role": "developer", "content": "Answer in French only."}, _HI]}, "messages"),
    ({"messages": [_HI, {"role": "assistant", "tool_calls": [_CALL]}, _HI]}, "messages"),
]
RESPONSES: list[tuple[dict[str, Any], str]] = [
    ({"text": {"format": {"type": "json_object"}}}, "text.format"),
    ({"instructions": "Answer in French only."}, "instructions"),
    ({"input": [{"role": "system", "content": "Answer in French only."}, _HI]}, "input"),
]


@pytest.fixture(scope="module", params=["a bot", "a collection"])
def model(serves: Served, request: pytest.FixtureRequest) -> str:
    if request.param == "a collection":
        return "mainstay/harbour"
    intents = [{"name": "hours", "examples": ["when are you open", "opening hours"], "replies": ["At nine."]}]
    return str(serves.call("assistant.create_bot", name="Harbour", intents=intents).bot_id)


@pytest.mark.parametrize(("given", "param"), CHAT)
def test_what_a_chat_cannot_heed_is_refused(
    there: Served, model: str, given: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        there.client().chat.completions.create(**{"model": model, "messages": [_HI], **given})
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", param)
    assert "out, or ask a generator." in refused.value.message


@pytest.mark.parametrize(("given", "param"), RESPONSES)
def test_what_a_response_cannot_heed_is_refused(
    there: Served, model: str, given: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        there.client().responses.create(**{"model": model, "input": "Hi", **given})
    assert (refused.value.code, refused.value.param) == ("unsupported_parameter", param)


def test_what_changes_nothing_is_let_through(there: Served, model: str) -> None:
    harmless: Any = {"tool_choice": "none", "parallel_tool_calls": False, "user": "ada", "n": 1}
    harmless |= {"temperature": 0.1, "top_p": 0.5, "seed": 0}
    answer = there.client().chat.completions.create(model=model, messages=[_HI], **harmless)
    assert answer.choices[0].message.content
