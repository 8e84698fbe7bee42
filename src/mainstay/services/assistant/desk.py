"""The desk: people of the team claim conversations that wait, reply, and close them."""

from dataclasses import replace
from typing import Literal

from mainstay.kernel.work import caller, emit, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversation_store import (
    ConversationRow,
    ConversationStore,
    TurnRow,
)
from mainstay.services.assistant.conversations import Conversations, stir, told, turn_of
from mainstay.services.assistant.failures import (
    ConversationBusy,
    ConversationEnded,
    ConversationMissing,
    ConversationNotYours,
    TalkerErased,
)
from mainstay.services.assistant.feedback import Judging
from mainstay.services.assistant.happenings import (
    ConversationClaimed,
    ConversationClosed,
    ConversationEscalated,
    PersonReplied,
)
from mainstay.services.assistant.limits import ALL_CONVERSATIONS, TURNS_MAX
from mainstay.services.assistant.records import Conversation, Turn
from mainstay.services.assistant.steps import Standing


class Desk:
    """Lets people answer instead of bots."""

    def __init__(
        self,
        conversations: Conversations,
        store: ConversationStore,
        bots: Bots,
        judging: Judging,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._conversations = conversations
        self._store = store
        self._bots = bots
        self._judging = judging
        self._clock = clock
        self._ids = ids

    async def claim(self, conversation_id: str, *, take_over: bool) -> Conversation:
        """Answer a conversation from now on; raises ConversationNotYours where somebody else does.

        Whoever may see all conversations may take it over from a colleague.
        """
        row = await self._conversations.existing(conversation_id)
        if row.state == "claimed" and row.agent == caller().subject:
            return told(row)
        if row.state == "claimed" and not (take_over and caller().may(ALL_CONVERSATIONS)):
            raise ConversationNotYours(f"Another person answers it: take_over takes {ALL_CONVERSATIONS}.")
        if row.state == "closed":
            raise ConversationEnded("It was closed.")
        after = replace(row, state="claimed", agent=caller().subject, changed_ms=self._clock.now_ms())
        await self._save(row, after)
        emit(ConversationClaimed(bot_id=row.bot_id, conversation_id=conversation_id, agent=after.agent))
        return told(after)

    async def reply(self, conversation_id: str, text: str, intent: str | None) -> Turn:
        """Say something; with an intent, what was asked becomes an example of it, to be looked at."""
        row = await self._claimed(conversation_id)
        if row.turns >= TURNS_MAX:
            raise ConversationEnded(f"A conversation has at most {TURNS_MAX} turns: close it.")
        if intent is not None:
            await self._judging.known_intent(row.bot_id, intent)
        now = self._clock.now_ms()
        asked = await self._asked(row)
        turn = self._turn(row, text, now)
        said = _row(row, turn)
        content = {**row.content, "said": text[:200]}
        await self._save(row, replace(row, turns=turn.number, content=content, changed_ms=now))
        try:
            await self._store.add_turn(said)
        except KeyDestroyed:
            raise TalkerErased("Whoever asked was erased; close the conversation.") from None
        if intent is not None and asked is not None:
            await self._judging.taught(asked, intent)
        emit(PersonReplied(bot_id=row.bot_id, conversation_id=row.conversation_id, turn_id=turn.turn_id))
        return turn_of(said)

    async def call(self, conversation_id: str) -> Conversation:
        """Let one's own conversation wait for a person; where one answers already, nothing changes."""
        row = await self._own(conversation_id)
        if row.state == "closed":
            raise ConversationEnded("Begin a new one, and call a person there.")
        if row.state != "open":
            return told(row)
        after = replace(row, state="waiting", changed_ms=self._clock.now_ms())
        await self._save(row, after)
        emit(ConversationEscalated(bot_id=row.bot_id, conversation_id=conversation_id))
        return told(after)

    async def end(self, conversation_id: str) -> Conversation:
        """End one's own conversation."""
        row = await self._own(conversation_id)
        return told(row) if row.state == "closed" else await self._closed(row, "closed")

    async def close(self, conversation_id: str, state: Literal["closed", "open"]) -> Conversation:
        """End a conversation, or give it back to the bot."""
        row = await self._conversations.existing(conversation_id)
        if row.state == "claimed" and row.agent != caller().subject:
            raise ConversationNotYours("Another person of the team answers it: take it over first.")
        return await self._closed(row, state)

    async def _closed(self, row: ConversationRow, state: Literal["closed", "open"]) -> Conversation:
        content = {**row.content, "standing": Standing().to_json()}
        now = self._clock.now_ms()
        after = replace(row, state=state, agent="", content=content, changed_ms=now)
        await self._save(row, after)
        if state == "closed":
            emit(ConversationClosed(bot_id=row.bot_id, conversation_id=row.conversation_id))
        return told(after)

    async def _own(self, conversation_id: str) -> ConversationRow:
        """Find a conversation of the caller's; raises ConversationMissing."""
        row = await self._conversations.existing(conversation_id)
        if row.subject != caller().subject:
            raise ConversationMissing("List the conversations to see their ids.")
        return row

    async def _claimed(self, conversation_id: str) -> ConversationRow:
        row = await self._conversations.existing(conversation_id)
        if row.state != "claimed" or row.agent != caller().subject:
            raise ConversationNotYours("Claim it first.")
        return row

    async def _asked(self, row: ConversationRow) -> TurnRow | None:
        """Give the last turn of whoever asks."""
        turns = await self._store.turns([row.conversation_id])
        return next((turn for turn in reversed(turns) if turn.author == row.subject), None)

    async def _save(self, before: ConversationRow, after: ConversationRow) -> None:
        note_target(before.conversation_id)
        try:
            kept = await self._store.go_on(after, before)
        except KeyDestroyed:
            raise TalkerErased("Whoever asked was erased.") from None
        if not kept:
            raise ConversationBusy("Get the conversation to see what was said meanwhile.")
        note_change(told(before).model_dump(), told(after).model_dump())
        stir(before.conversation_id)

    def _turn(self, row: ConversationRow, text: str, now_ms: int) -> Turn:
        return Turn(
            turn_id=self._ids.new("turn"),
            conversation_id=row.conversation_id,
            number=row.turns + 1,
            text="",
            intent=None,
            confidence=0,
            out_of_scope=False,
            scope_score=0,
            entities=[],
            slots={},
            reply=text,
            options=[],
            citations=[],
            by="person",
            state="claimed",
            version=0,
            created_ms=now_ms,
        )


def _row(row: ConversationRow, turn: Turn) -> TurnRow:
    return TurnRow(
        turn_id=turn.turn_id,
        conversation_id=row.conversation_id,
        bot_id=row.bot_id,
        number=turn.number,
        subject=row.subject,
        author=caller().subject,
        fallback="",
        content=turn.model_dump(),
        created_ms=turn.created_ms,
    )
