"""What the Open Responses standard says of parameters: each is told again in the response, and heeded."""

from typing import Any

import pytest

from transports.openai.open_responses_client import CALLED, WEATHER, Asking, text_of
from transports.openai.serving import Served

BOOK: Any = {**WEATHER, "name": "book"}
SCHEMA: Any = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
NAMED = {"type": "function", "name": "get_weather"}
ALLOWED = {"type": "allowed_tools", "tools": [NAMED]}

TOLD_AGAIN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"temperature": 0.5, "top_p": 0.25, "max_output_tokens": 20}, {}),
    ({"instructions": "Be kind.", "metadata": {"a": "b"}, "store": False}, {}),
    ({"tools": [WEATHER], "tool_choice": "none", "parallel_tool_calls": False}, {"tools": None}),
    ({"tools": [WEATHER], "tool_choice": NAMED}, {"tools": None}),
    (
        {"tools": [WEATHER, BOOK], "tool_choice": ALLOWED},
        {"tools": None, "tool_choice": {"mode": "auto", **ALLOWED}},
    ),
    ({"safety_identifier": "user-17", "prompt_cache_key": "shop", "truncation": "disabled"}, {}),
    ({"presence_penalty": 0, "frequency_penalty": 0.0, "top_logprobs": 0, "background": False}, {}),
    ({"text": {"format": {"type": "text"}, "verbosity": "medium"}}, {}),
    (
        {"text": {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}}},
        {
            "text": {
                "format": {
                    "type": "json_schema",
                    "name": "n",
                    "description": None,
                    "schema": SCHEMA,
                    "strict": False,
                }
            }
        },
    ),
]
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"presence_penalty": 0.5}, "presence_penalty"),
    ({"frequency_penalty": -1}, "frequency_penalty"),
    ({"top_logprobs": 2}, "top_logprobs"),
    ({"max_tool_calls": 1}, "max_tool_calls"),
    ({"reasoning": {"effort": "low"}}, "reasoning"),
    ({"background": True}, "background"),
    ({"truncation": "auto"}, "truncation"),
    ({"include": ["message.output_text.logprobs"]}, "include"),
    ({"tools": [{"type": "web_search", "external_web_access": False}]}, "tools.0.type"),
    ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input.0.type"),
    ({"tools": [WEATHER], "tool_choice": "get_weather"}, "tool_choice"),
    ({"tools": [WEATHER], "tool_choice": {**ALLOWED, "mode": "perhaps"}}, "tool_choice.mode"),
    ({"tools": [WEATHER], "tool_choice": {"type": "allowed_tools"}}, "tool_choice.tools"),
    ({"tools": [BOOK], "tool_choice": ALLOWED}, "tool_choice.tools.0"),
    ({"metadata": {"k" * 65: "v"}}, "metadata"),
    ({"metadata": {"k": "v" * 513}}, "metadata.k"),
]


@pytest.fixture
def asking(there: Served) -> Asking:
    return Asking(there, "chat")


@pytest.mark.parametrize(("given", "told"), TOLD_AGAIN)
def test_parameters_are_told_again(asking: Asking, given: dict[str, Any], told: dict[str, Any]) -> None:
    if "schema" in str(given):
        asking.there.upstream.says('{"n": 1}')
    response = asking.post("/responses", {"model": "chat", "input": "Hi", **given}).json()
    for name, value in {**given, **told}.items():
        assert value is None or response[name] == value
    assert [tool["name"] for tool in response["tools"]] == [each["name"] for each in given.get("tools", ())]


@pytest.mark.parametrize(("given", "param"), REFUSED)
def test_what_cannot_be_heeded_is_refused_by_name(asking: Asking, given: dict[str, Any], param: str) -> None:
    told = asking.refused(**{"input": "Hi", **given})
    assert told["param"] == param
    assert asking.there.upstream.asked == []


def test_instructions_hold_for_their_own_response_alone(asking: Asking) -> None:
    first = asking.whole(input="Hi", instructions="Be Bo.")
    assert first.instructions == "Be Bo."
    second = asking.whole(input="And?", previous_response_id=first.id)
    assert second.instructions is None
    assert "Be Bo." not in str(asking.there.upstream.asked[-1]["messages"])


def test_nothing_goes_on_from_what_was_not_kept(asking: Asking) -> None:
    first = asking.whole(input="Hi", store=False)
    assert not first.store
    told = asking.refused(input="And?", previous_response_id=first.id)
    assert (told["code"], told["param"]) == ("previous_response_not_found", "previous_response_id")


@pytest.mark.parametrize("streamed", [False, True])
def test_a_text_that_was_cut_is_incomplete(asking: Asking, streamed: bool) -> None:
    asking.there.upstream.says("One, two", reason="length")
    body: Any = {"input": "Count.", "max_output_tokens": 16}
    response = asking.events(**body)[-1].response if streamed else asking.whole(**body)
    assert asking.there.upstream.asked[-1]["max_tokens"] == 16
    assert (response.status, response.completed_at) == ("incomplete", None)
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    assert [item.status for item in response.output] == ["incomplete"]


@pytest.mark.parametrize("streamed", [False, True])
def test_of_what_was_cut_the_last_item_alone_is_incomplete(asking: Asking, streamed: bool) -> None:
    asking.there.upstream.says("Hm.", calls=[*CALLED, ("get_weather", '{"loc')], reason="length")
    body: Any = {"input": "Compare.", "tools": [WEATHER]}
    response = asking.events(**body)[-1].response if streamed else asking.whole(**body)
    assert [item.status for item in response.output] == ["completed", "completed", "incomplete"]


@pytest.mark.parametrize("streamed", [False, True])
def test_saying_nothing_is_a_message_without_a_word(asking: Asking, streamed: bool) -> None:
    asking.there.upstream.says()
    response = asking.events(input="Hi")[-1].response if streamed else asking.whole(input="Hi")
    [message] = response.output
    assert (message.type, message.status, text_of(response)) == ("message", "completed", "")


@pytest.mark.parametrize("streamed", [False, True])
def test_of_the_tools_allowed_ones_alone_are_called(asking: Asking, streamed: bool) -> None:
    body: Any = {"input": "Book.", "tools": [WEATHER, BOOK], "tool_choice": {**ALLOWED, "mode": "required"}}
    asking.there.upstream.says("No.", calls=[("book", "{}"), *CALLED])
    response = asking.events(**body)[-1].response if streamed else asking.whole(**body)
    assert [item.name for item in response.output if item.type == "function_call"] == ["get_weather"]
    sent = asking.there.upstream.asked[-1]
    assert [tool["function"]["name"] for tool in sent["tools"]] == ["get_weather"]
    assert sent["tool_choice"] == "required"
    assert [tool.name for tool in response.tools] == ["get_weather", "book"]


def test_none_of_the_tools_is_called(asking: Asking) -> None:
    asking.there.upstream.says("No.", calls=CALLED)
    response = asking.whole(input="Book.", tools=[WEATHER], tool_choice="none")
    assert [item.type for item in response.output] == ["message"]


def test_a_text_in_another_form_fails_the_stream(asking: Asking) -> None:
    asking.there.upstream.says("no JSON")
    form = {"format": {"type": "json_schema", "name": "n", "schema": SCHEMA}}
    last = asking.events(input="Hi", text=form)[-1].response
    assert last.status == "failed"
    assert last.error is not None
    assert last.error.code == "server_error"
