"""While somebody is being erased, pages leave out what was hers, and still lead on to all the rest."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from mainstay.services.assistant import bots
from mainstay.services.assistant.failures import ConversationMissing
from mainstay.services.assistant.personal import PersonalConversations
from mainstay.services.assistant.records import Turn
from makers import Client, FrozenClock, client, opened_house
from services.assistant.conftest import somebody
from services.assistant.making import INTENTS

PAGE = 2


@dataclass(frozen=True)
class Half:
    """A bot with which two have talked, of whom one is erased but for her rows; what the other one said."""

    admin: Client
    bot_id: str
    left: list[Turn]

    async def every(self, operation: str, name: str, **given: Any) -> list[Any]:
        """Go through all pages of a list."""
        found, after = list[Any](), None
        while True:
            page = await self.admin.call(operation, after=after, limit=PAGE, **given)
            found += getattr(page, name)
            after = page.next
            if after is None:
                return found


async def readable(who: Client, turn: Turn) -> bool:
    """Say whether a turn's conversation can be read still."""
    try:
        await who.call("assistant.get_conversation", conversation_id=turn.conversation_id)
    except ConversationMissing:
        return False
    return True


@pytest_asyncio.fixture
async def half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Half]:
    free, real = asyncio.Event(), PersonalConversations.erase

    async def later(self: PersonalConversations, event: Any) -> None:
        await free.wait()
        await real(self, event)

    monkeypatch.setattr(PersonalConversations, "erase", later)
    clock = FrozenClock()
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        her, other = await somebody(admin, "admin"), await somebody(admin, "admin")
        bot = await admin.call("assistant.create_bot", name="Shop", intents=INTENTS)
        said = list[Turn]()
        for who in (other, *[her] * (2 * PAGE), other, *[her] * PAGE):
            clock.move(1)
            turn = await who.call("assistant.take_turn", bot_id=bot.bot_id, text=f"number {len(said)}")
            given = {"bot_id": bot.bot_id, "turn_id": turn.turn_id, "intent": "returns"}
            await who.call("assistant.rate_turn", **given)
            said.append(turn)
        subject = (await her.call("identity.whoami")).subject
        await admin.call("privacy.erase_person", subject=subject)
        async with asyncio.timeout(20):
            while await readable(admin, said[1]):
                await asyncio.sleep(0.02)
        yield Half(admin, bot.bot_id, [said[0], said[2 * PAGE + 1]])
        free.set()


async def test_pages_lead_on_to_what_others_said(half: Half) -> None:
    turns = await half.every("assistant.export_turns", "turns", bot_id=half.bot_id)
    assert turns == half.left
    places = [turn.conversation_id for turn in reversed(half.left)]
    for words in ({}, {"q": "number"}):
        listed = await half.every("assistant.list_conversations", "conversations", **words)
        assert [each.conversation_id for each in listed] == places
    judged = {"bot_id": half.bot_id, "state": "accepted"}
    feedback = await half.every("assistant.list_feedback", "feedback", **judged)
    assert [each.turn_id for each in feedback] == [turn.turn_id for turn in half.left]


async def test_a_bot_learns_from_what_others_said(half: Half, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bots, "_PAGE", PAGE)
    model = await half.admin.call("assistant.train_bot", bot_id=half.bot_id)
    assert model.learned == len(half.left)
