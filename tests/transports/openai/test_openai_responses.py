"""Responses as the openai package asks for them: recorded usages, each a case."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Literal

import openai
import pytest
from pydantic import BaseModel

from transports.openai.serving import DOCUMENT, Served

ASK: Any = {"model": "chat", "input": "Hi"}
WEATHER: Any = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


class Colour(BaseModel):
    colour: Literal["red", "blue"]


def whole(there: Served) -> None:
    there.upstream.says("Hello", " there.")
    response = there.client().responses.create(**ASK, instructions="Be kind.", metadata={"a": "b"})
    assert response.output_text == "Hello there."
    assert response.status == "completed"
    assert response.instructions == "Be kind."
    assert response.metadata == {"a": "b"}
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (11, 7)
    assert there.upstream.asked[0]["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
    ]


def whole_asynchronously(there: Served) -> None:
    async def ask() -> str:
        made = there.client()
        async with openai.AsyncOpenAI(base_url=made.base_url, api_key=made.api_key) as client:
            return (await client.responses.create(**ASK)).output_text

    assert asyncio.run(ask()) == "You said: Hi"


def settings_are_passed_on(there: Served) -> None:
    response = there.client().responses.create(**ASK, temperature=0.5, top_p=0.25, max_output_tokens=20)
    [sent] = there.upstream.asked
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0.5, 0.25, 20)
    assert (response.temperature, response.top_p, response.max_output_tokens) == (0.5, 0.25, 20)


def items(there: Served) -> None:
    given: Any = [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
    ]
    there.client().responses.create(model="chat", input=given, store=False)
    assert there.upstream.asked[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]


def images(there: Served) -> None:
    there.upstream.says("A pier.")
    content: Any = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"},
    ]
    there.client().responses.create(model="chat", input=[{"role": "user", "content": content}])
    sent = there.upstream.asked[0]["messages"][0]["content"]
    assert sent[1] == {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def gone_on_from(there: Served) -> None:
    client = there.client()
    there.upstream.says("I am called Bo.")
    first = client.responses.create(**ASK, instructions="Be Bo.")
    second = client.responses.create(model="chat", input="And?", previous_response_id=first.id)
    assert second.previous_response_id == first.id
    assert [message["content"] for message in there.upstream.asked[1]["messages"]] == [
        "Hi",
        "I am called Bo.",
        "And?",
    ]


def read_again(there: Served) -> None:
    client = there.client()
    made = client.responses.create(**ASK)
    read = client.responses.retrieve(made.id)
    assert read.output_text == made.output_text
    assert read.model_dump(exclude={"output"}) == made.model_dump(exclude={"output"})


def deleted(there: Served) -> None:
    client = there.client()
    made = client.responses.create(**ASK)
    client.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.create(**ASK, previous_response_id=made.id)


def not_kept(there: Served) -> None:
    client = there.client()
    made = client.responses.create(**ASK, store=False)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def what_led_to_it(there: Served) -> None:
    client = there.client()
    first = client.responses.create(**ASK)
    second = client.responses.create(model="chat", input="And?", previous_response_id=first.id)
    listed: Any = list(client.responses.input_items.list(second.id, order="asc", limit=2))
    texts = [item.content[0].text for item in listed]
    assert texts == ["Hi", "You said: Hi", "And?"]
    newest: Any = client.responses.input_items.list(second.id, limit=1)
    assert newest.data[0].content[0].text == "And?"
    assert newest.has_more


def streamed(there: Served) -> None:
    there.upstream.says("Hel", "lo.")
    events = list(there.client().responses.create(**ASK, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    last: Any = events[-1]
    assert last.response.output_text == "Hello."
    assert last.response.usage.output_tokens == 7
    assert there.client().responses.retrieve(last.response.id).output_text == "Hello."


def streamed_by_the_helper(there: Served) -> None:
    there.upstream.says("Hel", "lo.")
    with there.client().responses.stream(**ASK) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert stream.get_final_response().output_text == text == "Hello."


def streamed_asynchronously(there: Served) -> None:
    async def ask() -> list[str]:
        made = there.client()
        async with openai.AsyncOpenAI(base_url=made.base_url, api_key=made.api_key) as client:
            stream = await client.responses.create(**ASK, stream=True)
            return [event.type async for event in stream]

    assert asyncio.run(ask())[-1] == "response.completed"


def tools(there: Served) -> None:
    client = there.client()
    there.upstream.says(calls=[("weather", '{"city": "Bern"}')])
    first = client.responses.create(**ASK, tools=[WEATHER])
    [call] = first.output
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"city": "Bern"}
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "Rain."}
    there.upstream.says("It rains.")
    last = client.responses.create(
        model="chat", input=[result], previous_response_id=first.id, tools=[WEATHER]
    )
    assert last.output_text == "It rains."
    sent = there.upstream.asked[-1]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool"]


def tools_without_keeping(there: Served) -> None:
    client = there.client()
    there.upstream.says("Hm.", calls=[("weather", "{}"), ("weather", "{}")])
    first = client.responses.create(**ASK, tools=[WEATHER], store=False)
    given: Any = [{"role": "user", "content": "Hi"}, *first.output]
    given += [
        {"type": "function_call_output", "call_id": item.call_id, "output": "Sun."}
        for item in first.output
        if item.type == "function_call"
    ]
    client.responses.create(model="chat", input=given, tools=[WEATHER], store=False)
    sent = there.upstream.asked[-1]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool", "tool"]
    assert sent[2]["content"] == "Hm."
    assert len(sent[2]["tool_calls"]) == 2


def a_tool_by_name(there: Served) -> None:
    there.upstream.says(calls=[("weather", "{}")])
    choice: Any = {"type": "function", "name": "weather"}
    there.client().responses.create(**ASK, tools=[WEATHER], tool_choice=choice, parallel_tool_calls=False)
    assert there.upstream.asked[0]["tool_choice"] == {"type": "function", "function": {"name": "weather"}}


def tools_streamed(there: Served) -> None:
    there.upstream.says("Hm. ", calls=[("weather", '{"city": "Bern"}'), ("weather", '{"city": "Thun"}')])
    events: Any = list(there.client().responses.create(**ASK, tools=[WEATHER], stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    done = [event for event in events if event.type == "response.function_call_arguments.done"]
    assert [json.loads(event.arguments)["city"] for event in done] == ["Bern", "Thun"]
    for event in done:
        deltas = [
            each.delta
            for each in events
            if each.type == "response.function_call_arguments.delta" and each.item_id == event.item_id
        ]
        assert "".join(deltas) == event.arguments
    output = events[-1].response.output
    assert [item.type for item in output] == ["message", "function_call", "function_call"]
    assert [item.id for item in output[1:]] == [event.item_id for event in done]


def a_form_by_a_class(there: Served) -> None:
    there.upstream.says('{"colour": "red"}')
    response = there.client().responses.parse(**ASK, text_format=Colour)
    assert response.output_parsed == Colour(colour="red")


def a_form_by_a_class_streamed(there: Served) -> None:
    there.upstream.says('{"colour": "blue"}')
    with there.client().responses.stream(**ASK, text_format=Colour) as stream:
        list(stream)
        assert stream.get_final_response().output_parsed == Colour(colour="blue")


def a_form_that_does_not_fit_streamed(there: Served) -> None:
    there.upstream.says('{"colour": "green"}')
    form: Any = {"format": {"type": "json_schema", "name": "c", "schema": Colour.model_json_schema()}}
    events: Any = list(there.client().responses.create(**ASK, text=form, stream=True))
    assert events[-1].type == "response.failed"
    assert events[-1].response.status == "failed"
    assert "does not fit the schema" in events[-1].response.error.message


def some_json(there: Served) -> None:
    there.upstream.says("{}")
    form: Any = {"format": {"type": "json_object"}}
    assert there.client().responses.create(**ASK, text=form).output_text == "{}"


def a_text_that_was_cut(there: Served) -> None:
    there.upstream.says("Half", reason="length")
    response = there.client().responses.create(**ASK, max_output_tokens=16)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"
    there.upstream.says("Half", reason="length")
    events = list(there.client().responses.create(**ASK, stream=True))
    assert events[-1].type == "response.incomplete"


def a_collection_with_citations(there: Served) -> None:
    asked: Any = {"model": "mainstay/harbour", "input": "When does the ferry leave?"}
    response: Any = there.client().responses.create(**asked)
    content = response.output[0].content[0]
    note = content.annotations[0]
    assert "nine" in content.text[note.start_index : note.end_index]
    start, end = map(int, note.url.partition("#char=")[2].split(","))
    assert "nine" in DOCUMENT[start:end]
    events: Any = list(there.client().responses.create(**asked, stream=True))
    notes = [event for event in events if event.type == "response.output_text.annotation.added"]
    assert notes[0].annotation.url == note.url
    assert events[-1].response.output[0].content[0].annotations[0].url == note.url


USAGES: list[Callable[[Served], None]] = [
    whole,
    whole_asynchronously,
    settings_are_passed_on,
    items,
    images,
    gone_on_from,
    read_again,
    deleted,
    not_kept,
    what_led_to_it,
    streamed,
    streamed_by_the_helper,
    streamed_asynchronously,
    tools,
    tools_without_keeping,
    a_tool_by_name,
    tools_streamed,
    a_form_by_a_class,
    a_form_by_a_class_streamed,
    a_form_that_does_not_fit_streamed,
    some_json,
    a_text_that_was_cut,
    a_collection_with_citations,
]


@pytest.mark.parametrize("usage", USAGES, ids=lambda usage: usage.__name__)
def test_responses(there: Served, usage: Callable[[Served], None]) -> None:
    usage(there)


REFUSED: list[tuple[dict[str, Any], type[openai.APIStatusError], str, str | None]] = [
    ({"model": "nothing"}, openai.NotFoundError, "model_not_found", "model"),
    ({"input": []}, openai.BadRequestError, "unsupported_parameter", "input"),
    ({"background": True}, openai.BadRequestError, "unsupported_parameter", "background"),
    ({"truncation": "auto"}, openai.BadRequestError, "unsupported_parameter", "truncation"),
    ({"include": ["x"]}, openai.BadRequestError, "unsupported_parameter", "include"),
    ({"tools": [{"type": "web_search"}]}, openai.BadRequestError, "unsupported_parameter", "tools.0.type"),
    (
        {"input": [{"type": "item_reference", "id": "x"}]},
        openai.BadRequestError,
        "unsupported_parameter",
        None,
    ),
    ({"temperature": -1}, openai.BadRequestError, "invalid_value", "temperature"),
    (
        {"previous_response_id": "resp_x"},
        openai.NotFoundError,
        "previous_response_not_found",
        "previous_response_id",
    ),
    (
        {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "file_1"}]}]},
        openai.BadRequestError,
        "unsupported_parameter",
        "input.0.content.0",
    ),
    (
        {
            "input": [
                {
                    "role": "user",
                    "content": [{"type": "input_image", "image_url": "https://169.254.169.254/latest"}],
                }
            ]
        },
        openai.BadRequestError,
        "conversation_invalid",
        "input",
    ),
    (
        {"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]},
        openai.BadRequestError,
        "conversation_invalid",
        "input",
    ),
]


@pytest.mark.parametrize(("wrong", "kind", "code", "param"), REFUSED)
def test_what_is_refused_is_told_in_the_packages_exceptions(
    there: Served, wrong: Any, kind: type[openai.APIStatusError], code: str, param: str | None
) -> None:
    with pytest.raises(kind) as refused:
        there.client().responses.create(**{**ASK, **wrong})
    assert refused.value.code == code
    assert param is None or refused.value.param == param
    assert there.upstream.asked == []


def test_nobody_reads_the_response_of_another(there: Served) -> None:
    made = there.client().responses.create(**ASK)
    other = there.client("user")
    with pytest.raises(openai.NotFoundError):
        other.responses.retrieve(made.id)
    with pytest.raises(openai.NotFoundError):
        other.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        other.responses.create(**ASK, previous_response_id=made.id)
    with pytest.raises(openai.NotFoundError):
        other.responses.input_items.list(made.id)
