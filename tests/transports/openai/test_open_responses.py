"""The cases of the Open Responses compliance suite over HTTP, by the suite's names."""

import base64
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from transports.openai.open_responses_client import CALLED, WEATHER, Asking, picture
from transports.openai.open_responses_schema import Response
from transports.openai.serving import Served

FILE = "data:application/pdf;base64," + base64.b64encode(b"%PDF-1.1\n%%EOF").decode()
ASK_WEATHER = [{"type": "message", "role": "user", "content": "What's the weather like in San Francisco?"}]


def _user(content: Any) -> dict[str, Any]:
    return {"type": "message", "role": "user", "content": content}


def _assistant(content: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", **more, "content": content}


PLAIN: dict[str, Any] = {
    "basic-response": [_user("Say hello in exactly 3 words.")],
    "multi-turn": [
        _user("My name is Alice."),
        _assistant("Hello Alice! Nice to meet you. How can I help you today?"),
        _user("What is my name?"),
    ],
    "assistant-phase": [
        _assistant("I should answer with the saved number.", phase="commentary"),
        _assistant("The number is four.", phase="final_answer"),
        _user("Repeat only the number."),
    ],
}
"""What any kind of model is asked."""

FOR_GENERATORS: dict[str, Any] = {
    "system-prompt": [
        {"type": "message", "role": "system", "content": "You are a pirate. Always respond in pirate speak."},
        _user("Say hello."),
    ],
    "image-input": [
        _user(
            [
                {"type": "input_text", "text": "What do you see in this image? Answer in one sentence."},
                {"type": "input_image", "image_url": picture()},
            ]
        )
    ],
    "file-input": [
        _user(
            [
                {"type": "input_text", "text": "Read the attached file and answer with its title only."},
                {"type": "input_file", "filename": "openresponses-fixture.pdf", "file_data": FILE},
            ]
        )
    ],
}
STREAM: Any = [_user("Count from 1 to 5.")]
SENT: tuple[dict[str, Any], ...] = ({}, {"stream": False})
"""How versions of the suite ask for a whole response."""


@pytest.fixture
def generator(there: Served) -> Asking:
    return Asking(there, "chat")


@pytest.fixture(scope="module", params=["a generator", "a bot", "a collection"])
def model(serves: Served, request: pytest.FixtureRequest) -> str:
    if request.param == "a bot":
        hours = {"name": "hours", "examples": ["when are you open", "opening hours"], "replies": ["At nine."]}
        return str(serves.call("assistant.create_bot", name="Standard", intents=[hours]).bot_id)
    return "chat" if request.param == "a generator" else "mainstay/harbour"


@pytest.fixture(scope="module")
def store(serves: Served) -> Iterator[str]:
    """Make a vector store of one file."""
    with openai.OpenAI(base_url=f"{serves.url}/v1", api_key=serves.keys["admin"]) as client:
        made = client.vector_stores.create(name="Standard")
        file = client.files.create(file=("ferry.md", b"The ferry leaves at nine."), purpose="assistants")
        client.vector_stores.files.create_and_poll(file.id, vector_store_id=made.id, poll_interval_ms=20)
        yield made.id


def _completed(response: Response) -> None:
    assert response.output
    assert response.status == "completed"
    assert response.completed_at is not None
    assert response.usage is not None


@pytest.mark.parametrize("sent", SENT, ids=str)
@pytest.mark.parametrize("case", PLAIN)
def test_every_model_passes(there: Served, model: str, case: str, sent: dict[str, Any]) -> None:
    _completed(Asking(there, model).whole(input=PLAIN[case], **sent))


def test_every_model_passes_streaming_response(there: Served, model: str) -> None:
    events = Asking(there, model).events(input=STREAM)
    _completed(events[-1].response)


def test_a_bound_cuts_every_models_answer(there: Served, model: str) -> None:
    asking = Asking(there, model)
    for streamed in (False, True):
        if model == "chat":
            there.upstream.says("One,", reason="length")
        body: Any = {"input": STREAM, "max_output_tokens": 1}
        response = asking.events(**body)[-1].response if streamed else asking.whole(**body)
        assert (response.status, response.max_output_tokens) == ("incomplete", 1)
        assert [item.status for item in response.output] == ["incomplete"]


@pytest.mark.parametrize("sent", SENT, ids=str)
@pytest.mark.parametrize("case", FOR_GENERATORS)
def test_generators_pass(generator: Asking, case: str, sent: dict[str, Any]) -> None:
    _completed(generator.whole(input=FOR_GENERATORS[case], **sent))


def test_what_the_cases_say_reaches_the_generator(generator: Asking) -> None:
    asked = generator.there.upstream.asked
    generator.whole(input=PLAIN["multi-turn"])
    assert [each["role"] for each in asked[-1]["messages"]] == ["user", "assistant", "user"]
    generator.whole(input=FOR_GENERATORS["system-prompt"])
    assert asked[-1]["messages"][0]["content"].startswith("You are a pirate.")
    generator.whole(input=FOR_GENERATORS["image-input"])
    text, image = asked[-1]["messages"][0]["content"]
    assert text["text"].startswith("What do you see")
    assert image["image_url"]["url"] == picture()
    generator.whole(input=FOR_GENERATORS["file-input"])
    text, file = asked[-1]["messages"][0]["content"]
    assert text["text"].startswith("Read the attached")
    assert file["file"] == {"filename": "openresponses-fixture.pdf", "file_data": FILE}


def test_tool_calling(generator: Asking) -> None:
    generator.there.upstream.says(calls=CALLED)
    response = generator.whole(input=ASK_WEATHER, tools=[WEATHER])
    [call] = response.output
    assert (call.type, call.name, call.status) == ("function_call", "get_weather", "completed")
    assert generator.there.upstream.asked[-1]["tools"][0]["function"]["name"] == "get_weather"


def test_tool_calling_streaming(generator: Asking) -> None:
    generator.there.upstream.says(calls=CALLED)
    events = generator.events(input=ASK_WEATHER, tools=[WEATHER])
    kinds = [each.type.removeprefix("response.") for each in events]
    assert {"function_call_arguments.delta", "function_call_arguments.done"} <= set(kinds)
    items = [each.item.type for each in events if hasattr(each, "item")]
    assert items == ["function_call", "function_call"]
    _completed(events[-1].response)


def test_function_call_roundtrip(generator: Asking) -> None:
    generator.there.upstream.says(calls=CALLED)
    first = generator.whole(
        input="Use the weather tool to get the temperature in San Francisco.",
        tools=[WEATHER],
        tool_choice={"type": "function", "name": "get_weather"},
    )
    call = next(item for item in first.output if item.type == "function_call")
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "64 degrees and clear"}
    _completed(generator.whole(previous_response_id=first.id, input=[result]))
    assert "64 degrees" in str(generator.there.upstream.asked[-1]["messages"])


def test_previous_response_id(generator: Asking) -> None:
    first = generator.whole(input="Remember this code word: papaya. Reply with only OK.")
    second = generator.whole(previous_response_id=first.id, input="What code word did I ask you to remember?")
    _completed(second)
    assert second.previous_response_id == first.id
    assert "papaya" in str(generator.there.upstream.asked[-1]["messages"])


@pytest.mark.parametrize("streamed", [False, True])
def test_file_search(generator: Asking, store: str, streamed: bool) -> None:
    body: Any = {
        "input": "Search the configured vector store for relevant content and summarize one result.",
        "tools": [{"type": "file_search", "vector_store_ids": [store]}],
        "tool_choice": {"type": "file_search"},
        "include": ["file_search_call.results"],
    }
    generator.there.upstream.says("At nine【1】.")
    response = generator.events(**body)[-1].response if streamed else generator.whole(**body)
    _completed(response)
    found = next(item for item in response.output if item.type == "file_search_call")
    assert found.results
    assert found.results[0].vector_store_id == store
    assert response.output[1].content[0].annotations[0].type == "file_citation"


def test_a_collection_cites_in_the_standards_shape(there: Served) -> None:
    asking = Asking(there, "mainstay/harbour")
    for response in (
        asking.whole(input="When does the ferry leave?"),
        asking.events(input="When does the ferry leave?")[-1].response,
    ):
        assert response.output[0].content[0].annotations[0].type == "url_citation"


def test_what_is_kept_has_the_standards_shape(generator: Asking) -> None:
    made = generator.whole(input="Hi", metadata={"a": "b"})
    read = generator.there.client().responses.with_raw_response.retrieve(made.id).http_response.json()
    assert Response.model_validate(read) == made
