"""Traces and kept responses: listed, forgotten by their age, taken along and erased with whom they are of."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.room import QuotaFull
from mainstay.kernel.work import Work
from mainstay.ports.database import SYSTEM, DatabaseUnavailable
from mainstay.services.generation.failures import ResponseMissing, ResponseTaken, TraceMissing
from makers import Client, FrozenClock, client, opened_house, tenant_client
from services.privacy.test_persons import ended

DAY_S = 24 * 3600


async def written(house: House) -> None:
    [service] = [each for each in house._caretakers if hasattr(each, "_answering")]
    await house._go_round(service)


async def ask(asker: Client, text: str, **more: Any) -> str:
    answer = await asker.call(
        "generation.complete", messages=[{"role": "user", "content": text}], generator="echo", **more
    )
    return str(answer.trace_id)


async def keyed(admin: Client, name: str, role: str = "user") -> tuple[Client, str]:
    made = await admin.call("identity.create_key", name=name, role=role)
    return client(admin.house, made.key), made.key_id


async def test_traces_are_listed_newest_first_and_by_page(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        asker, key_id = await keyed(admin, "asker")
        asked = []
        for number in range(5):
            clock.move(1)
            asked.append(await ask(asker if number % 2 else admin, f"Number {number}"))
        await written(house)
        page = await admin.call("generation.list_traces", limit=3)
        rest = await admin.call("generation.list_traces", limit=3, after=page.next)
        assert [each.trace_id for each in (*page.traces, *rest.traces)] == asked[::-1]
        assert rest.next == ""
        theirs = await admin.call("generation.list_traces", subject=key_id)
        assert [each.trace_id for each in theirs.traces] == [asked[3], asked[1]]
        other = await tenant_client(house, "other")
        assert (await other.call("generation.list_traces")).traces == []
        with pytest.raises(TraceMissing):
            await other.call("generation.get_trace", trace_id=asked[0])


async def test_traces_end_by_their_age(tmp_path: Path, clock: FrozenClock) -> None:
    async with opened_house(tmp_path / "data", clock=clock, answers_kept_days="7") as house:
        admin = client(house)
        old = await ask(admin, "Old")
        await written(house)
        await admin.call("generation.judge_trace", trace_id=old, value=1)
        clock.move(6 * DAY_S)
        young = await ask(admin, "Young")
        await written(house)
        assert (await admin.call("generation.get_trace", trace_id=old)).text == "Old"
        clock.move(2 * DAY_S)
        await written(house)
        with pytest.raises(TraceMissing):
            await admin.call("generation.get_trace", trace_id=old)
        assert await house.engines.database.fetch(SYSTEM, "SELECT * FROM generation_outcomes") == []
        assert (await admin.call("generation.get_trace", trace_id=young)).text == "Young"
        kinds = {kind.kind for kind in await admin.call("privacy.get_retention")}
        assert {"generation_traces", "generation_responses"} <= kinds


async def test_nothing_is_kept_where_nothing_shall_be(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data", answers_kept_days="0") as house:
        await ask(client(house), "Secret")
        await written(house)
        assert (await client(house).call("generation.list_traces")).traces == []


async def test_texts_are_sealed(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data") as house:
        admin = client(house)
        await ask(admin, "Violet tractor")
        await written(house)
        items = [{"text": "Violet tractor"}]
        await admin.call("generation.keep_response", input_items=items, output_items=items)
        for table in ("generation_traces", "generation_responses"):
            rows = await house.engines.database.fetch(SYSTEM, f"SELECT * FROM {table}")
            assert rows
            assert "Violet" not in str(rows)


async def test_a_person_takes_along_and_is_erased_with_what_he_asked(
    tmp_path: Path, clock: FrozenClock
) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        asker, key_id = await keyed(admin, "asker")
        await ask(asker, "Mine", cache_s=3600)
        await ask(admin, "Not mine")
        kept = await asker.call("generation.keep_response", input_items=[{"text": "Mine"}], output_items=[])
        await written(house)
        asked = await admin.call("privacy.export_person", subject=key_id)
        await ended(house, admin, asked.request_id)
        data = await admin.call("privacy.read_export", request_id=asked.request_id)
        assert [each["text"] for each in data.services["generation"]["traces"]] == ["Mine"]
        assert [each["response_id"] for each in data.services["generation"]["responses"]] == [
            kept.response_id
        ]
        await ask(asker, "Mine, waiting to be written")
        erased = await admin.call("privacy.erase_person", subject=key_id)
        report = await ended(house, admin, erased.request_id)
        counts = {part.service: part.counts for part in report.parts}["generation"]
        assert counts["responses"] == 1
        assert counts["traces"] in {1, 2}, "the second may wait still"
        await written(house)
        assert [each.subject == key_id for each in (await admin.call("generation.list_traces")).traces] == [
            False
        ]
        again = await admin.call(
            "generation.complete", messages=[{"role": "user", "content": "Mine"}], cache_s=3600
        )
        assert not again.cached


async def test_an_export_is_read_by_pages_and_says_what_does_not_fit(
    tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        asker, key_id = await keyed(admin, "asker", "admin")
        asked, kept = [], []
        for number in range(25):
            clock.move(1)
            asked.append(await ask(asker, f"Number {number}"))
            given: dict[str, Any] = {"input_items": [{"text": "x" * 400}], "output_items": []}
            kept.append((await asker.call("generation.keep_response", **given)).response_id)
        await written(house)
        await asker.call("prompts.create_prompt", name="many", text=f"{'x' * 400} 0")
        for number in range(1, 60):
            await asker.call("prompts.add_prompt_version", name="many", text=f"{'x' * 400} {number}")

        async def exported() -> tuple[Any, dict[str, Any]]:
            request = await admin.call("privacy.export_person", subject=key_id)
            report = await ended(house, admin, request.request_id)
            data = await admin.call("privacy.read_export", request_id=request.request_id)
            return data.services, {part.service: part.counts for part in report.parts}

        found, counts = await exported()
        assert [each["trace_id"] for each in found["generation"]["traces"]] == asked[::-1]
        assert [each["response_id"] for each in found["generation"]["responses"]] == kept[::-1]
        assert [each["version"] for each in found["prompts"]["versions"]] == [*range(1, 61)]
        assert not [name for each in counts.values() for name in each if name.endswith("_left_out")]
        for service in ("generation", "prompts"):
            monkeypatch.setattr(f"mainstay.services.{service}.personal.EXPORTED_CHARACTERS_MAX", 8_000)
        found, counts = await exported()
        for service, kind, every in (
            ("generation", "traces", 25),
            ("generation", "responses", 25),
            ("prompts", "versions", 60),
        ):
            some = found[service][kind]
            assert 7_000 < len(json.dumps(some)) < 8_100, kind
            assert counts[service][f"{kind}_left_out"] == every - len(some)
        assert [each["response_id"] for each in found["generation"]["responses"]] == kept[
            : -len(found["generation"]["responses"]) - 1 : -1
        ]


def log_of(house: House) -> Any:
    [service] = [each for each in house._caretakers if hasattr(each, "_answering")]
    answers: Any = service
    return answers._log


@pytest.mark.parametrize("here", [True, False], ids=["here", "by_another_process"])
async def test_nothing_of_the_erased_stays_although_it_was_being_written(
    tmp_path: Path, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, *, here: bool
) -> None:
    async with opened_house(tmp_path / "data", clock=clock) as house:
        admin = client(house)
        asker, key_id = await keyed(admin, "asker")
        log = log_of(house)
        await written(house)
        reached, go_on, write = asyncio.Event(), asyncio.Event(), log._store.write

        async def slowly(tenant_id: str, rows: Any) -> None:
            reached.set()
            await go_on.wait()
            await write(tenant_id, rows)

        monkeypatch.setattr(log._store, "write", slowly)
        if not here:
            monkeypatch.setattr(log, "forget", lambda *_: None)
        await ask(asker, "Hers")
        stays = await ask(admin, "Not hers")
        writing = asyncio.create_task(written(house))
        await reached.wait()
        erased = await admin.call("privacy.erase_person", subject=key_id)
        await ended(house, admin, erased.request_id)
        go_on.set()
        await writing
        if not here:
            assert len((await admin.call("generation.list_traces")).traces) == 2
            clock.move(61)
            await written(house)
        assert [each.trace_id for each in (await admin.call("generation.list_traces")).traces] == [stays]
        assert (log._characters, len(log._waiting)) == (0, 0)


async def test_one_bad_trace_is_dropped_and_nothing_is_lost_with_it_or_with_a_failing_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened_house(tmp_path / "data") as house:
        admin, other = client(house), await tenant_client(house, "other")
        log = log_of(house)
        asked = [await ask(admin, text) for text in ("First", "Bad", "Last")]
        theirs = await ask(other, "Theirs")
        write, commit = log._store.write, Work.commit

        async def choosing(tenant_id: str, rows: Any) -> None:
            await write(tenant_id, rows)
            if asked[1] in [row["trace_id"] for row in rows]:
                raise ValueError("This cannot be written")

        async def failing(work: Work) -> None:
            await work.undo(DatabaseUnavailable("It is full"))
            raise DatabaseUnavailable("It is full")

        monkeypatch.setattr(log._store, "write", choosing)
        monkeypatch.setattr(Work, "commit", failing)
        with pytest.raises(DatabaseUnavailable):
            await written(house)
        monkeypatch.setattr(Work, "commit", commit)
        await written(house)
        listed = (await admin.call("generation.list_traces")).traces
        assert {each.trace_id for each in listed} == {asked[0], asked[2]}
        assert (await other.call("generation.get_trace", trace_id=theirs)).text == "Theirs"
        rows = await house.engines.database.fetch(SYSTEM, "SELECT trace_id FROM generation_traces")
        assert {row["trace_id"] for row in rows} == {asked[0], asked[2], theirs}, "written, not waiting still"
        assert (log._characters, len(log._waiting)) == (0, 0)
        assert f"The trace {asked[1]} cannot be written" in caplog.text


async def test_responses_are_of_whoever_keeps_them(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data") as house:
        admin = client(house)
        given: dict[str, Any] = {
            "input_items": [{"a": 1}],
            "output_items": [{"b": "ü"}],
            "facts": {"c": None},
        }
        first = await admin.call("generation.keep_response", **given, response_id="resp_mine")
        read = await admin.call("generation.get_response", response_id="resp_mine")
        assert read == first
        assert (read.input, read.output, read.facts) == ([{"a": 1}], [{"b": "ü"}], {"c": None})
        with pytest.raises(ResponseTaken):
            await admin.call("generation.keep_response", **given, response_id="resp_mine")
        for other in ((await keyed(admin, "other", "admin"))[0], await tenant_client(house, "another")):
            for operation in ("get_response", "delete_response"):
                with pytest.raises(ResponseMissing):
                    await other.call(f"generation.{operation}", response_id="resp_mine")
            with pytest.raises(ResponseMissing):
                await other.call("generation.keep_response", **given, previous_id="resp_mine")
        await admin.call("generation.delete_response", response_id="resp_mine")
        with pytest.raises(ResponseMissing):
            await admin.call("generation.get_response", response_id="resp_mine")


async def test_kept_responses_share_the_quota_of_bytes(tmp_path: Path) -> None:
    async with opened_house(tmp_path / "data") as house:
        who = await tenant_client(house, "Small")
        tenant_id = (await who.call("identity.whoami")).tenant_id
        large: dict[str, Any] = {"input_items": [{"text": "x" * 1000}], "output_items": []}
        kept = await who.call("generation.keep_response", **large)
        await client(house).call("gateway.replace_tenant_quotas", tenant_id=tenant_id, storage_bytes=2000)
        with pytest.raises(QuotaFull, match="storage_bytes"):
            await who.call("generation.keep_response", **large)
        await who.call("generation.delete_response", response_id=kept.response_id)
        await who.call("generation.keep_response", **large)
