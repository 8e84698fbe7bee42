"""Conversations: listed, searched, read whole, exported, deleted; each by who may see it."""

from collections.abc import Sequence

from mainstay.kernel.work import caller, emit, note_change, note_target, wake
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversation_store import (
    ConversationRow,
    ConversationStore,
    TurnRow,
    Wanted,
    desk_topic,
    topic_of,
)
from mainstay.services.assistant.failures import ConversationMissing, TurnMissing
from mainstay.services.assistant.feedback_store import FeedbackStore
from mainstay.services.assistant.happenings import BotRemoved
from mainstay.services.assistant.limits import ALL_CONVERSATIONS
from mainstay.services.assistant.memory_store import MemoryStore
from mainstay.services.assistant.records import (
    BotDeleted,
    Conversation,
    ConversationDeleted,
    ConversationPage,
    Turn,
    TurnPage,
    WholeConversation,
)
from mainstay.services.assistant.summary_store import SummaryStore
from mainstay.services.assistant.wording import tidy

_READ_AT_ONCE = 50
_READ_MAX = 500
_TURNS_READ_MAX = 5000


def visible(row: ConversationRow | TurnRow) -> bool:
    """Say whether the caller may see a conversation."""
    return row.subject == caller().subject or caller().may(ALL_CONVERSATIONS)


def stir(conversation_id: str, *, desk: bool = True) -> None:
    """Wake whoever follows a conversation, or the desk of the tenant, once this is stored."""
    wake(topic_of(conversation_id))
    if desk:
        wake(desk_topic(caller().tenant_id))


class Conversations:
    """Shows conversations."""

    def __init__(
        self,
        store: ConversationStore,
        feedback: FeedbackStore,
        summaries: SummaryStore,
        memory: MemoryStore,
        bots: Bots,
    ) -> None:
        """Take where they are, and the bots."""
        self._memory = memory
        self._summaries = summaries
        self._store = store
        self._feedback = feedback
        self._bots = bots

    async def existing(self, conversation_id: str) -> ConversationRow:
        """Find a conversation, whoever asks; raises ConversationMissing."""
        row = await self._store.conversation(conversation_id)
        if row is None:
            raise ConversationMissing("List the conversations to see their ids.")
        return row

    async def seen(self, conversation_id: str) -> ConversationRow:
        """Find a conversation that the caller may see; raises ConversationMissing."""
        row = await self.existing(conversation_id)
        if not visible(row):
            raise ConversationMissing("List the conversations to see their ids.")
        return row

    async def turn(self, bot_id: str, turn_id: str) -> TurnRow:
        """Find a turn of a bot that the caller may see; raises TurnMissing."""
        row = await self._store.turn(turn_id)
        if row is None or row.bot_id != bot_id or not visible(row):
            raise TurnMissing("Get the conversation to see the ids of its turns.")
        return row

    async def page(
        self, bot_id: str | None, state: str | None, q: str | None, after: str | None, limit: int
    ) -> ConversationPage:
        """List conversations, newest first.

        Where words are looked for, some hundreds of them, or thousands of turns, are read at a time.
        """
        wanted, words, turns = Wanted(bot_id, state, _shown()), None if q is None else tidy(q), 0
        found: list[ConversationRow] = []
        rounds, size = (1, limit) if words is None else (_READ_MAX // _READ_AT_ONCE, _READ_AT_ONCE)
        for _ in range(rounds):
            page = await self._store.conversations(wanted, after, size)
            for row in page.rows:
                after = row.conversation_id
                says, many = (True, 0) if words is None else await self._store.saying(after, words)
                turns += many
                if says:
                    found.append(row)
                if len(found) == limit or turns >= _TURNS_READ_MAX:
                    return ConversationPage(conversations=[told(each) for each in found], next=after)
            after = page.after
            if after is None:
                break
        return ConversationPage(conversations=[told(each) for each in found], next=after)

    async def whole(self, conversation_id: str) -> WholeConversation:
        """Give a conversation with its turns."""
        row = await self.seen(conversation_id)
        history = [turn_of(each) for each in await self._store.turns([conversation_id])]
        summary = await self._summaries.summary(conversation_id)
        text, turns = ("", 0) if summary is None else (summary.text, summary.turns)
        return WholeConversation(**told(row).model_dump(), history=history, summary=text, summarised=turns)

    async def export(self, bot_id: str, after: str, limit: int) -> TurnPage:
        """Give a bot's turns in the order in which they were said."""
        await self._bots.existing(bot_id)
        page = await self._store.turns_of(bot_id, _shown(), after, limit)
        return TurnPage(turns=[turn_of(row) for row in page.rows], next=page.after)

    async def remove(self, conversation_id: str) -> ConversationDeleted:
        """Erase a conversation, and what was judged of it."""
        row = await self.seen(conversation_id)
        note_target(conversation_id)
        turns = await self.erase([conversation_id])
        note_change(told(row).model_dump(), None)
        return ConversationDeleted(conversation_id=conversation_id, turns=turns)

    async def erase(self, conversation_ids: Sequence[str]) -> int:
        """Erase conversations, whoever asks; bots that learned from them are to learn anew; count turns."""
        for bot_id in await self._feedback.taught_in(conversation_ids):
            await self._bots.unlearn(bot_id)
        await self._feedback.remove({"conversation_id": list(conversation_ids)})
        for conversation_id in conversation_ids:
            stir(conversation_id)
        return await self._store.remove(conversation_ids)

    async def remove_bot(self, bot_id: str) -> BotDeleted:
        """Erase a bot with its conversations."""
        await self._bots.remove(bot_id)
        await self._memory.remove_of({"bot_id": bot_id})
        emit(BotRemoved(bot_id=bot_id), subject=bot_id, promised=True)
        return BotDeleted(bot_id=bot_id, conversations=await self._store.remove_of(bot_id))


def _shown() -> str | None:
    """Give whose conversations the caller is shown; None: everybody's."""
    return None if caller().may(ALL_CONVERSATIONS) else caller().subject


def told(row: ConversationRow) -> Conversation:
    """Tell of a conversation."""
    return Conversation(
        conversation_id=row.conversation_id,
        bot_id=row.bot_id,
        subject=row.subject,
        state=row.state,
        agent=row.agent or None,
        turns=row.turns,
        created_ms=row.created_ms,
        changed_ms=row.changed_ms,
        said=str(row.content["said"]),
    )


def turn_of(row: TurnRow) -> Turn:
    """Tell of a turn.

    Who replied stands in the row alone, where it is forgotten when that person is erased.
    """
    turn = Turn.model_validate(row.content)
    return turn.model_copy(update={"agent": row.author or None}) if turn.by == "person" else turn
