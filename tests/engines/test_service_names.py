"""Names in short service texts: found in introductions, greetings and forms, not wherever a capital stands.

`corpora/held_out` was written before the texts of its kind that the head learned from, and stays apart.
"""

import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from encoders import real_folder

from mainstay.engines.readers.corpora import Named, read_named
from mainstay.engines.readers.heads import HeadsReader

pytestmark = pytest.mark.asyncio(loop_scope="module")
_CORPORA = Path(__file__).parents[2] / "corpora"
_HELD_OUT = sorted((_CORPORA / "held_out").glob("*.txt"))
_SCORE_MIN = 0.5
"""From what score on a name is one, if `POST /nlp/pii` is asked nothing else."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[HeadsReader]:
    made = HeadsReader(real_folder())
    yield made
    await made.close()


async def persons(reader: HeadsReader, texts: Sequence[str]) -> list[set[tuple[int, int]]]:
    read = await reader.read(texts, ["en"] * len(texts), ["mentions"])
    return [
        {
            (each.start, each.end)
            for each in reading.mentions or ()
            if each.kind == "person" and each.score >= _SCORE_MIN
        }
        for reading in read
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I am Jane Doe, call me at …", "Jane Doe"),
        ("My name is Anna Schmidt and my card was stolen", "Anna Schmidt"),
        ("This is Tom from Leeds", "Tom"),
        ("Please ask Mr Okafor", "Okafor"),
        ("Regards, Priya Nair", "Priya Nair"),
        ("Regards,\nPriya Nair", "Priya Nair"),
        ("hi, jane doe here", "jane doe"),
        ("MY NAME IS JANE DOE AND I WANT A REFUND", "JANE DOE"),
    ],
)
async def test_who_introduces_himself_is_found(reader: HeadsReader, text: str, name: str) -> None:
    [found] = await persons(reader, [text])
    assert [text[start:end] for start, end in found] == [name]


@pytest.mark.parametrize(
    "text",
    [
        *("I am Sorry", "This is Urgent", "I am Happy", "I am In Berlin", "This is Amazing"),
        *("I AM SORRY", "Regards, The Billing Team", "Dear Bank, my card is lost.", "My name is on the list"),
        *("Please ask Reception", "hi, nobody here", "Thanks, Sales", "Monday works for me"),
        *("user jane.doe@corp.example cannot log in", "see https://example.com/jane-doe"),
    ],
)
async def test_a_capital_is_no_name(reader: HeadsReader, text: str) -> None:
    assert await persons(reader, [text]) == [set()]


async def test_nine_of_ten_names_are_found_in_texts_held_out(reader: HeadsReader) -> None:
    texts = read_named(_HELD_OUT)
    found = await persons(reader, [named.text for named in texts])
    golden = [_persons(named) for named in texts]
    right = sum(len(mine & true) for mine, true in zip(found, golden, strict=True))
    assert sum(map(len, golden)) > 100
    assert right / sum(map(len, golden)) > 0.88
    assert right / sum(map(len, found)) > 0.9
    without = [mine for mine, true in zip(found, golden, strict=True) if not true]
    assert len(without) > 80
    assert sum(map(len, without)) <= 2


async def test_what_is_held_out_is_not_learned_from() -> None:
    learned = read_named(sorted((_CORPORA / "entities").glob("*.txt")))
    held = read_named(_HELD_OUT)
    assert held
    assert not {named.text for named in learned} & {named.text for named in held}
    service = read_named(sorted((_CORPORA / "entities").glob("service_*.txt")))
    assert not _words(service) & _words(held)


def _persons(named: Named) -> set[tuple[int, int]]:
    return {(start, end) for kind, start, end in named.names if kind == "person"}


def _words(texts: Sequence[Named]) -> set[str]:
    """Give the words of all persons' names, initials and particles aside."""
    names = [named.text[start:end] for named in texts for start, end in _persons(named)]
    return {word for name in names for word in re.findall(r"[^\W\d]{4,}", name.lower())}
