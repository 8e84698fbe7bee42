"""What is said while a person answers needs neither the model nor the encoder, and is heard without them."""

import pytest

from mainstay.ports.failures import EncoderUnavailable
from mainstay.services.assistant.failures import ModelStale
from mainstay.services.assistant.models import Models
from services.assistant.conftest import Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_customer_answers_a_person_although_the_model_is_stale(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    [asked] = await shop.talk("a person please")
    where = {"conversation_id": asked.conversation_id}
    monkeypatch.setattr(shop.house.engines.encoder, "name", "another")
    waits = await shop.say("my order is 4711", asked.conversation_id)
    assert (waits.state, waits.kind, waits.intent, waits.out_of_scope) == ("waiting", "talk", None, False)
    await shop.admin.call("assistant.claim_conversation", **where)
    await shop.admin.call("assistant.reply_to_conversation", **where, text="Which colour?")
    red = await shop.say("red", asked.conversation_id)
    assert (red.number, red.state, red.reply) == (4, "claimed", "")
    await shop.admin.call("assistant.close_conversation", **where, state="open")
    with pytest.raises(ModelStale):
        await shop.say("my order", asked.conversation_id)


async def test_a_streamed_turn_is_heard_without_an_encoder(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise EncoderUnavailable("It is being started.")

    [asked] = await shop.talk("a person please")
    monkeypatch.setattr(Models, "understand", broken)
    said = {"bot_id": shop.bot.bot_id, "text": "red", "conversation_id": asked.conversation_id}
    pieces = [each async for each in (await shop.user.answer("assistant.stream_turn", **said)).value]
    assert pieces[-1].result.answered
    assert pieces[-1].result.state == "waiting"


@pytest.mark.parametrize("text", ["Never mind", "Doch nicht nötig.", "Finalement, ce n’est pas la peine"])
async def test_who_needs_no_person_any_more_talks_with_the_bot_again(shop: Shop, text: str) -> None:
    [asked] = await shop.talk("a person please")
    where = {"conversation_id": asked.conversation_id}
    hint = "Say “never mind” to go on without."
    assert (await shop.say("hello?", asked.conversation_id)).reply.endswith(hint)
    back = await shop.say(text, asked.conversation_id)
    assert (back.state, back.kind, back.number) == ("open", "talk", 3)
    assert back.reply == "All right, nobody is called. What can I do for you?"
    waiting = await shop.admin.call("assistant.list_conversations", state="waiting")
    assert asked.conversation_id not in {each.conversation_id for each in waiting.conversations}
    order = await shop.say("where is my order", asked.conversation_id)
    assert (order.intent, order.state) == ("order_status", "open")
    await shop.admin.call("assistant.claim_conversation", **where)
    claimed = await shop.say(text, asked.conversation_id)
    assert (claimed.state, claimed.reply) == ("claimed", ""), "whoever answers decides"


async def test_a_streamed_turn_takes_back_the_call_too(shop: Shop) -> None:
    [asked] = await shop.talk("a person please")
    said = {"bot_id": shop.bot.bot_id, "text": "never mind", "conversation_id": asked.conversation_id}
    pieces = [each async for each in (await shop.user.answer("assistant.stream_turn", **said)).value]
    assert pieces[-1].result.state == "open"
