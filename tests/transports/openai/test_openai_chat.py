"""Chat completions as the openai package asks for them: recorded usages, each a case."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, Literal

import openai
import pytest
from pydantic import BaseModel

from chat_upstream import Answer
from transports.openai.serving import DOCUMENT, Served

ASK: Any = {"model": "chat", "messages": [{"role": "user", "content": "Hi"}]}
COLLECTION: Any = {
    "model": "mainstay/harbour",
    "messages": [{"role": "user", "content": "When does the ferry leave?"}],
}
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}


class Colour(BaseModel):
    colour: Literal["red", "blue"]


def whole(there: Served) -> None:
    there.upstream.says("Hello", " there.")
    answer = there.client().chat.completions.create(**ASK)
    assert answer.object == "chat.completion"
    assert answer.model == "chat"
    assert answer.choices[0].message.content == "Hello there."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11, 7)
    assert answer.usage.total_tokens == 18
    assert answer._request_id


def whole_asynchronously(there: Served) -> None:
    async def ask() -> str | None:
        made = there.client()
        async with openai.AsyncOpenAI(base_url=made.base_url, api_key=made.api_key) as client:
            answer = await client.chat.completions.create(**ASK)
            return answer.choices[0].message.content

    assert asyncio.run(ask()) == "You said: Hi"


def settings_are_passed_on(there: Served) -> None:
    there.client().chat.completions.create(
        **ASK, temperature=0, top_p=0.5, max_completion_tokens=9, stop=["a", "b"], seed=4, user="ada"
    )
    [sent] = there.upstream.asked
    assert (sent["temperature"], sent["top_p"], sent["max_tokens"]) == (0, 0.5, 9)
    assert (sent["stop"], sent["seed"]) == (["a", "b"], 4)
    assert "user" not in sent


def one_text_to_stop_at(there: Served) -> None:
    there.client().chat.completions.create(**ASK, stop="END", max_tokens=3, n=1, logprobs=False)
    assert there.upstream.asked[0]["stop"] == ["END"]
    assert there.upstream.asked[0]["max_tokens"] == 3


def developers_are_the_system(there: Served) -> None:
    messages: Any = [{"role": "developer", "content": "Be brief."}, *ASK["messages"]]
    there.client().chat.completions.create(model="chat", messages=messages)
    assert there.upstream.asked[0]["messages"][0] == {"role": "system", "content": "Be brief."}


def contents_in_parts(there: Served) -> None:
    parts: Any = [{"type": "text", "text": "One "}, {"type": "text", "text": "two"}]
    there.client().chat.completions.create(model="chat", messages=[{"role": "user", "content": parts}])
    assert there.upstream.asked[0]["messages"][0]["content"] == "One two"


def images(there: Served) -> None:
    parts: Any = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]
    there.upstream.says("A pier.")
    there.client().chat.completions.create(model="chat", messages=[{"role": "user", "content": parts}])
    sent = there.upstream.asked[0]["messages"][0]["content"]
    assert [part["type"] for part in sent] == ["text", "image_url", "image_url"]
    assert sent[1]["image_url"]["url"] == "data:image/png;base64,aGk="


def streamed(there: Served) -> None:
    there.upstream.says("Hel", "lo.")
    chunks = list(there.client().chat.completions.create(**ASK, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello."
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "stop"
    assert len({chunk.id for chunk in chunks}) == 1
    assert all(chunk.object == "chat.completion.chunk" and chunk.usage is None for chunk in chunks)


def streamed_with_usage(there: Served) -> None:
    options: Any = {"include_usage": True}
    *chunks, last = there.client().chat.completions.create(**ASK, stream=True, stream_options=options)
    assert all(chunk.choices for chunk in chunks)
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens == 18


def streamed_asynchronously(there: Served) -> None:
    async def ask() -> str:
        made = there.client()
        async with openai.AsyncOpenAI(base_url=made.base_url, api_key=made.api_key) as client:
            stream = await client.chat.completions.create(**ASK, stream=True)
            return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert asyncio.run(ask()) == "You said: Hi"


def streamed_by_the_helper(there: Served) -> None:
    there.upstream.says("Hel", "lo.")
    with there.client().chat.completions.stream(**ASK) as stream:
        kinds = [event.type for event in stream]
        whole_one = stream.get_final_completion()
    assert "content.delta" in kinds
    assert "content.done" in kinds
    assert whole_one.choices[0].message.content == "Hello."


def tools(there: Served) -> None:
    there.upstream.says(calls=[("weather", '{"city": "Bern"}')])
    answer = there.client().chat.completions.create(**ASK, tools=[WEATHER], tool_choice="auto")
    [call] = answer.choices[0].message.tool_calls or []
    assert answer.choices[0].finish_reason == "tool_calls"
    assert answer.choices[0].message.content is None
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"city": "Bern"}
    assert there.upstream.asked[0]["tools"] == [WEATHER]


def results_of_tools(there: Served) -> None:
    client = there.client()
    there.upstream.says(calls=[("weather", '{"city": "Bern"}'), ("weather", '{"city": "Thun"}')])
    first = client.chat.completions.create(**ASK, tools=[WEATHER]).choices[0].message
    results: Any = [
        {"role": "tool", "tool_call_id": call.id, "content": "Rain."} for call in first.tool_calls or []
    ]
    there.upstream.says("It rains.")
    messages: Any = [*ASK["messages"], first, *results]
    last = client.chat.completions.create(model="chat", messages=messages, tools=[WEATHER])
    assert last.choices[0].message.content == "It rains."
    sent = there.upstream.asked[-1]["messages"]
    assert [message["role"] for message in sent] == ["system", "user", "assistant", "tool", "tool"]
    assert "Rain." in sent[-1]["content"]


def a_tool_by_name(there: Served) -> None:
    there.upstream.says(calls=[("weather", "{}")])
    choice: Any = {"type": "function", "function": {"name": "weather"}}
    there.client().chat.completions.create(
        **ASK, tools=[WEATHER], tool_choice=choice, parallel_tool_calls=False
    )
    assert there.upstream.asked[0]["tool_choice"] == choice
    assert there.upstream.asked[0]["parallel_tool_calls"] is False


def tools_streamed(there: Served) -> None:
    there.upstream.says("Let me see.", calls=[("weather", '{"city": "Bern"}')])
    with there.client().chat.completions.stream(**ASK, tools=[WEATHER]) as stream:
        kinds = {event.type for event in stream}
        message = stream.get_final_completion().choices[0].message
    assert "tool_calls.function.arguments.delta" in kinds
    assert message.content == "Let me see."
    [call] = message.tool_calls or []
    assert json.loads(call.function.arguments) == {"city": "Bern"}


def a_form_by_a_class(there: Served) -> None:
    there.upstream.says('{"colour": "red"}')
    answer = there.client().chat.completions.parse(**ASK, response_format=Colour)
    assert answer.choices[0].message.parsed == Colour(colour="red")
    assert there.upstream.asked[0]["response_format"]["json_schema"]["name"] == "Colour"


def a_form_by_a_class_streamed(there: Served) -> None:
    there.upstream.says('{"col', 'our": "blue"}')
    with there.client().chat.completions.stream(**ASK, response_format=Colour) as stream:
        list(stream)
        parsed = stream.get_final_completion().choices[0].message.parsed
    assert parsed == Colour(colour="blue")


def a_form_that_was_cut(there: Served) -> None:
    there.upstream.says('{"col', reason="length")
    with pytest.raises(openai.LengthFinishReasonError):
        there.client().chat.completions.parse(**ASK, response_format=Colour)


def some_json(there: Served) -> None:
    there.upstream.says('{"a": [1]}')
    form: Any = {"type": "json_object"}
    answer = there.client().chat.completions.create(**ASK, response_format=form)
    assert json.loads(answer.choices[0].message.content or "") == {"a": [1]}


def a_form_that_does_not_fit(there: Served) -> None:
    for _ in range(2):
        there.upstream.says('{"colour": "green"}')
    before = len(there.upstream.asked)
    with pytest.raises(openai.InternalServerError, match="does not fit the schema") as refused:
        there.client(max_retries=2).chat.completions.parse(**ASK, response_format=Colour)
    assert refused.value.code == "answer_misshapen"
    assert len(there.upstream.asked) == before + 2, "the package does not ask again"


def a_collection_with_citations(there: Served) -> None:
    answer = there.client().chat.completions.create(**COLLECTION)
    message = answer.choices[0].message
    assert message.content
    assert "nine" in message.content
    [note, *_] = message.annotations or []
    cited = note.url_citation
    assert "nine" in message.content[cited.start_index : cited.end_index]
    assert cited.title == "Ferry"
    place = cited.url.partition("/v1/documents/ferry#char=")[2].split(",")
    assert DOCUMENT[int(place[0]) : int(place[1])] == "The ferry leaves at nine."
    assert there.upstream.asked == []


def a_collection_streamed(there: Served) -> None:
    chunks = list(there.client().chat.completions.create(**COLLECTION, stream=True))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    [notes] = [found for chunk in chunks if (found := getattr(chunk.choices[0].delta, "annotations", None))]
    cited = notes[0]["url_citation"]
    assert "nine" in text[cited["start_index"] : cited["end_index"]]


def a_collection_that_does_not_know(there: Served) -> None:
    messages: Any = [{"role": "user", "content": "Who was the first person on the moon?"}]
    answer = there.client().chat.completions.create(model="mainstay/harbour", messages=messages)
    assert answer.choices[0].message.content == "The documents do not answer this question."
    assert answer.choices[0].message.annotations == []


def an_answer_from_memory(there: Served) -> None:
    asked: Any = {"model": "chat", "messages": [{"role": "user", "content": "Remember"}]}
    client = there.client()
    for _ in range(2):
        client.chat.completions.create(**asked, extra_body={"cache_s": 60})
    assert len(there.upstream.asked) == 1


def a_reader_who_leaves(there: Served) -> None:
    there.upstream.says(*["word "] * 50, stalls_after=5)
    stream = there.client().chat.completions.create(**ASK, stream=True)
    for chunk in stream:
        if chunk.choices[0].delta.content:
            break
    stream.close()
    assert there.client().models.list().data


USAGES: list[Callable[[Served], None]] = [
    whole,
    whole_asynchronously,
    settings_are_passed_on,
    one_text_to_stop_at,
    developers_are_the_system,
    contents_in_parts,
    images,
    streamed,
    streamed_with_usage,
    streamed_asynchronously,
    streamed_by_the_helper,
    tools,
    results_of_tools,
    a_tool_by_name,
    tools_streamed,
    a_form_by_a_class,
    a_form_by_a_class_streamed,
    a_form_that_was_cut,
    some_json,
    a_form_that_does_not_fit,
    a_collection_with_citations,
    a_collection_streamed,
    a_collection_that_does_not_know,
    an_answer_from_memory,
    a_reader_who_leaves,
]


@pytest.mark.parametrize("usage", USAGES, ids=lambda usage: usage.__name__)
def test_chat_completions(there: Served, usage: Callable[[Served], None]) -> None:
    usage(there)


IMAGE = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
SOUND = [{"type": "input_audio", "input_audio": {"data": "aGk=", "format": "wav"}}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "objekt"}}}
REFUSED: list[tuple[dict[str, Any], type[openai.APIStatusError], str, str | None]] = [
    ({"model": "nothing"}, openai.NotFoundError, "model_not_found", "model"),
    ({"model": "mainstay/nothing"}, openai.NotFoundError, "model_not_found", "model"),
    ({"n": 2}, openai.BadRequestError, "unsupported_parameter", "n"),
    ({"logprobs": True}, openai.BadRequestError, "unsupported_parameter", "logprobs"),
    ({"frequency_penalty": 1}, openai.BadRequestError, "unsupported_parameter", "frequency_penalty"),
    ({"extra_body": {"colour": "red"}}, openai.BadRequestError, "unsupported_parameter", "colour"),
    ({"temperature": 3}, openai.BadRequestError, "invalid_value", "temperature"),
    ({"messages": []}, openai.BadRequestError, "invalid_value", "messages"),
    ({"messages": [{"role": "robot", "content": "x"}]}, openai.BadRequestError, "invalid_value", None),
    (
        {"messages": [{"role": "user", "content": SOUND}]},
        openai.BadRequestError,
        "unsupported_parameter",
        "messages.0.content.0",
    ),
    (
        {"messages": [{"role": "tool", "content": "x", "tool_call_id": "c"}]},
        openai.BadRequestError,
        "conversation_invalid",
        "messages.0.tool_call_id",
    ),
    (
        {**COLLECTION, "messages": [{"role": "user", "content": IMAGE}]},
        openai.BadRequestError,
        "unsupported_parameter",
        "messages",
    ),
    (
        {"messages": [{"role": "system", "content": IMAGE}]},
        openai.BadRequestError,
        "conversation_invalid",
        "messages.0.content",
    ),
    ({"response_format": SCHEMA}, openai.BadRequestError, "schema_invalid", None),
    ({"tool_choice": "required"}, openai.BadRequestError, "conversation_invalid", "tool_choice"),
    ({**COLLECTION, "tools": [WEATHER]}, openai.BadRequestError, "unsupported_parameter", "tools"),
]


@pytest.mark.parametrize(("wrong", "kind", "code", "param"), REFUSED)
def test_what_is_refused_is_told_in_the_packages_exceptions(
    there: Served, wrong: Any, kind: type[openai.APIStatusError], code: str, param: str | None
) -> None:
    with pytest.raises(kind) as refused:
        there.client().chat.completions.create(**{**ASK, **wrong})
    assert refused.value.code == code
    assert param is None or refused.value.param == param
    assert refused.value.request_id
    assert there.upstream.asked == []


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Answer(status=500), openai.InternalServerError),
        (Answer(status=401), openai.InternalServerError),
        (Answer(status=400, error="Too long."), openai.BadRequestError),
        (Answer(raw=b"nonsense"), openai.InternalServerError),
        (Answer(raw=b"data: {broken\n\n"), openai.InternalServerError),
        (Answer(["half"], breaks_after=2), openai.InternalServerError),
        (Answer(["half"], stalls_after=2), openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_server_that_goes_wrong_is_told(
    there: Served, said: Answer, kind: type[openai.APIStatusError], stream: bool
) -> None:
    there.upstream.answers.append(said)
    half = stream and said.pieces
    with pytest.raises(openai.APIError if half else kind) as refused:
        list(there.client().chat.completions.create(**ASK, stream=stream))
    if half:
        assert refused.value.code == "chat_broke_off"
