"""What is asked, apart from greetings and thanks."""

import pytest

from mainstay.kit.courtesies import has_word, is_courteous, to_the_point

ASKED = "how long does a refund take"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        (f"hi, {ASKED} please", ASKED),
        (f"honestly, {ASKED}", ASKED),
        (f"Hello! Could you please tell me {ASKED}? Thanks", ASKED),
        (f"Good morning!\n\n{ASKED}?\n\nKind regards", ASKED),
        (f"hey {ASKED}", ASKED),
        ("hi, opening hours?", "opening hours?"),
        ("Hallo, können Sie mir bitte sagen, wie lange das dauert? Danke!", "wie lange das dauert"),
        ("Bonjour, pourriez-vous me dire combien de temps ? Merci d'avance", "combien de temps"),
        ("¡Hola! ¿Cuánto tarda un reembolso? Gracias", "¿Cuánto tarda un reembolso"),
    ],
)
def test_courtesy_is_cut_off(text: str, asked: str) -> None:
    assert to_the_point(text) == asked


@pytest.mark.parametrize(
    "text",
    [
        *(ASKED, "hello world", "hi-fi speakers price", "Thank you note templates, where are they?"),
        *("How do you do a refund?", "how are you storing keys?", "how do I say thanks", "What is please?"),
        *("thanks", "Hi!", "", "please please please"),
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert to_the_point(text) == text


def test_sentences_that_greet_or_thank_are_told_from_others() -> None:
    assert all(
        map(is_courteous, ("Hello, here is Bea 🙂", "Hi!", "Guten Tag, Frau Koch.", "thanks", "¡Hola!"))
    )
    assert not any(map(is_courteous, ("It is on your receipt.", "hi-fi costs 9.", "Heyday", "")))


def test_a_letter_and_a_number_are_no_words() -> None:
    assert not any(map(has_word, ("x", "7", "4711", "?!", "", "a 7 - b")))
    assert all(map(has_word, ("ok", "R2", "何", "x is", "was")))
