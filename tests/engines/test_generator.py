"""The generator that quotes; what generators of others write is tried with generation."""

import pytest

from mainstay.engines.generator.extractive import ExtractiveGenerator
from mainstay.ports.generator import Evidence, Generator

EVIDENCE = [
    Evidence(4, "The contract ends in May.", 0.9),
    Evidence(2, "the contract ends  in May", 0.8),
    Evidence(7, "Notice must be given in writing.", 0.7),
    Evidence(1, "The fee is ten euros.", 0.6),
    Evidence(9, "The landlord keeps a key.", 0.5),
]


async def read(generator: Generator, evidence: list[Evidence] = EVIDENCE) -> str:
    return "".join([piece async for piece in generator.write("When does it end?", evidence)])


async def test_answers_with_its_sources() -> None:
    generator = ExtractiveGenerator()
    answer = await read(generator)
    assert "May" in answer
    assert "[4]" in answer
    assert generator.name == "extractive"
    assert generator.extractive


async def test_a_reader_may_stop_early() -> None:
    generator = ExtractiveGenerator()
    async for piece in generator.write("When?", EVIDENCE):
        assert piece
        break
    assert "[4]" in await read(generator)


async def test_the_best_new_sentences_are_quoted_word_for_word() -> None:
    answer = await read(ExtractiveGenerator())
    assert (
        answer
        == "The contract ends in May. [4] Notice must be given in writing. [7] The fee is ten euros. [1]"
    )


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        ({"sentences_max": 1}, "The contract ends in May. [4]"),
        ({"characters_max": 50}, "The contract ends in May. [4] The fee is ten euros. [1]"),
        ({"characters_max": 14}, "The contract [4]"),
    ],
)
async def test_an_extract_keeps_to_its_limits(settings: dict[str, int], answer: str) -> None:
    assert await read(ExtractiveGenerator(**settings)) == answer


async def test_no_evidence_no_extract() -> None:
    assert await read(ExtractiveGenerator(), []) == ""
    assert await read(ExtractiveGenerator(), [Evidence(1, " ... ", 1.0)]) == ""
