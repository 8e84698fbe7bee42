"""Experiments: each key stays with its arm, outcomes count by key, and the winner takes the label."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.services.prompts.experiment_store import ExperimentRow
from mainstay.services.prompts.experimenting import _drawn
from mainstay.services.prompts.failures import ArmUnknown, ExperimentEnded, ExperimentRunning
from makers import Client, FrozenClock, client, opened_house
from services.privacy.test_persons import calm, ended

ARMS = [{"arm": "now", "version": 1}, {"arm": "new", "version": 2, "weight": 2}]


@pytest.fixture
async def house(tmp_path: Path, clock: FrozenClock, where: dict[str, str]) -> AsyncIterator[House]:
    quick = {"rate_limit_per_minute": "100000"}
    async with opened_house(tmp_path / "data", clock=clock, **quick, **where) as opened:
        yield opened


@pytest.fixture
async def who(house: House) -> Client:
    admin = client(house)
    await admin.call("prompts.create_prompt", name="ad", text="Buy {{ thing }}")
    await admin.call("prompts.add_prompt_version", name="ad", text="Please buy {{ thing }}")
    await admin.call("prompts.move_prompt_label", name="ad", label="production", version=1)
    return admin


async def run(who: Client, key: str, **more: Any) -> Any:
    return await who.call("prompts.run_prompt", name="ad", variables={"thing": "tea"}, unit=key, **more)


async def result(who: Client, experiment_id: str) -> Any:
    return await who.call("prompts.get_prompt_experiment", name="ad", experiment_id=experiment_id)


def test_keys_are_drawn_by_the_weights() -> None:
    row = ExperimentRow("pex_1", "ad", "production", "running", ARMS, 0.05, "", "", 0, None)
    drawn = Counter(_drawn(row, f"user {number}").arm for number in range(9_000))
    assert 2_850 <= drawn["now"] <= 3_150, "a third: what is drawn is always the same"


async def test_an_experiment_finds_what_is_better_and_its_winner_takes_the_label(
    house: House, who: Client
) -> None:
    made = await who.call("prompts.start_prompt_experiment", name="ad", arms=ARMS)
    with pytest.raises(ExperimentRunning):
        await who.call("prompts.start_prompt_experiment", name="ad", arms=ARMS)
    arms: Counter[str] = Counter()
    for number in range(90):
        told = await run(who, f"user {number}")
        arms[told.prompt.arm] += 1
        assert told.answer.text == {"now": "Buy tea", "new": "Please buy tea"}[told.prompt.arm]
        bought = number % (5 if told.prompt.arm == "now" else 2) != 0
        value = float(bought) if told.prompt.arm == "new" else float(not bought)
        await who.call("generation.judge_trace", trace_id=told.answer.trace_id, value=value)
    assert {*arms} == {"now", "new"}
    again = await run(who, "user 3")
    first = await who.call("prompts.expose_prompt", name="ad", variables={"thing": "tea"}, unit="user 3")
    assert again.prompt.arm == first.prompt.arm, "a key stays with its arm"
    assert (await run(who, "user 3", version=2)).prompt.experiment_id == "", (
        "who names a version takes no part"
    )
    await calm(house, who)
    found = await result(who, made.experiment_id)
    by_arm = {each.arm: each for each in found.arms}
    assert by_arm["now"].judged_keys + by_arm["new"].judged_keys == 90
    assert sum(each.exposures for each in found.arms) == 92
    [difference] = found.differences
    assert difference.effect == pytest.approx(by_arm["new"].mean - by_arm["now"].mean)
    assert difference.interval_always[0] < difference.effect < difference.interval_always[1]
    assert (difference.better == "yes") == (difference.interval_always[0] > 0)
    with pytest.raises(ArmUnknown):
        await stop(who, made.experiment_id, winner="neither")
    stopped = await stop(who, made.experiment_id, winner="new")
    assert (stopped.state, stopped.winner) == ("stopped", "new")
    assert (await who.call("prompts.get_prompt", name="ad")).version == 2
    assert (await run(who, "user 3")).prompt.arm == ""
    with pytest.raises(ExperimentEnded):
        await stop(who, made.experiment_id)
    [listed] = await who.call("prompts.list_prompt_experiments", name="ad")
    assert listed == stopped


async def test_what_is_not_counted_at_first_counts_once(house: House, who: Client) -> None:
    made = await who.call("prompts.start_prompt_experiment", name="ad", arms=ARMS)
    given = {"name": "ad", "variables": {"thing": "tea"}, "unit": "Ada"}
    seen = await who.call("prompts.expose_prompt", **given, counted=False)
    assert sum(each.exposures for each in (await result(who, made.experiment_id)).arms) == 0
    shown = seen.prompt.model_dump()
    for counted in (shown, shown, {**shown, "arm": "neither"}, {**shown, "exposure_id": ""}):
        await who.call("prompts.expose_prompt", **given, shown=counted)
    [arm] = [each for each in (await result(who, made.experiment_id)).arms if each.exposures]
    assert (arm.arm, arm.exposures) == (seen.prompt.arm, 1)
    await stop(who, made.experiment_id)
    await who.call("prompts.expose_prompt", **given, shown=seen.prompt.model_dump())
    assert sum(each.exposures for each in (await result(who, made.experiment_id)).arms) == 1


async def stop(who: Client, experiment_id: str, winner: str = "") -> Any:
    given = {"name": "ad", "experiment_id": experiment_id, "winner": winner}
    return await who.call("prompts.stop_prompt_experiment", **given)


async def test_keys_count_and_not_answers_and_the_last_outcome_holds(house: House, who: Client) -> None:
    made = await who.call("prompts.start_prompt_experiment", name="ad", arms=ARMS)
    traces = [(await run(who, "one")).answer.trace_id for _ in range(4)]
    for value, trace_id in zip((0, 0, 1, 1), traces, strict=True):
        await who.call("generation.judge_trace", trace_id=trace_id, value=value)
    await who.call("generation.judge_trace", trace_id=traces[0], value=1)
    await calm(house, who)
    found = await result(who, made.experiment_id)
    [shown] = [each for each in found.arms if each.exposures]
    assert (shown.exposures, shown.keys, shown.judged_keys, shown.mean) == (4, 1, 1, 0.75)
    assert found.differences == []
    assert "no difference is told yet" in found.warnings[0]


async def test_a_person_is_forgotten_as_asker_as_key_and_as_author(house: House, who: Client) -> None:
    made = await who.call("identity.create_key", name="hers", role="developer")
    hers = client(house, made.key)
    await hers.call("prompts.add_prompt_version", name="ad", text="Her {{ thing }}")
    experiment = await who.call("prompts.start_prompt_experiment", name="ad", arms=ARMS)
    await run(hers, "somebody")
    await run(who, made.key_id)
    await run(who, "another")
    asked = await who.call("privacy.export_person", subject=made.key_id)
    await ended(house, who, asked.request_id)
    data = (await who.call("privacy.read_export", request_id=asked.request_id)).services["prompts"]
    assert [each["version"] for each in data["versions"]] == [3]
    assert len(data["exposures"]) == 2
    erased = await who.call("privacy.erase_person", subject=made.key_id)
    report = await ended(house, who, erased.request_id)
    counts = {part.service: part.counts for part in report.parts}["prompts"]
    assert counts == {"versions": 1, "exposures": 2}
    assert (await who.call("prompts.get_prompt", name="ad", version=3)).author == ""
    found = await result(who, experiment.experiment_id)
    assert sum(each.exposures for each in found.arms) == 1


async def test_arms_have_names_and_versions_of_their_own(who: Client) -> None:
    for arms in ([ARMS[0], ARMS[0]], [ARMS[0], {"arm": "same", "version": 1}]):
        with pytest.raises(ArmUnknown):
            await who.call("prompts.start_prompt_experiment", name="ad", arms=arms)
