"""One suite for every chat engine, then what only the one behind addresses promises."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chat_upstream import Answer, Upstream, chat_upstream
from mainstay.engines.chat.none import NoChats
from mainstay.engines.chat.openai import OpenAIChats
from mainstay.engines.chat.openai import Upstream as Place
from mainstay.engines.model_server import Limits
from mainstay.ports.chat import (
    CallPiece,
    ChatBrokeOff,
    ChatModel,
    ChatRefused,
    Chats,
    ChatUnavailable,
    Conversation,
    Ended,
    Message,
    Piece,
    Shape,
    Tool,
    ToolCall,
    Words,
)
from makers import Echo

ASK = Conversation([Message("user", "Hi")])


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with chat_upstream() as made:
        yield made


def chats_at(upstream: Upstream, **limits: Any) -> OpenAIChats:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    given = {"tries_max": 2, "between_s": 0.3, "first_byte_s": 3, **limits}
    return OpenAIChats(
        [Place(ChatModel("one", "m-1"), upstream.url, "sk-secret", Limits(**given))], pause=pause
    )


@pytest.fixture(params=["openai", "echo", "none"])
async def chats(request: pytest.FixtureRequest, upstream: Upstream) -> AsyncIterator[Chats]:
    made: dict[str, Chats] = {"openai": chats_at(upstream), "echo": Echo(), "none": NoChats()}
    yield made[request.param]
    for each in made.values():
        await each.close()


async def said(chats: Chats, asked: Conversation = ASK) -> list[Piece]:
    return [piece async for piece in chats.stream(chats.models[0].name, asked)]


async def test_an_answer_ends_or_there_is_no_model(chats: Chats) -> None:
    if not chats.models:
        with pytest.raises(ChatUnavailable, match="Set MAINSTAY_GENERATOR"):
            chats.stream("any", ASK)
        return
    *pieces, last = await said(chats)
    assert "Hi" in "".join(piece.text for piece in pieces if isinstance(piece, Words))
    assert isinstance(last, Ended)
    assert last.reason == "stop"


async def test_names_are_told_apart_once(chats: Chats) -> None:
    names = [model.name for model in chats.models]
    assert len(set(names)) == len(names)


async def test_everything_that_is_wished_is_sent(upstream: Upstream) -> None:
    chats = chats_at(upstream)
    call = ToolCall("c1", "look", '{"a":1}')
    asked = Conversation(
        [Message("assistant", "", [call]), Message("tool", "It is.", call_id="c1")],
        tools=[Tool("look", "Looks.", {"type": "object"}, strict=True), Tool("bare")],
        tool="look",
        parallel_calls=False,
        shape=Shape({"type": "object"}, "x", "An x.", strict=True),
        temperature=0.0,
        top_p=0.5,
        tokens_max=9,
        stop=["a"],
        seed=3,
    )
    await said(chats, asked)
    await chats.close()
    [body] = upstream.asked
    assert body["messages"] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
            ],
        },
        {"role": "tool", "content": "It is.", "tool_call_id": "c1"},
    ]
    look = {"name": "look", "description": "Looks.", "parameters": {"type": "object"}, "strict": True}
    assert body["tools"] == [
        {"type": "function", "function": look},
        {"type": "function", "function": {"name": "bare"}},
    ]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    assert body["response_format"]["json_schema"]["description"] == "An x."
    rest = {name: body[name] for name in ("temperature", "top_p", "max_tokens", "stop", "seed", "model")}
    assert rest == {
        "temperature": 0.0,
        "top_p": 0.5,
        "max_tokens": 9,
        "stop": ["a"],
        "seed": 3,
        "model": "m-1",
    }


async def test_calls_come_in_pieces(upstream: Upstream) -> None:
    upstream.says("Hm", calls=[("look", '{"a": "long enough"}')], usage=None)
    chats = chats_at(upstream)
    pieces = await said(chats)
    await chats.close()
    calls = [piece for piece in pieces if isinstance(piece, CallPiece)]
    assert (calls[0].name, calls[0].call_id) == ("look", "call_0")
    assert "".join(piece.arguments for piece in calls) == '{"a": "long enough"}'
    assert pieces[-1] == Ended("tool_calls", None, None)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer(status=503), ChatUnavailable),
        (Answer(status=401), ChatUnavailable),
        (Answer(status=404, error="no"), ChatUnavailable),
        (Answer(status=400, error="no"), ChatRefused),
        (Answer(raw=b"data: []\n\n"), ChatUnavailable),
        (Answer(raw=b'data: {"choices": [{"delta": {"content": 5}}]}\n\n'), ChatUnavailable),
        (
            Answer(raw=b'data: {"choices": [{"delta": {"tool_calls": [{"index": 999}]}}]}\n\n'),
            ChatUnavailable,
        ),
        (Answer(raw=b"\n"), ChatUnavailable),
        (Answer(["half"], breaks_after=2), ChatBrokeOff),
        (Answer(["half"], stalls_after=2), ChatBrokeOff),
        (Answer(["late"], stalls_after=0), ChatUnavailable),
    ],
)
async def test_what_goes_wrong_is_told_for_what_it_is(
    upstream: Upstream, answer: Answer, failure: type[Exception]
) -> None:
    upstream.answers = [answer, answer]
    chats = chats_at(upstream)
    with pytest.raises(failure) as raised:
        await said(chats)
    assert type(raised.value) is failure
    assert "sk-secret" not in str(raised.value)
    await chats.close()


async def test_what_may_pass_is_tried_again(upstream: Upstream) -> None:
    upstream.says(status=429)
    upstream.says("Now.")
    chats = chats_at(upstream)
    assert Words("Now.") in await said(chats)
    await chats.close()


async def test_a_reader_may_stop_early(upstream: Upstream) -> None:
    chats = chats_at(upstream, concurrency_max=1)
    for _ in range(3):
        upstream.says(*["word "] * 100)
        pieces: Any = chats.stream("one", ASK)
        async for _piece in pieces:
            break
        await pieces.aclose()
    async with asyncio.timeout(5):
        assert await said(chats)
    await chats.close()


async def test_a_line_without_an_end_takes_no_time(upstream: Upstream) -> None:
    upstream.says(raw=b"x" * (40 << 20))
    chats = chats_at(upstream, tries_max=1)
    began = time.process_time()
    with pytest.raises(ChatUnavailable):
        await said(chats)
    assert time.process_time() - began < 2
    await chats.close()
