"""The queue of the desk: what waits for people and what they answer, followed as it changes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mainstay.kernel.closing import Closing
from mainstay.kernel.profiles import Profiles
from mainstay.kernel.work import caller
from mainstay.kit.clock import Clock
from mainstay.ports.bus import Bus
from mainstay.ports.database import Scalar
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversation_store import ConversationStore, TurnRow, desk_topic
from mainstay.services.assistant.conversations import told
from mainstay.services.assistant.failures import BotMissing
from mainstay.services.assistant.following import Following
from mainstay.services.assistant.limits import DESK_MAX
from mainstay.services.assistant.plans import called
from mainstay.services.assistant.records import DeskEntry, DeskNews
from mainstay.services.assistant.steps import Standing

_LOOK_AGAIN_S = 1.0  # a note can be lost between processes, so look without one too
_BEAT_S = 20.0
_APART_S = 0.2  # on a busy desk many changes are told together
_TURNS_READ = 30
_ASKED_LENGTH = 200


@dataclass(frozen=True)
class _Bot:
    """What a bot is called, and the titles of its intents that call a person, by their names."""

    name: str
    calling: Mapping[str, str]


@dataclass
class _Seen:
    """What somebody who follows was told: each entry by what tells a change; names that were looked up."""

    marks: dict[str, tuple[Scalar, ...]] | None = None
    told_s: float = 0
    bots: dict[str, _Bot] = field(default_factory=dict)
    people: dict[str, str | None] = field(default_factory=dict)


class Queue:
    """Lets people of the team follow what waits."""

    def __init__(
        self,
        store: ConversationStore,
        bots: Bots,
        following: Following,
        profiles: Profiles,
        bus: Bus,
        closing: Closing,
        clock: Clock,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._bots = bots
        self._following = following
        self._profiles = profiles
        self._bus = bus
        self._closing = closing
        self._clock = clock

    async def follow(self, bot_id: str | None, for_s: float) -> AsyncIterator[DeskNews]:
        """Give what is at the desk, then what changes; rows are the truth, notes are hints."""
        until_s = self._clock.monotonic_s() + for_s
        if bot_id is not None:
            await self._bots.existing(bot_id)
        seen = _Seen()
        with self._following.counted():
            async with self._bus.subscribe(desk_topic(caller().tenant_id)) as notes:
                while True:
                    news = await self._news(bot_id, seen)
                    if news is not None:
                        yield news
                    left_s = until_s - self._clock.monotonic_s()
                    if left_s <= 0 or self._closing.begun:
                        return
                    await asyncio.sleep(min(left_s, _APART_S))
                    await self._closing.next_note(notes, min(left_s, _LOOK_AGAIN_S))

    async def _news(self, bot_id: str | None, seen: _Seen) -> DeskNews | None:
        marks, now_s = await self._store.at_desk(bot_id, DESK_MAX), self._clock.monotonic_s()
        before, fresh = seen.marks or {}, seen.marks is None
        changed = [key for key, mark in marks.items() if before.get(key) != mark]
        gone = [key for key in before if key not in marks]
        if not (fresh or changed or gone or now_s - seen.told_s >= _BEAT_S):
            return None
        entries = [await self._entry(each, seen) for each in changed]
        seen.marks, seen.told_s = marks, now_s
        return DeskNews(entries=[each for each in entries if each is not None], gone=gone, fresh=fresh)

    async def _entry(self, conversation_id: str, seen: _Seen) -> DeskEntry | None:
        """Tell of a conversation; one that is being erased is as good as gone."""
        row = await self._store.conversation(conversation_id)
        if row is None:
            return None
        turns = await self._store.turns_from(conversation_id, row.turns - _TURNS_READ)
        asked, since_ms = _open_question(turns)
        bot = await self._bot(row.bot_id, seen)
        intent = bot.calling.get(Standing.of(row.content["standing"]).intent or "")
        return DeskEntry(
            **told(row).model_dump(),
            bot=bot.name,
            reason=_reason(turns, intent),
            intent=intent,
            talker=await self._person(row.subject, seen),
            agent_name=await self._person(row.agent, seen) if row.agent else None,
            asked=asked[:_ASKED_LENGTH],
            since_ms=since_ms,
        )

    async def _bot(self, bot_id: str, seen: _Seen) -> _Bot:
        if bot_id not in seen.bots:
            try:
                found = await self._bots.existing(bot_id)
            except BotMissing:  # it is being deleted
                return _Bot("", {})
            intents = found.definition["intents"]
            calling = [each for each in intents if each["action"] == "escalate"]
            titles = {each["name"]: called(each["name"], each["title"]) for each in calling}
            seen.bots[bot_id] = _Bot(found.name, titles)
        return seen.bots[bot_id]

    async def _person(self, subject: str, seen: _Seen) -> str | None:
        if subject not in seen.people:
            seen.people[subject] = (await self._profiles.of(caller().tenant_id, subject)).name
        return seen.people[subject]


def _open_question(turns: list[TurnRow]) -> tuple[str, int | None]:
    """Give what was asked last, and since when something waits for an answer by a person."""
    asked, since_ms = "", None
    for turn in reversed(turns):
        if turn.content["by"] == "person" or turn.content["state"] == "open":
            break
        since_ms = turn.created_ms
    for turn in reversed(turns):
        asked = asked or str(turn.content["text"])
    return asked, since_ms


def _reason(turns: list[TurnRow], intent: str | None) -> Literal["asked", "intent", "gave_up"] | None:
    """Give why a conversation came to a person; None: the turn in which it did was not read."""
    if intent is not None:
        return "intent"
    called = None  # the first of the last turns that a person answers, which the bot answered itself
    for turn in reversed(turns):
        if turn.content["state"] == "open":
            break
        called = turn
    if called is not None and called is turns[0] and called.number > 1:
        return None
    return "gave_up" if called is not None and called.content["fallback"] == "escalate" else "asked"
