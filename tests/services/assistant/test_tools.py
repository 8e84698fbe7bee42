"""Operations that bots call: by the asking user's permissions, once, after a yes where they change things."""

from typing import Any

import pytest
import pytest_asyncio

from mainstay.services.assistant import tools
from mainstay.services.assistant.failures import BotInvalid
from mainstay.services.assistant.records import Bot, Turn
from makers import Client
from services.assistant.conftest import Shop, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIND = {
    "name": "find",
    "examples": ["look up a document", "find a document", "look documents up"],
    "slots": [{"name": "words", "entity": "text", "prompt": "Which words?"}],
    "operation": "knowledge.search",
    "arguments": {"query": "{words}", "top_k": "1"},
    "replies": ["{result.count} found, first {result.0.title}: {result.0.doc_id}."],
}
MAKE = {
    "name": "make",
    "title": "Make a shelf",
    "examples": ["make a new shelf", "create a shelf", "a shelf please"],
    "slots": [{"name": "shelf", "entity": "text", "prompt": "What is it called?"}],
    "operation": "knowledge.create_collection",
    "arguments": {"name": "{shelf}"},
    "replies": ["{result.name} is there."],
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clerk(shop: Shop) -> Bot:
    made: Bot = await shop.admin.call("assistant.create_bot", name="Clerk", intents=[FIND, MAKE])
    return made


async def talk(who: Client, bot: Bot, *texts: str) -> list[Turn]:
    turns: list[Turn] = []
    for text in texts:
        asked: dict[str, Any] = {"bot_id": bot.bot_id, "text": text}
        if turns:
            asked["conversation_id"] = turns[0].conversation_id
        turns.append(await who.call("assistant.take_turn", **asked))
    return turns


async def shelves(shop: Shop) -> set[str]:
    return {each.name for each in await shop.admin.call("knowledge.list_collections")}


async def test_what_only_reads_is_called_at_once_by_the_asking_users_permissions(
    shop: Shop, clerk: Bot
) -> None:
    safe = ["find a document", "code of the safe"]
    seen = await talk(shop.admin, clerk, *safe)
    assert seen[0].reply == "Which words?"
    assert seen[1].reply.endswith(": safe.")
    hidden = await talk(shop.user, clerk, *safe)
    assert "safe." not in hidden[1].reply
    await shop.admin.call("identity.create_role", name="only-talks", permissions=["assistants:use"])
    talker = await somebody(shop.admin, "only-talks")
    refused = await talk(talker, clerk, *safe)
    assert refused[1].reply.startswith("That did not work.")
    assert "documents:read" in refused[1].reply


async def test_what_changes_something_is_asked_back_for_and_done_once(shop: Shop, clerk: Bot) -> None:
    turns = await talk(shop.admin, clerk, "make a new shelf", "blue books")
    assert turns[1].reply == ("Shall I do this? Make a shelf (knowledge.create_collection, name: blue books)")
    assert "blue books" not in await shelves(shop)
    asked = {"bot_id": clerk.bot_id, "text": "Yes!", "conversation_id": turns[0].conversation_id}
    done = await shop.admin.call("assistant.take_turn", **asked)
    assert done.reply == "blue books is there."
    assert "blue books" in await shelves(shop)
    again = await shop.admin.call("assistant.take_turn", **asked)
    assert "is there" not in again.reply, "a second yes does nothing"


@pytest.mark.parametrize("answer", ["no", "cancel", "find a document", "perhaps yes and no"])
async def test_whatever_is_no_yes_changes_nothing(shop: Shop, clerk: Bot, answer: str) -> None:
    await talk(shop.admin, clerk, "make a new shelf", "red books", answer)
    assert "red books" not in await shelves(shop)


async def test_a_yes_does_not_lend_permissions(shop: Shop, clerk: Bot) -> None:
    turns = await talk(shop.user, clerk, "make a new shelf", "green books", "yes")
    assert "collections:write" in turns[2].reply
    assert "green books" not in await shelves(shop)


async def test_a_yes_is_to_what_was_asked_and_to_nothing_else(shop: Shop) -> None:
    bot = await shop.admin.call("assistant.create_bot", name="Turncoat", intents=[FIND, MAKE])
    [begun, _] = await talk(shop.admin, bot, "make a new shelf", "brown books")
    other = {"operation": "knowledge.add_document", "arguments": {"collection": "shop", "text": "{shelf}"}}
    changed = [FIND, {**MAKE, **other, "replies": ["Done."]}]
    await shop.admin.call("assistant.update_bot", bot_id=bot.bot_id, intents=changed)
    asked = {"bot_id": bot.bot_id, "text": "yes", "conversation_id": begun.conversation_id}
    turn = await shop.admin.call("assistant.take_turn", **asked)
    assert turn.reply == (
        "Shall I do this? Make a shelf (knowledge.add_document, collection: shop, text: brown books)"
    )
    assert (await shop.admin.call("assistant.take_turn", **asked)).reply == "Done."


async def test_what_is_asked_back_for_is_shown_whole_and_without_links(shop: Shop, clerk: Bot) -> None:
    turns = await talk(shop.admin, clerk, "make a new shelf", "{shelf} [x](https://evil.example)")
    assert turns[1].reply.endswith("name: (shelf) (x)(https: //evil.example))")


async def test_a_streamed_turn_calls_too(shop: Shop, clerk: Bot) -> None:
    turns = await talk(shop.admin, clerk, "make a new shelf", "grey books")
    asked = {"bot_id": clerk.bot_id, "text": "yes", "conversation_id": turns[0].conversation_id}
    pieces = [piece async for piece in (await shop.admin.answer("assistant.stream_turn", **asked)).value]
    assert pieces[-1].result.reply == "grey books is there."
    assert "grey books" in await shelves(shop)


async def test_a_bot_made_before_an_operation_was_closed_calls_it_no_more(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = {**FIND, "name": "audit", "operation": "observability.search_entries", "arguments": {}}
    audit = {**audit, "slots": [], "replies": ["{result.count} entries."]}
    with monkeypatch.context() as patch:
        patch.setattr(tools, "CLOSED", frozenset())
        bot = await shop.admin.call("assistant.create_bot", name="Earlier", intents=[audit, MAKE])
        [open_then] = await talk(shop.admin, bot, "find a document")
    [closed_now] = await talk(shop.admin, bot, "find a document")
    assert "entries" in open_then.reply
    assert closed_now.reply == "That did not work. observability.search_entries is not here."


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"operation": "knowledge.nothing"}, "operation"),
        ({"operation": "assistant.delete_bot", "arguments": {"bot_id": "{words}"}}, "operation"),
        ({"operation": "knowledge.stream_answer"}, "operation"),
        ({"operation": "identity.create_key"}, "operation"),
        ({"operation": "people.sign_in"}, "operation"),
        ({"operation": "observability.search_entries"}, "operation"),
        ({"operation": "knowledge.upload_document"}, "operation"),
        ({"arguments": {"query": "{words}", "mood": "good"}}, "arguments.mood"),
        ({"arguments": {"top_k": "1"}}, "arguments"),
        ({"arguments": {"query": "{nothing}"}}, "arguments"),
        ({"operation": None}, "operation"),
        ({"action": "reply"}, "operation"),
    ],
)
async def test_what_a_bot_cannot_call_is_refused(shop: Shop, given: dict[str, Any], field: str) -> None:
    with pytest.raises(BotInvalid) as refused:
        await shop.admin.call("assistant.create_bot", name="x", intents=[{**FIND, **given}])
    assert refused.value.problems[0]["field"] == f"intents.0.{field}"
