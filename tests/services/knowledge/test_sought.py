"""What a question asks for: a price is found where one is told, and said of the thing that it belongs to."""

import pytest

from mainstay.services.knowledge.answering import LACKING_NUMBER, judge_by_words
from mainstay.services.knowledge.evidence import (
    SENTENCES_MAX,
    look_by_words,
    question_words,
    sentence_figures,
)
from mainstay.services.knowledge.sought import sought

COURSES = (
    "The pottery course takes place on Mondays at seven in the evening. It costs 120 euros for eight "
    "evenings. Clay and glazes are included.\n\n"
    "Our yoga class is on Thursdays at six. The class costs 80 euros."
)
FERRY = (
    "The Alder ferry carries 40 cars and 300 passengers. She was built in 1987 in Bergen. Her captain is "
    "Ingrid Dahl. Bicycles travel free of charge."
)
MUSEUM = "The museum opens at ten o'clock. It is closed on Mondays. However, groups are let in at any time."
PASSAGES = [COURSES, FERRY, MUSEUM]


@pytest.mark.parametrize(
    ("question", "sentence", "given"),
    [
        ("How many cars does it carry?", "It carries 40 cars.", [1, 0, 0]),
        ("How many cars does it carry?", "It carries a dozen of them.", [1, 0, 0]),
        ("How many of the 40 cars are red?", "It carries 40 cars.", [-1, 0, 0]),
        ("How many cars does it carry?", "It carries cars.", [-1, 0, 0]),
        ("What does the course cost?", "It is at seven in the evening.", [-1, 0, 0]),
        ("What does the course cost?", "It costs € 12.", [1, 0, 0]),
        ("What is the fee?", "It costs 12 CHF.", [1, 0, 0]),
        ("What is the fee?", "There are 12 men.", [-1, 0, 0]),
        ("How much is a bicycle?", "Bicycles travel free of charge.", [1, 0, 0]),
        ("When was she built?", "She was built in 1987.", [0, 1, 0]),
        ("In which year was she built?", "She was built in Bergen.", [0, -1, 0]),
        ("When is it closed?", "It is closed on Mondays.", [0, 1, 0]),
        ("What may I do when it rains?", "It rains on Mondays.", [0, 0, 0]),
        ("Who is her captain?", "Her captain is Ingrid Dahl.", [0, 0, 1]),
        ("Who is her captain?", "Ingrid Dahl commands her.", [0, 0, 1]),
        ("Who is her captain?", "The captain sleeps on Mondays.", [0, 0, -1]),
        ("Who is Ingrid Dahl?", "Her captain is Ingrid Dahl.", [0, 0, -1]),
        ("How much did whom pay, and when?", "On 3 May, old Ada paid 5 pounds.", [1, 1, 1]),
        ("How much is the €50 voucher?", "The €50 voucher is sold here.", [-1, 0, 0]),
        ("How much is the fee?", "It costs 10.", [1, 0, 0]),
        ("Who founded it?", "It was founded by Émile.", [0, 0, 1]),
        ("Who founded it?", "Özlem founded it with others.", [0, 0, -1]),
        ("Who founded it?", "Özlem Ünal founded it.", [0, 0, 1]),
        ("Is it open?", "It opens at ten.", [0, 0, 0]),
        ("How many?", "", [-1, 0, 0]),
    ],
)
def test_what_is_asked_for_is_told_by_a_few_words(question: str, sentence: str, given: list[int]) -> None:
    assert sought(question, "en").given(sentence) == given
    assert sought(question, "de").given(sentence) == [0, 0, 0]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("What does the pottery course cost?", "It costs 120 euros for eight evenings."),
        ("How much is the pottery course?", "It costs 120 euros for eight evenings."),
        ("What does the yoga class cost?", "The class costs 80 euros."),
        ("Where was the Alder ferry built?", "She was built in 1987 in Bergen."),
        ("Who is the captain of the Alder ferry?", "Her captain is Ingrid Dahl."),
        ("When is the museum closed?", "It is closed on Mondays."),
    ],
)
def test_what_goes_on_about_the_same_answers_and_brings_along_what_names_it(question: str, told: str) -> None:
    first = next(passage for passage in PASSAGES if told in passage)
    judged = judge_by_words(question, [first, *(each for each in PASSAGES if each is not first)])
    texts = [one.text for one in judged.chosen]
    assert told in texts
    if told.split(maxsplit=1)[0] in {"It", "She", "Her"}:
        assert texts[0] == first.split(". ")[0] + "."
    assert not {"It costs 120 euros for eight evenings.", "The class costs 80 euros."} & {*texts} - {told}


@pytest.mark.parametrize(
    ("question", "passage", "told"),
    [
        (
            "How much are implants?",
            "Implants are placed by Dr Omar Haddad. An emergency appointment costs 60 pounds.",
            1,
        ),
        (
            "How long is the warranty of the drill?",
            "The warranty of the drill is described in the annex. Our shop has 12 employees.",
            1,
        ),
        ("How old is the bridge?", "The bridge is very old. Page 7 of 12", 1),
        ("How old is the bridge?", "The bridge is very old.\n\n## 12 Employees\n\nIt stands.", 1),
        ("How old is the bridge?", "The bridge is very old. The bridge has 12 arches.", 2),
    ],
)
def test_what_is_not_about_the_same_is_not_brought_along(question: str, passage: str, told: int) -> None:
    judged = judge_by_words(question, [passage, *PASSAGES])
    assert len(judged.chosen) == told


@pytest.mark.parametrize(
    ("question", "sentence", "lacks"),
    [
        ("How much are implants?", "Implants are placed by Dr Omar Haddad.", True),
        ("How many rooms are there?", "The rooms are listed below.", True),
        ("How many rooms are there?", "There are a dozen.", False),
        ("What does the crossing cost?", "Bicycles travel free of charge.", False),
        ("How long is the wall?", "It is as long as the river.", False),
    ],
)
def test_a_price_or_a_count_is_not_answered_without_one(question: str, sentence: str, *, lacks: bool) -> None:
    assert sought(question, "en").lacks_count([sentence]) == lacks
    judged = judge_by_words(question, [sentence, *PASSAGES[:1]])
    assert not (lacks and judged.confidence > LACKING_NUMBER)


def test_who_asks_for_no_price_is_told_none() -> None:
    judged = judge_by_words("When is the pottery course?", PASSAGES)
    assert [one.text for one in judged.chosen] == [COURSES.split(". ", maxsplit=1)[0] + "."]


def test_what_leans_on_the_sentence_before_is_not_read_as_going_on() -> None:
    words = question_words("When does the museum open?", "en")
    known = look_by_words(words, MUSEUM, "en").outline
    assert (list(known.leaning), list(known.going_on)) == ([1, 2], [1])
    assert [known.before(number) for number in range(3)] == [None, 0, 1]


def test_what_announces_steps_brings_them_along_to_the_end_of_the_last_one() -> None:
    steps = (
        "1. Unplug it.\n2. Hold the button for ten seconds.\n3. Let go when it blinks. Then plug it in again."
    )
    passage = f"To reset the router, follow these steps:\n\n{steps}\n\nThe router costs 49 euros."
    judged = judge_by_words("How do I reset the router?", [passage, *PASSAGES])
    assert " ".join(one.text for one in judged.chosen) == " ".join(
        passage[: passage.index("\n\nThe")].split()
    )


def test_many_sentences_that_go_on_are_all_of_what_was_named_first() -> None:
    passage = "The Alder ferry is old. " + "It is red. " * (SENTENCES_MAX - 2) + "It leaves at six."
    words = question_words("When does the Alder ferry leave?", "en")
    look = look_by_words(words, passage, "en")
    assert look.outline.before(SENTENCES_MAX - 1) == 0
    assert look.held[:, -1].tolist() == [1, 1, 1], "it leaves, and is the ferry"
    assert look.held[:, 1].tolist() == [0, 0, 0], "it is red, which is not asked"
    figures, places = sentence_figures([look], look.held.sum(axis=1), closely=False)
    assert len(figures) == len(places) == SENTENCES_MAX
