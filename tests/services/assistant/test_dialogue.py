"""The dialogue's rules, with values: what is asked for, cancelled, corrected, and how far down the ladder."""

from typing import Any

import pytest

from mainstay.services.assistant.asides import aside
from mainstay.services.assistant.dialogue import next_step, refused
from mainstay.services.assistant.plans import Plan, plan_of, rendered
from mainstay.services.assistant.records import Definition, Entity, EntityFound, Fallback, Understood
from mainstay.services.assistant.steps import Heard, Standing, Step

_NO_TOOL: dict[str, Any] = {"operation": None, "arguments": {}}
_TRIP = {
    "name": "book_trip",
    "title": "",
    "replies": ["A trip to {city} on {day}.", "Once more: {city}, {day}."],
    "slots": [
        {"name": "city", "entity": "city", "prompt": "Where to?", "required": True},
        {"name": "day", "entity": "date", "prompt": "When?", "required": True},
        {"name": "note", "entity": "text", "prompt": "Anything else?", "required": False},
    ],
    "action": None,
    **_NO_TOOL,
}
INTENTS = [
    _TRIP,
    {
        "name": "refund",
        "title": "Money back",
        "replies": ["In ten days."],
        "slots": [],
        "action": None,
        **_NO_TOOL,
    },
    {"name": "opening", "title": "", "replies": [], "slots": [], "action": None, **_NO_TOOL},
    {"name": "human", "title": "", "replies": [], "slots": [], "action": "escalate", **_NO_TOOL},
]


def plan(**given: Any) -> Plan:
    return plan_of(Definition(intents=INTENTS, collections=["books"], **given))


def heard(text: str, intent: str = "refund", /, **given: Any) -> Heard:
    entities = [
        EntityFound(entity=kind, value=value, text=value, start=0, end=1)
        for kind, value in given.pop("entities", ())
    ]
    values = {"confidence": 0.9, "out_of_scope": False, "scope_score": 0.9, "alternatives": ["book_trip"]}
    return Heard(text, Understood(intent=intent, entities=entities, **{**values, **given}), threshold=0.4)


def talk(plan: Plan, *said: Heard) -> list[Step]:
    standing, steps = Standing(), []
    for each in said:
        steps.append(next_step(plan, standing, each))
        standing = Standing.of(steps[-1].standing.to_json())
    return steps


def test_what_is_missing_is_asked_for_one_by_one() -> None:
    steps = talk(
        plan(),
        heard("Book a trip", "book_trip"),
        heard("Rome", "refund", entities=[("city", "Rome")], out_of_scope=True, scope_score=0.1),
        heard("On Friday", "refund", entities=[("date", "2026-12-04")], out_of_scope=True, scope_score=0.1),
    )
    assert [step.reply for step in steps] == [
        "Where to?",
        "When?",
        "A trip to Rome on Friday, 4 December 2026.",
    ]
    assert steps[-1].standing.slots == {"city": "Rome", "day": "2026-12-04"}


def test_what_is_known_from_the_start_is_not_asked_for() -> None:
    both = [("date", "2026-12-04"), ("city", "Rome")]
    assert talk(plan(), heard("Rome on Friday", "book_trip", entities=both))[0].reply.startswith("A trip to")


def test_cancelling_ends_what_is_asked_for_and_nothing_else() -> None:
    steps = talk(plan(), heard("Book a trip", "book_trip"), heard("Never mind!"))
    assert steps[1].reply == plan().phrases.cancelled
    assert steps[1].standing == Standing()
    assert talk(plan(), heard("cancel", "refund"))[0].reply == "In ten days."


def test_a_correction_replaces_what_was_taken_down() -> None:
    both = [("city", "Rome"), ("date", "2026-12-04")]
    steps = talk(
        plan(),
        heard("Rome on Friday", "book_trip", entities=both),
        heard("No, I meant Paris", "refund", entities=[("city", "Paris")]),
        heard("Paris", "refund", entities=[("city", "Oslo")]),
    )
    assert steps[1].reply == "Once more: Paris, Friday, 4 December 2026."
    assert steps[2].reply == "In ten days.", "without the word for it, nothing is corrected"


def test_a_correction_is_taken_while_something_else_is_asked_for() -> None:
    steps = talk(
        plan(),
        heard("To Rome", "book_trip", entities=[("city", "Rome")]),
        heard("Actually Paris", "refund", entities=[("city", "Paris")]),
    )
    assert (steps[1].reply, steps[1].standing.slots) == ("When?", {"city": "Paris"})


def test_something_else_is_done_when_it_is_surely_wanted() -> None:
    sure = heard("Where is my refund?", "refund", confidence=0.95, scope_score=0.97)
    assert talk(plan(), heard("Book a trip", "book_trip"), sure)[1].reply == "In ten days."
    unsure = heard("Hm", "refund", confidence=0.6)
    assert talk(plan(), heard("Book a trip", "book_trip"), unsure)[1].reply == "Where to?"


def test_who_is_not_understood_twice_comes_to_a_person() -> None:
    odd = heard("Blue", "refund", confidence=0.3)
    steps = talk(plan(), heard("Book a trip", "book_trip"), odd, odd)
    assert [step.does for step in steps] == ["say", "say", "escalate"]


def test_an_unsure_intent_is_asked_back_for_and_can_be_chosen_in_many_ways() -> None:
    unsure = heard("Money", "refund", confidence=0.3)
    asked = talk(plan(), unsure)[0]
    assert (asked.fallback, asked.options) == ("clarify", ["refund", "book_trip"])
    assert "1. Money back\n2. book trip" in asked.reply
    first = (
        "1",
        "Money back",
        "Money back, please",
        "the first one please",
        "Das erste",
        "le premier",
        "número 1",
    )
    for word in first:
        assert talk(plan(), unsure, heard(word, "opening"))[1].reply == "In ten days.", word
    for word in ("the second", "2.", "book trip", "Die zweite bitte", "el segundo", "the latter"):
        assert talk(plan(), unsure, heard(word, "opening"))[1].reply == "Where to?", word
    both = talk(
        plan(), unsure, heard("the first, the second", "opening", out_of_scope=True, scope_score=0.0)
    )[1]
    assert both.standing.intent is None, "of both none is taken"


@pytest.mark.parametrize("choosing", ["the second", "book trip"])
def test_what_was_said_before_a_bot_asked_back_is_kept(choosing: str) -> None:
    unsure = heard("Perhaps to Rome", "refund", confidence=0.3, entities=[("city", "Rome")])
    step = talk(plan(), unsure, heard(choosing, "opening", entities=[("city", "Oslo")]))[1]
    assert (step.reply, step.standing.slots, step.standing.mentioned) == ("When?", {"city": "Rome"}, ())
    other = heard("Paris", "book_trip", entities=[("city", "Paris")])
    assert talk(plan(), unsure, other)[1].standing.slots == {"city": "Paris"}


def test_the_ladder_goes_down_one_rung_at_a_time() -> None:
    unsure = heard("Money", "refund", confidence=0.3)
    steps = talk(plan(), unsure, heard("none of them", "opening"))
    assert (steps[1].does, steps[1].query, steps[1].fallback) == ("search", "Money", "search")
    assert refused(plan(), steps[1].standing).does == "escalate"
    assert talk(plan(), unsure, unsure, unsure)[2].does == "escalate"


def test_what_is_far_out_is_looked_for_at_once_and_never_asked_back_for() -> None:
    far = heard("The weather?", out_of_scope=True, scope_score=0.01)
    assert talk(plan(), far)[0].does == "search"
    near = heard("Money?", out_of_scope=True, scope_score=0.3)
    assert talk(plan(), near)[0].fallback == "clarify"


@pytest.mark.parametrize(("ladder", "does"), [([], "say"), (["clarify"], "say"), (["escalate"], "escalate")])
def test_a_ladder_may_be_short(ladder: list[Any], does: str) -> None:
    short = plan(fallback=Fallback(ladder=ladder))
    far = heard("The weather?", out_of_scope=True, scope_score=0.01)
    steps = talk(short, far, far)
    assert steps[0].does == does
    assert ladder or steps[1].reply == short.phrases.unknown
    assert refused(plan(fallback=Fallback(ladder=["search"])), Standing()).reply == short.phrases.unknown


def test_actions_are_told_by_what_an_intent_has() -> None:
    assert talk(plan(), heard("When are you open?", "opening"))[0].does == "search"
    assert talk(plan(), heard("A person!", "human"))[0].does == "escalate"
    assert talk(plan(), heard("Hm?", "taken_out"))[0].fallback == "search"


def test_a_value_brings_neither_markup_nor_a_link() -> None:
    value = "<b>[x](https://evil.example)</b>{order}"
    told = rendered("Order {order}, {unknown}.", {"order": value})
    assert told == "Order ‹b›(x)(https: //evil.example)‹/b›(order), ."


def test_each_language_has_its_words() -> None:
    german = plan(languages=["de", "en"])
    assert talk(german, heard("Buchen", "book_trip"), heard("Abbrechen"))[1].reply.startswith(
        "Gut, vergessen"
    )
    assert talk(german, heard("Buchen", "book_trip"), heard("forget it"))[1].reply.startswith(
        "Gut, vergessen"
    )


def test_servers_of_two_versions_read_each_others_standings() -> None:
    old = {"intent", "slots", "asking", "tries", "offered", "confirming", "question", "misses", "said"}
    assert set(Standing(intent="refund").to_json()) == old
    held = Standing(intent="refund", recalling={"day": "Monday"}, noting=[{"text": "I sing"}])
    assert Standing.of({**held.to_json(), "newer": 1}) == held


def test_a_reply_says_whether_it_answers_asks_back_or_only_talks() -> None:
    unsure, far = (
        heard("Money", "refund", confidence=0.3),
        heard("The weather?", out_of_scope=True, scope_score=0.01),
    )
    silent = plan(fallback=Fallback(ladder=["clarify"]))
    asks_first = plan(fallback=Fallback(ladder=["clarify", "escalate"]))
    kinds = {
        "a reply": talk(plan(), heard("Refund")),
        "what collections say": talk(plan(), heard("When?", "opening")),
        "that nothing is known": [refused(silent, talk(plan(), far)[0].standing)],
        "a choice": talk(plan(), unsure),
        "what is missing": talk(plan(), heard("Book a trip", "book_trip")),
        "in other words": talk(silent, far),
        "lost": talk(asks_first, far),
        "a person": talk(plan(), heard("A person", "human")),
        "small talk": talk(plan(), heard("Hello", out_of_scope=True)),
        "cancelled": talk(plan(), heard("Book a trip", "book_trip"), heard("Never mind!")),
    }
    assert {name: steps[-1].kind for name, steps in kinds.items()} == {
        **dict.fromkeys(("a reply", "what collections say", "that nothing is known"), "answer"),
        **dict.fromkeys(("a choice", "what is missing", "in other words", "lost"), "question"),
        **dict.fromkeys(("a person", "small talk", "cancelled"), "talk"),
    }


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
