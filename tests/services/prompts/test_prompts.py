"""Prompts: versions that never change, labels that move and go back, values, answers with a trace."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from chat_upstream import Upstream, chat_upstream
from mainstay.app.house import House
from mainstay.kernel.dispatch import RequestInvalid
from mainstay.kernel.room import QuotaFull
from mainstay.ports.database import SYSTEM
from mainstay.services.generation.failures import TraceMissing
from mainstay.services.prompts import testing_store
from mainstay.services.prompts.failures import (
    PromptBusy,
    PromptLabelMissing,
    PromptLabelUnmoved,
    PromptMissing,
    PromptTaken,
    PromptVersionMissing,
    TemplateInvalid,
    VariablesUnfit,
)
from mainstay.services.prompts.store import PromptStore
from makers import Client, FrozenClock, client, opened_house, tenant_client

GREETING: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "You greet. {{# tone }}Be {{ tone }}.{{/ tone }}"},
        {"role": "user", "content": "Greet {{ name }}{{# items }}, {{ title }}{{/ items }}."},
    ],
    "settings": {"temperature": 0.2, "tokens_max": 50, "stop": ["END"]},
}


@pytest.fixture
async def server() -> AsyncIterator[Upstream]:
    async with chat_upstream() as upstream:
        yield upstream


@pytest.fixture
async def house(
    tmp_path: Path, clock: FrozenClock, where: dict[str, str], server: Upstream
) -> AsyncIterator[House]:
    generators: Any = {"small": {"url": server.url, "model": "s-1", "input_price": 2, "output_price": 10}}
    async with opened_house(tmp_path / "data", clock=clock, generators=generators, **where) as opened:
        yield opened


@pytest.fixture
async def who(house: House) -> Client:
    await client(house).call("prompts.create_prompt", name="greeting", **GREETING)
    return client(house)


async def written(house: House) -> None:
    [service] = [each for each in house._caretakers if hasattr(each, "_answering")]
    await house._go_round(service)


async def test_a_prompt_is_asked_with_and_its_trace_names_it(
    house: House, who: Client, server: Upstream
) -> None:
    items = [{"title": "Dr"}, {"title": "MP"}]
    made = await who.call(
        "prompts.run_prompt", name="greeting", variables={"name": "Ada", "items": items, "tone": "{{ name }}"}
    )
    [asked] = server.asked
    assert [each["content"] for each in asked["messages"]] == [
        "You greet. Be {{ name }}.",
        "Greet Ada, Dr, MP.",
    ]
    assert (asked["temperature"], asked["max_tokens"], asked["stop"]) == (0.2, 50, ["END"])
    assert made.answer.text == "You said: Greet Ada, Dr, MP."
    assert (made.prompt.prompt, made.prompt.version, made.prompt.arm) == ("greeting", 1, "")
    judged = await who.call("generation.judge_trace", trace_id=made.answer.trace_id, value=0)
    await written(house)
    await who.call("generation.judge_trace", trace_id=made.answer.trace_id, value=1)
    trace = await who.call("generation.get_trace", trace_id=made.answer.trace_id)
    assert (trace.prompt, trace.prompt_version) == ("greeting", 1)
    assert [each.value for each in trace.outcomes] == [1]
    assert judged.trace_id == trace.trace_id
    user = await who.call("identity.create_key", name="another", role="user")
    with pytest.raises(TraceMissing):
        await client(house, user.key).call("generation.judge_trace", trace_id=trace.trace_id, value=1)


async def test_labels_move_and_go_back_and_versions_never_change(who: Client) -> None:
    first = await who.call("prompts.get_prompt", name="greeting")
    second = await who.call(
        "prompts.add_prompt_version",
        name="greeting",
        text="Say hello to {{ name }}.",
        settings={"temperature": 0},
        note="Shorter.",
    )
    assert (first.version, second.version) == (1, 2)
    assert (await who.call("prompts.get_prompt", name="greeting")).version == 2, "the newest, without a label"
    await who.call("prompts.move_prompt_label", name="greeting", label="production", version=1)
    with pytest.raises(PromptLabelUnmoved, match="Move the label production"):
        await who.call("prompts.roll_back_prompt_label", name="greeting", label="production")
    moved = await who.call("prompts.move_prompt_label", name="greeting", label="production", version=2)
    assert (moved.version, moved.before) == (2, 1)
    back = await who.call("prompts.roll_back_prompt_label", name="greeting", label="production")
    assert (back.version, back.before) == (1, 2)
    assert (await who.call("prompts.get_prompt", name="greeting")).labels == ["production"]
    again = await who.call("prompts.get_prompt", name="greeting", version=1)
    assert again.messages == first.messages
    with pytest.raises(PromptLabelMissing):
        await who.call("prompts.roll_back_prompt_label", name="greeting", label="staging")
    with pytest.raises(PromptVersionMissing):
        await who.call("prompts.move_prompt_label", name="greeting", label="staging", version=3)
    page = await who.call("prompts.list_prompt_versions", name="greeting", limit=1)
    rest = await who.call("prompts.list_prompt_versions", name="greeting", limit=1, before=page.next)
    assert [each.version for each in (*page.versions, *rest.versions)] == [2, 1]
    assert rest.next == 0
    [told] = (await who.call("prompts.list_prompts")).prompts
    assert (told.name, told.latest, told.labels[0].version) == ("greeting", 2, 1)
    difference = await who.call("prompts.compare_prompt_versions", name="greeting", before=1, after=2)
    assert "-You greet. {{# tone }}Be {{ tone }}.{{/ tone }}" in difference.texts
    assert "+Say hello to {{ name }}." in difference.texts
    assert difference.changed["settings.temperature"] == [0.2, 0]
    assert difference.changed["variables.tone"][1] is None
    await who.call("prompts.remove_prompt_label", name="greeting", label="production")
    assert (await who.call("prompts.list_prompt_labels", name="greeting")).labels == []


UNFIT: list[tuple[dict[str, Any], str]] = [
    ({}, "variables.name"),
    ({"name": "Ada", "nmae": "x"}, "variables.nmae"),
    ({"name": None}, "variables.name"),
    ({"name": "Ada", "items": [{"titel": "Dr"}]}, "variables.title"),
]


async def test_missing_and_superfluous_variables_are_named(who: Client, server: Upstream) -> None:
    for values, field in UNFIT:
        for operation in ("render_prompt", "run_prompt", "expose_prompt"):
            with pytest.raises(VariablesUnfit) as told:
                await who.call(f"prompts.{operation}", name="greeting", variables=values)
            assert field in [each["field"] for each in told.value.problems]
        assert server.asked == []


async def test_declared_variables_have_kinds_and_defaults(who: Client) -> None:
    declared = [
        {"name": "count", "kind": "number"},
        {"name": "tone", "kind": "text", "default": "kind"},
        {"name": "notes", "kind": "list", "required": False},
    ]
    text = "{{ count }} {{ tone }}{{# notes }} {{ . }}{{/ notes }}"
    await who.call("prompts.create_prompt", name="declared", text=text, variables=declared)

    async def rendered(**values: Any) -> str:
        told = await who.call("prompts.render_prompt", name="declared", variables=values)
        return str(told.messages[0].content)

    assert await rendered(count=3) == "3 kind"
    assert await rendered(count=1.5, tone="dry", notes=["a", "b"]) == "1.5 dry a b"
    for wrong in ({"count": "3"}, {"count": True}, {"count": 1, "notes": "a"}):
        with pytest.raises(VariablesUnfit):
            await rendered(**wrong)


NO_PROMPTS: list[tuple[dict[str, Any], str]] = [
    ({}, "text"),
    ({"text": ""}, "text"),
    ({"text": "a", "messages": [{"role": "user", "content": "b"}]}, "messages"),
    ({"text": "{{# a }}"}, "text"),
    ({"messages": [{"role": "user", "content": "{{> /etc/passwd }}"}]}, "messages.0.content"),
    ({"text": "{{ a }}", "variables": []}, "variables"),
    ({"text": "a", "variables": [{"name": "b"}]}, "variables"),
    ({"text": f"{{{{ {'a' * 65} }}}}"}, "variables"),
    (
        {"text": "{{ a }}", "variables": [{"name": "a", "kind": "list", "default": "x"}]},
        "variables.0.default",
    ),
    ({"text": "{{ a }}", "variables": [{"name": "a", "required": False}]}, "variables.0.required"),
    (
        {"text": "a", "settings": {"answer_format": {"json_schema": {"type": 5}}}},
        "settings.answer_format.json_schema",
    ),
]


async def test_what_is_no_prompt_is_refused(who: Client) -> None:
    for content, field in NO_PROMPTS:
        for name, operation in (("other", "create_prompt"), ("greeting", "add_prompt_version")):
            with pytest.raises(TemplateInvalid) as told:
                await who.call(f"prompts.{operation}", name=name, **content)
            assert told.value.problems[0]["field"] == field


@pytest.mark.parametrize("name", [".", "..", ".hidden", "a/b", ""])
async def test_a_name_that_no_path_can_hold_is_refused(who: Client, name: str) -> None:
    with pytest.raises(RequestInvalid):
        await who.call("prompts.create_prompt", name=name, text="x")


async def test_a_deleted_prompt_is_gone_and_its_numbers_never_come_back(house: House, who: Client) -> None:
    with pytest.raises(PromptTaken):
        await who.call("prompts.create_prompt", name="greeting", text="Hi.")
    deleted = await who.call("prompts.delete_prompt", name="greeting")
    assert (deleted.name, deleted.latest) == ("greeting", 1)
    for operation in ("get_prompt", "run_prompt", "delete_prompt", "list_prompt_tests"):
        with pytest.raises(PromptMissing):
            await who.call(f"prompts.{operation}", name="greeting")
    assert (await who.call("prompts.list_prompts")).prompts == []
    assert await house.engines.database.fetch(SYSTEM, "SELECT * FROM prompt_versions") == []
    again = await who.call("prompts.create_prompt", name="greeting", text="Hi.")
    assert again.version == 2
    with pytest.raises(PromptVersionMissing):
        await who.call("prompts.get_prompt", name="greeting", version=1)


LATE: list[tuple[Any, str, str, dict[str, Any]]] = [
    (PromptStore, "labels", "move_prompt_label", {"label": "production", "version": 1}),
    (PromptStore, "labels", "roll_back_prompt_label", {"label": "production"}),
    (testing_store.TestStore, "tests", "start_prompt_test", {}),
]


@pytest.mark.parametrize(("store", "read", "operation", "values"), LATE)
async def test_nothing_is_hung_on_a_prompt_that_is_deleted_at_this_moment(
    house: House,
    who: Client,
    monkeypatch: pytest.MonkeyPatch,
    store: Any,
    read: str,
    operation: str,
    values: dict[str, Any],
) -> None:
    await who.call("prompts.add_prompt_version", name="greeting", text="Hi {{ name }}.")
    for version in (1, 2):
        await who.call("prompts.move_prompt_label", name="greeting", label="production", version=version)
    examples = [{"name": "ada", "variables": {"name": "Ada"}, "expect": [{"contains": "Ada"}]}]
    await who.call("prompts.set_prompt_examples", name="greeting", examples=examples)
    real = getattr(store, read)

    async def deleted() -> None:
        await client(house).call("prompts.delete_prompt", name="greeting")

    async def late(self: Any, name: str) -> Any:
        found = await real(self, name)
        monkeypatch.setattr(store, read, real)
        await asyncio.create_task(deleted())
        return found

    monkeypatch.setattr(store, read, late)
    with pytest.raises(PromptBusy):
        await who.call(f"prompts.{operation}", name="greeting", **values)
    for table in ("prompt_labels", "prompt_moves", "prompt_tests"):
        assert await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}") == []
    await who.call("prompts.create_prompt", name="greeting", text="Hello {{ name }}.")
    told = await who.call("prompts.render_prompt", name="greeting", variables={"name": "Ada"})
    assert (told.messages[0].content, told.prompt.version) == ("Hello Ada.", 3)


async def test_prompts_are_sealed_of_their_tenant_and_count_to_its_quota(house: House, who: Client) -> None:
    await who.call("prompts.create_prompt", name="secret", text="Violet tractor")
    rows = await house.engines.database.fetch(SYSTEM, "SELECT * FROM prompt_versions")
    assert rows
    assert "Violet" not in str(rows)
    other = await tenant_client(house, "other")
    with pytest.raises(PromptMissing):
        await other.call("prompts.get_prompt", name="secret")
    tenant_id = (await other.call("identity.whoami")).tenant_id
    await other.call("prompts.create_prompt", name="secret", text="Mine" * 300)
    await who.call("gateway.replace_tenant_quotas", tenant_id=tenant_id, storage_bytes=2_000)
    with pytest.raises(QuotaFull):
        await other.call("prompts.add_prompt_version", name="secret", text="Mine" * 300)
