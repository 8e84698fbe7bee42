"""One house for a module's tests, with a shop's bot and what it may read."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from mainstay.app.house import House
from mainstay.services.assistant.records import Bot, Turn
from makers import Client, FrozenClock, Mailbox, client, opened_house, tenant_client
from services.assistant.making import INTENTS


@dataclass(frozen=True)
class Shop:
    """A house with a bot, its maker, and somebody who talks with it."""

    house: House
    clock: FrozenClock
    admin: Client
    user: Client
    bot: Bot

    async def say(self, text: str, conversation_id: str | None = None, who: Client | None = None) -> Turn:
        """Say something to the bot."""
        asked = {"bot_id": self.bot.bot_id, "text": text, "conversation_id": conversation_id}
        turn: Turn = await (who or self.user).call("assistant.take_turn", **asked)
        return turn

    async def talk(self, *texts: str) -> list[Turn]:
        """Say one thing after the other in a conversation."""
        turns = [await self.say(texts[0])]
        for text in texts[1:]:
            turns.append(await self.say(text, turns[0].conversation_id))
        return turns


async def somebody(admin: Client, role: str = "user") -> Client:
    """Give somebody else with a key of this tenant."""
    made = await admin.call("identity.create_key", name="somebody", role=role)
    return client(admin.house, made.key)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    clock = FrozenClock()
    folder = tmp_path_factory.mktemp("shop") / "data"
    async with opened_house(folder, clock=clock, mailer=Mailbox()) as house:
        admin = client(house)
        text = "Gift cards are sold at the counter. Gift cards cost 25 or 50 euros each."
        await admin.call("knowledge.add_document", collection="shop", doc_id="cards", text=text, wait=True)
        hidden = {"doc_id": "safe", "groups": ["board"], "text": "The code of the safe is 4711 today."}
        await admin.call("knowledge.add_document", collection="shop", wait=True, **hidden)
        made = {"name": "Shop", "collections": ["shop"], "intents": INTENTS}
        bot = await admin.call("assistant.create_bot", **made)
        yield Shop(house, clock, admin, await somebody(admin), bot)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stranger(shop: Shop) -> Client:
    """Give an administrator of another tenant."""
    return await tenant_client(shop.house, "Another house")
