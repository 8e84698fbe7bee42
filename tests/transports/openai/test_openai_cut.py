"""Bots and collections heed how long an answer may be, as generators do: what is longer is cut."""

from typing import Any

import openai
import pytest

from transports.openai.serving import Served

_HI: Any = {"role": "user", "content": "When does the ferry leave?"}
_REPLY = "The ferry leaves at nine, from the quay at the harbour."


@pytest.fixture(scope="module", params=["a bot", "a bot that looks it up", "a collection"])
def model(serves: Served, request: pytest.FixtureRequest) -> str:
    if request.param == "a collection":
        return "mainstay/harbour"
    if request.param == "a bot":
        examples = ["when does the ferry leave?", "When does the ferry go?", "ferry times"]
        given: dict[str, Any] = {"intents": [{"name": "ferry", "examples": examples, "replies": [_REPLY]}]}
    else:
        pay = {"name": "pay", "examples": ["can I pay by card?", "do you take cash?"]}
        given = {"intents": [pay], "collections": ["harbour"], "fallback": {"ladder": ["search"]}}
    return str(serves.call("assistant.create_bot", name="Harbour", **given).bot_id)


def test_a_chat_is_cut(there: Served, model: str) -> None:
    chat = there.client().chat.completions
    whole = chat.create(model=model, messages=[_HI])
    assert whole.choices[0].finish_reason == "stop"
    text = whole.choices[0].message.content or ""
    assert len(text) > 12
    short = chat.create(model=model, messages=[_HI], max_completion_tokens=3)
    assert (short.choices[0].finish_reason, short.choices[0].message.content) == ("length", text[:12])
    assert short.usage is not None
    assert short.usage.completion_tokens == 3
    enough = chat.create(model=model, messages=[_HI], max_tokens=200)
    assert (enough.choices[0].finish_reason, enough.choices[0].message.content) == ("stop", text)


def test_a_stream_is_cut(there: Served, model: str) -> None:
    chat = there.client().chat.completions
    text = chat.create(model=model, messages=[_HI]).choices[0].message.content or ""
    pieces = list(chat.create(model=model, messages=[_HI], max_tokens=3, stream=True))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == text[:12]
    assert [piece.choices[0].finish_reason for piece in pieces if piece.choices][-1] == "length"


@pytest.mark.parametrize("stream", [False, True])
def test_a_response_is_incomplete(there: Served, model: str, stream: bool) -> None:
    responses = there.client().responses
    if stream:
        events = list(
            responses.create(
                model=model, input="When does the ferry leave?", max_output_tokens=3, stream=True
            )
        )
        assert events[-1].type == "response.incomplete"
        made = events[-1].response
    else:
        made = responses.create(model=model, input="When does the ferry leave?", max_output_tokens=3)
    assert made.status == "incomplete"
    assert made.incomplete_details is not None
    assert made.incomplete_details.reason == "max_output_tokens"
    assert len(made.output_text) == 12
    [message] = [item for item in made.output if item.type == "message"]
    [content] = message.content
    assert content.type == "output_text"
    assert all(each.type == "url_citation" and each.end_index <= 12 for each in content.annotations)


@pytest.mark.parametrize("model", ["a bot", "a bot that looks it up"], indirect=True)
def test_a_conversation_keeps_what_was_cut_off(there: Served, model: str) -> None:
    chat = there.client().chat.completions
    short = chat.create(model=model, messages=[_HI], max_tokens=3)
    conversation_id = (short.model_extra or {})["conversation_id"]
    [turn] = there.call("assistant.get_conversation", conversation_id=conversation_id).history
    assert len(turn.reply) > 12
    assert turn.reply.startswith(short.choices[0].message.content or "?")


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_an_answer_has_one_token_at_least(there: Served, model: str, name: str) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        there.client().chat.completions.create(**{"model": model, "messages": [_HI], name: 0})
    assert refused.value.param == name
