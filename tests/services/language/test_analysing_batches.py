"""Batches of analyses: each text once, in its order, and none read before others because it was left over."""

from collections.abc import Sequence

import pytest

from mainstay.engines.personal_data.rules import RulesPersonalData
from mainstay.ports.languages import Guess
from mainstay.ports.readers import Part, Reading
from mainstay.services.language.analysing import Analysing

_A_FEW = 16  # so many are read as a person's, before documents


class NotingReader:
    """Reads nothing, and notes how many texts it is given at a time."""

    def __init__(self) -> None:
        self.given: list[int] = []

    async def read(
        self, texts: Sequence[str], languages: Sequence[str], parts: Sequence[Part]
    ) -> list[Reading]:
        assert len(texts) == len(languages)
        assert parts
        self.given.append(len(texts))
        return [Reading({"positive": 0.9}, ()) for _ in texts]

    async def languages(self, parts: Sequence[Part]) -> frozenset[str]:
        assert parts
        return frozenset({"en"})

    async def close(self) -> None:
        return None


class English:
    """Takes everything for English."""

    def detect(self, text: str) -> str:
        return "en" if text else "und"

    def detect_many(self, texts: Sequence[str], guesses: int = 4) -> list[list[Guess]]:
        return [[Guess("en", 1.0)][:guesses] for _ in texts]


@pytest.mark.parametrize("count", [1, 16, 64, 65, 80, 129, 192, 193, 256])
async def test_a_batch_is_read_in_groups_of_like_size(count: int) -> None:
    reader = NotingReader()
    analysing = Analysing(reader, English(), RulesPersonalData())
    texts = [f"Ferry number{each} leaves." for each in range(count)]
    found = await analysing.analyze(texts, frozenset({"sentiment", "keywords"}), None)
    assert [each.keywords[0] for each in found] == [text.removesuffix(" leaves.") for text in texts]
    assert sum(reader.given) == count
    assert max(reader.given) <= 64
    middle = reader.given[1:-1] or reader.given
    assert max(middle) - min(middle) <= 1
    ends = {reader.given[0], reader.given[-1]}
    assert ends <= ({*middle} if count <= 192 else {round(middle[0] / 2), middle[0] // 2})
    assert min(reader.given) > _A_FEW or count <= _A_FEW
