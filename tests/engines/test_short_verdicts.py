"""Verdicts of a few words: a mark of exclamation says how strong a feeling is, and not which.

`corpora/held_out/short_verdicts.tsv` was written before the texts of its kind that the head learned from.
"""

from pathlib import Path

import pytest
from encoders import real_folder

from mainstay.engines.readers.corpora import read_labelled
from mainstay.engines.readers.heads import HeadsReader

_CORPORA = Path(__file__).parents[2] / "corpora"
_HELD_OUT = _CORPORA / "held_out" / "short_verdicts.tsv"
_SURE = 0.8


async def test_most_short_verdicts_held_out_are_understood() -> None:
    texts, labels = read_labelled([_HELD_OUT])
    reader = HeadsReader(real_folder())
    read = await reader.read(texts, ["en"] * len(texts), ["sentiment"])
    await reader.close()
    shares = [reading.sentiment or {} for reading in read]
    told = [max(each, key=each.__getitem__) for each in shares]
    right = [mine == true for mine, true in zip(told, labels, strict=True)]
    assert sum(right) / len(right) > 0.75
    sure = [fine for fine, each in zip(right, shares, strict=True) if max(each.values()) >= _SURE]
    assert len(sure) > 40
    assert sum(sure) / len(sure) > 0.9


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Avoid!!", "negative"),
        ("Do not buy this!", "negative"),
        ("What a rip-off!", "negative"),
        ("Would buy again!", "positive"),
        ("Don't hesitate, get one!", "positive"),
        ("Hello!", "neutral"),
    ],
)
async def test_an_exclamation_is_not_praise_by_its_mark(text: str, verdict: str) -> None:
    reader = HeadsReader(real_folder())
    [read] = await reader.read([text], ["en"], ["sentiment"])
    await reader.close()
    assert max(read.sentiment or {}, key=(read.sentiment or {}).__getitem__) == verdict


def test_what_is_held_out_is_not_learned_from() -> None:
    held, _ = read_labelled([_HELD_OUT])
    learned, _ = read_labelled(sorted((_CORPORA / "sentiment").glob("*.tsv")))
    assert len(held) == 100
    assert not {text.lower() for text in held} & {text.lower() for text in learned}
