"""Servers that speak the protocol in their own way: reasons, calls, limits and times."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, Self

import pytest

from chat_upstream import Answer, Upstream, chat_upstream
from mainstay.engines.chat.openai import OpenAIChats
from mainstay.engines.chat.openai import Upstream as Place
from mainstay.engines.model_server import Limits
from mainstay.ports.chat import (
    CallPiece,
    ChatBrokeOff,
    ChatModel,
    ChatRefused,
    ChatUnavailable,
    Conversation,
    Ended,
    Message,
    Piece,
    Words,
)

ASK = Conversation([Message("user", "Hi")])
SHORT = Conversation([Message("user", "Hi")], tokens_max=9)
_SPOKEN = 2
_FINISHED = 3
_PIECE = '{"choices": [{"delta": {"content": "All of it."}, "finish_reason": null}]}'


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with chat_upstream() as made:
        yield made


class Asker:
    """Asks one generator, and knows how long it would have paused."""

    def __init__(self, upstream: Upstream, **limits: Any) -> None:
        self.pauses: list[float] = []
        given = {"tries_max": 2, "between_s": 3, "first_byte_s": 3, **limits}
        place = Place(ChatModel("one", "m-1"), upstream.url, "sk-secret", Limits(**given))
        self.chats = OpenAIChats([place], pause=self._pause)

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def said(self, conversation: Conversation = ASK) -> list[Piece]:
        return [piece async for piece in self.chats.stream("one", conversation)]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.chats.close()


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("eos", "stop"),
        ("end_turn", "stop"),
        ("STOP", "stop"),
        ("mood", "stop"),
        ("model_length", "length"),
        ("tool_use", "tool_calls"),
    ],
)
async def test_a_reason_that_is_not_of_the_protocol_ends_an_answer_too(
    upstream: Upstream, told: str, reason: Any
) -> None:
    upstream.says("All of it.", reason=told)
    async with Asker(upstream) as asker:
        assert await asker.said() == [Words("All of it."), Ended(reason, 11, 7)]


async def test_the_end_of_a_stream_is_a_reason(upstream: Upstream) -> None:
    upstream.says(raw=f"data: {_PIECE}\n\ndata: [DONE]\n\n".encode())
    upstream.says(raw=b"data: [DONE]\n\n")
    upstream.says(raw=f"data: {_PIECE}\n\n".encode())
    async with Asker(upstream) as asker:
        assert await asker.said() == [Words("All of it."), Ended("stop")]
        with pytest.raises(ChatUnavailable):
            await asker.said()
        with pytest.raises(ChatBrokeOff):
            await asker.said()


@pytest.mark.parametrize("reason", ["error", "abort"])
async def test_an_answer_that_its_server_gave_up_is_none(upstream: Upstream, reason: str) -> None:
    upstream.says("Half of", reason=reason)
    async with Asker(upstream) as asker:
        with pytest.raises(ChatBrokeOff):
            await asker.said()


async def test_what_fails_after_its_end_leaves_an_answer_whole(upstream: Upstream) -> None:
    upstream.says("All of it.", stalls_after=_FINISHED)
    upstream.says("All of it.", breaks_after=_FINISHED)
    async with Asker(upstream, between_s=0.2) as asker:
        for _ in range(2):
            assert await asker.said() == [Words("All of it."), Ended("stop")]


def calling(*events: list[dict[str, Any]]) -> bytes:
    """Write a stream of calls as given."""
    deltas = [{"choices": [{"delta": {"tool_calls": calls}}]} for calls in events]
    told = [*deltas, {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}]
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in told)


def part(call_id: str = "", name: str = "", arguments: str = "", **more: Any) -> dict[str, Any]:
    return {"id": call_id, "function": {"name": name, "arguments": arguments}, **more}


@pytest.mark.parametrize(
    "events",
    [
        [[part("a", "look", '{"n":1}')], [part("b", "find", '{"n":2}')]],
        [[part("a", "look", '{"n":1}'), part("b", "find", '{"n":2}')]],
        [[part("", "look", '{"n":1}')], [part("", "find", '{"n":2}')]],
        [[part("a", "look", '{"n":1}', index=None)], [part("b", "find", '{"n":2}', index=None)]],
        [[part("a", "look", '{"n":1}', index=0)], [part("b", "find", '{"n":2}', index=0)]],
        [[part("a", "look")], [part(arguments='{"n":1}')], [part("b", "find")], [part(arguments='{"n":2}')]],
        [[part("a", "look", '{"n"')], [part("a", "look", ":1}")], [part("b", "find", '{"n":2}')]],
        [
            [part("a", "look", '{"n"', index=0)],
            [part("b", "find", '{"n":', index=1)],
            [part("c", "", ":1}", index=0)],
            [part("", "", "2}", index=1)],
        ],
    ],
)
async def test_calls_are_kept_apart_however_they_are_numbered(
    upstream: Upstream, events: list[list[dict[str, Any]]]
) -> None:
    upstream.says(raw=calling(*events))
    async with Asker(upstream) as asker:
        *pieces, last = await asker.said()
    found: dict[int, list[str]] = {}
    for piece in pieces:
        assert isinstance(piece, CallPiece)
        found.setdefault(piece.index, []).append(piece.arguments)
    assert ["".join(each) for each in found.values()] == ['{"n":1}', '{"n":2}']
    assert last == Ended("tool_calls")


async def test_more_calls_than_there_are_places_are_no_answer(upstream: Upstream) -> None:
    upstream.says(raw=calling(*([part(f"c{n}", "look")] for n in range(200))))
    async with Asker(upstream) as asker:
        with pytest.raises(ChatBrokeOff, match="no answer"):
            await asker.said()


def takes(name: str, words: str, status: int = 400) -> Any:
    """Give a server that takes the limit by one name alone."""

    def answer(body: dict[str, Any]) -> Answer:
        other = ({"max_tokens", "max_completion_tokens"} & body.keys()) - {name}
        return Answer(status=status, error=words.format(*other)) if other else Answer(["Yes."])

    return answer


OPENAI = "Unsupported parameter: '{}' is not supported with this model. Use 'max_completion_tokens' instead."


async def test_a_limit_is_sent_by_the_name_that_the_model_takes(upstream: Upstream) -> None:
    def names() -> list[list[str]]:
        sent = [[name for name in body if name.startswith("max_")] for body in upstream.asked]
        upstream.asked.clear()
        return sent

    async with Asker(upstream) as asker:
        upstream.script = takes("max_completion_tokens", OPENAI)
        assert Words("Yes.") in await asker.said(SHORT)
        assert names() == [["max_tokens"], ["max_completion_tokens"]]
        assert Words("Yes.") in await asker.said(SHORT)
        assert names() == [["max_completion_tokens"]], "the name is remembered"
        upstream.script = takes("max_tokens", "Unrecognized request argument supplied: {}")
        assert Words("Yes.") in await asker.said(SHORT)
        assert names() == [["max_completion_tokens"], ["max_tokens"]]
        await asker.said(ASK)
        assert names() == [[]]
        await asker.said(SHORT)
        assert names() == [["max_tokens"]]


async def test_a_limit_that_is_too_large_is_refused_once(upstream: Upstream) -> None:
    upstream.says(status=400, error="max_tokens is too large: 9. This model supports at most 8 tokens.")
    async with Asker(upstream) as asker:
        with pytest.raises(ChatRefused, match="too large"):
            await asker.said(SHORT)
    assert len(upstream.asked) == 1


async def test_a_server_that_takes_neither_name_is_told_by_its_first_words(upstream: Upstream) -> None:
    upstream.script = takes("", "Unsupported parameter: {}")
    async with Asker(upstream) as asker:
        for _ in range(2):
            with pytest.raises(ChatRefused, match="Unsupported parameter: max_tokens"):
                await asker.said(SHORT)
    assert len(upstream.asked) == 4


async def test_a_model_that_is_not_there_is_told_in_the_words_of_its_server(upstream: Upstream) -> None:
    upstream.says(status=404, error="model 'm-1' not found for sk-secret, try pulling it first")
    async with Asker(upstream) as asker:
        with pytest.raises(ChatUnavailable, match=r"'one' is not there .*for …, try pulling it first"):
            await asker.said()
    assert len(upstream.asked) == 1


async def test_whoever_waits_for_a_place_waits_no_longer_than_for_a_first_piece(upstream: Upstream) -> None:
    upstream.says("Slow", "ly.", stalls_after=_SPOKEN)
    async with Asker(upstream, concurrency_max=1, first_byte_s=1, between_s=30) as asker:
        slow: Any = asker.chats.stream("one", ASK)
        assert await anext(slow) == Words("Slow")
        async with asyncio.timeout(5):
            late = await asyncio.gather(*(asker.said() for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in late] == [ChatUnavailable] * 3
        assert "(1 s)" in str(late[0])
        assert len(upstream.asked) == 1
        upstream.go_on.set()
        assert await anext(slow) == Words("ly.")
        await slow.aclose()
        assert Words("Hi") in await asker.said(), "no place is lost"


async def test_a_model_may_think_for_long_before_its_first_piece(upstream: Upstream) -> None:
    upstream.says("At last.", stalls_after=1)
    async with Asker(upstream, between_s=0.1, first_byte_s=10) as asker:
        asyncio.get_running_loop().call_later(0.5, upstream.go_on.set)
        assert Words("At last.") in await asker.said()


async def test_one_that_does_not_begin_is_asked_once(upstream: Upstream) -> None:
    for stalls_after in (0, 1):
        upstream.says("Never.", stalls_after=stalls_after)
        async with Asker(upstream, between_s=10, first_byte_s=0.3, tries_max=3) as asker:
            with pytest.raises(ChatUnavailable, match="did not begin to answer in time"):
                await asker.said()
    assert len(upstream.asked) == 2


async def test_thinking_aloud_is_a_beginning(upstream: Upstream) -> None:
    upstream.says("At last.", thoughts=["Hm. "], stalls_after=_SPOKEN)
    async with Asker(upstream, between_s=10, first_byte_s=1) as asker:
        asyncio.get_running_loop().call_later(1.5, upstream.go_on.set)
        assert Words("At last.") in await asker.said()


async def test_tries_are_as_many_as_are_set_and_pauses_are_bounded(upstream: Upstream) -> None:
    upstream.script = lambda _: Answer(status=503)
    async with Asker(upstream, tries_max=10, first_byte_s=60) as asker:
        with pytest.raises(ChatUnavailable, match="after 10 tries"):
            await asker.said()
    assert asker.pauses == [0.5, 1, 2, 4, 8, 16, 20, 20, 20]


async def test_no_pause_is_longer_than_the_time_for_a_first_piece(upstream: Upstream) -> None:
    upstream.says(status=429, retry_after="4")
    upstream.says(status=429, retry_after="2")
    upstream.says("Now.")
    async with Asker(upstream) as asker:
        with pytest.raises(ChatUnavailable, match="after 1 tries"):
            await asker.said()
        assert asker.pauses == []
        assert Words("Now.") in await asker.said()
        assert asker.pauses == [2]


async def test_as_many_are_asked_at_once_as_are_set(upstream: Upstream) -> None:
    """A hundred connections are what aiohttp would open by itself."""
    many, all_here = 120, asyncio.Event()

    def counted(_: dict[str, Any]) -> Answer:
        if len(upstream.asked) == many:
            all_here.set()
        return Answer(["x"], stalls_after=0)

    upstream.script = counted
    async with Asker(upstream, concurrency_max=many, waiting_max=1, first_byte_s=20) as asker:
        asking = [asyncio.create_task(asker.said()) for _ in range(many)]
        async with asyncio.timeout(10):
            await all_here.wait()
        upstream.go_on.set()
        assert len(await asyncio.gather(*asking)) == many
