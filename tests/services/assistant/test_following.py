"""Following a conversation: everything that is said comes, to whoever may read it alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from mainstay.services.assistant import following
from mainstay.services.assistant.failures import ConversationMissing, FollowedTooMany, TurnMissing
from mainstay.services.assistant.limits import FOLLOWED_MAX
from makers import Client
from services.assistant.conftest import Shop, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")

RETURNS = "how do returns work"


async def followed(who: Client, conversation_id: str, **more: Any) -> Any:
    """Begin to follow."""
    given = {"conversation_id": conversation_id, **more}
    return (await who.answer("assistant.follow_conversation", **given)).value


async def heard(news: AsyncIterator[Any], many: int) -> list[Any]:
    """Give what comes next, which has to come soon."""
    async with asyncio.timeout(10):
        return [await anext(news) for _ in range(many)]


async def now(who: Client, conversation_id: str, **more: Any) -> list[Any]:
    """Give what there is."""
    return [each async for each in await followed(who, conversation_id, for_s=0, **more)]


async def test_turns_their_replies_and_states_come_as_they_happen(shop: Shop) -> None:
    asked = await shop.say("let me talk to a human")
    where = {"conversation_id": asked.conversation_id}
    async with aclosing(await followed(shop.user, asked.conversation_id)) as news:
        [first] = await heard(news, 1)
        assert (first.turn, first.state) == (asked, "waiting")
        claimed = await shop.admin.call("assistant.claim_conversation", **where)
        [taken] = await heard(news, 1)
        assert (taken.turn, taken.state, taken.agent) == (None, "claimed", claimed.agent)
        reply = await shop.admin.call("assistant.reply_to_conversation", **where, text="It confines quarks.")
        assert [each.turn for each in await heard(news, 1)] == [reply]
        await shop.admin.call("assistant.close_conversation", **where, state="open")
        assert [each.state for each in await heard(news, 1)] == ["open"]
        bot_id = shop.bot.bot_id
        pieces = (await shop.user.answer("assistant.stream_turn", bot_id=bot_id, text=RETURNS, **where)).value
        await anext(pieces)
        [begun] = await heard(news, 1)
        assert (begun.turn.text, begun.turn.reply) == (RETURNS, "")
        whole = [piece async for piece in pieces][-1].result
        [answered] = await heard(news, 1)
        assert answered.turn == whole
        assert whole.turn_id == begun.turn.turn_id
        await shop.admin.call("assistant.close_conversation", **where)
        assert [each.state async for each in news] == ["closed"], "and then it ends"


async def test_one_goes_on_behind_the_last_turn_and_hears_the_newest_again(shop: Shop) -> None:
    turns = await shop.talk(RETURNS, "when do you open", RETURNS)
    place, ids = turns[0].conversation_id, [turn.turn_id for turn in turns]
    assert [each.turn.turn_id for each in await now(shop.user, place)] == ids
    assert [each.turn.turn_id for each in await now(shop.user, place, after=ids[0])] == ids[1:]
    assert [each.turn.turn_id for each in await now(shop.user, place, after=ids[2])] == ids[2:]
    elsewhere = await shop.say(RETURNS)
    with pytest.raises(TurnMissing):
        await now(shop.user, place, after=elsewhere.turn_id)


async def test_a_lost_note_loses_no_turn(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = await shop.say(RETURNS)

    async def lost(_topic: str, _note: str = "") -> None:
        return

    monkeypatch.setattr(shop.house.engines.bus, "publish", lost)
    monkeypatch.setattr(following, "_LOOK_AGAIN_S", 0.02)
    async with aclosing(await followed(shop.user, asked.conversation_id)) as news:
        await heard(news, 1)
        said = await shop.say("when do you open", asked.conversation_id)
        assert [each.turn for each in await heard(news, 1)] == [said]


async def test_whoever_may_not_read_it_hears_nothing(shop: Shop, stranger: Client) -> None:
    asked = await shop.say(RETURNS)
    for who in (stranger, await somebody(shop.admin)):
        with pytest.raises(ConversationMissing):
            await now(who, asked.conversation_id)
    assert [each.turn for each in await now(shop.admin, asked.conversation_id)] == [asked]


async def test_whoever_may_no_longer_read_those_of_others_hears_nothing_more(shop: Shop) -> None:
    reads = ["conversations:read", "conversations:all"]
    await shop.admin.call("identity.create_role", name="watcher", permissions=reads)
    watcher, asked = await somebody(shop.admin, "watcher"), await shop.say(RETURNS)
    async with aclosing(await followed(watcher, asked.conversation_id)) as news:
        await heard(news, 1)
        await shop.admin.call("identity.replace_role", name="watcher", permissions=reads[:1])
        shop.clock.move(1)
        await shop.say("my number is secret", asked.conversation_id)
        with pytest.raises(ConversationMissing):
            await heard(news, 1)


async def test_what_is_deleted_or_too_much_ends(shop: Shop) -> None:
    asked, other = await shop.say(RETURNS), await somebody(shop.admin, "admin")
    all_of_them = [await followed(other, asked.conversation_id) for _ in range(FOLLOWED_MAX + 1)]
    for news in all_of_them[1:]:
        await heard(news, 1)
    with pytest.raises(FollowedTooMany):
        await heard(all_of_them[0], 1)
    await all_of_them[1].aclose()
    assert await now(other, asked.conversation_id), "one less, so there is room"
    await shop.user.call("assistant.delete_conversation", conversation_id=asked.conversation_id)
    with pytest.raises(ConversationMissing):
        await heard(all_of_them[2], 1)
    for news in all_of_them:
        await news.aclose()


async def test_it_beats_and_ends_when_the_house_closes(shop: Shop) -> None:
    asked = await shop.say(RETURNS)
    async with aclosing(await followed(shop.user, asked.conversation_id)) as news:
        await heard(news, 1)
        shop.clock.move(20)
        [beat] = await heard(news, 1)
        assert (beat.turn, beat.state) == (None, "open")
        shop.house.closing.begin()
        assert [each async for each in news] == []
