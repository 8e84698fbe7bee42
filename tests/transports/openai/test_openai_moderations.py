"""Moderations as the openai package asks for them."""

import asyncio
from typing import Any

import openai
import pytest

from transports.openai.serving import Served

_BAD, _GOOD = "I will find you and kill you, you worthless pig.", "The ferry leaves at nine."


def test_a_text_is_judged(there: Served) -> None:
    made = there.client().moderations.create(input=_BAD)
    assert made.id.startswith("modr-")
    assert made.model == "omni-moderation-latest"
    [found] = made.results
    assert found.flagged
    assert found.categories.harassment_threatening
    assert found.category_scores.harassment_threatening > 0.5
    assert not found.categories.sexual
    assert found.category_scores.sexual == 0
    assert found.category_applied_input_types.harassment == ["text"]
    assert found.category_applied_input_types.sexual == []
    assert set(found.categories.model_dump()) == set(found.category_scores.model_dump())


def test_several_texts_and_parts_of_one(there: Served) -> None:
    client = there.client()
    several = client.moderations.create(input=[_GOOD, _BAD], model="text-moderation-stable")
    assert [each.flagged for each in several.results] == [False, True]
    assert several.model == "text-moderation-stable"
    parts: Any = [{"type": "text", "text": _GOOD}, {"type": "text", "text": _BAD}]
    [whole] = client.moderations.create(input=parts).results
    assert whole.flagged


def test_asynchronously(there: Served) -> None:
    async def ask() -> bool:
        made = there.client()
        async with openai.AsyncOpenAI(base_url=made.base_url, api_key=made.api_key) as client:
            return (await client.moderations.create(input=_GOOD)).results[0].flagged

    assert not asyncio.run(ask())


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}], "input.0.type"),
        ("", None),
        ([], None),
        ([_GOOD, {"type": "text", "text": _GOOD}], None),
    ],
)
def test_what_cannot_be_judged_is_refused(there: Served, given: Any, param: str | None) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        there.client().moderations.create(input=given)
    assert param is None or refused.value.param == param
