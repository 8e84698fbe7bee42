"""People who come with one key: what a bot remembers of each, and her conversations, are hers alone."""

from collections.abc import Sequence
from typing import Any

import pytest
import pytest_asyncio

from mainstay.ports.database import SYSTEM
from mainstay.services.assistant.failures import ConversationMissing, TurnKeyReused
from mainstay.services.assistant.records import Bot, Turn
from makers import Client
from services.assistant.conftest import Shop, somebody
from services.assistant.making import INTENTS
from services.privacy.test_persons import ended

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALICE, BOB = "alice@example.org", "bob@example.org"
SHOES: dict[str, Any] = {
    "name": "shoes",
    "examples": ["i want to buy shoes", "order new shoes", "get me some shoes"],
    "slots": [{"name": "size", "entity": "number", "prompt": "Which size?", "remember": True}],
    "replies": ["Shoes of size {size}."],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seller(shop: Shop) -> Bot:
    made = {"name": "Seller", "intents": [SHOES, *INTENTS], "memory": {"on": True}}
    bot: Bot = await shop.admin.call("assistant.create_bot", **made)
    return bot


async def says(key: Client, bot: Bot, name: str, *texts: str, place: str | None = None) -> list[Turn]:
    """Let one of a key's people say one thing after the other."""
    turns: list[Turn] = []
    for text in texts:
        where = turns[0].conversation_id if turns else place
        shown = {"messages": [], "end_user": name}
        asked = {"bot_id": bot.bot_id, "text": text, "conversation_id": where, "transcript": shown}
        turns.append(await key.call("assistant.take_turn", **asked))
    return turns


async def told_her_pin(key: Client, bot: Bot, name: str = ALICE) -> Turn:
    return (await says(key, bot, name, "remember that my PIN is 9317", "yes"))[-1]


async def facts(key: Client, bot: Bot, **whose: Any) -> Sequence[str]:
    memory = await key.call("assistant.get_memory", bot_id=bot.bot_id, **whose)
    return [fact.text for fact in memory.facts]


async def test_nobody_else_with_the_same_key_hears_what_one_told(shop: Shop, seller: Bot) -> None:
    key = await somebody(shop.admin)
    await told_her_pin(key, seller)
    [bobs] = await says(key, seller, BOB, "what do you know about me?")
    [nameless] = await says(key, seller, "", "what do you know about me?")
    [hers] = await says(key, seller, ALICE, "what do you know about me?")
    assert ["9317" in turn.reply for turn in (bobs, nameless, hers)] == [False, False, True]


async def test_what_filled_a_slot_is_offered_to_nobody_else(shop: Shop, seller: Bot) -> None:
    key = await somebody(shop.admin)
    await says(key, seller, ALICE, "i want to buy shoes", "42", "yes")
    replies = [(await says(key, seller, name, "order new shoes"))[0].reply for name in (BOB, ALICE)]
    assert replies == ["Which size?", "Shall I use this again?\n- size: 42"]


async def test_each_consents_and_is_forgotten_for_herself(shop: Shop, seller: Bot) -> None:
    key = await somebody(shop.admin)
    await told_her_pin(key, seller)
    asked, refused = await says(key, seller, BOB, "remember that I am called Bob", "no")
    assert asked.reply.startswith("May I remember this")
    assert refused.reply == "All right, I will not remember anything."
    await says(key, seller, BOB, "forget everything")
    assert await facts(key, seller, end_user=ALICE) == ["my PIN is 9317"]
    choices = [
        (await key.call("assistant.get_memory", bot_id=seller.bot_id, end_user=name)).choice
        for name in (ALICE, BOB)
    ]
    assert choices == ["yes", "no"]


async def test_anothers_conversation_is_not_there(shop: Shop, seller: Bot) -> None:
    key = await somebody(shop.admin)
    hers = (await told_her_pin(key, seller)).conversation_id
    with pytest.raises(ConversationMissing):
        await says(key, seller, BOB, "what do you know about me?", place=hers)
    [again] = await says(key, seller, ALICE, "what do you know about me?", place=hers)
    assert "9317" in again.reply


async def test_a_conversation_without_a_name_is_that_of_who_is_named_first(shop: Shop, seller: Bot) -> None:
    key = await somebody(shop.admin)
    [begun] = await says(key, seller, "", "when do you open")
    await says(key, seller, ALICE, "when do you open", place=begun.conversation_id)
    with pytest.raises(ConversationMissing):
        await says(key, seller, BOB, "when do you open", place=begun.conversation_id)
    alike = {"messages": [{"role": "user", "content": "hi"}], "end_user": ""}
    other = await key.call("assistant.take_turn", bot_id=seller.bot_id, text="hi", transcript=alike)
    assert other.conversation_id != begun.conversation_id


async def test_the_key_sees_and_takes_back_what_all_its_people_said(shop: Shop, seller: Bot) -> None:
    key, place = await somebody(shop.admin), {"bot_id": seller.bot_id}
    for name in (ALICE, BOB, ""):
        await told_her_pin(key, seller, name)
    assert await facts(key, seller) == ["my PIN is 9317"] * 3
    memory = await key.call("assistant.get_memory", **place, end_user=BOB)
    changed = {**place, "fact_id": memory.facts[0].fact_id}
    await key.call("assistant.change_fact", **changed, text="my PIN is 1")
    assert await facts(key, seller, end_user=BOB) == ["my PIN is 1"]
    assert (await key.call("assistant.forget_facts", **place, end_user=BOB)).forgotten == 1
    assert (await key.call("assistant.forget_facts", **place)).forgotten == 2
    for name in (ALICE, ""):
        await told_her_pin(key, seller, name)
    assert (await key.call("assistant.choose_memory", **place, allowed=False)).facts == []
    assert (await key.call("assistant.get_memory", **place, end_user=ALICE)).choice == "no"
    await key.call("assistant.choose_memory", **place, allowed=True, end_user=ALICE)
    await says(key, seller, ALICE, "remember that I ski")
    assert await facts(key, seller) == ["I ski"]
    assert (await key.call("assistant.get_memory", **place)).choice == "no"


async def test_no_other_key_reaches_a_fact_by_its_id(shop: Shop, seller: Bot) -> None:
    key, other = await somebody(shop.admin), await somebody(shop.admin)
    await told_her_pin(key, seller)
    assert await facts(other, seller, end_user=ALICE) == []
    subject = (await key.call("identity.whoami")).subject
    assert await facts(shop.admin, seller, subject=subject, end_user=ALICE) == ["my PIN is 9317"]


async def test_a_persons_export_and_erasure_have_all_that_her_people_said(shop: Shop, seller: Bot) -> None:
    key = await somebody(shop.admin)
    for name in (ALICE, BOB):
        await told_her_pin(key, seller, name)
    subject = (await key.call("identity.whoami")).subject
    asked = await shop.admin.call("privacy.export_person", subject=subject)
    await ended(shop.house, shop.admin, asked.request_id)
    told = (await shop.admin.call("privacy.read_export", request_id=asked.request_id)).services["assistant"]
    assert [len(told[name]) for name in ("conversations", "facts", "memory_choices")] == [2, 2, 2]
    erased = await shop.admin.call("privacy.erase_person", subject=subject)
    report = await ended(shop.house, shop.admin, erased.request_id)
    counts = {part.service: part.counts for part in report.parts}["assistant"]
    assert (counts["conversations"], counts["facts"]) == (2, 2)
    for table in ("assistant_memories", "assistant_facts", "assistant_conversations"):
        sql = f"SELECT 1 AS one FROM {table} WHERE subject = :subject"
        assert await shop.house.engines.database.fetch(SYSTEM, sql, {"subject": subject}) == []


async def test_no_name_stands_in_the_database(shop: Shop, seller: Bot) -> None:
    await told_her_pin(await somebody(shop.admin), seller)
    for table in ("assistant_memories", "assistant_facts", "assistant_conversations", "assistant_turns"):
        rows = await shop.house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}")
        assert [row for row in rows if ALICE in str(dict(row))] == []


async def test_a_turns_key_tells_nobody_else_what_was_said(shop: Shop, seller: Bot) -> None:
    key = await somebody(shop.admin)
    said: dict[str, Any] = {"bot_id": seller.bot_id, "text": "when do you open", "turn_key": "said-1"}

    async def streams(name: str) -> list[Any]:
        shown = {"messages": [], "end_user": name}
        pieces = (await key.answer("assistant.stream_turn", **said, transcript=shown)).value
        return [each async for each in pieces]

    first, again = [(await streams(ALICE))[-1].result for _ in range(2)]
    assert again == first
    with pytest.raises(TurnKeyReused):
        await streams(BOB)
