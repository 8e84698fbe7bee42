"""How values are taken, put right, denied and explained while a bot asks for them."""

from dataclasses import replace
from typing import Any

import pytest

from mainstay.services.assistant.asides import aside
from mainstay.services.assistant.dialogue import next_step
from mainstay.services.assistant.memory_records import Remembering
from mainstay.services.assistant.plans import plan_of
from mainstay.services.assistant.recollection import Recalled, commanded
from mainstay.services.assistant.records import Definition, Entity, EntityFound
from mainstay.services.assistant.steps import Heard, Standing, Step
from services.assistant.test_dialogue import INTENTS, heard, plan, talk

_NO_TOOL: dict[str, Any] = {"operation": None, "arguments": {}}
_STAY = {
    "name": "book_room",
    "title": "Booking a room",
    "replies": ["From {first} to {last} for {count}, {name}: {note}."],
    "slots": [
        {"name": "first", "entity": "date", "prompt": "From when?"},
        {"name": "last", "entity": "date", "prompt": "Until when?"},
        {"name": "count", "entity": "number", "prompt": "For how many?"},
        {"name": "name", "entity": "text", "prompt": "On what name?"},
        {"name": "note", "entity": "text", "prompt": "Anything else?"},
    ],
    "action": None,
    **_NO_TOOL,
}
_FAR: dict[str, Any] = {"out_of_scope": True, "scope_score": 0.01, "confidence": 0.2}


def stay(*said: tuple[str, list[tuple[str, str]]]) -> Step:
    room = plan_of(Definition(intents=[_STAY, *INTENTS], languages=["en", "de", "fr", "es"]))
    texts = [heard(text, entities=found, **_FAR) for text, found in said]
    return talk(room, heard("A room, please", "book_room"), *texts)[-1]


MAY, JUNE, JULY = "2027-05-01", "2027-06-01", "2027-07-01"
FIRST = ("1 May", [("date", MAY)])
LAST = ("1 June", [("date", JUNE)])
TWO = ("2", [("number", "2")])


@pytest.mark.parametrize(
    ("text", "found", "slots"),
    [
        ("no, I meant 1 July", [("date", JULY)], {"first": MAY, "last": JULY}),
        ("No, 1 July", [("date", JULY)], {"first": MAY, "last": JULY}),
        ("1 July instead", [("date", JULY)], {"first": MAY, "last": JULY}),
        ("sorry, not 1 May but 1 July", [("date", MAY), ("date", JULY)], {"first": JULY, "last": JUNE}),
        ("wait, from 1 July to 1 May", [("date", JULY), ("date", MAY)], {"first": JULY, "last": JUNE}),
        ("Nein, ich meinte den 1. Juli", [("date", JULY)], {"first": MAY, "last": JULY}),
        ("plutôt le 1 juillet", [("date", JULY)], {"first": MAY, "last": JULY}),
        ("mejor el 1 de julio", [("date", JULY)], {"first": MAY, "last": JULY}),
    ],
)
def test_the_last_value_of_a_kind_gives_way_or_the_one_that_is_named(
    text: str, found: list[tuple[str, str]], slots: dict[str, str]
) -> None:
    step = stay(FIRST, LAST, (text, found))
    assert (step.standing.slots, step.reply) == (slots, "For how many?")


def test_what_is_put_right_and_what_is_asked_for_may_come_together() -> None:
    step = stay(FIRST, LAST, ("no, I meant 1 July, and we are 2", [("date", JULY), ("number", "2")]))
    assert step.standing.slots == {"first": MAY, "last": JULY, "count": "2"}
    both = stay(FIRST, LAST, ("oh, make it 1 July, and we are 2", [("date", JULY), ("number", "2")]))
    assert both.standing.slots == {"first": MAY, "last": JULY, "count": "2"}
    step = stay(FIRST, ("make it 1 July", [("date", JULY)]))
    assert step.standing.slots == {"first": MAY, "last": JULY}, "it answers what was asked for"


def test_a_correction_is_never_taken_for_free_text() -> None:
    before = (FIRST, LAST, TWO)
    right = stay(*before, ("no, I meant three", [("number", "3")]))
    assert (right.standing.slots["count"], right.reply) == ("3", "On what name?")
    lost = stay(*before, ("no, I meant that other day", []))
    assert (lost.standing.asking, "name" in lost.standing.slots) == ("name", False)
    assert lost.reply == "I did not understand that. On what name?"
    named = stay(*before, ("Smith", []), ("Sorry, I meant Smythe-Jones", []))
    assert named.standing.slots["name"] == "Smythe-Jones"
    assert named.reply == "Anything else?"


@pytest.mark.parametrize(
    "text", ["No, just two bags", "Actually we come by train", "I am deaf. Wait for me!"]
)
def test_what_only_sounds_like_a_correction_is_free_text(text: str) -> None:
    assert stay(FIRST, LAST, TWO, ("Smith", []), (text, [])).standing.slots["note"] == text


@pytest.mark.parametrize("text", ["I meant the red one", "no, I mean Ann"])
def test_where_nothing_was_said_before_there_is_nothing_to_put_right(text: str) -> None:
    intents = [{**_STAY, "slots": _STAY["slots"][3:]}, *INTENTS]
    named = plan_of(Definition(intents=intents))
    assert talk(named, heard("A room", "book_room"), heard(text, **_FAR))[-1].standing.slots == {"name": text}


@pytest.mark.parametrize(
    "text",
    [
        "One moment please",
        "hm",
        "wait",
        "Einen Augenblick bitte!",
        "un instant",
        "déjame ver",
        "Let me check…",
    ],
)
def test_who_needs_time_is_asked_again_and_has_not_failed(text: str) -> None:
    for before in ((), (FIRST, LAST, TWO)):
        step = stay(*before, (text, []), (text, []), (text, []))
        assert (step.does, step.standing.tries, step.kind) == ("say", 0, "question")
        assert step.reply == ("On what name?" if before else "From when?")


@pytest.mark.parametrize("text", ["Why?", "What for?", "wozu brauchen Sie das?", "pourquoi ?", "¿Para qué?"])
def test_who_wonders_is_told_what_it_is_for_and_what_is_understood(text: str) -> None:
    step = stay((text, []), (text, []), (text, []))
    told = "It is for “Booking a room”. For example: 24 December, next Friday. From when?"
    assert (step.does, step.reply, step.standing.tries) == ("say", told, 0)
    assert stay(FIRST, LAST, TWO, (text, [])).reply == "It is for “Booking a room”. On what name?"


def test_a_value_that_is_none_is_told_what_would_be_one() -> None:
    values: dict[str, list[str]] = {"small": [], "large": ["big"]}
    size = {"name": "size", "entity": "size", "prompt": "Which size?"}
    intents = [{**_STAY, "slots": [size]}, *INTENTS]
    for languages, told in (
        ([], "I did not understand that. One of these: small, large. Which size?"),
        (["de"], "Das habe ich nicht verstanden. Eines davon: small, large. Which size?"),
    ):
        entity = Entity(name="size", values=values)
        sized = plan_of(Definition(intents=intents, entities=[entity], languages=languages))
        assert talk(sized, heard("A room", "book_room"), heard("Blue", **_FAR))[-1].reply == told
    many = Entity(name="size", values={str(number): [] for number in range(100)})
    sized = plan_of(Definition(intents=intents, entities=[many]))
    asked = talk(sized, heard("A room", "book_room"), heard("Blue", **_FAR))[-1]
    assert asked.reply == "I did not understand that. Which size?", "a long list is not for everybody"


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        ([], "Saturday, 1 May 2027"),
        (["en"], "Saturday, 1 May 2027"),
        (["it", "de"], "Samstag, 1. Mai 2027"),
        (["fr"], "samedi 1er mai 2027"),
        (["es"], "sábado, 1 de mayo de 2027"),
    ],
)
def test_days_are_said_as_people_say_them(languages: list[str], said: str) -> None:
    trip = plan(languages=languages)
    both = [("city", "Rome"), ("date", MAY)]
    [step] = talk(trip, heard("Rome", "book_trip", entities=both))
    assert (step.reply, step.standing.slots["day"]) == (f"A trip to Rome on {said}.", MAY)
    odd = talk(trip, heard("Rome", "book_trip", entities=[("city", "Rome"), ("date", "soon")]))
    assert odd[0].reply == "A trip to Rome on soon."


@pytest.mark.parametrize("text", ["Money back", "refund, please", "REFUND!"])
def test_an_intent_is_called_by_its_title_or_name(text: str) -> None:
    [step] = talk(plan(), heard(text, "opening", **_FAR))
    assert (step.reply, step.standing.intent) == ("In ten days.", "refund")
    [both] = talk(plan(), heard("money back opening", "opening", **_FAR))
    assert both.does == "search", "of two none is called"


@pytest.mark.parametrize(
    ("text", "start"),
    [("any day but 1 July", 12), ("not 1 July", 4), ("nicht am 1. Juli", 9), ("sauf le 1 juillet", 8)],
)
def test_what_is_denied_is_no_value(text: str, start: int) -> None:
    day = EntityFound(entity="date", value=JULY, text="1 July", start=start, end=start + 6)
    denied = Heard(text, heard(text, **_FAR).understood.model_copy(update={"entities": [day]}), threshold=0.4)
    room = plan_of(Definition(intents=[_STAY]))
    step = talk(room, heard("A room", "book_room"), denied)[-1]
    assert (step.standing.slots, step.unfilled) == ({}, True)
    begun = [heard("A room", "book_room"), heard("1 May", entities=[("date", MAY)], **_FAR)]
    assert talk(room, *begun, denied)[-1].standing.slots == {"first": MAY}


def test_a_question_for_something_else_that_has_a_value_is_no_answer() -> None:
    sure = {"confidence": 0.95, "scope_score": 0.97}
    asked = heard("Will my refund come on Friday?", "refund", entities=[("date", MAY)], **sure)
    assert (
        talk(plan(), heard("To Rome", "book_trip", entities=[("city", "Rome")]), asked)[1].reply
        == "In ten days."
    )


@pytest.mark.parametrize(
    "text", ["why do you want my name?", "Warum brauchen Sie das?", "wait a sec", "hmm", "Oh, one moment"]
)
def test_free_text_is_neither_a_question_back_nor_a_pause(text: str) -> None:
    step = stay(FIRST, LAST, TWO, (text, []))
    assert (step.standing.asking, step.standing.tries) == ("name", 0)


def test_who_does_not_know_or_wants_a_person_gives_no_text() -> None:
    unknown = stay(FIRST, LAST, TWO, ("I don't know", []))
    assert (unknown.standing.asking, unknown.standing.tries) == ("name", 1)
    room = plan_of(Definition(intents=[{**_STAY, "slots": _STAY["slots"][3:]}]))
    said = heard("can I talk to someone", **_FAR)
    before = talk(room, heard("A room", "book_room"))[-1].standing
    assert aside(room, before, said, next_step(room, before, said)).does == "escalate"


@pytest.mark.parametrize(
    ("text", "name"),
    [("My name is Alice Brown", "Alice Brown"), ("Auf Müller", "Müller"), ("Is", "Is"), ("It is Bob", "Bob")],
)
def test_a_name_is_taken_without_what_introduces_it(text: str, name: str) -> None:
    assert stay(FIRST, LAST, TWO, (text, [])).standing.slots["name"] == name


def test_a_name_is_put_right_whatever_is_asked_for_then_and_at_the_end() -> None:
    slots = [_STAY["slots"][3], _STAY["slots"][0]]
    room = plan_of(Definition(intents=[{**_STAY, "slots": slots, "replies": ["{name}, {first}"]}]))
    begun = [heard("A room", "book_room"), heard("Tom Smith", **_FAR)]
    right = talk(room, *begun, heard("sorry, I meant Smythe", **_FAR))[-1]
    assert (right.standing.slots, right.reply) == ({"name": "Smythe"}, "From when?")
    alone = plan_of(Definition(intents=[{**_STAY, "slots": slots[:1], "replies": ["Noted: {name}"]}]))
    assert talk(alone, *begun, heard("Oh no, I meant Smythe", **_FAR))[-1].reply == "Noted: Smythe"


@pytest.mark.parametrize(
    "text",
    [
        "Correction of my last invoice",
        "I mean the screen stays black",
        "Scratch that is on the lid",
        "Why do I have to pay twice?",
        "I meant to ask why it was charged twice",
    ],
)
def test_texts_that_begin_like_corrections_are_texts(text: str) -> None:
    assert stay(FIRST, LAST, TWO, ("Smith", []), (text, [])).standing.slots["note"] == text


def test_a_text_that_has_another_value_is_both() -> None:
    slots = [_STAY["slots"][4], _STAY["slots"][2]]
    room = plan_of(Definition(intents=[{**_STAY, "slots": slots, "replies": ["{note} ({count})"]}]))
    said = "We are 4 and one of us is deaf"
    step = talk(room, heard("A room", "book_room"), heard(said, entities=[("number", "4")], **_FAR))[-1]
    assert step.reply == f"{said} (4)"


def test_a_question_back_chooses_nothing() -> None:
    near = heard("Money?", out_of_scope=True, scope_score=0.3, confidence=0.99)
    doubted = talk(plan(), near, heard("sure?", "opening", **_FAR))[1]
    assert (doubted.fallback, doubted.options) == ("clarify", ["refund"])


def test_a_long_title_can_be_chosen() -> None:
    title = "Change the delivery address of an order that has not been sent yet today"
    intents = [{**_STAY, "slots": [], "title": title, "replies": ["Done."]}, *INTENTS]
    unsure = heard("Address", "book_room", confidence=0.3, alternatives=["refund"])
    assert talk(plan_of(Definition(intents=intents)), unsure, heard(title, "opening"))[1].reply == "Done."


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Yes, of course, thank you!", "yes"),
        ("No, please don't do that", "no"),
        ("sure?", None),
        ("yes", "yes"),
    ],
)
def test_a_yes_to_remembering_is_a_yes_in_any_words_and_no_question(text: str, choice: str | None) -> None:
    asked = Standing(noting=[{"text": "I sing", "slot": "", "entity": "", "value": ""}])
    remembering = plan(memory=Remembering(on=True))
    told = commanded(remembering, asked, heard(text, **_FAR), Recalled())
    assert (told[1].choice if told else None) == choice


def test_who_wants_a_person_or_time_has_not_refused_what_is_remembered() -> None:
    slots = [{**_STAY["slots"][0], "remember": True}]
    room = plan_of(Definition(intents=[{**_STAY, "slots": slots}]))
    known = {("first", "date"): MAY}
    asked = Standing(intent="book_room", recalling={"first": MAY}, question="A room")
    pause = next_step(room, asked, replace(heard("one moment", **_FAR), known=known))
    assert (pause.standing.recalling, pause.standing.declined) == ({"first": MAY}, ())
    person = next_step(
        room, asked, replace(heard("I want to talk to a real person please", **_FAR), known=known)
    )
    assert person.does == "escalate"
