"""What somebody said goes with the person, with the conversation, with age; bots learn anew without it."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mainstay.kernel.tidying import DAY_MS
from mainstay.ports.database import SYSTEM
from mainstay.services.assistant import personal
from mainstay.services.assistant.failures import BotBusy, TalkerErased
from mainstay.services.assistant.model import Model
from mainstay.services.assistant.summarising import EVERY, Summarising
from mainstay.services.assistant.training import Example, Outcome, Training
from makers import Client, FrozenClock, client, opened_house
from services.assistant.conftest import somebody
from services.assistant.making import INTENTS
from services.privacy.test_persons import calm, ended

SECRET = "violet marmalade submarine"


async def versions(admin: Client, bot_id: str) -> list[int]:
    return [each.version for each in (await admin.call("assistant.get_bot", bot_id=bot_id)).models]


async def test_a_person_takes_what_she_said_along_and_bots_forget_it(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", clock=FrozenClock()) as house:
        admin = client(house)
        her, agent = await somebody(admin), await somebody(admin, "admin")
        bot = await admin.call("assistant.create_bot", name="Shop", intents=INTENTS)
        asked = {"bot_id": bot.bot_id, "text": SECRET}
        turn = await her.call("assistant.take_turn", **asked)
        where = {"conversation_id": turn.conversation_id}
        await agent.call("assistant.claim_conversation", **where)
        await agent.call("assistant.reply_to_conversation", **where, text=f"About {SECRET}.")
        rated = {"bot_id": bot.bot_id, "turn_id": turn.turn_id, "intent": "returns"}
        await admin.call("assistant.rate_turn", **rated)
        await admin.call("assistant.train_bot", bot_id=bot.bot_id)
        assert await versions(admin, bot.bot_id) == [2, 1]

        subject = (await her.call("identity.whoami")).subject
        asked_for = await admin.call("privacy.export_person", subject=subject)
        done = await ended(house, admin, asked_for.request_id)
        assert {part.service: part.counts for part in done.parts}["assistant"] == {
            "conversations": 1,
            "judgements": 1,
            "facts": 0,
        }
        data = (await admin.call("privacy.read_export", request_id=asked_for.request_id)).services
        [talk] = data["assistant"]["conversations"]
        assert [each["text"] for each in talk["turns"]] == [SECRET, ""]

        erased = await admin.call("privacy.erase_person", subject=subject)
        report = await ended(house, admin, erased.request_id)
        counts = {part.service: part.counts for part in report.parts}
        assert counts["assistant"] == {"conversations": 1, "judgements": 1, "replies": 0, "facts": 0}
        assert await versions(admin, bot.bot_id) == [3]
        for table in ("assistant_turns", "assistant_conversations", "assistant_feedback"):
            assert await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}") == []
        model = (await admin.call("assistant.get_bot", bot_id=bot.bot_id)).models[0]
        assert model.learned == 0
        with pytest.raises(TalkerErased):
            await her.call("assistant.take_turn", **asked)


async def test_an_export_has_the_newest_that_fits_and_counts_what_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal, "EXPORTED_CHARACTERS_MAX", 3_000)
    clock = FrozenClock()
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        her = await somebody(admin)
        bot = await admin.call("assistant.create_bot", name="Shop", intents=INTENTS)
        for text in ("a" * 2_000, "b" * 2_000):
            clock.move(1)
            turn = await her.call("assistant.take_turn", bot_id=bot.bot_id, text=text)
            rated = {"bot_id": bot.bot_id, "turn_id": turn.turn_id, "helpful": False, "comment": text}
            await her.call("assistant.rate_turn", **rated)
        subject = (await her.call("identity.whoami")).subject
        asked_for = await admin.call("privacy.export_person", subject=subject)
        done = await ended(house, admin, asked_for.request_id)
        told = (await admin.call("privacy.read_export", request_id=asked_for.request_id)).services
        [talk], judgements = told["assistant"]["conversations"], told["assistant"]["judgements"]
        assert talk["turns"][0]["text"] == "b" * 2_000
        assert judgements == [], "each has the text and the comment"
        assert {part.service: part.counts for part in done.parts}["assistant"] == {
            "conversations": 1,
            "conversations_left_out": 1,
            "judgements": 0,
            "judgements_left_out": 2,
            "facts": 0,
        }


async def test_nothing_that_was_said_stands_readable_in_the_database(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", clock=FrozenClock()) as house:
        admin = client(house)
        intents = [{"name": "secret_intent", "examples": [f"{SECRET} please"], "replies": [SECRET]}]
        bot = await admin.call("assistant.create_bot", name="Shop", intents=intents)
        turn = await admin.call("assistant.take_turn", bot_id=bot.bot_id, text=SECRET)
        rated = {"bot_id": bot.bot_id, "turn_id": turn.turn_id, "intent": "secret_intent", "comment": SECRET}
        await admin.call("assistant.rate_turn", **rated)
    held = b"".join(path.read_bytes() for path in sorted((tmp_path / "data").glob("mainstay.db*")))
    assert len(held) > 10_000
    assert [word for word in (*SECRET.encode().split(), b"secret_intent") if word in held] == []


async def test_a_deleted_conversation_is_unlearned(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", clock=FrozenClock()) as house:
        admin = client(house)
        bot = await admin.call("assistant.create_bot", name="Shop", intents=INTENTS)
        turn = await admin.call("assistant.take_turn", bot_id=bot.bot_id, text=SECRET)
        rated = {"bot_id": bot.bot_id, "turn_id": turn.turn_id, "intent": "returns"}
        await admin.call("assistant.rate_turn", **rated)
        assert (await admin.call("assistant.train_bot", bot_id=bot.bot_id)).learned == 1
        await admin.call("assistant.delete_conversation", conversation_id=turn.conversation_id)
        await calm(house, admin)
        [model] = (await admin.call("assistant.get_bot", bot_id=bot.bot_id)).models
        assert (model.version, model.learned, model.active) == (3, 0, True)


async def test_old_conversations_are_removed_and_young_ones_stay(tmp_path: Path) -> None:
    clock = FrozenClock()
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        bot = await admin.call("assistant.create_bot", name="Shop", intents=INTENTS)
        old = await admin.call("assistant.take_turn", bot_id=bot.bot_id, text="how do returns work")
        rated: dict[str, Any] = {"bot_id": bot.bot_id, "turn_id": old.turn_id, "helpful": True}
        await admin.call("assistant.rate_turn", **rated)
        clock.move(40 * DAY_MS / 1000)
        young = await admin.call("assistant.take_turn", bot_id=bot.bot_id, text="how do returns work")
        preview = await admin.call("privacy.preview_retention", kind="conversations", days=30)
        assert preview.count == 1
        await admin.call("privacy.set_retention", days={"conversations": 30})
        clock.move(DAY_MS / 1000 + 60)
        async with asyncio.timeout(20):
            while True:
                page = await admin.call("assistant.list_conversations")
                if [each.conversation_id for each in page.conversations] == [young.conversation_id]:
                    break
                await asyncio.sleep(0.05)
        assert await house.engines.database.fetch(SYSTEM, "SELECT * FROM assistant_feedback") == []


async def test_a_training_that_runs_while_somebody_is_erased_is_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, reached, free = Training.train, asyncio.Event(), asyncio.Event()

    async def slow(self: Training, examples: Sequence[Example]) -> tuple[Model, Outcome]:
        made, first = await real(self, examples), not reached.is_set()
        reached.set()
        if first:
            await free.wait()
        return made

    clock = FrozenClock()
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        her = await somebody(admin, "admin")
        bot = await admin.call("assistant.create_bot", name="Shop", intents=INTENTS)
        place = {"bot_id": bot.bot_id}
        turn = await her.call("assistant.take_turn", **place, text=SECRET)
        await her.call("assistant.rate_turn", **place, turn_id=turn.turn_id, intent="returns")
        monkeypatch.setattr(Training, "train", slow)
        running = asyncio.create_task(admin.call("assistant.train_bot", **place))
        await reached.wait()
        subject = (await her.call("identity.whoami")).subject
        erased = await admin.call("privacy.erase_person", subject=subject)
        async with asyncio.timeout(20):
            while await house.engines.database.fetch(SYSTEM, "SELECT 1 AS one FROM assistant_feedback"):
                await house.audit.flush()
                clock.move(1)
                await asyncio.sleep(0.02)
        free.set()
        with pytest.raises(BotBusy):
            await running
        await ended(house, admin, erased.request_id)
        [model] = (await admin.call("assistant.get_bot", **place)).models
        assert (model.learned, model.reason) == (0, "erased")


async def test_a_summary_does_not_outlive_its_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, free = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> str:
        reached.set()
        await free.wait()
        return SECRET

    monkeypatch.setattr(Summarising, "_shortened", slow)
    async with opened_house(tmp_path / "data", clock=FrozenClock()) as house:
        admin = client(house)
        bot = await admin.call("assistant.create_bot", name="Shop", intents=INTENTS)
        said = {"bot_id": bot.bot_id, "text": "how do returns work"}
        place = (await admin.call("assistant.take_turn", **said)).conversation_id
        for _ in range(2 * EVERY - 1):
            await admin.call("assistant.take_turn", **said, conversation_id=place)
        await asyncio.wait_for(reached.wait(), 10)
        await admin.call("assistant.delete_conversation", conversation_id=place)
        free.set()
        await calm(house, admin)
        assert await house.engines.database.fetch(SYSTEM, "SELECT * FROM assistant_summaries") == []
