"""Turns: stored before they are answered, with citations and refusals by the asking user's permissions."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.idempotency import IdempotencyKeyInvalid
from mainstay.services.assistant.failures import (
    BotMissing,
    ConversationBusy,
    ConversationEnded,
    ConversationMissing,
    ConversationsTooMany,
    TurnKeyReused,
)
from mainstay.services.assistant.limits import TURNS_MAX
from mainstay.services.assistant.models import Models
from mainstay.services.assistant.records import Turn
from mainstay.services.assistant.searching import Searching
from makers import Client
from services.assistant.conftest import Shop, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_conversation_asks_for_what_is_missing_and_remembers_it(shop: Shop) -> None:
    turns = await shop.talk("where is my order", "4711", "no, I meant 4712", "how do returns work")
    assert [turn.reply for turn in turns] == [
        "Which order is it?",
        "Order 4711 is on its way.",
        "Order 4712 is on its way.",
        "Send it within 30 days.",
    ]
    assert [turn.number for turn in turns] == [1, 2, 3, 4]
    assert turns[2].slots == {"order": "4712"}
    assert turns[1].entities[0].text == "4711"
    told = await shop.user.call("assistant.get_conversation", conversation_id=turns[0].conversation_id)
    assert told.history == turns
    assert (told.state, told.turns, told.said) == ("open", 4, "how do returns work")


@pytest.mark.parametrize("order", ["004711", "4711000011112222", "A-0042"])
async def test_what_an_order_is_called_by_stays_as_it_was_written(shop: Shop, order: str) -> None:
    [_, asked] = await shop.talk("where is my order", order)
    assert (asked.slots, asked.reply) == ({"order": order}, f"Order {order} is on its way.")


async def test_replies_take_turns(shop: Shop) -> None:
    turns = await shop.talk("how do returns work", "how do returns work", "how do returns work")
    assert [turn.reply for turn in turns] == [
        "Send it within 30 days.",
        "As I said: within 30 days.",
        "Send it within 30 days.",
    ]


async def test_out_of_scope_is_answered_from_the_collections_with_citations(shop: Shop) -> None:
    turn = await shop.say("What do gift cards cost?")
    assert (turn.out_of_scope, turn.fallback, turn.state) == (True, "search", "open")
    assert "25 or 50 euros" in turn.reply
    assert turn.citations[0].doc_id == "cards"


async def test_what_nobody_answers_comes_to_a_person_who_is_waited_for(shop: Shop) -> None:
    odd = "lattice quantum chromodynamics"
    first, *turns = await shop.talk(odd, odd, "where is my order")
    assert (first.fallback, first.state) == ("search", "open")
    assert first.reply.startswith("I found nothing about that. I can help with:\n- Where my order is\n")
    told = [(turn.fallback, turn.kind, turn.state) for turn in turns]
    assert told == [("escalate", "talk", "waiting"), (None, "talk", "waiting")]
    assert "A person will answer" in turns[1].reply
    assert (await shop.talk(odd, "I want a person, please."))[1].state == "waiting"


SMALL = "hello|hi there|thanks|Thanks, bye|ok|yes|bye|Good morning|asdf|who are you?|what can you do?|4711"


@pytest.mark.parametrize("text", SMALL.split("|"))
async def test_small_talk_is_answered_and_nobody_is_called(shop: Shop, text: str) -> None:
    turn = await shop.say(text)
    assert (turn.state, turn.citations, turn.options) == ("open", [], [])
    assert turn.reply not in {"", "I pass this on to a person, who will answer here."}
    names = "Where my order is" in turn.reply
    assert names == (text in {"asdf", "who are you?", "what can you do?", "4711"})
    waiting = await shop.admin.call("assistant.list_conversations", state="waiting")
    assert turn.conversation_id not in {each.conversation_id for each in waiting.conversations}


async def test_an_answer_is_looked_for_with_the_asking_users_own_permissions(shop: Shop) -> None:
    question = "What is the code of the safe?"
    assert "4711" in (await shop.say(question, who=shop.admin)).reply
    refused = await shop.say(question)
    assert "4711" not in refused.model_dump_json()
    assert refused.citations == []
    asked = await shop.admin.call("identity.create_role", name="talker", permissions=["assistants:use"])
    talker = await somebody(shop.admin, asked.name)
    first = await shop.say("What do gift cards cost?", who=talker)
    assert (first.fallback, first.citations) == ("search", [])
    assert (await shop.say("What do gift cards cost?", first.conversation_id, talker)).fallback == "escalate"


async def test_a_streamed_turn_is_stored_before_its_first_piece(shop: Shop) -> None:
    asked = {"bot_id": shop.bot.bot_id, "text": "What do gift cards cost?"}
    answer = await shop.user.answer("assistant.stream_turn", **asked)
    pieces = answer.value
    first = await anext(pieces)
    begun = await shop.user.call("assistant.get_conversation", conversation_id=first.conversation_id)
    assert [(turn.text, turn.reply) for turn in begun.history] == [("What do gift cards cost?", "")]
    rest = [piece async for piece in pieces]
    whole = rest[-1].result
    assert "".join(piece.text for piece in [first, *rest]) == whole.reply
    assert whole.citations
    told = await shop.user.call("assistant.get_conversation", conversation_id=first.conversation_id)
    assert (told.history, told.turns) == ([whole], 1)


async def test_a_stream_never_shows_the_words_of_a_refusal(shop: Shop) -> None:
    asked = {"bot_id": shop.bot.bot_id, "text": "lattice quantum chromodynamics"}
    for state in ("open", "waiting"):
        pieces = [piece async for piece in (await shop.user.answer("assistant.stream_turn", **asked)).value]
        assert "".join(piece.text for piece in pieces) == pieces[-1].result.reply
        assert pieces[-1].result.state == state
        asked["conversation_id"] = pieces[-1].conversation_id


async def test_the_same_turn_sent_again_is_taken_once(shop: Shop) -> None:
    asked: dict[str, Any] = {"bot_id": shop.bot.bot_id, "text": "how do returns work"}
    answers = [
        (await shop.user.answer("assistant.take_turn", idempotency_key="once", **asked)).value
        for _ in range(2)
    ]
    assert answers[0].turn_id == answers[1].turn_id
    told = await shop.user.call("assistant.get_conversation", conversation_id=answers[0].conversation_id)
    assert told.turns == 1


async def test_two_turns_at_once_are_both_stored_or_one_is_told_to_come_again(shop: Shop) -> None:
    first = await shop.say("how do returns work")
    both = await asyncio.gather(
        *(shop.say(text, first.conversation_id) for text in ("where is my order", "how do returns work")),
        return_exceptions=True,
    )
    taken = [each for each in both if not isinstance(each, BaseException)]
    refused = [each for each in both if isinstance(each, BaseException)]
    assert taken
    assert all(isinstance(each, ConversationBusy) for each in refused)
    told = await shop.user.call("assistant.get_conversation", conversation_id=first.conversation_id)
    assert [turn.number for turn in told.history] == list(range(1, 2 + len(taken)))


async def test_a_conversation_belongs_to_whoever_began_it_and_to_its_bot(shop: Shop) -> None:
    first = await shop.say("how do returns work")
    with pytest.raises(ConversationMissing):
        await shop.say("how do returns work", first.conversation_id, shop.admin)
    other = await somebody(shop.admin)
    with pytest.raises(ConversationMissing):
        await other.call("assistant.get_conversation", conversation_id=first.conversation_id)
    with pytest.raises(ConversationMissing):
        await other.call("assistant.delete_conversation", conversation_id=first.conversation_id)
    assert (await other.call("assistant.list_conversations")).conversations == []
    assert (await other.call("assistant.export_turns", bot_id=shop.bot.bot_id)).turns == []
    whole = await shop.admin.call("assistant.get_conversation", conversation_id=first.conversation_id)
    assert whole.history == [first], "administrators see what others say"


async def test_another_tenant_finds_neither_bot_nor_conversation(shop: Shop, stranger: Client) -> None:
    first = await shop.say("how do returns work")
    with pytest.raises(BotMissing):
        await stranger.call("assistant.take_turn", bot_id=shop.bot.bot_id, text="returns")
    with pytest.raises(ConversationMissing):
        await stranger.call("assistant.get_conversation", conversation_id=first.conversation_id)
    assert await stranger.call("assistant.list_bots") == []
    assert (await stranger.call("assistant.list_conversations")).conversations == []


async def test_a_conversation_ends_when_it_has_as_many_turns_as_one_may_have(shop: Shop) -> None:
    first = await shop.say("how do returns work")
    tenant = (await shop.admin.call("identity.whoami")).tenant_id
    async with shop.house.engines.database.unit(tenant) as unit:
        where = {"conversation_id": first.conversation_id}
        await unit.update("assistant_conversations", {"turns": TURNS_MAX}, where)
    with pytest.raises(ConversationEnded):
        await shop.say("how do returns work", first.conversation_id)


async def test_somebody_may_have_only_so_many_conversations(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = await somebody(shop.admin)
    monkeypatch.setattr("mainstay.services.assistant.turns.CONVERSATIONS_MAX", 1)
    first = await shop.say("how do returns work", who=me)
    with pytest.raises(ConversationsTooMany):
        await shop.say("how do returns work", who=me)
    await shop.say("how do returns work", first.conversation_id, me)
    await me.call("assistant.delete_conversation", conversation_id=first.conversation_id)
    assert (await shop.say("how do returns work", who=me)).number == 1


async def test_conversations_are_listed_searched_exported_and_deleted(shop: Shop) -> None:
    me = await somebody(shop.admin)
    first = await shop.say("how do returns work", who=me)
    shop.clock.move(1)
    second = await shop.say("Where is my ORDER, please?", who=me)
    ids = [second.conversation_id, first.conversation_id]
    listed = await me.call("assistant.list_conversations")
    assert [each.conversation_id for each in listed.conversations] == ids
    page = await me.call("assistant.list_conversations", limit=1)
    assert [each.conversation_id for each in page.conversations] == ids[:1]
    page = await me.call("assistant.list_conversations", limit=1, after=page.next)
    assert [each.conversation_id for each in page.conversations] == ids[1:]
    found = await me.call("assistant.list_conversations", q="order, please")
    assert [each.conversation_id for each in found.conversations] == ids[:1]
    assert found.next is None
    exported = await me.call("assistant.export_turns", bot_id=shop.bot.bot_id)
    assert exported.turns == [first, second]
    gone = await me.call("assistant.delete_conversation", conversation_id=first.conversation_id)
    assert gone.turns == 1
    with pytest.raises(ConversationMissing):
        await me.call("assistant.get_conversation", conversation_id=first.conversation_id)
    assert len((await me.call("assistant.export_turns", bot_id=shop.bot.bot_id)).turns) == 1


@pytest.mark.parametrize(
    "text", ["", "x" * 4001, "a\0b", "x" * 1_000_000, "\ud83d", "\u200b \n\ufeff", 5, None]
)
async def test_what_is_no_text_is_refused(shop: Shop, text: Any) -> None:
    with pytest.raises(RequestInvalid):
        await shop.user.call("assistant.take_turn", bot_id=shop.bot.bot_id, text=text)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 4000,
        "😀😀😀",
        "\u202eטקסט הפוך\u202c مرحبا",
        " ".join(chr(0x0900 + number) for number in range(300)),
        "../../etc/passwd <script>alert(1)</script> {order} %s ${x}",
    ],
)
async def test_odd_texts_are_answered_and_kept_as_they_were(shop: Shop, text: str) -> None:
    turn = await shop.say(text)
    told = await shop.user.call("assistant.get_conversation", conversation_id=turn.conversation_id)
    assert [each.text for each in told.history] == [text]


async def test_a_turn_said_again_meanwhile_is_answered_once_and_one_passed_over_not_at_all(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, begun, free, made = Searching.stream, asyncio.Event(), asyncio.Event(), list[str]()

    async def slow(self: Searching, query: str, *given: Any) -> AsyncIterator[Any]:
        made.append(query)
        if len(made) == 1:
            begun.set()
            await free.wait()
        async for piece in real(self, query, *given):
            yield piece

    async def said(key: str) -> Turn:
        asked = {"bot_id": shop.bot.bot_id, "text": "what do gift cards cost", **where, "turn_key": key}
        pieces = [piece async for piece in (await shop.user.answer("assistant.stream_turn", **asked)).value]
        turn: Turn = pieces[-1].result
        return turn

    monkeypatch.setattr(Searching, "stream", slow)
    where = {"conversation_id": (await shop.say("how do returns work")).conversation_id}
    first = asyncio.create_task(said("twice"))
    await begun.wait()
    second = await said("twice")
    free.set()
    with pytest.raises(ConversationBusy):
        await first
    assert await said("twice") == second

    made.clear()
    begun.clear()
    free.clear()
    broken = asyncio.create_task(said("broken"))
    await begun.wait()
    broken.cancel()
    await asyncio.gather(broken, return_exceptions=True)
    await shop.say("how do returns work", where["conversation_id"])
    with pytest.raises(ConversationBusy, match="say it anew"):
        await said("broken")
    assert len(made) == 1


async def keyed(shop: Shop, key: str, text: str = "how do returns work", place: str | None = None) -> Turn:
    asked = {"bot_id": shop.bot.bot_id, "text": text, "conversation_id": place, "turn_key": key}
    pieces = [piece async for piece in (await shop.user.answer("assistant.stream_turn", **asked)).value]
    turn: Turn = pieces[-1].result
    return turn


async def test_a_stream_heeds_an_idempotency_key(shop: Shop) -> None:
    async def said(key: str, **more: Any) -> Turn:
        asked = {"bot_id": shop.bot.bot_id, "text": "how do returns work", **more}
        answer = await shop.user.answer("assistant.stream_turn", **asked, idempotency_key=key)
        turn: Turn = [piece async for piece in answer.value][-1].result
        return turn

    first, again = [await said("said once") for _ in range(2)]
    assert first == again
    assert (await said("said twice")).turn_id != first.turn_id
    mine = await said("said once", turn_key="a-key-of-my-own")
    assert mine.turn_id != first.turn_id
    assert await keyed(shop, "a-key-of-my-own") == mine
    with pytest.raises(IdempotencyKeyInvalid):
        await said("")
    with pytest.raises(TurnKeyReused):
        await said("said once", conversation_id=mine.conversation_id)


async def test_a_turn_is_found_by_its_key_whatever_was_said_since(shop: Shop) -> None:
    first = await keyed(shop, "mine")
    await keyed(shop, "somebody-elses")
    for _ in range(6):
        await shop.say("how do returns work", first.conversation_id)
    assert await keyed(shop, "mine") == first
    assert await keyed(shop, "mine", place=first.conversation_id) == first


async def test_a_key_is_of_one_turn_and_of_whoever_said_it(shop: Shop) -> None:
    first, other = await keyed(shop, "taken"), await keyed(shop, "another")
    with pytest.raises(TurnKeyReused):
        await keyed(shop, "taken", "when do you open")
    with pytest.raises(TurnKeyReused):
        await keyed(shop, "taken", place=other.conversation_id)
    elsewhere = replace(shop, user=await somebody(shop.admin))
    assert (await keyed(elsewhere, "taken", "when do you open")).turn_id != first.turn_id


async def test_a_first_turn_that_is_said_twice_at_once_begins_one_conversation(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, both = Models.understand, asyncio.Barrier(2)

    async def together(self: Models, *given: Any) -> Any:
        await both.wait()
        return await real(self, *given)

    monkeypatch.setattr(Models, "understand", together)
    told = await asyncio.gather(keyed(shop, "at-once"), keyed(shop, "at-once"), return_exceptions=True)
    monkeypatch.undo()
    [turn] = [each for each in told if isinstance(each, Turn)]
    assert [type(each) for each in told if each is not turn] == [ConversationBusy]
    assert await keyed(shop, "at-once") == turn
