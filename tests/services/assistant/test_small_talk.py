"""Small talk, what is not understood at first, bare numbers, and an offer of one, with values."""

import pytest

from mainstay.services.assistant.cues import bare, cues_of
from mainstay.services.assistant.dialogue import next_step, refused
from mainstay.services.assistant.plans import plan_of
from mainstay.services.assistant.records import Definition, Fallback
from mainstay.services.assistant.small_talk import small_talk_of
from mainstay.services.assistant.steps import Standing
from services.assistant.test_dialogue import INTENTS, heard, plan, talk

FAR = {"out_of_scope": True, "scope_score": 0.01, "confidence": 0.2}
READS = "I answer questions from documents, too."
ABLE = "I can help with:\n- book trip\n- Money back\n- opening\n- human"


@pytest.mark.parametrize(
    ("language", "text", "kind"),
    [
        ("en", "Hi there!", "greeting"),
        ("en", "Thanks, bye.", "goodbye"),
        ("en", "Hello again", "greeting"),
        ("en", "Thank you very much for your help!", "thanks"),
        ("en", "That's not what I asked.", "wrong"),
        ("de", "Das hilft mir nicht weiter", "wrong"),
        ("en", "ok thanks", "thanks"),
        ("en", "Hello, what can you do?", "about"),
        ("en", "A human, please!", "person"),
        ("de", "Grüß Gott", "greeting"),
        ("de", "Ja, danke schön!", "thanks"),
        ("fr", "Bonjour, qui êtes-vous ?", "about"),
        ("es", "¡Muchas gracias, adiós!", "goodbye"),
        ("en", "hello where is my order", None),
        ("en", "ok " * 13, None),
        ("en", "", None),
        ("de", "farewell", None),
    ],
)
def test_small_talk_is_told_by_the_whole_text(language: str, text: str, kind: str | None) -> None:
    assert small_talk_of([language]).kind(bare(text)) == kind
    assert language == "de" or small_talk_of([]).kind(bare(text)) == kind


@pytest.mark.parametrize("language", ["en", "de", "fr", "es"])
def test_every_answer_of_a_dialogue_yields_where_nothing_was_asked(language: str) -> None:
    cues, spoken = cues_of([language]), small_talk_of([language])
    said = sorted(cues.yes | cues.no | cues.cancel)
    assert [each for each in said if spoken.kind(each) != "yielding"] == []


def test_small_talk_is_answered_unless_an_intent_is_in_scope() -> None:
    [hello] = talk(plan(), heard("Hello!", **FAR))
    assert (hello.does, hello.reply, hello.chats) == ("say", "Hello! What can I do for you?", True)
    assert hello.standing == Standing()
    told = f"I am an automatic assistant. {ABLE}"
    assert talk(plan(), heard("Who are you?", **FAR))[0].reply == f"{told}\n{READS}"
    blank = plan_of(Definition(intents=INTENTS))
    assert talk(blank, heard("Who are you?", **FAR))[0].reply == told
    assert talk(plan(), heard("Hello!", confidence=0.3))[0].chats
    assert talk(plan(), heard("Hello!"))[0].reply == "In ten days."
    assert talk(plan(languages=["fr"]), heard("Merci", **FAR))[0].reply.startswith("Je vous en prie.")
    alone = plan(fallback=Fallback(ladder=["clarify"]))
    assert talk(alone, heard("A person", **FAR))[0].does == "say", "there is nobody to call"
    [called] = talk(plan(), heard("A person", **FAR))
    assert (called.does, called.kind, called.fallback) == ("escalate", "talk", None), "that was understood"


def test_a_first_miss_is_asked_back_for_and_a_second_in_a_row_calls_a_person() -> None:
    odd = heard("Colourless green ideas", **FAR)
    first, second = talk(plan(), odd, odd)
    asked = refused(plan(), first.standing)
    assert (asked.does, asked.fallback) == ("say", "search")
    end = "Say it in other words, or say that you want a person."
    assert asked.reply == f"I found nothing about that. {ABLE}\n{end}"
    assert refused(plan(), second.standing).does == "escalate"
    bare_bot = plan(fallback=Fallback(ladder=["clarify", "escalate"]))
    assert [step.does for step in talk(bare_bot, odd, odd)] == ["say", "escalate"]
    assert [step.does for step in talk(bare_bot, odd, heard("Refund"), odd)] == ["say", "say", "say"]


def test_who_asks_for_no_asking_back_gets_a_person_at_once() -> None:
    odd = heard("Colourless green ideas", **FAR)
    at_once = plan(fallback=Fallback(ladder=["search", "escalate"]))
    assert refused(at_once, talk(at_once, odd)[0].standing).does == "escalate"
    last = plan(fallback=Fallback(ladder=["escalate", "clarify"]))
    assert talk(last, odd)[0].does == "escalate"


def test_what_answers_nothing_of_an_intent_is_told_first_and_calls_a_person_then() -> None:
    first = refused(plan(), talk(plan(), heard("Open?", "opening"))[0].standing)
    assert (first.does, first.standing.misses) == ("say", 1)
    again = next_step(plan(), first.standing, heard("Open at all?", **FAR))
    assert (again.does, refused(plan(), again.standing).does) == ("search", "escalate")
    hello = refused(plan(), talk(plan(), heard("Who are you?", "opening"))[0].standing)
    assert (hello.does, hello.chats) == ("say", True), "unless it was small talk"


def test_one_is_offered_where_no_other_is_likely() -> None:
    near = heard("Money?", out_of_scope=True, scope_score=0.3, confidence=0.99)
    asked, taken = talk(plan(), near, heard("yes", "opening"))
    assert (asked.reply, asked.options) == ("Do you mean “Money back”?", ["refund"])
    assert taken.reply == "In ten days."
    assert talk(plan(), near, heard("no", "opening"))[1].does == "search"


def test_a_bare_number_is_never_looked_for_and_fills_what_a_likely_intent_asks_for() -> None:
    city = [("city", "4711")]
    likely = heard("4711", "book_trip", entities=city, **{**FAR, "confidence": 0.6})
    [asked] = talk(plan(), likely)
    assert (asked.reply, asked.standing.slots) == ("When?", {"city": "4711"})
    for unfit in (
        heard("4711", "book_trip", entities=city, **FAR),
        heard("4711", **{**FAR, "confidence": 0.9}),
    ):
        steps = talk(plan(), unfit, unfit)
        assert [step.does for step in steps] == ["say", "escalate"]
        assert steps[0].reply.startswith("I did not understand that.")


def test_who_says_that_it_was_wrong_is_told_what_to_do_next() -> None:
    [step] = talk(plan(), heard("That does not help!", **FAR))
    end = "Say it in other words, or say that you want a person."
    assert (step.reply, step.kind) == (f"I am sorry that this was no help. {end}", "talk")


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("Guten Tag!", "Guten Tag! Was kann ich für Sie tun?"),
        ("ok, danke", "Gern geschehen."),
        ("Bonjour", "Bonjour !"),
        ("¡Gracias!", "De nada."),
        ("¿Qué puedes hacer?", "Soy un asistente automático. Puedo ayudar con:"),
        ("Merci", "You are welcome."),
        ("Hi", "Hello!"),
    ],
)
def test_small_talk_is_answered_in_its_language_where_that_is_one(text: str, start: str) -> None:
    assert talk(plan(), heard(text, **FAR))[0].reply.startswith(start)
    assert talk(plan(languages=["en"]), heard("Gracias", **FAR))[0].chats is False, "it speaks English alone"


def test_what_is_done_cannot_be_cancelled_by_a_word() -> None:
    both = [("city", "Rome"), ("date", "2026-12-04")]
    trip = heard("To Rome on Friday", "book_trip", entities=both)
    step = talk(plan(), trip, heard("Cancel that", **FAR))[1]
    assert step.reply == "All right. What can I do for you?"
