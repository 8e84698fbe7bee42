"""Answers cite the sentence that holds them; without one they are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainstay.services.knowledge import answering
from mainstay.services.knowledge.answering import (
    CHOSEN_MAX,
    LACKING_NUMBER,
    SUPPORT_LEAST,
    judge_by_tokens,
    judge_by_words,
    support,
)
from mainstay.services.knowledge.calibration import TOKENS, WORDS
from mainstay.services.knowledge.evidence import (
    ANSWER_BY_TOKENS,
    ANSWER_BY_WORDS,
    BY_TOKENS,
    BY_WORDS,
    Tokens,
    lacks_number,
    look_by_tokens,
    look_by_words,
    question_words,
    rarity,
)
from mainstay.services.knowledge.heads import Head, chance

OFFICE = (
    "The harbour office opens at nine in the morning. Visitors register with the guard at the northern gate. "
    "Parking is free on Sundays."
)
TRAVEL = "Employees book trains with the travel desk. Flights need the approval of a director."
LEAVE = "Annual leave amounts to thirty days. It must be requested two weeks before it begins."
SECURITY = "Badges are worn visibly. Lost badges are reported to the security desk within one hour."
HANDBOOK = (OFFICE, TRAVEL, LEAVE, SECURITY)


def handbook(first: str) -> list[str]:
    return [first, *(passage for passage in HANDBOOK if passage != first)]


def tokens_of(text: str, meanings: dict[str, int] | None = None) -> Tokens:
    """Make one token a word; words of one meaning share a direction."""
    spans, vectors = [], []
    place = 0
    for word in text.split():
        start = text.index(word, place)
        place = start + len(word)
        plain = word.strip(".,?").lower()
        seed = (meanings or {}).get(plain, sum(ord(sign) * 31**at for at, sign in enumerate(plain)) % 2**31)
        spans.append((start, place))
        vectors.append(np.random.default_rng(seed).standard_normal(64))
    return Tokens(np.array(vectors, np.float32).reshape(-1, 64), np.array(spans, np.int64).reshape(-1, 2))


def test_the_answer_is_the_sentence_that_holds_it() -> None:
    judged = judge_by_words("When does the harbour office open?", handbook(OFFICE))
    assert judged.answered
    assert judged.chosen[0].text == "The harbour office opens at nine in the morning."
    first = judged.chosen[0]
    assert OFFICE[first.start : first.end] == first.text


def test_what_no_passage_tells_is_refused() -> None:
    known = judge_by_words("Who approves flights?", handbook(TRAVEL))
    unknown = judge_by_words("Which dentist does Mr Kowalski recommend in Gdansk?", handbook(TRAVEL))
    assert not unknown.answered
    assert unknown.confidence < known.confidence


def test_the_threshold_decides() -> None:
    question = "When does the harbour office open?"
    assert judge_by_words(question, handbook(OFFICE), threshold=0.0).answered
    assert not judge_by_words(question, handbook(OFFICE), threshold=1.01).answered


def test_whoever_is_told_the_first_step_is_told_all() -> None:
    steps = "1. Install the tunnel client. It is free.\n2. Fetch your profile.\n3. Connect.\n\nAsk Anna."
    passages = [steps, *HANDBOOK]
    first = judge_by_words("How do I install the tunnel client?", passages)
    told = [one.told for one in first.chosen if one.passage == 0]
    assert told == ["1. Install the tunnel client.", "It is free.", "2. Fetch your profile.", "3. Connect."]
    second = judge_by_words("Where do I fetch my profile?", passages)
    assert [one.told for one in second.chosen if one.passage == 0] == ["2. Fetch your profile."]


VALVES = "The price of the FM-300 valve is 489 pounds. The FM-300 valve is launched on 14 May 2026."


@pytest.mark.parametrize(
    ("question", "known"),
    [
        ("What is the price of the FM-300 valve?", True),
        ("What is the price of the FM-400 valve?", False),
        ("What is the price of the FM400 valve?", False),
        ("Is the FM-300 valve launched on 14 May?", True),
        ("Is the FM-300 valve launched on 21 May?", False),
        ("Is the FM-300 valve launched on 2026-05-14?", True),
        ("Is the FM-300 valve launched in 2027?", False),
        ("What are the 3 prices of the FM-300 valve?", True),
    ],
)
def test_a_number_that_is_not_there_is_not_answered(question: str, *, known: bool) -> None:
    passages = [VALVES, *HANDBOOK]
    assert (judge_by_words(question, passages).confidence > LACKING_NUMBER) == known
    tokens = [tokens_of(question), *map(tokens_of, passages[:3])]
    if not known:
        assert judge_by_tokens(question, passages, tokens).confidence <= LACKING_NUMBER
        told = judge_by_words(question, passages, above=["FM-400 on 21 May 2027"])
        assert told.confidence > LACKING_NUMBER, "a number that stands above the passage is there"


@pytest.mark.parametrize(
    ("asked", "text", "lacks"),
    [
        ("more than 12,500 euros?", "12 500 euros", False),
        ("more than 12500 euros?", "12.500 euros", False),
        ("version 4.18?", "version 4.19", True),
        ("at 09:30?", "half past nine (9.30)", False),
        ("in 2024 and 2025?", "in 2024", True),
        ("room 07?", "no room", False),
        ("", "1984", False),
    ],
)
def test_which_numbers_are_lacking(asked: str, text: str, *, lacks: bool) -> None:
    assert lacks_number(asked, text) == lacks


def test_a_sentence_that_leans_on_the_one_before_brings_it_along() -> None:
    judged = judge_by_words("How many weeks before must it be requested?", handbook(LEAVE))
    assert [one.text.split()[0] for one in judged.chosen[:2]] == ["Annual", "It"]
    assert judged.chosen[0].score == judged.chosen[1].score


def test_the_same_sentence_is_not_cited_twice() -> None:
    judged = judge_by_words("When does the harbour office open?", [OFFICE, OFFICE, OFFICE, TRAVEL])
    texts = [one.text for one in judged.chosen]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("question", ["", "?", "the of and", "   \n"])
def test_a_question_without_words_is_refused(question: str) -> None:
    assert judge_by_words(question, HANDBOOK) == answering.NOTHING


@pytest.mark.parametrize("passages", [[], [""], ["", "\n \n", ""]])
def test_nothing_to_read_is_refused(passages: list[str]) -> None:
    assert judge_by_words("When does the office open?", passages) == answering.NOTHING


def test_a_word_of_the_same_meaning_counts_when_tokens_are_compared() -> None:
    meanings = {"vacation": 5, "leave": 5}
    question = "How much vacation?"
    read = [tokens_of(text, meanings) for text in (question, *handbook(LEAVE)[:3])]
    words = question_words(question, "en")
    plain = look_by_words(words, LEAVE, "en")
    close = look_by_tokens(words, read[0], plain, read[1])
    row = next(n for n, word in enumerate(words) if question[word.start : word.end] == "vacation")
    assert plain.held[row].max() == 0
    assert close.near[row, 0] == pytest.approx(1.0, abs=1e-6)
    assert close.near[row, 1] < 0.8
    judged = judge_by_tokens(question, handbook(LEAVE), read)
    assert judged.chosen[0].text.startswith("Annual leave")


def test_what_the_encoder_cut_off_is_still_judged_by_its_words() -> None:
    question = "When is parking free?"
    words = question_words(question, "en")
    plain = look_by_words(words, OFFICE, "en")
    read = tokens_of(OFFICE)
    short = Tokens(read.vectors[:5], read.spans[:5])
    close = look_by_tokens(words, tokens_of(question), plain, short)
    assert (close.near[:, 2] == plain.held[:, 2]).all()
    nothing = Tokens(np.zeros((0, 64), np.float32), np.zeros((0, 2), np.int64))
    assert (look_by_tokens(words, nothing, plain, nothing).near == plain.held).all()


def test_fewer_tokens_than_passages_are_enough() -> None:
    question = "Who approves flights?"
    judged = judge_by_tokens(question, [TRAVEL], [tokens_of(question), tokens_of(TRAVEL)])
    assert judged.chosen


def test_a_rare_word_weighs_more_than_one_that_every_candidate_holds() -> None:
    words = question_words("security badges", "en")
    looks = [look_by_words(words, text, "en") for text in ("Badges.", "Badges here.", "Security badges.")]
    security, badges = rarity(looks)
    assert security > badges


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80), st.lists(st.text(max_size=200), max_size=6))
def test_any_text_gives_a_sound_judgement(question: str, passages: list[str]) -> None:
    judged = judge_by_words(question, passages)
    assert 0 <= judged.confidence <= 1
    assert len(judged.chosen) <= CHOSEN_MAX
    for one in judged.chosen:
        assert passages[one.passage][one.start : one.end] == one.text
        assert 0 <= one.score <= 1


def test_figures_beyond_what_was_learned_are_held_within_it() -> None:
    head = Head(0.0, (1.0, -2.0), (0.0, 0.0), (1.0, 1.0))
    far = chance(head, np.array([[1e9, -1e9], [1.0, 0.0]]))
    assert far[0] == far[1]


@pytest.mark.parametrize(
    ("heads", "sentence", "answer"),
    [(WORDS, BY_WORDS, ANSWER_BY_WORDS), (TOKENS, BY_TOKENS, ANSWER_BY_TOKENS)],
)
def test_what_was_learned_fits_what_is_measured(
    heads: answering.Heads, sentence: tuple[str, ...], answer: tuple[str, ...]
) -> None:
    for head, names in ((heads.sentence, sentence), (heads.answer, answer)):
        assert len(head.weights) == len(head.low) == len(head.high) == len(names)
    assert 0 < heads.threshold < 1


@pytest.mark.parametrize(
    ("sentence", "evidence", "supported"),
    [
        ("The harbour office opens at nine.", [OFFICE], True),
        ("The office at the harbour opens at nine in the morning.", [TRAVEL, OFFICE], True),
        ("Annual leave amounts to 45 days.", [LEAVE], False),
        ("Annual leave of thirty days must be requested from Webber.", [LEAVE], False),
        ("Cats sleep most of their day.", [OFFICE, LEAVE], False),
        ("Annual leave amounts to thirty days.", [], False),
        ("So it is.", [], True),
    ],
)
def test_a_generated_sentence_needs_support(sentence: str, evidence: list[str], supported: bool) -> None:
    assert (support(sentence, evidence) >= SUPPORT_LEAST) == supported
