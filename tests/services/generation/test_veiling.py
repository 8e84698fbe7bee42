"""Personal data is kept from a generator, and put back into its answer."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chat_upstream import Answer, Upstream, chat_upstream
from mainstay.app.house import House
from mainstay.services.generation.veiling import Unveiling
from makers import client, opened_house

EMAIL, CARD, IBAN = "ada@example.com", "4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00"
TEXT = f"I am {EMAIL}, {EMAIL}, my card is {CARD}, my account {IBAN}."
ASK: dict[str, Any] = {"messages": [{"role": "user", "content": TEXT}]}
TOOL = {"name": "write", "parameters": {"type": "object"}}


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with chat_upstream() as made:
        yield made


@pytest.fixture
async def house(tmp_path: Path, upstream: Upstream) -> AsyncIterator[House]:
    generators: Any = {
        "open": {"url": upstream.url, "model": "o"},
        "closed": {"url": upstream.url, "model": "c", "hide_personal_data": True},
    }
    async with opened_house(tmp_path / "data", generators=generators) as opened:
        yield opened


@pytest.mark.parametrize("how", [{"generator": "closed"}, {"hide_personal_data": True}])
async def test_nothing_personal_leaves_and_the_answer_has_it(
    house: House, upstream: Upstream, how: dict[str, Any]
) -> None:
    documents = [{"text": f"Ada: {EMAIL}", "title": EMAIL}]
    answer = await client(house).call("generation.complete", **ASK, **how, documents=documents)
    sent = json.dumps(upstream.asked)
    assert not [each for each in (EMAIL, CARD, IBAN) if each in sent]
    assert answer.text == f"You said: {TEXT}"
    [question] = [each for each in upstream.asked[0]["messages"] if each["content"].startswith("I am")]
    assert question["content"].count("[EMAIL_1_") == 2


async def test_without_the_wish_it_is_sent_as_it_is(house: House, upstream: Upstream) -> None:
    await client(house).call("generation.complete", **ASK)
    assert EMAIL in json.dumps(upstream.asked)


async def test_marks_are_put_back_wherever_pieces_part_them(house: House, upstream: Upstream) -> None:
    def letters(body: dict[str, Any]) -> Any:
        said = body["messages"][-1]["content"]
        mark = said[said.index("[") : said.index("]") + 1]
        return answer_of(said, mark)

    upstream.script = letters
    pieces = await client(house).call("generation.stream_complete", **ASK, generator="closed", tools=[TOOL])
    found = [piece async for piece in pieces]
    assert "".join(piece.text for piece in found) == TEXT
    [call] = found[-1].result.calls
    assert json.loads(call.arguments) == {"to": EMAIL}
    assert "".join(piece.call.arguments for piece in found if piece.call) == call.arguments


def answer_of(said: str, mark: str) -> Any:
    return Answer(list(said), calls=[("write", json.dumps({"to": mark}))])


def test_brackets_that_are_no_mark_pass() -> None:
    for text in ("a [b] c [", "[[EMAIL]]", "[" * 100, "[x" + "y" * 100 + "] z"):
        for size in (1, 7, 1000):
            unveiling = Unveiling({"[EMAIL_1_ab]": "a@b.example"}, in_json=False)
            pieces = [unveiling.add(text[at : at + size]) for at in range(0, len(text), size)]
            assert "".join([*pieces, unveiling.rest()]) == text


def test_in_json_values_are_written_as_texts() -> None:
    unveiling = Unveiling({"[X_1_ab]": 'a"b'}, in_json=True)
    assert json.loads(unveiling.add('{"a": "[X_1_ab]"}')) == {"a": 'a"b'}
