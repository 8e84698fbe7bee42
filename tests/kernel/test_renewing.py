"""Streams that go on: whoever asked is recognised anew, and goes on with the rights that he has by then."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mainstay.app.house import House
from mainstay.kernel.guard import CredentialsUnknown, PermissionMissing
from mainstay.kernel.inside import inside
from mainstay.kernel.work import caller, renew_caller
from mainstay.services.generation.interface import Generation
from mainstay.services.generation.records import ChatMessage
from mainstay.services.knowledge.interface import Knowledge
from mainstay.services.knowledge.records import AnswerPiece
from makers import Client, FrozenClock, client, opened_house

WATCHER = ("documents:read", "documents:all")
"""The permission of the operation below, and one that is not."""


@pytest.fixture
async def house(tmp_path: Path, clock: FrozenClock) -> AsyncIterator[House]:
    async with opened_house(tmp_path / "data", clock=clock) as opened:
        yield opened


async def watcher(admin: Client) -> Client:
    await admin.call("identity.create_role", name="watcher", permissions=list(WATCHER))
    return client(admin.house, (await admin.call("identity.create_key", name="w", role="watcher")).key)


def answers(house: House, monkeypatch: pytest.MonkeyPatch, stream: Any, interface: type[Any]) -> None:
    monkeypatch.setattr(house.application._services[interface], stream.__name__, stream)


async def stream_answer(**_: Any) -> AsyncIterator[AnswerPiece]:
    """Tell for ever what the caller may see, as he is at that moment."""
    while True:
        await renew_caller()
        yield AnswerPiece(text="all" if caller().may("documents:all") else "some")


async def asked(who: Client) -> Any:
    return (await who.answer("knowledge.stream_answer", question="What may I see?")).value


async def test_a_right_that_is_taken_or_given_meanwhile_counts(
    house: House, admin: Client, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(house, monkeypatch, stream_answer, Knowledge)
    pieces = await asked(await watcher(admin))
    assert (await anext(pieces)).text == "all"
    await admin.call("identity.replace_role", name="watcher", permissions=[WATCHER[0]])
    clock.move(1)
    assert (await anext(pieces)).text == "some"
    await admin.call("identity.replace_role", name="watcher", permissions=list(WATCHER))
    clock.move(1)
    assert (await anext(pieces)).text == "all"
    await admin.call("identity.replace_role", name="watcher", permissions=[WATCHER[1]])
    clock.move(1)
    with pytest.raises(PermissionMissing):
        await anext(pieces)


async def test_a_stream_that_does_not_ask_is_looked_at_with_each_piece(
    house: House, admin: Client, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stream_answer(**_: Any) -> AsyncIterator[AnswerPiece]:
        while True:
            yield AnswerPiece(text="on")

    answers(house, monkeypatch, stream_answer, Knowledge)
    made = await admin.call("identity.create_key", name="w", role="user")
    pieces = await asked(client(house, made.key))
    await anext(pieces)
    await admin.call("identity.revoke_key", key_id=made.key_id)
    clock.move(1)
    with pytest.raises(CredentialsUnknown):
        await anext(pieces)


async def test_what_a_service_gave_along_stays_with_the_stream_that_it_asked_for(
    house: House, admin: Client, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may read documents has a generator write for him, without a permission for generators."""
    writing = inside(Generation, lambda: house.application, frozenset({"generation:use"}))

    async def stream_answer(**_: Any) -> AsyncIterator[AnswerPiece]:
        async for _ in writing.stream_complete([ChatMessage(role="user", content="Hello")]):
            yield AnswerPiece(text="written")

    async def stream_complete(**_: Any) -> AsyncIterator[None]:
        for _ in range(2):
            clock.move(1)
            yield None

    answers(house, monkeypatch, stream_answer, Knowledge)
    answers(house, monkeypatch, stream_complete, Generation)
    pieces = await asked(await watcher(admin))
    assert [piece.text async for piece in pieces] == ["written", "written"]
