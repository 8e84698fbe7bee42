"""Who answers for a generator that cannot, and what is told and paid then."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chat_upstream import Upstream
from mainstay.app.house import House
from mainstay.ports.chat import ChatRefused, ChatUnavailable
from makers import Client, client, opened_house

ASK: dict[str, Any] = {"messages": [{"role": "user", "content": "What is a quay?"}]}


@pytest.fixture
async def house(tmp_path: Path, small: Upstream, large: Upstream) -> AsyncIterator[House]:
    small_is = {"url": small.url, "model": "s-1", "fallback": ["large", "large"], "output_price": 10}
    generators: Any = {
        "small": {**small_is, "tries": 1, "at_once": 1, "first_piece_s": 1},
        "large": {"url": large.url, "model": "l-1", "tries": 1, "output_price": 10},
    }
    async with opened_house(tmp_path / "data", generators=generators) as opened:
        yield opened


@pytest.fixture
def asker(house: House) -> Client:
    return client(house)


async def completed(asker: Client, way: str) -> Any:
    if way == "complete":
        return await asker.call("generation.complete", **ASK)
    return [piece async for piece in await asker.call("generation.stream_complete", **ASK)][-1].result


@pytest.mark.parametrize("way", ["complete", "stream"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_another_answers_for_one_that_refuses_or_is_not_there(
    asker: Client, small: Upstream, large: Upstream, way: str, status: int
) -> None:
    small.says(status=status, error="No.")
    large.says("Here.")
    answer = await completed(asker, way)
    assert (answer.text, answer.generator) == ("Here.", "large")
    assert answer.usage.cost == pytest.approx(7 * 10 / 1e6), "a refusal costs nothing"
    assert (len(small.asked), len(large.asked)) == (1, 1)


@pytest.mark.parametrize("way", ["complete", "stream"])
async def test_where_nobody_answers_the_one_that_was_meant_has_its_say(
    asker: Client, small: Upstream, large: Upstream, way: str
) -> None:
    for status in (400, 503):
        small.says(status=400, error="The tool is no schema.")
        large.says(status=status, error="Different words.")
        with pytest.raises(ChatRefused, match=r"'small' refuses the request .* The tool is no schema"):
            await completed(asker, way)
    small.says(status=404, error="Pull it.")
    large.says(status=400, error="Too long.")
    with pytest.raises(ChatUnavailable, match=r"None of small, large .*'large' refuses .* Too long"):
        await completed(asker, way)
    assert len(large.asked) == 3, "each was asked once a time"


async def test_a_whole_answer_with_an_odd_reason_is_paid_once(
    asker: Client, small: Upstream, large: Upstream
) -> None:
    small.says("A wall.", reason="eos")
    answer = await completed(asker, "complete")
    assert (answer.text, answer.reason, answer.generator) == ("A wall.", "stop", "small")
    assert answer.usage.cost == pytest.approx(7 * 10 / 1e6)
    assert not large.asked


async def test_another_answers_where_no_place_is_free(
    asker: Client, small: Upstream, large: Upstream
) -> None:
    small.says("Slow", "ly.", stalls_after=2)
    slow: Any = await asker.call("generation.stream_complete", **ASK)
    assert (await anext(slow)).text == "Slow"
    answer = await completed(asker, "complete")
    assert answer.generator == "large"
    small.go_on.set()
    assert [piece.text async for piece in slow if piece.text] == ["ly."]
