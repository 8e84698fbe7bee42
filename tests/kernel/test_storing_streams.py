"""Streams that store: committed before the next piece, counted as writes; all others must not write."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import RateLimited
from mainstay.kernel.inside import inside
from mainstay.kernel.interface import operations_of
from mainstay.kernel.work import current, emit
from mainstay.ports.database import SYSTEM
from mainstay.services.assistant.happenings import TrainingDue
from mainstay.services.assistant.interface import Assistant
from mainstay.services.knowledge.interface import Knowledge
from makers import Client, client, opened_house

INTENTS = [{"name": "tea", "examples": ["tea please"], "replies": ["Here."]}]


async def turns_of(house: House) -> list[Mapping[str, Any]]:
    return list(await house.engines.database.fetch(SYSTEM, "SELECT number FROM assistant_turns"))


async def stream(admin: Client) -> AsyncIterator[Any]:
    bot = await admin.call("assistant.create_bot", name="Tea", intents=INTENTS)
    answer = await admin.answer("assistant.stream_turn", bot_id=bot.bot_id, text="tea please")
    pieces: AsyncIterator[Any] = answer.value
    return pieces


def service(house: House, interface: type[Any]) -> Any:
    return house.application._services[interface]


async def test_what_was_said_stays_although_the_client_leaves(house: House, admin: Client) -> None:
    pieces = await stream(admin)
    assert await turns_of(house) == []
    await anext(pieces)
    assert len(await turns_of(house)) == 1
    await pieces.aclose()  # type: ignore[attr-defined]  # what dispatch gives is a generator
    assert len(await turns_of(house)) == 1


async def test_a_stream_within_the_house_ends_with_whoever_leaves_it(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = []

    async def endless(**_: Any) -> AsyncIterator[Any]:
        try:
            while True:
                yield None
        finally:
            ended.append("inner")

    async def outer(text: str, **_: Any) -> AsyncIterator[Any]:
        pieces = inside(Knowledge, lambda: house.application).stream_answer(question=text)
        async for piece in pieces:
            yield piece
            await pieces.aclose()  # type: ignore[attr-defined]  # a stand-in's stream is a generator
            ended.append("outer")

    monkeypatch.setattr(service(house, Knowledge), "stream_answer", endless)
    monkeypatch.setattr(service(house, Assistant), "stream_turn", outer)
    bot = await admin.call("assistant.create_bot", name="Tea", intents=INTENTS)
    answer = await admin.answer("assistant.stream_turn", bot_id=bot.bot_id, text="tea please")
    _ = [piece async for piece in answer.value]
    assert ended == ["inner", "outer"]


async def test_each_commit_of_a_stream_is_audited_and_its_events_are_told_once(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = service(house, Assistant)
    taken = assistant.stream_turn

    async def telling(**given: Any) -> AsyncIterator[Any]:
        async for piece in taken(**given):
            emit(TrainingDue(bot_id="bot_none"))
            yield piece

    monkeypatch.setattr(assistant, "stream_turn", telling)
    assert len([piece async for piece in await stream(admin)]) == 3
    await house.audit.flush()
    [audited] = await house.engines.database.fetch(
        SYSTEM, "SELECT count(*) AS n FROM audit WHERE operation = 'assistant.stream_turn'"
    )
    told = await house.engines.database.fetch(SYSTEM, "SELECT seq FROM outbox WHERE event = 'TrainingDue'")
    assert audited["n"] == 3, "two commits, and the end"
    assert len(told) == 3


async def test_a_stream_that_does_not_say_so_must_not_write(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def writing(**_: Any) -> AsyncIterator[Any]:
        unit = await current().open()
        await unit.insert("collections", [])
        yield None

    monkeypatch.setattr(service(house, Knowledge), "stream_answer", writing)
    answer = await admin.answer("knowledge.stream_answer", question="Where is the harbour?")
    with pytest.raises(RuntimeError, match="must not write"):
        await anext(answer.value)


async def test_a_failure_in_between_leaves_nothing_of_its_piece(
    house: House, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = service(house, Assistant)
    taken = assistant.stream_turn

    async def failing(**given: Any) -> AsyncIterator[Any]:
        pieces = taken(**given)
        yield await anext(pieces)
        await current().open()
        raise ValueError("broken")

    monkeypatch.setattr(assistant, "stream_turn", failing)
    pieces = await stream(admin)
    await anext(pieces)
    with pytest.raises(ValueError, match="broken"):
        await anext(pieces)
    assert len(await turns_of(house)) == 1
    assert await admin.call("assistant.create_bot", name="After", intents=INTENTS), "the writer is free"


async def test_a_stream_that_stores_is_a_write_for_limits(tmp_path: Path) -> None:
    told = {each.name: each.changes for each in (*operations_of(Assistant), *operations_of(Knowledge))}
    assert (told["stream_turn"], told["stream_answer"], told["understand"]) == (True, False, False)
    async with opened_house(tmp_path / "data", rate_limit_writes_per_minute=2) as house:
        admin = client(house)
        assert [piece async for piece in await stream(admin)]
        with pytest.raises(RateLimited, match="2 writes a minute"):
            await stream(admin)
