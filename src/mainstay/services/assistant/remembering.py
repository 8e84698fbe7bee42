"""What bots remember: looked up for a turn, kept with it, shown, put right, forgotten; each person's own."""

from collections.abc import Sequence

from mainstay.kernel.guard import PermissionMissing
from mainstay.kernel.work import caller, emit, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.end_users import Whose
from mainstay.services.assistant.failures import FactMissing, MemoryClosed, TalkerErased
from mainstay.services.assistant.happenings import FactExpires
from mainstay.services.assistant.limits import ALL_CONVERSATIONS
from mainstay.services.assistant.memory_records import (
    FACTS_MAX,
    Fact,
    FactForgotten,
    FactsForgotten,
    Memory,
    Remembering,
)
from mainstay.services.assistant.memory_store import ASKED, NO, YES, ChoiceRow, FactRow, MemoryStore, renewed
from mainstay.services.assistant.recollection import UNCHANGED, Change, Note, Recalled
from mainstay.services.assistant.records import Definition
from mainstay.services.assistant.store import BotRow

_DAY_MS = 86_400_000
_TOLD_MAX = 1000  # of a key by which many people come


class Memories:
    """Keeps what bots remember of persons."""

    def __init__(self, store: MemoryStore, bots: Bots, clock: Clock, ids: Ids) -> None:
        """Take the parts."""
        self._store = store
        self._bots = bots
        self._clock = clock
        self._ids = ids

    def whose(self, bot_id: str, subject: str, name: str | None) -> Whose:
        """Give the person whom a key names; without a name it is whoever comes with the key."""
        return self._store.whose(bot_id, subject, name)

    async def recalled(self, bot_id: str, settings: Remembering, whose: Whose) -> Recalled:
        """Give what a bot remembers of somebody, for a turn."""
        if not settings.on:
            return Recalled()
        row = await self._store.choice(bot_id, whose)
        if row is None or row.choice == ASKED:
            return Recalled(asked=row is not None)
        if row.choice != YES:
            return Recalled("no", asked=True)
        facts = await self._store.facts(bot_id, whose, self._clock.now_ms())
        return Recalled("yes", asked=True, notes=[_note(fact) for fact in facts])

    async def keep(
        self,
        bot_id: str,
        settings: Remembering,
        whose: Whose,
        change: Change,
        turn_id: str,
        source: str = "",
    ) -> None:
        """Store what a turn changes of the memory, in the turn's own unit of work; raises KeyDestroyed."""
        if change == UNCHANGED:
            return
        now = self._clock.now_ms()
        if change.choice is not None or change.asked:
            said = {"turn_id": turn_id, "by": "turn"}
            choice = change.choice or ASKED
            await self._store.choose(ChoiceRow(bot_id, whose.subject, choice, said, now, whose.end_user))
        if change.forgets or change.choice == "no":
            await self._store.remove({"bot_id": bot_id, **vars(whose)})
        if change.notes:
            await self._add(bot_id, settings, whose, change.notes, turn_id, source)

    async def describe(self, bot_id: str, subject: str | None, end_user: str | None) -> Memory:
        """Say what a bot remembers of the caller, or of somebody; raises PermissionMissing."""
        bot, who = await self._bots.existing(bot_id), subject or caller().subject
        note_target(bot_id)
        if who != caller().subject and not caller().may(ALL_CONVERSATIONS):
            raise PermissionMissing(f"This needs the permission `{ALL_CONVERSATIONS}`.")
        return await self._told(bot, self.whose(bot_id, who, end_user))

    async def choose(self, bot_id: str, end_user: str | None, *, allowed: bool) -> Memory:
        """Store the caller's choice; a no erases what is remembered, and is that of all her people too."""
        bot, me = await self._bots.existing(bot_id), caller().subject
        note_target(bot_id)
        whose = self.whose(bot_id, me, end_user)
        before = await self._store.choice(bot_id, whose)
        choice, said = YES if allowed else NO, {"turn_id": "", "by": "call"}
        row = ChoiceRow(bot_id, me, choice, said, self._clock.now_ms(), whose.end_user)
        try:
            await self._store.choose(row)
        except KeyDestroyed:
            raise TalkerErased("Come with another key, or as another user.") from None
        if not allowed:
            await self._remove(bot_id, whose)
            if not whose.end_user:
                await self._store.refuse(bot_id, me, row.chosen_ms)
        note_change(None if before is None else {"choice": before.choice}, {"choice": choice})
        return await self._told(bot, whose)

    async def change(self, bot_id: str, fact_id: str, text: str) -> Fact:
        """Put a fact of the caller right; raises FactMissing, MemoryClosed."""
        bot = await self._bots.existing(bot_id)
        settings = _settings(bot)
        row = await self._own(bot_id, fact_id)
        if not settings.on:
            raise MemoryClosed("The bot remembers nothing of anybody; forget the fact instead.")
        now, slot = self._clock.now_ms(), row.content["slot"]
        said = {"text": f"{slot}: {text}", "value": text} if slot else {"text": text}
        expires = now + settings.days * _DAY_MS
        after = renewed(row, {**said, "source": "changed"}, now, expires)
        try:
            await self._store.change(after)
        except KeyDestroyed:
            raise TalkerErased("Come with another key, or as another user.") from None
        emit(FactExpires(fact_id=fact_id), promised=True, delay_ms=expires - now)
        note_change(_fact(row).model_dump(), _fact(after).model_dump())
        return _fact(after)

    async def forget(self, bot_id: str, fact_id: str) -> FactForgotten:
        """Erase a fact of the caller; raises FactMissing."""
        await self._bots.existing(bot_id)
        row = await self._own(bot_id, fact_id)
        await self._store.remove({"fact_id": fact_id})
        note_change(_fact(row).model_dump(), None)
        return FactForgotten(fact_id=fact_id)

    async def forget_all(self, bot_id: str, end_user: str | None) -> FactsForgotten:
        """Erase all facts of the caller, or of one of her people."""
        await self._bots.existing(bot_id)
        note_target(bot_id)
        whose = self.whose(bot_id, caller().subject, end_user)
        return FactsForgotten(forgotten=await self._remove(bot_id, whose))

    async def _remove(self, bot_id: str, whose: Whose) -> int:
        """Erase what is remembered of one of the caller's people; where none is named, of all."""
        one = {"end_user": whose.end_user} if whose.end_user else {}
        return await self._store.remove({"bot_id": bot_id, "subject": whose.subject, **one})

    async def expire(self, fact_id: str) -> None:
        """Erase a fact whose time is over."""
        await self._store.expire(fact_id, self._clock.now_ms())

    async def _own(self, bot_id: str, fact_id: str) -> FactRow:
        note_target(fact_id)
        found = await self._store.fact(fact_id, self._clock.now_ms())
        if found is None or found.bot_id != bot_id or found.subject != caller().subject:
            raise FactMissing("Get the bot's memory to see the ids of what it remembers of you.")
        return found

    async def _add(
        self,
        bot_id: str,
        settings: Remembering,
        whose: Whose,
        notes: Sequence[Note],
        turn_id: str,
        source: str,
    ) -> None:
        """Store facts in place of those that they make untrue; the oldest go where there are too many.

        Nothing is stored where the yes was taken back this moment.
        """
        if not await self._store.hold(bot_id, whose):
            return
        now = self._clock.now_ms()
        expires = now + settings.days * _DAY_MS
        slots = {note.slot for note in notes if note.slot}
        texts = {note.text.casefold() for note in notes}
        known = await self._store.facts(bot_id, whose, now)
        gone = [
            fact
            for fact in known
            if fact.content["slot"] in slots or fact.content["text"].casefold() in texts
        ]
        left = [fact for fact in known if fact not in gone]
        gone += left[: max(0, len(left) + len(notes) - FACTS_MAX)]
        if gone:
            await self._store.remove({"fact_id": [fact.fact_id for fact in gone]})
        rows = [
            FactRow(
                self._ids.new("fact"),
                bot_id,
                whose.subject,
                {**vars(note), "source": source or ("slot" if note.slot else "told"), "turn_id": turn_id},
                now,
                expires,
                whose.end_user,
            )
            for note in notes[:FACTS_MAX]
        ]
        await self._store.add(rows)
        for row in rows:
            emit(FactExpires(fact_id=row.fact_id), promised=True, delay_ms=expires - now)

    async def _told(self, bot: BotRow, whose: Whose) -> Memory:
        row, now = await self._store.choice(bot.bot_id, whose), self._clock.now_ms()
        if whose.end_user:
            facts = await self._store.facts(bot.bot_id, whose, now)
        else:
            facts = await self._store.all_facts(bot.bot_id, whose.subject, now, _TOLD_MAX)
        chosen = row if row is not None and row.choice != ASKED else None
        return Memory(
            bot_id=bot.bot_id,
            choice="open" if chosen is None else "yes" if chosen.choice == YES else "no",
            asked=row is not None,
            chosen_ms=None if chosen is None else chosen.chosen_ms,
            on=_settings(bot).on,
            facts=[_fact(fact) for fact in facts],
        )


def _settings(bot: BotRow) -> Remembering:
    return Definition.model_validate(bot.definition).memory


def _note(row: FactRow) -> Note:
    return Note(**{name: str(row.content[name]) for name in ("text", "slot", "entity", "value")})


def _fact(row: FactRow) -> Fact:
    content = row.content
    return Fact(
        fact_id=row.fact_id,
        text=content["text"],
        slot=content["slot"] or None,
        value=content["value"] or None,
        source=content["source"],
        turn_id=content["turn_id"] or None,
        created_ms=row.created_ms,
        expires_ms=row.expires_ms,
    )
