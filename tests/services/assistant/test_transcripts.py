"""Conversations that are gone on with by what was said: whose they are, and when they are nobody's."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from mainstay.ports.database import SYSTEM
from mainstay.services.assistant.records import Turn
from mainstay.services.assistant.transcripts import Transcript
from makers import Client
from services.assistant.conftest import Shop, somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")

RETURNS, LONG = "how do returns work", "how do returns work " + "and what of my parcel " * 12


@dataclass
class Person:
    """Somebody whose client knows no conversations, but shows all that it showed her."""

    shop: Shop
    who: Client
    name: str = ""
    shown: list[dict[str, str]] = field(default_factory=list)

    async def say(self, text: str, **more: Any) -> Turn:
        """Say something, with what was said before."""
        transcript = {"messages": self.shown, "end_user": self.name}
        asked = {"bot_id": self.shop.bot.bot_id, "text": text, "transcript": transcript}
        turn: Turn = (await self.who.answer("assistant.take_turn", **asked, **more)).value
        self.shown = [*self.shown, _said("user", text), _said("assistant", turn.reply)]
        return turn


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


@pytest.mark.parametrize("text", [RETURNS, LONG, f" {RETURNS}\n"])
async def test_what_was_said_is_gone_on_with_however_long_it_is(shop: Shop, text: str) -> None:
    person = Person(shop, await somebody(shop.admin))
    turns = [await person.say(each) for each in (text, text, RETURNS)]
    assert {turn.conversation_id for turn in turns} == {turns[0].conversation_id}
    assert [turn.number for turn in turns] == [1, 2, 3]


async def test_what_the_bot_never_said_is_not_gone_on_with(shop: Shop) -> None:
    person = Person(shop, await somebody(shop.admin))
    first = await person.say(RETURNS)
    person.shown[1]["content"] += " Or so."
    other = await person.say(RETURNS)
    assert other.conversation_id != first.conversation_id
    assert (await person.say(RETURNS)).conversation_id == other.conversation_id


async def test_two_people_of_one_key_keep_their_own(shop: Shop) -> None:
    key = await somebody(shop.admin)
    people = [Person(shop, key, name) for name in ("Ada", "Grace")]
    began = [(await person.say(RETURNS)).conversation_id for person in people]
    assert people[0].shown == people[1].shown
    went_on = [(await person.say(RETURNS)).conversation_id for person in people]
    assert went_on == began
    assert len(set(began)) == 2


async def test_one_person_goes_on_with_the_newest_of_hers_that_are_alike(shop: Shop) -> None:
    key = await somebody(shop.admin)
    old, new = Person(shop, key, "Ada"), Person(shop, key, "Ada")
    began = []
    for each in (old, new):
        shop.clock.move(1)
        began.append((await each.say(RETURNS)).conversation_id)
    assert [(await each.say(RETURNS)).conversation_id for each in (new, old)] == began[::-1]


async def test_what_two_could_have_been_told_is_nobodys(shop: Shop) -> None:
    key = await somebody(shop.admin)
    people = [Person(shop, key) for _ in range(2)]
    began = [(await person.say(RETURNS)).conversation_id for person in people]
    own = [(await people[0].say(LONG)).conversation_id]
    assert own[0] not in began
    own.append((await people[0].say(RETURNS)).conversation_id)
    assert own[0] == own[1]
    histories = [await key.call("assistant.get_conversation", conversation_id=each) for each in began]
    assert [each.turns for each in histories] == [1, 1]


async def test_what_went_on_already_is_begun_anew_and_never_anothers(shop: Shop) -> None:
    key = await somebody(shop.admin)
    one = Person(shop, key)
    first = await one.say(RETURNS)
    shown = one.shown
    await one.say(RETURNS)
    other = Person(shop, key)
    others = await other.say(RETURNS)
    one.shown = shown
    again = await one.say(LONG)
    assert again.conversation_id not in {first.conversation_id, others.conversation_id}


async def test_another_keys_conversation_is_never_found(shop: Shop) -> None:
    one = Person(shop, await somebody(shop.admin), "Ada")
    first = await one.say(RETURNS)
    other = Person(shop, await somebody(shop.admin), "Ada", one.shown)
    assert (await other.say(RETURNS)).conversation_id != first.conversation_id


async def test_what_ended_is_not_gone_on_with(shop: Shop) -> None:
    person = Person(shop, await somebody(shop.admin))
    first = await person.say(RETURNS)
    await person.who.call("assistant.end_conversation", conversation_id=first.conversation_id)
    assert (await person.say(RETURNS)).conversation_id != first.conversation_id


async def test_a_streamed_turn_counts_once_it_is_answered(shop: Shop) -> None:
    person = Person(shop, await somebody(shop.admin))
    asked = {"bot_id": shop.bot.bot_id, "text": "What do gift cards cost?"}
    pieces = (await person.who.answer("assistant.stream_turn", **asked)).value
    first = await anext(pieces)
    whole = [piece async for piece in pieces][-1].result
    person.shown = [_said("user", asked["text"]), _said("assistant", whole.reply)]
    assert (await person.say(RETURNS)).conversation_id == first.conversation_id


async def test_the_same_keyed_turn_is_told_again(shop: Shop) -> None:
    person = Person(shop, await somebody(shop.admin))
    await person.say(RETURNS)
    shown = person.shown
    second = await person.say(RETURNS, idempotency_key="shown")
    person.shown = shown
    assert await person.say(RETURNS, idempotency_key="shown") == second


async def test_what_finds_a_transcript_tells_nothing_of_it(shop: Shop) -> None:
    person = Person(shop, await somebody(shop.admin))
    turn = await person.say(RETURNS)
    [row] = await shop.house.engines.database.fetch(
        SYSTEM, "SELECT transcript FROM assistant_turns WHERE turn_id = :id", {"id": turn.turn_id}
    )
    digest = Transcript.model_validate({"messages": person.shown}).digest()
    assert row["transcript"] not in {"", digest}
