"""The queue of the desk: what waits comes as it changes, to whoever may answer, of one tenant alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from mainstay.kernel.guard import PermissionMissing
from mainstay.services.assistant import desk_queue
from makers import Client
from services.assistant.conftest import Shop
from services.assistant.making import INTENTS
from services.people.joining import joined

pytestmark = pytest.mark.asyncio(loop_scope="module")

QUESTION = "let me talk to a human"


async def followed(who: Client, **more: Any) -> AsyncIterator[Any]:
    """Begin to follow the desk."""
    news: AsyncIterator[Any] = (await who.answer("assistant.follow_desk", **more)).value
    return news


async def until(news: AsyncIterator[Any], conversation_id: str) -> Any:
    """Give the next entry of a conversation, or that it is gone; it has to come soon."""
    async with asyncio.timeout(10):
        async for each in news:
            for entry in each.entries:
                if entry.conversation_id == conversation_id:
                    return entry
            if conversation_id in each.gone:
                return "gone"
    raise AssertionError("the desk was followed no longer")


async def test_what_waits_is_told_as_it_changes(shop: Shop) -> None:
    mails: Any = shop.house.engines.mailer
    _, ada = await joined(shop.house, shop.admin, mails, name="Ada", role="admin")
    async with aclosing(await followed(shop.admin)) as news:
        first = await anext(news)
        assert first.fresh
        asked = await shop.say(QUESTION)
        place = {"conversation_id": asked.conversation_id}
        waiting = await until(news, asked.conversation_id)
        assert (waiting.state, waiting.bot, waiting.agent) == ("waiting", "Shop", None)
        assert waiting.asked == QUESTION
        assert waiting.since_ms == asked.created_ms
        shop.clock.move(60)
        later = await shop.say("are you still there", asked.conversation_id)
        again = await until(news, asked.conversation_id)
        assert (again.asked, again.since_ms) == (later.text, asked.created_ms)
        await ada.call("assistant.claim_conversation", **place)
        claimed = await until(news, asked.conversation_id)
        assert (claimed.state, claimed.agent_name, claimed.since_ms) == ("claimed", "Ada", asked.created_ms)
        await ada.call("assistant.reply_to_conversation", **place, text="I am.")
        answered = await until(news, asked.conversation_id)
        assert (answered.since_ms, answered.said) == (None, "I am.")
        thanks = await shop.say("Thank you", asked.conversation_id)
        assert (await until(news, asked.conversation_id)).since_ms == thanks.created_ms
        await ada.call("assistant.close_conversation", **place, state="open")
        assert await until(news, asked.conversation_id) == "gone"


async def test_a_note_that_is_lost_loses_no_change(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(_topic: str, _note: str = "") -> None:
        return

    monkeypatch.setattr(shop.house.engines.bus, "publish", lost)
    monkeypatch.setattr(desk_queue, "_LOOK_AGAIN_S", 0.02)
    asked = await shop.say(QUESTION)
    async with aclosing(await followed(shop.admin)) as news:
        assert (await until(news, asked.conversation_id)).state == "waiting"
        await shop.admin.call("assistant.close_conversation", conversation_id=asked.conversation_id)
        assert await until(news, asked.conversation_id) == "gone"


async def test_nobody_else_hears_of_it(shop: Shop, stranger: Client) -> None:
    asked = await shop.say(QUESTION)
    with pytest.raises(PermissionMissing):
        await followed(shop.user)
    [theirs] = [each async for each in await followed(stranger, for_s=0)]
    assert (theirs.entries, theirs.gone, theirs.fresh) == ([], [], True)
    other = await shop.admin.call("assistant.create_bot", name="Other", intents=INTENTS)
    [none] = [each async for each in await followed(shop.admin, for_s=0, bot_id=other.bot_id)]
    [mine] = [each async for each in await followed(shop.admin, for_s=0, bot_id=shop.bot.bot_id)]
    assert none.entries == []
    assert asked.conversation_id in {each.conversation_id for each in mine.entries}


async def test_intents_are_told_by_their_titles_or_the_words_of_their_names(shop: Shop) -> None:
    found = await shop.admin.call("assistant.list_intents", bot_id=shop.bot.bot_id)
    assert [(each.name, each.title) for each in found][1:3] == [
        ("returns", "Sending something back"),
        ("opening_hours", "opening hours"),
    ]


async def test_why_a_conversation_came_to_a_person_is_told(shop: Shop) -> None:
    odd = "lattice quantum chromodynamics"
    async with aclosing(await followed(shop.admin)) as news:
        await anext(news)
        for texts, told in (
            ([QUESTION], ("intent", "person")),
            ([odd, "operator"], ("asked", None)),
            ([odd, odd, "hello?"], ("gave_up", None)),
        ):
            turns = await shop.talk(*texts)
            entry = await until(news, turns[0].conversation_id)
            assert (entry.reason, entry.intent) == told
