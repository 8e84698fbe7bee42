"""Terms and weights: what search by words compares."""

import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.kit.stopwords import STOP_WORDS
from mainstay.services.knowledge.lexical import (
    SNOWBALL,
    heaviest_terms,
    passage_weights,
    query_weights,
    terms,
)


def overlap(query: str, query_language: str, passage: str, language: str) -> float:
    """Score a passage as an index without other passages would, IDF left out."""
    names, asked = query_weights(query, query_language, (language,))
    held = dict(zip(*map(np.ndarray.tolist, passage_weights(passage, language)), strict=True))
    return sum(
        weight * held.get(name, 0.0) for name, weight in zip(names.tolist(), asked.tolist(), strict=True)
    )


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The connections were connected.", ["connect", "connect"]),
        ("de", "die Häuser der Stadt", ["haus", "stadt"]),
        ("es", "las canciones de la niña", ["cancion", "nin"]),
        ("fr", "l’eau des cafés", ["eau", "caf"]),
        ("it", "dell'acqua", ["acqua"]),
        ("ru", "о книгах и книге", ["книг", "книг"]),
        ("und", "Kyiv's Дніпро", ["kyiv", "дніпро"]),
        ("xx", "running", ["running"]),
        ("ja", "東京都に行く", ["東京", "京都", "都に", "に行", "行く"]),
        ("zh", "北京 大学A区 字", ["北京", "大学", "a", "区", "字"]),
        ("th", "ภาษา", ["ภา", "าษ", "ษา"]),
        ("ko", "한국어", ["한국", "국어"]),
    ],
)
def test_a_text_gives_the_terms_of_its_language(language: str, text: str, expected: list[str]) -> None:
    assert terms(text, language) == expected


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        ("snake_case_name", {"snake", "case", "name", "snake_case_name"}),
        ("getUserById", {"getuserbyid", "get", "user", "by", "id"}),
        ("HTTPServer", {"httpserver", "http", "server"}),
        ("ORA-00942", {"ora", "00942", "ora00942"}),
        ("time-sharing", {"time", "sharing", "timesharing"}),
        ("v2.0.1", {"v2", "0", "1", "v2.0.1"}),
        ("foo@example.org", {"foo", "example", "org", "foo@example.org"}),
        ("C++", {"c", "c++"}),
        ("C#", {"c", "c#"}),
        ("1,000", {"1000"}),
        ("1.000.000", {"1000000"}),
        ("3,14", {"3.14"}),
        ("O'Brien", {"brien"}),
        ("ﬁle", {"file"}),
        ("ＦＵＬＬ", {"full"}),
    ],
)
def test_identifiers_numbers_and_compounds_are_kept_whole_and_split(chunk: str, expected: set[str]) -> None:
    assert set(terms(chunk, "und")) == expected


def test_a_hyphenated_word_meets_its_other_spellings() -> None:
    for query in ("COVID-19", "covid19", "Covid 19"):
        assert overlap(query, "en", "The COVID-19 pandemic", "en") > 0


def test_accents_and_case_do_not_matter() -> None:
    assert terms("Crème BRÛLÉE", "und") == terms("creme brulee", "und")


def test_signs_that_words_are_written_with_stay() -> None:
    assert terms("हिन्दी में पुस्तकें", "und") == ["हिन्दी", "में", "पुस्तकें"]
    assert terms("தமிழ் மொழி", "und") == ["தமிழ்", "மொழி"]
    assert len(terms("مُحَمَّد", "und")) == 1
    assert terms("किताब।", "und") == ["किताब"]


def test_every_named_stemmer_exists_and_every_stop_list_is_lower_case() -> None:
    for language in SNOWBALL:
        assert terms("abc 123", language)[-1] == "123"
    for words in STOP_WORDS.values():
        assert all(word == word.lower() and " " not in word for word in words)
        assert len(words) > 30


def test_weights_are_bm25_without_idf() -> None:
    names, weights = passage_weights("gin gin tea", "und")
    by_name = dict(zip(names.tolist(), weights.tolist(), strict=True))
    asked, _ = query_weights("gin", "und")
    other, _ = query_weights("tea", "und")
    slowness = 1.2 * (0.3 + 0.7 * 3 / 50)
    assert by_name[int(asked[0])] == pytest.approx(2 * 2.2 / (2 + slowness))
    assert by_name[int(other[0])] == pytest.approx(2.2 / (1 + slowness))
    assert names.dtype == np.uint32
    assert weights.dtype == np.float32


def test_a_longer_passage_weighs_the_same_word_less() -> None:
    short, long = "tea in a cup", "tea in a cup " + " ".join(f"word{n}" for n in range(200))
    assert overlap("tea", "en", long, "en") < overlap("tea", "en", short, "en")


def test_a_query_counts_repetitions_and_passes_over_stop_words() -> None:
    names, weights = query_weights("the tea, the Tea and me", "en")
    assert len(names) == 1
    assert weights.tolist() == [2.0]
    assert query_weights("the and of", "en")[0].size == 0


def test_a_query_in_another_language_meets_names_and_cognates() -> None:
    passage = "The information about international organisations was published in Barcelona."
    assert overlap("información internacional sobre organizaciones", "es", passage, "en") > 1.0
    assert overlap("Schmetterling", "de", passage, "en") == 0.0


def test_a_query_in_the_passages_language_asks_for_no_beginnings() -> None:
    assert query_weights("international", "en", ("en",))[0].size == 1
    assert query_weights("international", "und", ("en",))[0].size == 2  # as it is, and stemmed
    assert query_weights("international", "es", ("en",))[0].size == 4  # two stems, two beginnings


def test_a_wrongly_guessed_language_still_meets_its_passages() -> None:
    assert overlap("databases", "und", "We use a database.", "en") > 0
    assert overlap("databases", "fr", "We use a database.", "en") > 0


def test_a_stop_word_of_the_query_is_no_word_of_the_passages() -> None:
    assert overlap("die", "de", "They die of thirst.", "en") == 0.0


def test_numbers_are_the_same_in_every_process() -> None:
    text = "stable getUserById 東京 été"
    code = (
        "from mainstay.services.knowledge.lexical import passage_weights;"
        f"print(sorted(passage_weights({text!r}, 'fr')[0].tolist()))"
    )
    seen = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7"}
    ).stdout
    assert seen.strip() == str(sorted(passage_weights(text, "fr")[0].tolist()))


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=300), st.sampled_from(["en", "de", "ar", "tr", "ta", "zh", "und", ""]))
def test_any_text_gives_bounded_distinct_weights(text: str, language: str) -> None:
    names, weights = passage_weights(text, language)
    assert len(set(names.tolist())) == len(names) == len(weights)
    assert ((weights > 0) & (weights < 2.2)).all()
    assert all(0 < len(term) <= 256 for term in terms(text, language))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(["tea", "cup", "Barcelona", "snake_case", "1,000"]), max_size=12))
def test_the_order_of_words_does_not_matter(words: list[str]) -> None:
    forth, back = (
        dict(zip(*map(np.ndarray.tolist, passage_weights(" ".join(each), "en")), strict=True))
        for each in (words, words[::-1])
    )
    assert forth == back


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "a-" * 100_000,
        "aB" * 100_000,
        "字" * 100_000,
        "1," * 100_000,
        "_" * 200_000,
        "\ud800x",
    ],
)
def test_hostile_texts_take_time_in_proportion(text: str) -> None:
    begun = time.perf_counter()
    passage_weights(text, "en")
    assert time.perf_counter() - begun < 5


def test_the_heaviest_terms_are_those_that_passages_repeat_or_share() -> None:
    passages = [("Pumps pump water, and pumps leak.", "en"), ("A pump and a valve.", "en")]
    [(first, weight), *rest] = heaviest_terms(passages, 3).items()
    [pump] = passage_weights("pump", "und")[0].tolist()[:1]
    assert first == pump
    assert len(rest) == 2
    assert all(0 < other <= weight for _, other in rest)
    assert heaviest_terms([], 3) == {}
