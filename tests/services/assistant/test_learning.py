"""Learning: corrections, reviews, retraining with a judge, roll-back, suggestions; on real data."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from faults.servers import lacking
from mainstay.engines.encoder.onnx import OnnxEncoder
from mainstay.services.assistant.failures import (
    BotInvalid,
    FeedbackEmpty,
    FeedbackMissing,
    IntentMissing,
    TurnMissing,
)
from mainstay.services.assistant.records import Bot
from mainstay.services.assistant.retraining import Retraining
from mainstay.services.assistant.store import BotRow, BotStore
from makers import Client, FitsHere, client, opened_house
from services.assistant.conftest import Shop, somebody
from services.assistant.making import INTENTS
from services.privacy.test_persons import calm

pytestmark = pytest.mark.asyncio(loop_scope="module")

INTENTS_TRIED, GIVEN, CORRECTED, TRIED = 40, 3, 200, 5
DAY_S = 86_400


async def test_a_correction_is_learned_from_when_the_bot_is_trained(shop: Shop) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Learner", intents=INTENTS)
    asked = {"bot_id": made.bot_id, "text": "reimburse garments promptly"}
    turn = await shop.admin.call("assistant.take_turn", **asked)
    rated = {"bot_id": made.bot_id, "turn_id": turn.turn_id, "helpful": False}
    told = await shop.admin.call("assistant.rate_turn", **rated, intent="returns", comment="Money back.")
    assert (told.state, told.text) == ("accepted", asked["text"])
    trained = await shop.admin.call("assistant.train_bot", bot_id=made.bot_id)
    assert (trained.version, trained.learned, trained.active, trained.compared.switched) == (2, 1, True, True)
    [after] = await shop.admin.call(
        "assistant.understand", bot_id=made.bot_id, texts=["garments reimburse please"]
    )
    assert (after.intent, after.out_of_scope) == ("returns", False)


async def test_a_correction_of_a_user_waits_and_said_again_replaces(shop: Shop) -> None:
    turn = await shop.say("reimburse garments promptly")
    rated = {"bot_id": shop.bot.bot_id, "turn_id": turn.turn_id}
    first = await shop.user.call("assistant.rate_turn", **rated, intent="person")
    again = await shop.user.call("assistant.rate_turn", **rated, intent="returns")
    assert (first.state, again.state) == ("pending", "pending")
    page = await shop.admin.call("assistant.list_feedback", bot_id=shop.bot.bot_id)
    [waiting] = [each for each in page.feedback if each.turn_id == turn.turn_id]
    assert waiting.feedback_id == again.feedback_id
    decided = {"bot_id": shop.bot.bot_id, "feedback_id": again.feedback_id}
    accepted = await shop.admin.call(
        "assistant.review_feedback", **decided, accept=True, intent="opening_hours"
    )
    assert (accepted.state, accepted.intent) == ("accepted", "opening_hours")
    rejected = await shop.admin.call("assistant.review_feedback", **decided, accept=False)
    assert rejected.state == "rejected"


async def test_a_rating_leaves_a_correction_and_nothing_is_no_feedback(shop: Shop) -> None:
    turn = await shop.say("reimburse garments promptly")
    rated = {"bot_id": shop.bot.bot_id, "turn_id": turn.turn_id}
    corrected = await shop.admin.call("assistant.rate_turn", **rated, intent="returns", comment="Money.")
    thumb = await shop.admin.call("assistant.rate_turn", **rated, helpful=False)
    assert thumb == corrected.model_copy(update={"helpful": False})
    with pytest.raises(FeedbackEmpty):
        await shop.admin.call("assistant.rate_turn", **rated)
    asked = {"bot_id": shop.bot.bot_id, "state": "accepted"}
    assert thumb in (await shop.admin.call("assistant.list_feedback", **asked)).feedback
    other = await shop.admin.call("assistant.rate_turn", **rated, intent="person")
    assert (other.intent, other.helpful, other.comment) == ("person", False, "Money.")
    assert thumb not in (await shop.admin.call("assistant.list_feedback", **asked)).feedback


async def test_what_others_said_is_judged_by_whoever_may_see_it(shop: Shop) -> None:
    turn = await shop.say("my violet marmalade submarine")
    rated = {"bot_id": shop.bot.bot_id, "turn_id": turn.turn_id}
    told = await shop.user.call("assistant.rate_turn", **rated, intent="returns")
    developer = await somebody(shop.admin, "developer")
    asked = {"bot_id": shop.bot.bot_id}
    assert "marmalade" not in str(await developer.call("assistant.list_feedback", **asked))
    with pytest.raises(FeedbackMissing):
        await developer.call("assistant.review_feedback", **asked, feedback_id=told.feedback_id, accept=True)
    assert "marmalade" in str(await shop.admin.call("assistant.list_feedback", **asked))


async def test_what_is_judged_must_be_there_and_visible(shop: Shop) -> None:
    turn = await shop.say("how do returns work")
    rated = {"bot_id": shop.bot.bot_id, "turn_id": turn.turn_id}
    with pytest.raises(IntentMissing):
        await shop.user.call("assistant.rate_turn", **rated, intent="nothing")
    other = await somebody(shop.admin)
    with pytest.raises(TurnMissing):
        await other.call("assistant.rate_turn", **rated, helpful=True)
    assert (await shop.user.call("assistant.rate_turn", **rated, helpful=True)).state == "rated"


async def test_a_bot_is_trained_by_itself_after_so_many_corrections(shop: Shop) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Itself", intents=INTENTS, retrain_after=2)
    for text in ("reimburse garments promptly", "garments reimburse"):
        turn = await shop.admin.call("assistant.take_turn", bot_id=made.bot_id, text=text)
        rated = {"bot_id": made.bot_id, "turn_id": turn.turn_id, "intent": "returns"}
        await shop.admin.call("assistant.rate_turn", **rated)
    async with asyncio.timeout(20):
        while (await shop.admin.call("assistant.get_bot", bot_id=made.bot_id)).version != 2:
            await asyncio.sleep(0.02)


async def test_a_bot_is_trained_by_schedule_where_there_is_something_new_and_failures_are_told(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Daily", intents=INTENTS, retrain_every=24)
    place = {"bot_id": made.bot_id}

    async def a_day_later() -> Bot:
        before = (await shop.admin.call("assistant.get_bot", **place)).retrain_ms
        shop.clock.move(86_400)
        await calm(shop.house, shop.admin)
        bot: Bot = await shop.admin.call("assistant.get_bot", **place)
        assert (bot.retrain_ms or 0) >= before + 86_400_000
        return bot

    assert [model.version for model in (await a_day_later()).models] == [1]
    turn = await shop.admin.call("assistant.take_turn", **place, text="reimburse garments promptly")
    judged = {**place, "turn_id": turn.turn_id}
    await shop.admin.call("assistant.rate_turn", **judged, intent="returns")
    model = (await a_day_later()).models[0]
    assert (model.version, model.reason, model.learned, model.active) == (2, "schedule", 1, True)
    assert len((await a_day_later()).models) == 2
    assert (await shop.admin.call("jobs.list_jobs", limit=1))[0].state == "done"

    async def broken(*_: object, **__: object) -> None:
        raise BotInvalid("The process that trains has died.")

    with monkeypatch.context() as patch:
        patch.setattr(FitsHere, "fit", broken)
        await shop.admin.call("assistant.rate_turn", **judged, intent="person")
        assert len((await a_day_later()).models) == 2
    [job] = await shop.admin.call("jobs.list_jobs", limit=1)
    assert (job.state, job.failures[0].subject) == ("failed", made.bot_id)
    assert "has died" in job.failures[0].detail
    await shop.admin.call("jobs.retry_job", job_id=job.job_id)
    await calm(shop.house, shop.admin)
    assert len((await shop.admin.call("assistant.get_bot", **place)).models) == 3
    stopped = await shop.admin.call("assistant.update_bot", **place, retrain_every=0)
    assert stopped.retrain_ms is None


async def test_a_schedule_goes_on_after_a_collision_and_after_what_was_missed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Goes on", intents=INTENTS, retrain_every=24)
    real, times = BotStore.change, list[int]()

    async def collides(self: BotStore, row: BotRow, revision: int) -> bool:
        times.append(revision)
        return len(times) > 1 and await real(self, row, revision)

    with monkeypatch.context() as patched:
        patched.setattr(BotStore, "change", collides)
        shop.clock.move(DAY_S + 60)
        async with asyncio.timeout(20):
            while len(times) < 2:
                shop.clock.move(1)
                await asyncio.sleep(0.02)
        await calm(shop.house, shop.admin)
    bot = await shop.admin.call("assistant.get_bot", bot_id=made.bot_id)
    assert bot.retrain_ms > shop.clock.now_ms()

    async def lost(*_: object) -> None: ...

    with monkeypatch.context() as patched:
        patched.setattr(Retraining, "go_round", lost)
        shop.clock.move(DAY_S + 60)
        await calm(shop.house, shop.admin)
    same = await shop.admin.call("assistant.update_bot", bot_id=made.bot_id, retrain_every=24)
    assert same.retrain_ms > shop.clock.now_ms()


async def test_an_earlier_model_answers_again_by_one_call_and_five_are_kept(shop: Shop) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Back", intents=INTENTS)
    said = await shop.admin.call("assistant.take_turn", bot_id=made.bot_id, text="my jacket")
    for intent in ("returns", "person") * 3:
        rated = {"bot_id": made.bot_id, "turn_id": said.turn_id, "intent": intent}
        await shop.admin.call("assistant.rate_turn", **rated)
        trained = await shop.admin.call("assistant.train_bot", bot_id=made.bot_id)
        again = await shop.admin.call("assistant.train_bot", bot_id=made.bot_id)
        assert again == trained, "with nothing new no model is made, and none is pushed out"
    bot = await shop.admin.call("assistant.get_bot", bot_id=made.bot_id)
    assert [model.version for model in bot.models] == [7, 6, 5, 4, 3]
    back = await shop.admin.call("assistant.use_model", bot_id=made.bot_id, version=4)
    assert back.active
    turn = await shop.admin.call("assistant.take_turn", bot_id=made.bot_id, text="how do returns work")
    assert turn.version == 4


async def test_what_could_not_be_answered_is_grouped_and_named(shop: Shop) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Gaps", intents=INTENTS)
    cards = ["loyalty points balance", "loyalty points balance now", "loyalty points balance today"]
    for text in [*cards, "quantum lattice", "how do returns work", cards[0].upper()]:
        await shop.admin.call("assistant.take_turn", bot_id=made.bot_id, text=text)
    [found] = await shop.admin.call("assistant.suggest_intents", bot_id=made.bot_id)
    assert (found.questions, found.name) == (3, "loyalty_points_balance")
    assert {text.lower() for text in found.examples} == set(cards)
    assert len(await shop.admin.call("assistant.suggest_intents", bot_id=made.bot_id, least=4)) == 0


async def test_a_suggestion_can_be_accepted_as_it_comes(shop: Shop) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Floods", intents=INTENTS)
    place, long = {"bot_id": made.bot_id}, "quark" * 100
    texts = [f"{long} lattice {'zebra ' * count}" for count in (1, 2, 3, 300)]
    turns = [await shop.user.call("assistant.take_turn", **place, text=text) for text in texts]
    for turn in turns[:3]:
        answered = {"conversation_id": turn.conversation_id}
        await shop.admin.call("assistant.claim_conversation", **answered)
        for reply in ("Hello, here is Bea 🙂", "Hi! It is in hall 3."):
            await shop.admin.call("assistant.reply_to_conversation", **answered, text=reply)
    [found] = await shop.admin.call("assistant.suggest_intents", **place)
    assert (found.questions, found.name, found.reply) == (3, "lattice_zebra", "It is in hall 3.")
    given = {"examples": found.examples, "replies": [found.reply], "turn_ids": found.turn_ids}
    bot = await shop.admin.call("assistant.accept_suggestion", **place, name=found.name, **given)
    assert (bot.intents, bot.definition[-1].name) == (len(INTENTS) + 1, found.name)


async def test_a_suggestion_with_the_teams_answer_becomes_an_intent_in_one_call(shop: Shop) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Grows", intents=INTENTS)
    place, texts = (
        {"bot_id": made.bot_id},
        [f"loyalty points balance {day}" for day in ("now", "today", "soon")],
    )
    turns = [await shop.user.call("assistant.take_turn", **place, text=text) for text in texts]
    answered = {"conversation_id": turns[1].conversation_id}
    await shop.admin.call("assistant.claim_conversation", **answered)
    await shop.admin.call("assistant.reply_to_conversation", **answered, text="It stands on your receipt.")
    [found] = await shop.admin.call("assistant.suggest_intents", **place)
    assert (sorted(found.examples), found.reply) == (sorted(texts), "It stands on your receipt.")
    assert set(found.turn_ids) == {turn.turn_id for turn in turns}
    accepted = {"name": found.name, "examples": ["my points"], "replies": [found.reply]}
    developer = await somebody(shop.admin, "developer")
    with pytest.raises(TurnMissing):
        await developer.call("assistant.accept_suggestion", **place, **accepted, turn_ids=found.turn_ids)
    bot = await shop.admin.call("assistant.accept_suggestion", **place, **accepted, turn_ids=found.turn_ids)
    assert (bot.intents, bot.models[0].reason, bot.models[0].learned) == (len(INTENTS) + 1, "suggestion", 3)
    told = await shop.user.call("assistant.take_turn", **place, text="loyalty points balance, please")
    assert (told.intent, told.reply) == (found.name, "It stands on your receipt.")
    assert await shop.admin.call("assistant.suggest_intents", **place, least=2) == []
    with pytest.raises(BotInvalid):
        await shop.admin.call("assistant.accept_suggestion", **place, **accepted)


@pytest.fixture(scope="module")
def said() -> dict[str, list[str]]:
    """Give what people say of the first 40 intents of BANKING77."""
    path = Path(os.environ.get("MAINSTAY_BENCH_DATA", "/nowhere")) / "banking77" / "train.csv"
    if not path.is_file():
        lacking("banking77 is not here: set MAINSTAY_BENCH_DATA")
    found: dict[str, list[str]] = {}
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["category"], []).append(row["text"])
    return {name: found[name] for name in sorted(found)[:INTENTS_TRIED]}


@pytest.fixture(scope="module")
def model() -> Path:
    folder = Path(os.environ.get("MAINSTAY_ENCODER", "/nowhere"))
    if not folder.is_dir():
        lacking("MAINSTAY_ENCODER names no encoder (make encoder)")
    return folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(tmp_path_factory: pytest.TempPathFactory, model: Path) -> AsyncIterator[Client]:
    encoder = OnnxEncoder(model)
    async with opened_house(tmp_path_factory.mktemp("bank") / "data", encoder=encoder) as house:
        yield client(house)
    await encoder.close()


async def corrected(bank: Client, bot_id: str, said: dict[str, list[str]], *, right: bool) -> None:
    """Take 200 turns and correct each, rightly or wrongly."""
    names = sorted(said)
    for number in range(CORRECTED):
        place = number % len(names)
        text = said[names[place]][GIVEN + number // len(names)]
        turn = await bank.call("assistant.take_turn", bot_id=bot_id, text=text)
        intent = names[place] if right else names[(place + 7) % len(names)]
        await bank.call("assistant.rate_turn", bot_id=bot_id, turn_id=turn.turn_id, intent=intent)


async def accuracy(bank: Client, bot_id: str, said: dict[str, list[str]]) -> float:
    """Give how much it understands of what it has never seen."""
    tried = [(text, name) for name in sorted(said) for text in said[name][-TRIED:]]
    told = await bank.call("assistant.understand", bot_id=bot_id, texts=[text for text, _ in tried])
    return sum(each.intent == name for each, (_, name) in zip(told, tried, strict=True)) / len(tried)


async def test_two_hundred_corrections_raise_accuracy_and_a_poisoned_batch_is_not_switched_to(
    bank: Client, said: dict[str, list[str]]
) -> None:
    """With 3 examples for each of 40 intents .79 is right; with 200 corrections .89."""
    intents = [{"name": name, "examples": said[name][:GIVEN], "replies": ["Yes."]} for name in sorted(said)]
    made = [await bank.call("assistant.create_bot", name=name, intents=intents) for name in ("good", "bad")]
    before = await accuracy(bank, made[0].bot_id, said)

    await corrected(bank, made[0].bot_id, said, right=True)
    good = await bank.call("assistant.train_bot", bot_id=made[0].bot_id)
    after = await accuracy(bank, made[0].bot_id, said)
    assert (good.active, good.learned) == (True, CORRECTED)
    assert after >= before + 0.06, (before, after)

    await corrected(bank, made[1].bot_id, said, right=False)
    bad = await bank.call("assistant.train_bot", bot_id=made[1].bot_id)
    assert (bad.active, bad.compared.switched) == (False, False)
    assert bad.compared.candidate_accuracy < bad.compared.accuracy
    assert await accuracy(bank, made[1].bot_id, said) == before
    bot = await bank.call("assistant.get_bot", bot_id=made[1].bot_id)
    assert [(model.version, model.active) for model in bot.models] == [(2, False), (1, True)]
