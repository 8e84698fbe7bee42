"""Visitors where a generator writes the answers: it writes theirs too, and is open to them no further."""

from pathlib import Path

import pytest

from chat_upstream import Answer, chat_upstream
from mainstay.kernel.guard import PermissionMissing
from makers import FrozenClock, client, opened_house
from services.assistant.making import INTENTS
from services.privacy.test_persons import ended
from services.widgets.conftest import ORIGIN, Stall

TEXT = "Gift cards are sold at the counter. Gift cards cost 25 or 50 euros each."
SAYS = "Gift cards cost 25 or 50 euros each."
CARDS = "what do gift cards cost"


async def test_a_generator_writes_what_a_visitor_is_told(tmp_path: Path, clock: FrozenClock) -> None:
    async with chat_upstream() as upstream:
        upstream.script = lambda _: Answer([SAYS, " [1]"])
        chosen = {"generator": upstream.url, "generator_model": "chat-1"}
        async with opened_house(tmp_path / "data", clock=clock, **chosen) as house:
            admin = client(house)
            await admin.call("knowledge.add_document", collection="shop", text=TEXT, wait=True)
            made = {"name": "Shop", "collections": ["shop"], "intents": INTENTS}
            bot = await admin.call("assistant.create_bot", **made)
            asked = {"bot_id": bot.bot_id, "name": "Stall", "origins": [ORIGIN]}
            stall = Stall(house, clock, admin, await admin.call("widgets.create_widget", **asked))
            visitor = await stall.visitor()
            _, said = await visitor.say(CARDS)
            assert (said.reply, len(upstream.asked)) == (SAYS, 1)
            messages = [{"role": "user", "content": CARDS}]
            with pytest.raises(PermissionMissing):
                await visitor.client.call("generation.stream_complete", messages=messages)
            [service] = [each for each in house._caretakers if hasattr(each, "_answering")]
            await house._go_round(service)
            page = {"subject": visitor.visitor_id}
            assert len((await admin.call("generation.list_traces", **page)).traces) == 1
            erasure = await admin.call("privacy.erase_person", **page)
            await ended(house, admin, erasure.request_id)
            assert (await admin.call("generation.list_traces", **page)).traces == []
