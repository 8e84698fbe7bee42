"""Exports of turns: pages are full of one's own, and what leads on tells of nobody else."""

from typing import Any

import pytest

from mainstay.services.assistant.conversation_store import ConversationStore
from services.assistant.conftest import Shop, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")

RETURNS = "how do returns work"


async def test_pages_are_of_ones_own_turns_alone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    her, others = await somebody(shop.admin), await somebody(shop.admin)
    opened: list[str] = []
    real = ConversationStore._opened

    async def noted(self: ConversationStore, rows: Any) -> Any:
        opened.extend(str(row["subject"]) for row in rows)
        return await real(self, rows)

    hers = []
    for number in range(9):
        shop.clock.move(1)
        turn = await shop.say(RETURNS, who=her if number % 4 == 0 else others)
        hers += [turn.turn_id] if number % 4 == 0 else []
    monkeypatch.setattr(ConversationStore, "_opened", noted)
    place = {"bot_id": shop.bot.bot_id}
    first = await her.call("assistant.export_turns", **place, limit=2)
    assert [each.turn_id for each in first.turns] == hers[:2]
    assert first.next == hers[1]
    last = await her.call("assistant.export_turns", **place, limit=2, after=first.next)
    assert ([each.turn_id for each in last.turns], last.next) == (hers[2:], None)
    assert set(opened) == {(await her.call("identity.whoami")).subject}
    everybodys = await shop.admin.call("assistant.export_turns", **place, limit=1000)
    assert len(everybodys.turns) >= 9
