"""The dialogue's rules, with values: what is asked for, cancelled, corrected, and how far down the ladder."""

from typing import Any

import pytest

from mainstay.services.assistant.dialogue import next_step, refused
from mainstay.services.assistant.plans import Plan, plan_of, rendered
from mainstay.services.assistant.records import Definition, EntityFound, Fallback, Understood
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
