"""What is decided about judgements: when a bot is trained by it, what stays, and who sees what."""

from typing import Any

import pytest

from mainstay.services.assistant.records import Bot, Trained
from services.assistant.conftest import Shop, somebody
from services.assistant.making import INTENTS
from services.privacy.test_persons import calm

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def made(shop: Shop, every: int) -> dict[str, Any]:
    bot: Bot = await shop.admin.call(
        "assistant.create_bot", name="Judged", intents=INTENTS, retrain_after=every
    )
    return {"bot_id": bot.bot_id}


async def judged(shop: Shop, place: dict[str, Any], text: str, intent: str) -> dict[str, Any]:
    """Let somebody say something and an administrator say what it was; give where that judgement is."""
    turn = await shop.user.call("assistant.take_turn", **place, text=text)
    told = await shop.admin.call("assistant.rate_turn", **place, turn_id=turn.turn_id, intent=intent)
    return {**place, "feedback_id": told.feedback_id}


async def newest(shop: Shop, place: dict[str, Any]) -> Trained:
    await calm(shop.house, shop.admin)
    bot: Bot = await shop.admin.call("assistant.get_bot", **place)
    return bot.models[0]


async def test_each_decision_counts_whether_it_adds_takes_back_or_changes(shop: Shop) -> None:
    place = await made(shop, every=1)
    first = await judged(shop, place, "reimburse garments promptly", "returns")
    assert ((await newest(shop, place)).version, (await newest(shop, place)).learned) == (2, 1)
    await shop.admin.call("assistant.review_feedback", **first, accept=False)
    taken_back = await newest(shop, place)
    assert (taken_back.version, taken_back.learned) == (3, 0), "what was rejected is forgotten"
    await judged(shop, place, "garments reimburse", "returns")
    other = await judged(shop, place, "somebody human now", "returns")
    assert (await newest(shop, place)).learned == 2
    before = (await newest(shop, place)).version
    await shop.admin.call("assistant.review_feedback", **other, accept=True, intent="person")
    assert (await newest(shop, place)).version == before + 1, "the same example, of another intent"
    await shop.admin.call("assistant.review_feedback", **other, accept=True, intent="person")
    assert (await newest(shop, place)).version == before + 1, "nothing was changed"


async def test_decisions_are_counted_since_the_last_training_and_more_than_enough_is_enough(
    shop: Shop,
) -> None:
    place = await made(shop, every=2)
    first = await judged(shop, place, "reimburse garments promptly", "returns")
    await judged(shop, place, "garments reimburse", "returns")
    assert (await newest(shop, place)).version == 2
    await shop.admin.call("assistant.review_feedback", **first, accept=False)
    assert (await newest(shop, place)).version == 2, "one decision of two"
    await judged(shop, place, "garments back for money", "returns")
    assert (await newest(shop, place)).version == 3
    await shop.admin.call("assistant.update_bot", **place, retrain_after=4)
    for text in ("my jacket is too small", "these shoes are too large", "this does not fit"):
        await judged(shop, place, text, "returns")
    assert (await newest(shop, place)).version == 3
    await shop.admin.call("assistant.update_bot", **place, retrain_after=3)
    await judged(shop, place, "the wrong colour", "returns")
    assert (await newest(shop, place)).learned == 6, "four are at least three"


async def test_what_was_accepted_stays_until_a_second_opinion_is_reviewed(shop: Shop) -> None:
    place = await made(shop, every=0)
    turn = await shop.user.call("assistant.take_turn", **place, text="reimburse garments promptly")
    rated = {**place, "turn_id": turn.turn_id}

    async def says(intent: str | None, **given: Any) -> Any:
        shop.clock.move(1)
        return await shop.user.call("assistant.rate_turn", **rated, intent=intent, **given)

    async def learned_from() -> list[str | None]:
        page = await shop.admin.call("assistant.list_feedback", **place, state="accepted")
        return [each.intent for each in page.feedback]

    first = await says("returns")
    review = "assistant.review_feedback"
    await shop.admin.call(review, **place, feedback_id=first.feedback_id, accept=True)
    assert (await shop.admin.call("assistant.train_bot", **place)).learned == 1
    second = await says("person")
    assert (second.state, await learned_from()) == ("pending", ["returns"])
    again = await shop.admin.call("assistant.train_bot", **place)
    assert (again.version, again.learned) == (2, 1), "the next training does not forget it"

    await shop.admin.call(review, **place, feedback_id=second.feedback_id, accept=False)
    assert (await says(None, helpful=False)).state == "rejected"
    assert await learned_from() == ["returns"]
    third = await says("opening_hours")
    waiting = await shop.admin.call("assistant.list_feedback", **place, state="pending")
    assert [each.feedback_id for each in waiting.feedback] == [third.feedback_id]
    await shop.admin.call(review, **place, feedback_id=third.feedback_id, accept=True)
    assert await learned_from() == ["opening_hours"]


async def test_pages_are_of_what_one_may_see(shop: Shop) -> None:
    place = await made(shop, every=0)
    for text in ("reimburse garments promptly", "garments reimburse", "garments back"):
        await judged(shop, place, text, "returns")
    developer = await somebody(shop.admin, "developer")
    turn = await developer.call("assistant.take_turn", **place, text="money for garments")
    own = await developer.call("assistant.rate_turn", **place, turn_id=turn.turn_id, intent="returns")
    page = await developer.call("assistant.list_feedback", **place, state="accepted", limit=1)
    assert [each.feedback_id for each in page.feedback] == [own.feedback_id]
