"""Questions beside what a bot waits for, what it says as it calls a person, and where answers stand."""

import pytest

from mainstay.services.assistant.asides import aside
from mainstay.services.assistant.dialogue import next_step
from mainstay.services.assistant.plans import Plan
from mainstay.services.assistant.records import Bot, Fallback, Turn
from mainstay.services.assistant.steps import Heard, Standing, Step
from makers import Client
from services.assistant.conftest import Shop
from services.assistant.making import INTENTS
from services.assistant.test_dialogue import heard, plan, talk

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROMPT = "Which order is it?"
UNREAD = "I did not understand that. Where to?"
QUESTION = "what do gift cards cost?"
SORRY = "I am sorry. I call somebody of the team."
ANGRY = {
    "name": "complaint",
    "title": "Complaining",
    "examples": ["this is a disgrace", "i want to complain", "what a bad service"],
    "action": "escalate",
    "replies": [SORRY],
}


async def made(shop: Shop, **given: object) -> Bot:
    intents = [*INTENTS, ANGRY]
    bot: Bot = await shop.admin.call(
        "assistant.create_bot", name="Aside", collections=["shop"], intents=intents, **given
    )
    return bot


async def said(who: Client, bot: Bot, *texts: str) -> list[Turn]:
    turns: list[Turn] = []
    for text in texts:
        place = {"conversation_id": turns[0].conversation_id} if turns else {}
        turns.append(await who.call("assistant.take_turn", bot_id=bot.bot_id, text=text, **place))
    return turns


def beside(plan: Plan, *texts: Heard) -> list[Step]:
    standing, steps = Standing(), []
    for each in texts:
        steps.append(aside(plan, standing, each, next_step(plan, standing, each)))
        standing = steps[-1].standing
    return steps


async def test_an_intent_that_calls_a_person_says_its_replies_first(shop: Shop) -> None:
    bot = await made(shop)
    [turn] = await said(shop.user, bot, "this is a disgrace")
    assert (turn.reply, turn.state, turn.kind) == (SORRY, "waiting", "talk")
    [silent] = await said(shop.user, bot, "let me talk to a human")
    assert (silent.reply, silent.state) == ("I pass this on to a person, who will answer here.", "waiting")


async def test_questions_beside_what_is_asked_for_are_answered_and_are_no_failed_tries(shop: Shop) -> None:
    bot = await made(shop)
    first, *asides, sent = await said(shop.user, bot, "where is my order", *[QUESTION] * 3, "004711")
    assert first.reply == PROMPT
    for turn in asides:
        assert "25 or 50 euros" in turn.reply
        assert turn.reply.endswith(f"\n\n{PROMPT}")
        assert (turn.state, turn.kind, len(turn.citations) > 0) == ("open", "answer", True)
    assert sent.reply == "Order 004711 is on its way."


async def test_what_the_collections_do_not_answer_is_a_failed_try(shop: Shop) -> None:
    bot, odd = await made(shop), "lattice quantum chromodynamics"
    _, again, given_up = await said(shop.user, bot, "where is my order", odd, odd)
    unread = f"I did not understand that. For example: 4711, AB-123. {PROMPT}"
    assert (again.reply, again.state, given_up.state) == (unread, "open", "waiting")
    assert given_up.fallback == "escalate"


async def test_an_answer_beside_comes_in_pieces_as_it_comes_whole(shop: Shop) -> None:
    bot = await made(shop, persona="I am the shop's bot.")
    [first] = await said(shop.user, bot, "where is my order")
    place = {"bot_id": bot.bot_id, "conversation_id": first.conversation_id}
    for text, end in ((QUESTION, PROMPT), ("lattice quantum chromodynamics", PROMPT)):
        stream = (await shop.user.answer("assistant.stream_turn", **place, text=text)).value
        pieces = [piece async for piece in stream]
        assert "".join(piece.text for piece in pieces) == pieces[-1].result.reply
        assert pieces[-1].result.reply.endswith(end)


async def test_small_talk_is_answered_beside_and_who_wants_a_person_gets_one() -> None:
    far = {"out_of_scope": True, "scope_score": 0.01, "confidence": 0.2}
    trip = heard("Book a trip", "book_trip")
    _, thanks, more = beside(plan(), trip, heard("Thank you!", **far), heard("Hello", **far))
    assert thanks.reply == "You are welcome. Can I do anything else for you?\n\nWhere to?"
    assert (thanks.kind, thanks.standing.tries, more.standing.tries) == ("question", 0, 0)
    assert beside(plan(), trip, heard("I want a person", **far))[1].does == "escalate"
    unsaid = beside(plan(), trip, heard("ok", **far), heard("ok", **far))
    assert [step.does for step in unsaid] == ["say", "say", "escalate"], "that is no value and asks nothing"


async def test_only_what_may_be_a_question_is_looked_for_and_only_where_the_ladder_looks() -> None:
    far = {"out_of_scope": True, "scope_score": 0.01, "confidence": 0.2}
    trip, asks = heard("Book a trip", "book_trip"), heard("Do you sell maps?", **far)
    assert beside(plan(), trip, asks)[1].does == "search"
    assert beside(plan(), trip, heard("Atlantis", **far))[1].reply == UNREAD
    silent = plan(fallback=Fallback(ladder=["escalate"]))
    assert beside(silent, trip, asks)[1].reply == UNREAD


async def test_where_sentences_stand_in_a_reply_is_told(shop: Shop) -> None:
    bot = await made(shop, persona="I am the shop's bot.")
    first, _, beside_it = await said(shop.user, bot, QUESTION, "where is my order", QUESTION)
    for turn in (first, beside_it):
        for each in turn.citations:
            place = turn.sentences[each.sentence]
            assert turn.reply[place.start : place.end] == each.text
    assert first.reply.startswith("I am the shop's bot.")


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "I found nothing about that. I can help with:"),
        ("de", "Dazu habe ich nichts gefunden. Ich kann hierbei helfen:"),
        ("fr", "Je n'ai rien trouvé à ce sujet. Je peux aider pour :"),
        ("es", "No he encontrado nada sobre eso. Puedo ayudar con:"),
    ],
)
async def test_what_is_not_in_the_collections_was_understood_and_not_found(
    shop: Shop, language: str, told: str
) -> None:
    bot = await made(shop, languages=[language])
    [turn] = await said(shop.user, bot, "lattice quantum chromodynamics")
    assert turn.reply.startswith(told)
    far = heard("Colourless ideas", out_of_scope=True, scope_score=0.01, confidence=0.2)
    alone = plan(fallback=Fallback(ladder=["clarify", "escalate"]))
    assert talk(alone, far)[0].reply.startswith("I did not understand that."), "nothing was looked for"


async def test_a_question_that_holds_a_value_is_answered_and_is_the_value_only_where_nothing_is_found(
    shop: Shop,
) -> None:
    booking = {
        "name": "book_table",
        "examples": ["book a table", "reserve a table", "a table please"],
        "slots": [{"name": "count", "entity": "number", "prompt": "For how many?"}],
        "replies": ["A table for {count}."],
    }
    intents = [*INTENTS, booking]
    bot: Bot = await shop.admin.call(
        "assistant.create_bot", name="Tables", collections=["shop"], intents=intents
    )
    _, answered, taken = await said(
        shop.user, bot, "book a table", "do 2 gift cards cost 50 euros?", "could that be for 4 of us?"
    )
    assert "25 or 50 euros" in answered.reply
    assert answered.reply.endswith("For how many?")
    assert (answered.slots, taken.reply) == ({}, "A table for 4.")
