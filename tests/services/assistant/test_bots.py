"""Bots: made and trained, changed, listed, deleted; what does not fit together is refused."""

import threading
from typing import Any

import pytest

from mainstay.kernel.dispatch import RequestInvalid
from mainstay.services.assistant import models
from mainstay.services.assistant.failures import (
    BotBusy,
    BotInvalid,
    BotMissing,
    BotModelMissing,
    ModelStale,
)
from mainstay.services.assistant.model import ModelUnreadable, model_of
from mainstay.services.assistant.wording import CHARACTERS_READ, cleaned
from services.assistant.conftest import Shop
from services.assistant.making import INTENTS

pytestmark = pytest.mark.asyncio(loop_scope="module")

SLOT = {"name": "order", "entity": "number", "prompt": "Which?"}


async def test_a_bot_understands_when_it_is_made(shop: Shop) -> None:
    [model] = shop.bot.models
    assert (shop.bot.intents, shop.bot.examples) == (4, 11)
    assert (model.version, model.active, model.examples, model.calibrated) == (1, True, 11, False)
    texts = ["please track my order", "do returns work", "quantum chromodynamics lattice"]
    told = await shop.user.call("assistant.understand", bot_id=shop.bot.bot_id, texts=texts)
    assert [each.intent for each in told[:2]] == ["order_status", "returns"]
    assert [each.out_of_scope for each in told] == [False, False, True]
    assert told[0].scope_score > told[2].scope_score
    assert all(0 <= each.confidence <= 1 for each in told)


async def test_two_intents_of_three_examples_are_enough(shop: Shop) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Small", intents=INTENTS[:2])
    texts = ["my order", "send shoes back"]
    told = await shop.admin.call("assistant.understand", bot_id=made.bot_id, texts=texts)
    assert [each.intent for each in told] == ["order_status", "returns"]


async def test_one_intent_with_one_example_is_a_bot_too(shop: Shop) -> None:
    one = [{"name": "only", "examples": ["open the door"], "replies": ["Open."]}]
    made = await shop.admin.call("assistant.create_bot", name="One", intents=one)
    asked = ["open the door", "lattice quantum"]
    told = await shop.admin.call("assistant.understand", bot_id=made.bot_id, texts=asked)
    assert [each.out_of_scope for each in told] == [False, True]
    turn = await shop.admin.call("assistant.take_turn", bot_id=made.bot_id, text="open the door")
    assert turn.reply == "Open."


async def test_what_is_changed_holds_at_once_and_the_rest_stays(shop: Shop) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Change", intents=INTENTS[:2], persona="Hello.")
    changed = await shop.admin.call("assistant.update_bot", bot_id=made.bot_id, name="Changed")
    assert (changed.name, changed.persona, changed.version) == ("Changed", "Hello.", 1)
    new = [{"name": "tea", "examples": ["a cup of tea", "tea please"], "replies": ["Here."]}]
    changed = await shop.admin.call("assistant.update_bot", bot_id=made.bot_id, intents=new)
    assert ([each.name for each in changed.definition], changed.version) == (["tea"], 2)
    assert [(each.version, each.active) for each in changed.models] == [(2, True), (1, False)]
    turn = await shop.admin.call("assistant.take_turn", bot_id=made.bot_id, text="tea please")
    assert (turn.reply, turn.version) == ("Hello.\n\nHere.", 2)
    assert await shop.admin.call("assistant.get_bot", bot_id=made.bot_id) == changed


async def test_a_deleted_bot_is_gone_with_all_that_was_said(shop: Shop) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Gone", intents=INTENTS)
    turn = await shop.admin.call("assistant.take_turn", bot_id=made.bot_id, text="how do returns work")
    gone = await shop.admin.call("assistant.delete_bot", bot_id=made.bot_id)
    assert gone.conversations == 1
    assert made.bot_id not in {each.bot_id for each in await shop.admin.call("assistant.list_bots")}
    for call, values in (
        ("get_bot", {"bot_id": made.bot_id}),
        ("take_turn", {"bot_id": made.bot_id, "text": "returns", "conversation_id": turn.conversation_id}),
        ("understand", {"bot_id": made.bot_id, "texts": ["returns"]}),
    ):
        with pytest.raises(BotMissing):
            await shop.admin.call(f"assistant.{call}", **values)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"intents": [INTENTS[1], {**INTENTS[0], "name": "RETURNS"}]}, "intents.1.name"),
        ({"intents": [{"name": "a", "examples": ["b", "\u200b\u2060"]}]}, "intents.0.examples.1"),
        (
            {"intents": [*INTENTS, {"name": "a", "examples": ["b", "b", "Return  my JACKET"]}]},
            f"intents.{len(INTENTS)}.examples.2",
        ),
        ({"intents": [{**INTENTS[1], "replies": ["{no} slot"]}]}, "intents.0.replies"),
        ({"intents": [{**INTENTS[0], "slots": [SLOT, SLOT]}]}, "intents.0.slots.1.name"),
        (
            {"intents": [{**INTENTS[0], "slots": [{**SLOT, "entity": "mood"}]}]},
            "intents.0.slots.0.entity",
        ),
        (
            {"intents": [{**INTENTS[0], "operation": "jobs.get_job", "arguments": {"job_id": "{mood}"}}]},
            "intents.0.arguments",
        ),
        ({"entities": [{"name": "a", "pattern": "("}]}, "entities.0.pattern"),
        ({"entities": [{"name": "a"}]}, "entities.0"),
        ({"entities": [{"name": "a", "pattern": "b"}, {"name": "A", "pattern": "c"}]}, "entities.1.name"),
    ],
)
async def test_parts_that_do_not_fit_together_are_named(
    shop: Shop, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(BotInvalid) as refused:
        await shop.admin.call("assistant.create_bot", **{"name": "x", "intents": INTENTS, **given})
    assert refused.value.problems[0]["field"] == field


@pytest.mark.parametrize(
    "given",
    [
        {"intents": []},
        {"intents": [{"name": "a", "examples": []}]},
        {"intents": [{"name": "a", "examples": ["x" * 1001]}]},
        {"intents": [{"name": "a\n", "examples": ["x"]}]},
        {"intents": [{"name": "a", "examples": ["x"], "mood": "good"}]},
        {"intents": [{"name": str(n), "examples": ["x"]} for n in range(301)]},
        {"fallback": {"ladder": ["jump"]}},
        {"languages": ["English"]},
    ],
)
async def test_what_is_over_a_limit_is_refused(shop: Shop, given: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        await shop.admin.call("assistant.create_bot", **{"name": "x", "intents": INTENTS, **given})


async def test_many_texts_are_cleaned_beside_the_loop(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set[int]()

    def watched(text: str) -> str:
        threads.add(threading.get_ident())
        return cleaned(text)

    monkeypatch.setattr(models, "cleaned", watched)
    asked = {"bot_id": shop.bot.bot_id, "texts": ["where is my order", "\ufdfa" * 4000]}
    assert len(await shop.user.call("assistant.understand", **asked)) == 2
    assert threads
    assert threading.get_ident() not in threads
    assert len(cleaned("\ufdfa" * 4000)) <= CHARACTERS_READ


async def test_more_examples_than_a_bot_may_have_are_refused(shop: Shop) -> None:
    many = [{"name": str(n), "examples": [f"{n} {m}" for m in range(4001)]} for n in range(5)]
    with pytest.raises(BotInvalid, match="20,000"):
        await shop.admin.call("assistant.create_bot", name="x", intents=many)


async def test_a_model_is_read_as_it_was_written_and_a_flipped_bit_is_found(shop: Shop) -> None:
    [row] = await shop.house.engines.database.fetch(
        (await shop.admin.call("identity.whoami")).tenant_id,
        "SELECT content FROM assistant_models WHERE bot_id = :id AND version = 1",
        {"id": shop.bot.bot_id},
    )
    tenant = (await shop.admin.call("identity.whoami")).tenant_id
    place = ("assistant_models", tenant, shop.bot.bot_id, "1")
    content = shop.house.engines.cipher.open(bytes(row["content"] or b""), place)
    model = model_of(content)
    assert model.to_bytes() == content
    for place_of_bit in (0, 30, len(content) // 2, len(content) - 1):
        with pytest.raises(ModelUnreadable):
            model_of(
                content[:place_of_bit] + bytes([content[place_of_bit] ^ 1]) + content[place_of_bit + 1 :]
            )
    with pytest.raises(ModelUnreadable):
        model_of(b"")


async def test_a_model_that_is_not_kept_answers_nothing(shop: Shop) -> None:
    with pytest.raises(BotModelMissing):
        await shop.admin.call("assistant.use_model", bot_id=shop.bot.bot_id, version=99)


async def test_another_encoder_makes_a_bot_learn_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await shop.admin.call("assistant.create_bot", name="Stale", intents=INTENTS[:2])
    asked = {"bot_id": made.bot_id, "texts": ["my order"]}
    monkeypatch.setattr(shop.house.engines.encoder, "name", "another")
    with pytest.raises(ModelStale):
        await shop.admin.call("assistant.understand", **asked)
    trained = await shop.admin.call("assistant.train_bot", bot_id=made.bot_id)
    assert (trained.version, trained.active, trained.compared) == (2, True, None)
    assert (await shop.admin.call("assistant.understand", **asked))[0].intent == "order_status"
    with pytest.raises(ModelStale):
        await shop.admin.call("assistant.use_model", bot_id=made.bot_id, version=1)


async def test_a_bot_that_is_changed_meanwhile_is_not_written_over(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await shop.admin.call("assistant.create_bot", name="Two", intents=INTENTS[:2])
    turn = await shop.admin.call("assistant.take_turn", bot_id=bot.bot_id, text="my jacket")
    rated = {"bot_id": bot.bot_id, "turn_id": turn.turn_id, "intent": "returns"}
    await shop.admin.call("assistant.rate_turn", **rated)
    learner = shop.house.engines.learner
    fit = learner.fit

    async def meanwhile(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(learner, "fit", fit)
        await shop.admin.call("assistant.update_bot", bot_id=bot.bot_id, persona="Meanwhile.")
        return await fit(*given, **named)

    monkeypatch.setattr(learner, "fit", meanwhile)
    with pytest.raises(BotBusy):
        await shop.admin.call("assistant.train_bot", bot_id=bot.bot_id)
    kept = await shop.admin.call("assistant.get_bot", bot_id=bot.bot_id)
    assert (kept.persona, kept.version, len(kept.models)) == ("Meanwhile.", 1, 1)


async def test_what_a_bot_in_use_does_is_not_made_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    plan_of = models.plan_of

    def noted(definition: Any) -> Any:
        made.append(definition.persona)
        return plan_of(definition)

    bots = [
        await shop.admin.call("assistant.create_bot", name=name, persona=name, intents=INTENTS[:2])
        for name in ("Busy", "One", "Two", "Three")
    ]
    monkeypatch.setattr(models, "_PLANS_MAX", 2)
    monkeypatch.setattr(models, "plan_of", noted)
    for rare in bots[1:]:
        for bot in (bots[0], rare):
            await shop.admin.call("assistant.understand", bot_id=bot.bot_id, texts=["my order"])
    assert made.count("Busy") <= 1
    assert made.count("Three") == 1
