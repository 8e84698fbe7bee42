"""Summaries: which sentences are chosen, and what supports a sentence."""

from mainstay.services.language.summaries import (
    Length,
    by_words,
    central,
    chosen,
    cut,
    near_whole,
    sentences_of,
    support,
    telling,
)
from makers import WordEncoder


def test_texts_without_capitals_have_sentences_too() -> None:
    text = "you may stop at any time. we keep no copies. e.g. nothing"
    assert [text[start:end] for start, end in sentences_of(text)][:2] == [
        "you may stop at any time.",
        "we keep no copies.",
    ]


async def test_a_repetition_is_left_out() -> None:
    texts = ["The cat sat.", "The cat sat.", "Rain fell on the hill."]
    scores = by_words(texts, "en") + central(texts, "en")
    vectors = await WordEncoder().embed(texts)
    scores += near_whole(vectors, vectors.mean(axis=0))
    for length in (Length(2, None), Length(3, None), Length(None, 100)):
        assert chosen(texts, scores, vectors, length) == [0, 2]
        assert chosen(texts, scores, None, length) == [0, 2]


def test_what_is_said_a_thousand_times_hides_nothing() -> None:
    texts = [*["The cat sat."] * 2_500, "Rain fell on the hill."]
    assert chosen(texts, by_words(texts, "en"), None, Length(3, None)) == [0, 2_500]


def test_what_fits_no_sentence_is_cut_between_words() -> None:
    text = "One two three four five six."
    assert text[slice(*cut(text, (0, len(text)), 3))] == "One two three"


async def test_support_needs_the_numbers_too() -> None:
    encoder = WordEncoder()
    source = ["The harbour was opened in 1874.", "Waffles are sold."]
    vectors = await encoder.embed(source)
    for sentence, expected in {
        "The harbour was opened in 1874.": True,
        "The harbour was opened in 1875.": False,
        "Trains run at night.": False,
    }.items():
        [row] = await encoder.embed([sentence])
        assert support(sentence, row, source, vectors, "en").supported is expected


def test_headings_are_no_sentences_of_a_summary() -> None:
    text = "# Kayaks\n\n## Do I need experience?\n\nNo. Our boats are stable.\n\n## Prices"
    assert [text[start:end] for start, end in telling(text)] == ["No.", "Our boats are stable."]
    assert len(telling("# Kayaks\n\n## Prices")) == 2
