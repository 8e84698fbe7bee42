"""Key phrases: what is chosen, where it stands, and what hostile texts cost."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.services.language.keywords import phrases
from mainstay.services.language.plain_words import PLAIN_WORDS
from services.language.hostile import HOSTILE


def test_singular_and_plural_are_one_phrase() -> None:
    text = "Neural networks are fast. A neural network learns."
    [best, *_] = phrases(text, "en", 5)
    assert (text[best.start : best.end], best.count) == ("Neural networks", 2)


def test_plain_words_are_inflected_and_name_no_thing() -> None:
    assert {"study", "studies", "studied", "planned", "using", "chosen"} <= PLAIN_WORDS
    assert not {"network", "model", "test", "search"} & PLAIN_WORDS


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["en", "de", "ja", "zh", "und"]))
def test_phrases_stand_where_they_say(text: str, language: str) -> None:
    found = phrases(text, language, 10)
    assert all(0 <= each.start < each.end <= len(text) and 0 < each.score <= 1 for each in found)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_of_anything_has_its_phrases_in_seconds(piece: str) -> None:
    text = (piece * 1_000_000)[:1_000_000]
    started = time.process_time()
    for language in ("en", "ja", "zh", "und"):
        phrases(text, language, 10)
    assert time.process_time() - started < 8
