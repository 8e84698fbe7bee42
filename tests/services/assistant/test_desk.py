"""The desk: conversations that wait are claimed, answered, given back and closed, each by one person."""

import pytest
import pytest_asyncio

from mainstay.kernel.guard import PermissionMissing
from mainstay.ports.database import SYSTEM
from mainstay.services.assistant.failures import (
    ConversationEnded,
    ConversationMissing,
    ConversationNotYours,
    IntentMissing,
)
from makers import Client
from services.assistant.conftest import Shop, somebody
from services.privacy.test_persons import calm

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "let me talk to a human"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agents(shop: Shop) -> list[Client]:
    may = ["conversations:answer", "conversations:read", "conversations:all", "assistants:use"]
    await shop.admin.call("identity.create_role", name="agent", permissions=may)
    return [await somebody(shop.admin, "agent") for _ in range(2)]


async def test_what_waits_is_claimed_answered_and_closed(shop: Shop, agents: list[Client]) -> None:
    asked = await shop.say(QUESTION)
    where = {"conversation_id": asked.conversation_id}
    queue = await agents[0].call("assistant.list_conversations", state="waiting")
    assert asked.conversation_id in {each.conversation_id for each in queue.conversations}
    claimed = await agents[0].call("assistant.claim_conversation", **where)
    assert (claimed.state, claimed.agent) == ("claimed", (await agents[0].call("identity.whoami")).subject)
    assert await agents[0].call("assistant.claim_conversation", **where) == claimed
    with pytest.raises(ConversationNotYours):
        await agents[1].call("assistant.claim_conversation", **where)
    with pytest.raises(ConversationNotYours):
        await agents[1].call("assistant.reply_to_conversation", **where, text="Mine.")
    with pytest.raises(ConversationNotYours):
        await agents[1].call("assistant.close_conversation", **where)
    reply = await agents[0].call("assistant.reply_to_conversation", **where, text="It confines quarks.")
    assert (reply.by, reply.number, reply.state, reply.agent) == ("person", 2, "claimed", claimed.agent)
    silent = await shop.say("Thank you", asked.conversation_id)
    assert (silent.reply, silent.state, silent.number) == ("", "claimed", 3)
    closed = await agents[0].call("assistant.close_conversation", **where)
    assert (closed.state, closed.agent) == ("closed", None)
    with pytest.raises(ConversationEnded):
        await shop.say("One more thing", asked.conversation_id)
    with pytest.raises(ConversationEnded):
        await agents[0].call("assistant.claim_conversation", **where)
    told = await shop.user.call("assistant.get_conversation", **where)
    assert [turn.reply for turn in told.history][1:] == ["It confines quarks.", ""]
    assert [turn.agent for turn in told.history] == [None, claimed.agent, None]


async def test_a_conversation_can_be_given_back_to_the_bot(shop: Shop, agents: list[Client]) -> None:
    asked = await shop.say(QUESTION)
    where = {"conversation_id": asked.conversation_id}
    await agents[0].call("assistant.claim_conversation", **where)
    given = await agents[0].call("assistant.close_conversation", **where, state="open")
    assert given.state == "open"
    assert (await shop.say("how do returns work", asked.conversation_id)).reply == "Send it within 30 days."


async def test_what_a_person_saw_in_a_question_waits_for_a_review(shop: Shop, agents: list[Client]) -> None:
    asked = await shop.say("zebra stripes refundable quark")
    where = {"conversation_id": asked.conversation_id}
    await agents[0].call("assistant.claim_conversation", **where)
    with pytest.raises(IntentMissing):
        await agents[0].call("assistant.reply_to_conversation", **where, text="So.", intent="nothing")
    await agents[0].call("assistant.reply_to_conversation", **where, text="So.", intent="returns")
    page = await shop.admin.call("assistant.list_feedback", bot_id=shop.bot.bot_id)
    [waiting] = [each for each in page.feedback if each.turn_id == asked.turn_id]
    assert (waiting.text, waiting.intent, waiting.source) == (asked.text, "returns", "agent")


async def test_who_may_not_answer_does_not(shop: Shop, agents: list[Client]) -> None:
    asked = await shop.say(QUESTION)
    where = {"conversation_id": asked.conversation_id}
    with pytest.raises(PermissionMissing):
        await shop.user.call("assistant.claim_conversation", **where)
    with pytest.raises(ConversationMissing):
        await agents[0].call("assistant.claim_conversation", conversation_id="conversation_none")


async def test_what_a_colleague_answers_can_be_taken_over(shop: Shop, agents: list[Client]) -> None:
    helpers = ["conversations:answer", "conversations:read", "assistants:use"]
    await shop.admin.call("identity.create_role", name="helper", permissions=helpers)
    helper = await somebody(shop.admin, "helper")
    asked = await shop.say(QUESTION)
    where = {"conversation_id": asked.conversation_id}
    await agents[0].call("assistant.claim_conversation", **where)
    with pytest.raises(ConversationNotYours, match="conversations:all"):
        await helper.call("assistant.claim_conversation", **where, take_over=True)
    taken = await agents[1].call("assistant.claim_conversation", **where, take_over=True)
    assert taken.agent == (await agents[1].call("identity.whoami")).subject
    with pytest.raises(ConversationNotYours):
        await agents[0].call("assistant.reply_to_conversation", **where, text="Mine.")
    assert (await agents[1].call("assistant.close_conversation", **where)).state == "closed"


async def test_what_an_erased_person_answered_waits_again(shop: Shop, agents: list[Client]) -> None:
    leaves = await somebody(shop.admin, "agent")
    asked = await shop.say(QUESTION)
    where = {"conversation_id": asked.conversation_id}
    await leaves.call("assistant.claim_conversation", **where)
    subject = (await leaves.call("identity.whoami")).subject
    assert (await leaves.call("assistant.reply_to_conversation", **where, text="I look.")).agent == subject
    await shop.admin.call("privacy.erase_person", subject=subject)
    await calm(shop.house, shop.admin)
    told = await agents[0].call("assistant.get_conversation", **where)
    assert (told.state, told.agent) == ("waiting", None)
    assert (told.history[-1].reply, told.history[-1].agent) == ("I look.", None)
    assert subject not in told.model_dump_json()
    assert (await agents[0].call("assistant.claim_conversation", **where)).state == "claimed"


async def test_whoever_takes_over_finds_summed_up_what_was_said(shop: Shop, agents: list[Client]) -> None:
    texts = ("where is my order", "4711", "how do returns work", "return my jacket", "a person please")
    turns = await shop.talk(*texts)
    assert turns[-1].state == "waiting"
    await calm(shop.house, shop.admin)
    where = {"conversation_id": turns[0].conversation_id}
    told = await agents[0].call("assistant.get_conversation", **where)
    assert told.summarised == len(texts)
    assert "Order 4711 is on its way." in told.summary
    await shop.user.call("assistant.delete_conversation", **where)
    left = await shop.house.engines.database.fetch(SYSTEM, "SELECT * FROM assistant_summaries")
    assert where["conversation_id"] not in {row["conversation_id"] for row in left}
