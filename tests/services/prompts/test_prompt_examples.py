"""Tests of versions on examples: every kind of expectation, as a job, compared, and demanded by a label."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chat_upstream import Answer, Upstream, chat_upstream
from mainstay.app.house import House
from mainstay.engines.ciphers.envelope import EnvelopeCipher
from mainstay.kernel.room import QuotaFull
from mainstay.ports.database import SYSTEM
from mainstay.services.prompts.failures import (
    ExamplesInvalid,
    ExamplesMissing,
    PromptTestMissing,
    PromptUntested,
)
from makers import Client, FrozenClock, client, opened_house, tenant_client
from services.privacy.test_persons import calm

FITS = {"type": "object", "required": ["city"]}
EXAMPLES: list[dict[str, Any]] = [
    {
        "name": "says",
        "variables": {"say": "Kyiv is a city"},
        "expect": [{"contains": "KYIV"}, {"lacks": "Paris"}],
    },
    {"name": "pattern", "variables": {"say": "Order 4711"}, "expect": [{"matches": r"\b\d{4}\b"}]},
    {"name": "schema", "variables": {"say": '{"city": "Kyiv"}'}, "expect": [{"fits": FITS}]},
    {
        "name": "alike",
        "variables": {"say": "the ferry leaves at nine"},
        "expect": [{"like": "the ferry leaves at nine sharp", "at_least": 0.8}],
    },
    {"name": "rubric", "variables": {"say": "Thank you very much"}, "expect": [{"rubric": "It is polite."}]},
]
FAILING: list[dict[str, Any]] = [
    {"name": "says", "variables": {"say": "Paris"}, "expect": [{"contains": "Kyiv"}, {"lacks": "paris"}]},
    {"name": "pattern", "variables": {"say": "Order"}, "expect": [{"matches": r"^\d+$"}]},
    {"name": "schema", "variables": {"say": '{"town": "Kyiv"}'}, "expect": [{"fits": FITS}]},
    {"name": "no_json", "variables": {"say": "Kyiv"}, "expect": [{"fits": FITS}]},
    {"name": "alike", "variables": {"say": "tractors"}, "expect": [{"like": "the ferry leaves"}]},
    {"name": "rubric", "variables": {"say": "Go away"}, "expect": [{"rubric": "It is polite."}]},
]


def judging(body: dict[str, Any]) -> Answer:
    """Say the question again; where a verdict is asked for, find politeness in thanks."""
    texts = " ".join(str(each["content"]) for each in body["messages"])
    if "response_format" in body:
        polite = "Thank you" in texts
        return Answer(
            [f'{{"passed": {str(polite).lower()}, "reason": "It is {"" if polite else "not "}polite."}}']
        )
    if "STALLED" in texts:
        return Answer([texts], stalls_after=1)
    if "BROKEN" in texts:
        return Answer(status=500, error="down")
    return Answer([str(body["messages"][-1]["content"])])


@pytest.fixture
async def server() -> AsyncIterator[Upstream]:
    async with chat_upstream() as upstream:
        upstream.script = judging
        yield upstream


@pytest.fixture
async def house(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str], server: Upstream
) -> AsyncIterator[House]:
    prices = {"input_price": 1_000, "output_price": 1_000, "tries": 1}
    rule = {"mode": "semantic", "seconds": 600}
    generators: Any = {"small": {"url": server.url, "model": "s-1", "cache": rule, **prices}}
    async with opened_house(tmp_path / "data", clock=clock, generators=generators, **where) as opened:
        yield opened


@pytest.fixture
async def who(house: House) -> Client:
    await client(house).call("prompts.create_prompt", name="parrot", text="{{ say }}")
    return client(house)


async def tried(who: Client, **values: Any) -> Any:
    started = await who.answer("prompts.start_prompt_test", name="parrot", **values)
    assert started.pending
    job = await who.call("jobs.get_job", job_id=started.value.job_id, wait_s=30)
    assert (job.state, job.total) == ("done", started.value.cases)
    who.house.clock.move(1)  # type: ignore[attr-defined]  # tests own it: the next test is newer
    return await who.call("prompts.get_prompt_test", name="parrot", test_id=started.value.test_id)


async def test_every_kind_of_expectation_passes_and_fails(who: Client) -> None:
    with pytest.raises(ExamplesMissing):
        await who.call("prompts.start_prompt_test", name="parrot")
    await who.call("prompts.set_prompt_examples", name="parrot", examples=EXAMPLES)
    good = await tried(who)
    assert (good.state, good.passed, good.failed, good.errors) == ("done", 5, 0, 0), good.results
    assert good.cost == pytest.approx(6 * 18 * 1_000 / 1_000_000), "five answers and a verdict"
    kept = await who.call("prompts.set_prompt_examples", name="parrot", examples=FAILING)
    assert kept.revision == 2
    bad = await tried(who)
    assert (bad.passed, bad.failed) == (0, 6)
    reasons = {each.case: each.reasons for each in bad.results}
    assert len(reasons["says"]) == 2
    assert reasons["no_json"] == ["It is no JSON."]
    assert "0.80 is wanted" in reasons["alike"][0]
    assert reasons["rubric"] == ["By the rubric: It is not polite."]
    told = await who.call("prompts.get_prompt_test", name="parrot", test_id=bad.test_id, against=good.test_id)
    assert told.compared.broken == ["says", "pattern", "schema", "alike", "rubric"]
    assert (told.compared.fixed, told.compared.both) == ([], 5)
    assert told.compared.p_value == pytest.approx(2 / 2**5)
    listed = (await who.call("prompts.list_prompt_tests", name="parrot")).tests
    assert [each.test_id for each in listed] == [bad.test_id, good.test_id]
    assert listed[0].results == []


async def test_what_cannot_be_tried_is_an_error_with_its_reason(who: Client) -> None:
    examples = [
        {"name": "broken", "variables": {"say": "BROKEN"}, "expect": [{"contains": "x"}]},
        {"name": "unfit", "variables": {"sya": "x"}, "expect": [{"contains": "x"}]},
        {"name": "fine", "variables": {"say": "x"}, "expect": [{"contains": "x"}]},
    ]
    await who.call("prompts.set_prompt_examples", name="parrot", examples=examples)
    found = await tried(who)
    assert (found.passed, found.failed, found.errors) == (1, 0, 2)
    assert [each.reasons[0].split(":")[0] for each in found.results if each.reasons] == [
        "ChatUnavailable",
        "VariablesUnfit",
    ]


async def test_a_label_may_demand_that_its_version_has_passed(who: Client) -> None:
    async def moved(version: int, **more: Any) -> Any:
        given = {"name": "parrot", "label": "production", "version": version, **more}
        return await who.call("prompts.move_prompt_label", **given)

    await who.call("prompts.add_prompt_version", name="parrot", text="Never {{ say }}")
    one = {"name": "starts", "variables": {"say": "Hi"}, "expect": [{"matches": "^Hi"}]}
    other = {"name": "has", "variables": {"say": "Hi"}, "expect": [{"contains": "Hi"}]}
    await who.call("prompts.set_prompt_examples", name="parrot", examples=[one, other])
    with pytest.raises(PromptUntested, match="Test version 1"):
        await moved(1, require_tests=1)
    await tried(who, version=1)
    assert (await moved(1, require_tests=1)).require_tests == 1
    await tried(who, version=2)
    with pytest.raises(PromptUntested, match="50%"):
        await moved(2)
    assert (await moved(2, require_tests=0.5)).version == 2
    await who.call("prompts.set_prompt_examples", name="parrot", examples=[other])
    with pytest.raises(PromptUntested, match="as they are now"):
        await moved(1)
    back = await who.call("prompts.roll_back_prompt_label", name="parrot", label="production")
    assert back.version == 1, "back is always open"


async def test_a_label_counts_the_newest_test_of_a_version(who: Client, server: Upstream) -> None:
    example = {"name": "has", "variables": {"say": "Hi"}, "expect": [{"contains": "Hi"}]}
    await who.call("prompts.set_prompt_examples", name="parrot", examples=[example])
    label = {"name": "parrot", "label": "production", "version": 1, "require_tests": 1}
    assert (await tried(who)).passed == 1
    server.script = lambda _: Answer(["No."])
    assert (await tried(who)).passed == 0
    with pytest.raises(PromptUntested, match="passed 0%"):
        await who.call("prompts.move_prompt_label", **label)
    server.script = judging
    assert (await tried(who)).passed == 1
    assert (await who.call("prompts.move_prompt_label", **label)).version == 1


SORTING = """You work at the desk of a shop that sells shoes and clothes. Read what a customer writes, and say
in one word whether he wants to send something back, asks where his order is, or wants something else. Write
nothing beside that word, no sign and no explanation, and never more than one line. Be {}. The customer:
{{{{ say }}}}"""


async def test_each_example_of_each_version_is_asked_anew_and_versions_share_no_answers(
    who: Client, server: Upstream
) -> None:
    server.script = lambda body: Answer([str(body["messages"][-1]["content"])])
    await who.call("prompts.add_prompt_version", name="parrot", text=SORTING.format("friendly"))
    await who.call("prompts.add_prompt_version", name="parrot", text=SORTING.format("formal"))
    say = {"say": "my parcel has not come"}
    for version in (2, 3):
        ran = await who.call("prompts.run_prompt", name="parrot", version=version, variables=say)
        assert (ran.answer.cached, "formal" in ran.answer.text) == (False, version == 3)
    again = await who.call("prompts.run_prompt", name="parrot", version=3, variables=say)
    assert (again.answer.cached, "formal" in again.answer.text) == (True, True)
    expect = [{"contains": "formal"}]
    names = ("first", "second")
    await who.call(
        "prompts.set_prompt_examples",
        name="parrot",
        examples=[{"name": each, "variables": say, "expect": expect} for each in names],
    )
    before = len(server.asked)
    assert [(await tried(who, version=version)).passed for version in (2, 3)] == [0, 2]
    assert len(server.asked) == before + 4
    server.script = judging
    polite = {"name": "polite", "variables": say, "expect": [{"rubric": "It is polite."}]}
    await who.call("prompts.set_prompt_examples", name="parrot", examples=[polite])
    before = len(server.asked)
    for _ in range(2):
        await tried(who, version=3)
    assert len(server.asked) == before + 4, "the judge is asked anew too"


UNCHECKABLE: list[tuple[dict[str, Any], str]] = [
    ({}, "examples.0.expect.0"),
    ({"contains": "a", "lacks": "b"}, "examples.0.expect.0"),
    ({"matches": "("}, "examples.0.expect.0.matches"),
    ({"matches": "(a{50}){50}"}, "examples.0.expect.0.matches"),
    ({"matches": "(?=a)"}, "examples.0.expect.0.matches"),
    ({"fits": {"type": 5}}, "examples.0.expect.0.fits"),
]


async def test_examples_that_cannot_be_checked_are_refused(who: Client) -> None:
    for expect, field in UNCHECKABLE:
        examples = [{"name": "one", "expect": [expect]}]
        with pytest.raises(ExamplesInvalid) as told:
            await who.call("prompts.set_prompt_examples", name="parrot", examples=examples)
        assert told.value.problems[0]["field"] == field
        with pytest.raises(PromptTestMissing):
            await who.call("prompts.get_prompt_test", name="parrot", test_id="test_nothing")
        assert (await who.call("prompts.get_prompt_examples", name="parrot")).examples == []


def saying(text: str, many: int) -> list[dict[str, Any]]:
    return [
        {"name": f"e{each}", "variables": {"say": text}, "expect": [{"contains": text[:5]}]}
        for each in range(many)
    ]


async def stalled(who: Client, server: Upstream, many: int) -> Any:
    """Start a test whose generator stalls, and wait until it was asked."""
    await who.call("prompts.set_prompt_examples", name="parrot", examples=saying("STALLED", many))
    started = await who.call("prompts.start_prompt_test", name="parrot")
    while len(server.asked) < min(many, 4):
        await asyncio.sleep(0.01)
    return started


async def test_a_prompt_that_is_deleted_while_an_example_is_tried_leaves_nothing(
    house: House, who: Client, server: Upstream
) -> None:
    await stalled(who, server, 1)
    await who.call("prompts.delete_prompt", name="parrot")
    server.go_on.set()
    await calm(house, who)
    for table in ("prompt_tests", "prompt_results"):
        assert await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}") == []


async def test_a_test_whose_job_was_cancelled_says_so(house: House, who: Client, server: Upstream) -> None:
    started = await stalled(who, server, 6)
    await who.call("jobs.cancel_job", job_id=started.job_id)
    [listed] = (await who.call("prompts.list_prompt_tests", name="parrot")).tests
    assert listed.state == "running", "what has begun goes on"
    server.go_on.set()
    await calm(house, who)
    [listed] = (await who.call("prompts.list_prompt_tests", name="parrot")).tests
    assert (listed.state, listed.passed, listed.cases) == ("cancelled", 4, 6)
    await who.call("jobs.retry_job", job_id=started.job_id)
    await calm(house, who)
    told = await who.call("prompts.get_prompt_test", name="parrot", test_id=started.test_id)
    assert (told.state, told.passed) == ("done", 6)


TABLES = {"prompts", "prompt_tests", "prompt_results"}


async def test_examples_are_opened_where_they_are_wanted_and_not_on_the_loop(
    who: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await who.call("prompts.set_prompt_examples", name="parrot", examples=saying("word " * 1_900, 20))
    started = await who.call("prompts.start_prompt_test", name="parrot")
    await who.call("jobs.get_job", job_id=started.job_id, wait_s=30)
    opened: list[tuple[str, bool]] = []  # of which table, and whether on the loop
    real = EnvelopeCipher.open

    def noted(self: EnvelopeCipher, sealed: bytes, context: tuple[str, ...]) -> bytes:
        on_loop = threading.current_thread() is threading.main_thread()
        opened.extend((each, on_loop) for each in TABLES.intersection(context))
        return real(self, sealed, context)

    monkeypatch.setattr(EnvelopeCipher, "open", noted)
    for operation in ("render_prompt", "run_prompt", "list_prompt_tests", "list_prompts", "get_prompt"):
        values = {"variables": {"say": "x"}} if operation in {"render_prompt", "run_prompt"} else {}
        named = {} if operation == "list_prompts" else {"name": "parrot"}
        await who.call(f"prompts.{operation}", **named, **values)
    assert opened == []
    told = await who.call("prompts.get_prompt_test", name="parrot", test_id=started.test_id)
    assert [each.case for each in told.results] == [f"e{each}" for each in range(20)]
    assert len((await who.call("prompts.get_prompt_examples", name="parrot")).examples) == 20
    assert set(opened) == {(table, False) for table in TABLES}


async def test_tests_count_to_the_quota_and_keep_no_answers_once_it_is_full(
    house: House, who: Client
) -> None:
    other = await tenant_client(house, "other")
    tenant_id = (await other.call("identity.whoami")).tenant_id

    async def room(size: int) -> None:
        await who.call("gateway.replace_tenant_quotas", tenant_id=tenant_id, storage_bytes=size)

    await other.call("prompts.create_prompt", name="parrot", text="{{ say }}")
    await other.call("prompts.set_prompt_examples", name="parrot", examples=saying("word " * 400, 3))
    full = await tried(other)
    assert all(each.answer for each in full.results)
    await room(22_000)
    with pytest.raises(QuotaFull):
        await other.call("prompts.start_prompt_test", name="parrot")
    await room(27_000)
    less = await tried(other)
    assert (less.passed, [bool(each.answer) for each in less.results]) == (3, [False] * 3)
    assert "storage_bytes" in less.results[0].reasons[0]
