"""What counts as a yes or a no, in four languages, and what becomes of a question that got neither."""

from typing import Any

import pytest

from mainstay.services.assistant.cues import bare, cues_of
from mainstay.services.assistant.plans import Plan, plan_of
from mainstay.services.assistant.records import Definition, Fallback
from mainstay.services.assistant.steps import Heard, Step
from services.assistant.test_dialogue import heard, plan, talk

_SHELF: dict[str, Any] = {
    "name": "make",
    "title": "Make a shelf",
    "replies": ["Done."],
    "slots": [{"name": "day", "entity": "date", "prompt": "When?", "required": True}],
    "action": None,
    "operation": "knowledge.create_collection",
    "arguments": {"name": "{day}"},
}
_REFUND: dict[str, Any] = {
    "name": "refund",
    "title": "",
    "replies": ["In ten days."],
    "slots": [],
    "action": None,
    "operation": None,
    "arguments": {},
}


def shelves(*ladder: Any, languages: tuple[str, ...] = ()) -> Plan:
    fallback = Fallback(ladder=list(ladder), attempts=2)
    return plan_of(Definition(intents=[_SHELF, _REFUND], fallback=fallback, languages=list(languages)))


def unclear(text: str, **given: Any) -> Heard:
    return heard(text, "refund", out_of_scope=True, scope_score=0.1, confidence=0.2, **given)


def answered(plan: Plan, *texts: str) -> list[Step]:
    begun = heard("make a shelf", "make", entities=[("date", "2026-12-04")])
    return talk(plan, begun, *(unclear(text) for text in texts))


@pytest.mark.parametrize("text", ["sure?", "Right?", "ok ?", "really, yes？"])
def test_a_question_back_is_no_consent(text: str) -> None:
    step = answered(shelves("escalate"), text)[-1]
    assert (step.does, step.confirmed) == ("say", False)
    assert answered(shelves("escalate"), text, "yes")[-1].does == "call"


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["yes, please do it", "go ahead", "Do it!", "y", "Yes please, thank you", "ok, go for it"]),
        ("de", ["ja, bitte", "Ja, machen Sie das bitte.", "klar, danke", "In Ordnung"]),
        ("fr", ["oui, allez-y", "D'accord, merci", "Bien sûr, faites-le s'il vous plaît"]),
        ("es", ["sí, adelante", "Claro que sí, gracias", "hágalo, por favor"]),
    ],
)
def test_a_natural_yes_does_what_was_asked_about(language: str, texts: list[str]) -> None:
    for text in texts:
        step = answered(shelves("escalate", languages=(language,)), text)[-1]
        assert (step.does, step.confirmed) == ("call", True), text


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["no, please don't", "No thank you", "don't do it", "please do not do it", "not now, thanks"]),
        ("de", ["nein, bitte nicht", "lieber nicht", "Machen Sie das nicht, bitte!"]),
        ("fr", ["non, merci", "surtout pas", "ne le faites pas, s'il vous plaît"]),
        ("es", ["no, gracias", "mejor no", "no lo haga, por favor"]),
    ],
)
def test_a_natural_no_does_nothing(language: str, texts: list[str]) -> None:
    bot = shelves("escalate", languages=(language,))
    for text in texts:
        step = answered(bot, text)[-1]
        assert (step.does, step.reply, step.standing.confirming) == ("say", bot.phrases.cancelled, ""), text


@pytest.mark.parametrize("text", ["Hm", "perhaps yes and no", "yes, but in blue", "no problem", "thanks"])
def test_what_is_neither_is_asked_about_again_and_may_be_confirmed_then(text: str) -> None:
    asked, again, done = answered(shelves("clarify"), text, "yes")
    assert asked.reply in again.reply, "it says again what it would do"
    assert (again.does, again.kind, again.standing.confirming) == ("say", "question", asked.reply)
    assert (done.does, done.confirmed) == ("call", True)


def test_a_confirmation_that_is_not_understood_twice_comes_to_a_person_and_does_nothing() -> None:
    steps = answered(shelves("clarify", "escalate"), "Hm", "Well, well")
    assert [step.does for step in steps] == ["say", "say", "escalate"]
    assert steps[-1].standing.confirming == ""


def test_who_wants_something_else_is_not_held() -> None:
    bot = shelves("escalate")
    begun = heard("make a shelf", "make", entities=[("date", "2026-12-04")])
    assert (
        talk(bot, begun, heard("Where is my refund?", "refund", scope_score=0.97))[-1].reply == "In ten days."
    )
    assert answered(bot, "I want a person")[-1].does == "escalate"
    assert answered(bot, "cancel that, please")[-1].reply == bot.phrases.cancelled
    corrected = talk(bot, begun, unclear("no, I meant Saturday", entities=[("date", "2026-12-05")]))[-1]
    assert corrected.standing.confirming.endswith("name: 2026-12-05)")


def test_a_yes_to_one_of_two_is_asked_about_again() -> None:
    unsure = heard("Money", "refund", confidence=0.3)
    asked, again, chosen = talk(plan(), unsure, unclear("yes, please"), unclear("2"))
    assert (again.reply, again.options) == (asked.reply, ["refund", "book_trip"])
    assert (again.fallback, again.kind) == ("clarify", "question")
    assert chosen.reply == "Where to?"
    sure = heard("Money", "refund", confidence=0.97, out_of_scope=True, scope_score=0.3)
    assert talk(plan(), sure, unclear("yes, please"))[-1].reply == "In ten days."


def test_the_number_of_a_choice_fills_no_slot() -> None:
    unsure = heard("Money", "refund", confidence=0.3)
    _, chosen = talk(plan(), unsure, unclear("2", entities=[("city", "2")]))
    assert (chosen.reply, chosen.standing.slots) == ("Where to?", {})


def test_answers_are_told_apart_from_what_only_begins_like_them() -> None:
    cues = cues_of(["en", "de"])
    told = {
        text: cues.answer(bare(text))
        for text in (
            "Yes!",
            "no",
            "stop, please",
            "Ok, never mind!",
            "don't stop",
            "ok, cancel",
            "please",
            "",
        )
    }
    assert told == {
        "Yes!": "yes",
        "no": "no",
        "stop, please": "cancel",
        "Ok, never mind!": "cancel",
        "don't stop": "no",
        "ok, cancel": None,
        "please": None,
        "": None,
    }
