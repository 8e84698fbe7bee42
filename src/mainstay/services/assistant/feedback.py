"""What people say of turns, what bots may learn from that, and when they do."""

from dataclasses import replace

from mainstay.kernel.work import caller, emit, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversation_store import TurnRow
from mainstay.services.assistant.conversations import Conversations
from mainstay.services.assistant.failures import (
    FeedbackEmpty,
    FeedbackMissing,
    IntentMissing,
    TalkerErased,
)
from mainstay.services.assistant.feedback_store import FeedbackRow, FeedbackStore
from mainstay.services.assistant.happenings import TrainingDue
from mainstay.services.assistant.learning_records import Feedback, FeedbackPage
from mainstay.services.assistant.limits import ALL_CONVERSATIONS
from mainstay.services.assistant.store import BotRow

TEACHING = "assistants:write"
"""Whoever may change bots, may teach them without being looked after."""

_STATES = frozenset(("rated", "pending", "accepted", "rejected"))


class Judging:
    """Keeps what people say of turns."""

    def __init__(
        self,
        store: FeedbackStore,
        conversations: Conversations,
        bots: Bots,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._conversations = conversations
        self._bots = bots
        self._clock = clock
        self._ids = ids

    async def rate(
        self, bot_id: str, turn_id: str, helpful: bool | None, intent: str | None, comment: str
    ) -> Feedback:
        """Store what somebody says of a turn; what is left out stays as he said it before.

        What was accepted of him stays, too, until what he says now is reviewed.
        Raises FeedbackEmpty.
        """
        if helpful is None and intent is None and not comment:
            raise FeedbackEmpty("Give `helpful`, `intent` or `comment`.")
        bot = await self._bots.existing(bot_id)
        turn = await self._conversations.turn(bot_id, turn_id)
        if intent is not None:
            _check(bot, intent)
        before = await self._store.last_of(turn_id, caller().subject)
        row = self._judged(turn, before, intent)
        if helpful is not None:
            row = replace(row, helpful=helpful)
        if comment:
            row = replace(row, content={**row.content, "comment": comment})
        anew = intent is not None and row.state == "accepted"
        if anew:
            row = replace(row, decided=await self._bots.next_decision(bot_id))
        replaced = list(_STATES if row.state == "accepted" else _STATES - {"accepted"})
        await self._store.remove({"turn_id": turn_id, "author": caller().subject, "state": replaced})
        await self.add(row)
        if anew:
            await self._decided(bot)
        return _told(row)

    def _judged(self, turn: TurnRow, before: FeedbackRow | None, intent: str | None) -> FeedbackRow:
        """Give the judgement that is changed: with another intent it is a new one, to be looked at anew."""
        if before is not None and intent is None:
            return before
        said = {"comment": "", **(before.content if before else {}), "intent": intent}
        state = "rated" if intent is None else "accepted" if caller().may(TEACHING) else "pending"
        return self._row(turn, before.helpful if before else None, state, "user", said)

    async def known_intent(self, bot_id: str, intent: str) -> None:
        """Make sure that a bot has an intent; raises IntentMissing."""
        _check(await self._bots.existing(bot_id), intent)

    async def taught(self, turn: TurnRow, intent: str) -> None:
        """Store which intent a person of the team saw in a turn, to be looked at."""
        await self.add(self._row(turn, None, "pending", "agent", {"intent": intent, "comment": ""}))

    def accepted(self, turn: TurnRow, intent: str) -> FeedbackRow:
        """Make the judgement that a turn is an example of an intent, as who may change bots makes it."""
        return self._row(turn, None, "accepted", "user", {"intent": intent, "comment": ""})

    async def page(self, bot_id: str, state: str, after: str, limit: int) -> FeedbackPage:
        """List a bot's judgements in a state, oldest first."""
        await self._bots.existing(bot_id)
        of = None if caller().may(ALL_CONVERSATIONS) else caller().subject
        page = await self._store.of_bot(bot_id, state, after, limit, of)
        return FeedbackPage(feedback=[_told(row) for row in page.rows], next=page.after)

    async def review(self, bot_id: str, feedback_id: str, intent: str | None, *, accept: bool) -> Feedback:
        """Decide whether a bot learns from a judgement; raises FeedbackMissing."""
        bot = await self._bots.existing(bot_id)
        row = await self._store.one(feedback_id)
        if row is None or row.bot_id != bot_id or not _visible(row):
            raise FeedbackMissing("List the bot's feedback to see the ids.")
        named = intent or row.content["intent"]
        if accept:
            _check(bot, named or "")
        after = replace(
            row,
            state="accepted" if accept else "rejected",
            content={**row.content, "intent": named},
        )
        note_target(feedback_id)
        teaches = _taught(after) != _taught(row)
        if teaches:
            after = replace(after, decided=await self._bots.next_decision(bot_id))
        if accept and row.author:
            earlier = {"turn_id": row.turn_id, "author": row.author, "state": "accepted"}
            await self._store.remove({**earlier, "feedback_id": ("!=", feedback_id)})
        await self._store.decide(after)
        note_change(_told(row).model_dump(), _told(after).model_dump())
        if teaches:
            await self._decided(bot)
        return _told(after)

    async def add(self, row: FeedbackRow) -> None:
        """Store a judgement; raises TalkerErased."""
        note_target(row.feedback_id)
        try:
            await self._store.add(row)
        except KeyDestroyed:
            raise TalkerErased("Whoever said this was erased.") from None

    async def _decided(self, bot: BotRow) -> None:
        """Have the bot trained when it is due."""
        every = bot.definition["retrain_after"]
        if every and await self._bots.decided(bot.bot_id) >= every:
            emit(TrainingDue(bot_id=bot.bot_id), job_id=self._ids.new("job"), subject=bot.bot_id)

    def _row(
        self, turn: TurnRow, helpful: bool | None, state: str, source: str, said: dict[str, str | None]
    ) -> FeedbackRow:
        return FeedbackRow(
            feedback_id=self._ids.new("feedback"),
            bot_id=turn.bot_id,
            turn_id=turn.turn_id,
            conversation_id=turn.conversation_id,
            helpful=helpful,
            state=state,
            source=source,
            subject=turn.subject,
            author=caller().subject,
            content={**said, "text": turn.content["text"]},
            created_ms=self._clock.now_ms(),
        )


def _visible(row: FeedbackRow) -> bool:
    """Say whether the caller may see a judgement: of what she said, her own, or with the permission any."""
    return caller().subject in (row.subject, row.author) or caller().may(ALL_CONVERSATIONS)


def _taught(row: FeedbackRow) -> str | None:
    """Give the intent that a bot learns from a judgement."""
    return row.content["intent"] if row.state == "accepted" else None


def _check(bot: BotRow, intent: str) -> None:
    if all(each["name"] != intent for each in bot.definition["intents"]):
        raise IntentMissing(
            "List the bot's intents to see their names (`mainstay assistant list-intents`), or get the bot."
        )


def _told(row: FeedbackRow) -> Feedback:
    return Feedback(
        feedback_id=row.feedback_id,
        bot_id=row.bot_id,
        turn_id=row.turn_id,
        helpful=row.helpful,
        text=row.content["text"],
        intent=row.content["intent"],
        comment=row.content["comment"],
        state=row.state,
        source=row.source,
        created_ms=row.created_ms,
    )
