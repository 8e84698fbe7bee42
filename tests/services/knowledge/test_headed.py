"""What a heading asks is answered by what stands below it, not by whatever has the question's words."""

import pytest

from mainstay.services.knowledge.answering import judge_by_words
from mainstay.services.knowledge.evidence import look_by_words, question_words
from mainstay.services.knowledge.headed import under_heading

FAQ = """# Help

## How long does delivery take?

Two to four working days within Germany. Islands take a day more.

Parcels are followed by their number.

## Can I change the delivery address?

Yes, as long as the parcel has not left. Open the order and choose Change.

## How long does delivery to Norway take?

About ten days.

**What does it cost to send a parcel back?**
Nothing. Print the label from your account.

## How do I cancel an order?

In these steps:

1. Open the order.
2. Choose Cancel.
3. Say why.

## How can I pay?

By card or in cash.

## What happens when it rains?

Rain is no reason to stay away.

## Where are you?

At the lake. Take bus 12.

## Who sells vouchers?"""
LORRY = "# Heavy goods\n\nThe delivery of heavy goods takes long: our lorry comes once a week."


def told(question: str, *passages: str, language: str = "en") -> tuple[bool, list[str]]:
    found = judge_by_words(question, passages, language=language)
    return found.answered, [one.told for one in found.chosen]


@pytest.mark.parametrize("places", [(FAQ, LORRY), (LORRY, FAQ)])
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (
            "How long does delivery take?",
            ["Two to four working days within Germany.", "Islands take a day more."],
        ),
        (
            "Can I change the delivery address?",
            ["Yes, as long as the parcel has not left.", "Open the order and choose Change."],
        ),
        (
            "can I change my address",
            ["Yes, as long as the parcel has not left.", "Open the order and choose Change."],
        ),
        ("How long does delivery to Norway take?", ["About ten days."]),
        ("where are you", ["At the lake.", "Take bus 12."]),
        ("What happens when it rains", ["Rain is no reason to stay away."]),
        ("What does it cost to send a parcel back?", ["Nothing.", "Print the label from your account."]),
        (
            "How can I pay?",
            ["By card or in cash."],
        ),
        ("how to cancel", ["In these steps:", "1. Open the order.", "2. Choose Cancel.", "3. Say why."]),
        (
            "How do I cancel my order?",
            ["In these steps:", "1. Open the order.", "2. Choose Cancel.", "3. Say why."],
        ),
    ],
)
def test_the_paragraph_below_is_the_answer(question: str, answer: list[str], places: tuple[str, ...]) -> None:
    assert told(question, *places) == (True, answer)


def test_a_heading_of_another_country_asks_something_else() -> None:
    abroad = "## How long does delivery to Norway take?\n\nAbout ten days."
    assert "About ten days." not in told("How long does delivery take?", abroad, LORRY)[1]


def test_a_heading_without_anything_below_answers_nothing() -> None:
    assert "## Who sells vouchers?" not in told("Who sells vouchers?", FAQ, LORRY)[1]


@pytest.mark.parametrize("question", ["How do I order?", "When can I pay?", "Can I pay later?"])
def test_another_question_with_the_headings_words_is_not_answered_by_what_stands_below(question: str) -> None:
    below = {"In these steps:", "1. Open the order.", "By card or in cash."}
    answered, said = told(question, FAQ)
    assert not answered or not {*said[:1]} & below


def test_a_number_that_is_asked_for_has_to_stand_there() -> None:
    assert told("How long does delivery of the FM-400 take?", FAQ)[0] is False


def test_questions_in_other_languages_stand_above_their_answers_too() -> None:
    german = "## Wie lange dauert die Lieferung?\n\nZwei bis vier Werktage.\n\n## Impressum\n\nLieferung AG."
    answer = told("Wie lange dauert die Lieferung?", LORRY, german, language="de")
    assert answer == (True, ["Zwei bis vier Werktage."])


def test_a_heading_that_goes_on_is_meant_by_its_beginning() -> None:
    kayaks = (
        "## Do I need experience to rent a kayak?\n\nNo, our boats are stable.\n\n## Prices\n\nSee there."
    )
    assert told("Do I need experience?", LORRY, kayaks) == (True, ["No, our boats are stable."])


@pytest.mark.parametrize(
    ("question", "heading", "language"),
    [
        ("What is covered by the insurance?", "What is not covered by the insurance?", "en"),
        ("Which goods can be returned?", "Which goods can't be returned?", "en"),
        ("Who may use the pool without a ticket?", "Who may use the pool?", "en"),
        ("Was ist durch die Versicherung gedeckt?", "Was ist durch die Versicherung nicht gedeckt?", "de"),
        ("What must I do before I leave?", "What must I do after I leave?", "en"),
        ("How do I turn notifications on?", "How do I turn notifications off?", "en"),
        ("???", "???", "en"),
        ("Why?", "Why?", "en"),
    ],
)
def test_the_opposite_is_another_question(question: str, heading: str, language: str) -> None:
    text = f"## {heading}\n\nWater damage and theft."
    spoken = question_words(question, language)
    look = look_by_words(spoken, text, language)
    assert under_heading(question, spoken, [look], [text], language) == frozenset()
    look = look_by_words(question_words(heading, language), text, language)
    asked = under_heading(heading, question_words(heading, language), [look], [text], language)
    assert asked or len(heading) < 5
