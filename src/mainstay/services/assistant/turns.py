"""Taking a turn: understand, decide, answer, and store it before it is answered."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

from mainstay.kernel.work import caller, emit, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.ports.database import UniqueViolated
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversation_store import ConversationRow, ConversationStore, TurnRow
from mainstay.services.assistant.conversations import stir
from mainstay.services.assistant.dialogue import Heard, Standing, Step, next_step, refused, spoken
from mainstay.services.assistant.failures import (
    ConversationBusy,
    ConversationEnded,
    ConversationMissing,
    ConversationsTooMany,
    TalkerErased,
    TurnKeyReused,
)
from mainstay.services.assistant.happenings import ConversationEscalated
from mainstay.services.assistant.limits import CONVERSATIONS_MAX, TURNS_MAX
from mainstay.services.assistant.models import Models, scope_threshold
from mainstay.services.assistant.noticing import Noticing
from mainstay.services.assistant.plans import Plan, rendered
from mainstay.services.assistant.recollection import UNCHANGED, Change, Recalled, commanded, kept, withdrawn
from mainstay.services.assistant.records import Turn, TurnPiece, Understood
from mainstay.services.assistant.remembering import Memories
from mainstay.services.assistant.searching import Searching
from mainstay.services.assistant.summarising import Summarising
from mainstay.services.assistant.tools import Tools
from mainstay.services.assistant.transcripts import Transcript, empty, extended
from mainstay.services.knowledge.interface import GroundedAnswer

_SAID_LENGTH = 200
_WITH_A_PERSON = ("waiting", "claimed")
_ALIKE_MAX = 20


@dataclass(frozen=True)
class _Taking:
    """A turn that is being taken: in a conversation as it was before, which may be new."""

    plan: Plan
    before: ConversationRow
    new: bool
    turn_id: str
    text: str
    understood: Understood
    version: int
    step: Step
    now_ms: int
    known: Recalled
    change: Change = UNCHANGED
    key: str | None = None

    @property
    def number(self) -> int:
        """Give the turn's number in its conversation, from 1."""
        return self.before.turns + 1


class Turns:
    """Takes turns."""

    def __init__(
        self,
        bots: Bots,
        models: Models,
        store: ConversationStore,
        searching: Searching,
        memories: Memories,
        summarising: Summarising,
        noticing: Noticing,
        tools: Tools,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._bots = bots
        self._models = models
        self._store = store
        self._searching = searching
        self._memories = memories
        self._summarising = summarising
        self._noticing = noticing
        self._tools = tools
        self._clock = clock
        self._ids = ids

    async def take(
        self, bot_id: str, text: str, conversation_id: str | None, shown: Transcript | None = None
    ) -> Turn:
        """Take a turn whole."""
        heard = await self._begun(bot_id, text, conversation_id, shown=shown)
        taking = _keeping(await self._acted(heard))
        step, answer = taking.step, None
        if step.does == "search":
            known = await self._background(taking)
            answer = await self._searching.answer(step.query, taking.plan.collections, known)
        turn, standing = _answered(taking, answer)
        await self._save(taking, turn, standing)
        await self._remember(taking)
        return turn

    async def stream(
        self,
        bot_id: str,
        text: str,
        conversation_id: str | None,
        key: str | None = None,
        shown: Transcript | None = None,
    ) -> AsyncIterator[TurnPiece]:
        """Take a turn in pieces: what was said is stored before the first, the answer before the last."""
        again = None if key is None else await self._said_before(bot_id, text, conversation_id, key)
        if again is not None and again.content.get("answered", True):
            yield _told_again(again)
            return
        taking = await self._begun(bot_id, text, conversation_id, again, key, shown)
        step, answer, ids = taking.step, None, (taking.before.conversation_id, taking.turn_id)
        if again is None:
            begun = _turn(taking, Step(step.standing), None).model_copy(update={"answered": False})
            await self._save(taking, begun, Standing.of(taking.before.content["standing"]))
        greeting = _greeting(taking)
        yield TurnPiece(conversation_id=ids[0], turn_id=ids[1], text=greeting)
        taking = _keeping(await self._acted(taking))
        if step.does == "search":
            known = await self._background(taking)
            async for piece in self._searching.stream(step.query, taking.plan.collections, known):
                if piece.result is None:
                    yield TurnPiece(conversation_id=ids[0], turn_id=ids[1], text=piece.text)
                else:
                    answer = piece.result
        turn, standing = _answered(taking, answer)
        if answer is None:
            yield TurnPiece(conversation_id=ids[0], turn_id=ids[1], text=turn.reply[len(greeting) :])
        await self._complete(taking, turn, standing)
        await self._remember(taking)
        yield TurnPiece(conversation_id=ids[0], turn_id=ids[1], result=turn)

    async def _said_before(
        self, bot_id: str, text: str, conversation_id: str | None, key: str
    ) -> TurnRow | None:
        """Find the caller's turn by its key: what was said is not said twice; raises TurnKeyReused."""
        found = await self._store.turn_keyed(bot_id, caller().subject, key)
        if found is None:
            return None
        if found.content["text"] != text or conversation_id not in {None, found.conversation_id}:
            raise TurnKeyReused("Give each turn a turn_key of its own; only a repeated turn has the same.")
        return found

    async def _begun(
        self,
        bot_id: str,
        text: str,
        conversation_id: str | None,
        again: TurnRow | None = None,
        key: str | None = None,
        shown: Transcript | None = None,
    ) -> _Taking:
        bot = await self._bots.existing(bot_id)
        now, digest = self._clock.now_ms(), empty()
        if again is not None:
            conversation_id = again.conversation_id
        elif conversation_id is None and shown is not None:
            digest = await asyncio.to_thread(shown.digest)  # a client may show megabytes
            conversation_id = await self._shown(bot_id, digest, named=bool(shown.end_user))
        before = await self._conversation(bot_id, conversation_id, now, digest)
        if again is not None:
            if before.turns != again.number:
                raise ConversationBusy(
                    "This was never answered, and another turn followed: say it anew, with a new turn_key."
                )
            before = replace(before, turns=again.number - 1)
        note_target(before.conversation_id)
        plan, model = await self._models.plan(bot), await self._models.model(bot_id, bot.version)
        [understood] = await self._models.understand(bot, [text])
        standing = Standing.of(before.content["standing"])
        known, change = await self._memories.recalled(bot_id, plan.memory, before.subject), UNCHANGED
        if before.state in _WITH_A_PERSON:
            reply = plan.phrases.waiting if before.state == "waiting" else ""
            waits = Step(standing, reply=reply, says="talk")
            step, change = withdrawn(plan, standing, text) or (waits, UNCHANGED)
        else:
            heard = Heard(text, understood, scope_threshold(plan, model), known.filling())
            told = commanded(plan, standing, heard, known) if plan.memory.on else None
            step, change = told or (next_step(plan, replace(standing, noting=()), heard), UNCHANGED)
        new = conversation_id is None
        turn_id = self._ids.new("turn") if again is None else again.turn_id
        return _Taking(
            plan, before, new, turn_id, text, understood, bot.version, step, now, known, change, key
        )  # fmt: skip

    async def _acted(self, taking: _Taking) -> _Taking:
        """Call the operation that is to be called, once for a turn; give what is said then."""
        step, phrases = taking.step, taking.plan.phrases
        if step.does != "call":
            return taking
        known, key = (
            taking.plan.intents[step.standing.intent or ""],
            f"{taking.before.conversation_id}.{taking.number}",
        )
        told = await self._tools.call(known, step.standing.slots, key, confirmed=step.confirmed)
        if isinstance(told, Failure):
            detail = rendered("{detail}", {"detail": told.detail})
            return replace(taking, step=Step(step.standing, reply=f"{phrases.failed} {detail}"))
        return replace(taking, step=spoken(taking.plan, step.standing, known, told))

    async def _shown(self, bot_id: str, digest: str, *, named: bool) -> str | None:
        """Find the caller's conversation in which was said what a client shows, and nothing since.

        Where several began with the very same words, they may be different people's who come with one key: a
        client that has not `named` whose turn it is goes on with none of them.
        """
        alike = await self._store.having(bot_id, caller().subject, digest, _ALIKE_MAX)
        if len(alike) > 1 and not named:
            return None
        for conversation_id in alike:
            row = await self._store.conversation(conversation_id)
            if row is not None and row.content.get("transcript") == digest and not _ended(row):
                return conversation_id
        return None

    async def _conversation(
        self, bot_id: str, conversation_id: str | None, now_ms: int, transcript: str
    ) -> ConversationRow:
        """Give the conversation that goes on, or a new one; raises ConversationMissing, ConversationEnded."""
        me = caller().subject
        if conversation_id is None:
            if await self._store.count(me) >= CONVERSATIONS_MAX:
                raise ConversationsTooMany("Delete some, or go on with one.")
            content = {"standing": Standing().to_json(), "said": "", "transcript": transcript}
            new_id = self._ids.new("conversation")
            return ConversationRow(new_id, bot_id, me, "open", "", 0, content, now_ms, now_ms)
        found = await self._store.conversation(conversation_id)
        if found is None or found.bot_id != bot_id or found.subject != me:
            raise ConversationMissing("Leave conversation_id out to begin a new one.")
        if _ended(found):
            raise ConversationEnded("Leave conversation_id out to begin a new one.")
        return found

    async def _save(self, taking: _Taking, turn: Turn, standing: Standing) -> None:
        """Store a turn and where the conversation stands then."""
        row = replace(_after(taking, turn, standing), turns=taking.number)
        try:
            if taking.new:
                await self._store.begin(row)
            elif not await self._store.go_on(row, taking.before):
                raise ConversationBusy("Get the conversation to see what was said, then say it again.")
            await self._store.add_turn(_row(taking, turn))
        except UniqueViolated:  # it is being said a second time right now
            raise ConversationBusy("Say it again, with the same turn_key, to hear the answer.") from None
        except KeyDestroyed:
            raise TalkerErased("Come with another key, or as another user.") from None
        self._tell(taking, turn)

    async def _complete(self, taking: _Taking, turn: Turn, standing: Standing) -> None:
        """Store what was answered to a turn that is stored already, unless it was answered meanwhile."""
        row = replace(_after(taking, turn, standing), turns=taking.number)
        before = replace(taking.before, turns=taking.number)
        if not await self._store.go_on(row, before) or not await self._store.complete_turn(
            _row(taking, turn)
        ):
            raise ConversationBusy("Get the conversation to see what was said meanwhile.")
        self._tell(taking, turn)

    async def _background(self, taking: _Taking) -> list[str]:
        """Give what a generator is shown beside the sources: what was said before, and what is remembered."""
        before = taking.before
        said = await self._summarising.background(before.conversation_id, before.turns)
        return [*said, *(note.text for note in taking.known.notes)]

    async def _remember(self, taking: _Taking) -> None:
        """Store what the turn changes of the bot's memory."""
        before, settings = taking.before, taking.plan.memory
        await self._memories.keep(before.bot_id, settings, before.subject, taking.change, taking.turn_id)
        if taking.change == UNCHANGED and before.state not in _WITH_A_PERSON:
            self._noticing.note(before.bot_id, taking.turn_id, settings, taking.known, taking.text)

    def _tell(self, taking: _Taking, turn: Turn) -> None:
        self._summarising.note(turn, escalated=turn.state == "waiting" and taking.before.state == "open")
        stir(turn.conversation_id, desk=turn.state in _WITH_A_PERSON)
        if turn.state == "waiting" and taking.before.state == "open":
            place = taking.before.conversation_id
            emit(ConversationEscalated(bot_id=taking.before.bot_id, conversation_id=place))


def _ended(row: ConversationRow) -> bool:
    return row.state == "closed" or row.turns >= TURNS_MAX


def _keeping(taking: _Taking) -> _Taking:
    """Keep what the turn has that is to be remembered, unless it was itself about the memory."""
    plan = taking.plan
    if not plan.memory.on or taking.change != UNCHANGED or taking.before.state in _WITH_A_PERSON:
        return taking
    step, change = kept(plan, taking.step, taking.known)
    return replace(taking, step=step, change=change)


def _told_again(row: TurnRow) -> TurnPiece:
    turn = Turn.model_validate(row.content)
    return TurnPiece(conversation_id=row.conversation_id, turn_id=row.turn_id, text=turn.reply, result=turn)


def _answered(taking: _Taking, answer: GroundedAnswer | None) -> tuple[Turn, Standing]:
    """Give the turn as it is answered, and where the conversation stands then."""
    step = taking.step
    if step.does != "search":
        return _turn(taking, step, None), step.standing
    if answer is None:
        step = refused(taking.plan, step.standing)
        return _turn(taking, step, None), step.standing
    return _turn(taking, step, answer), replace(step.standing, misses=0)


def _turn(taking: _Taking, step: Step, answer: GroundedAnswer | None) -> Turn:
    known, before = taking.understood, taking.before
    reply = step.reply if answer is None else answer.answer
    if step.does == "escalate":
        reply = taking.plan.phrases.escalated
    return Turn(
        turn_id=taking.turn_id,
        conversation_id=before.conversation_id,
        number=taking.number,
        text=taking.text,
        intent=known.intent,
        confidence=known.confidence,
        out_of_scope=known.out_of_scope,
        scope_score=known.scope_score,
        entities=known.entities,
        slots=dict(step.standing.slots),
        reply=_greeting(taking) + reply,
        options=list(step.options),
        choices=[taking.plan.intents[name].title for name in step.options],
        citations=[] if answer is None else answer.citations,
        fallback=step.fallback,
        kind=step.kind,
        state="waiting" if step.does == "escalate" and before.state == "open" else before.state,
        version=taking.version,
        created_ms=taking.now_ms,
    )


def _greeting(taking: _Taking) -> str:
    """Give what the bot says of itself at the beginning."""
    persona = taking.plan.persona
    return f"{persona}\n\n" if persona and taking.before.turns == 0 else ""


def _after(taking: _Taking, turn: Turn, standing: Standing) -> ConversationRow:
    content: dict[str, Any] = {
        "standing": standing.to_json(),
        "said": taking.text[:_SAID_LENGTH],
        "transcript": _transcript(taking, turn),
    }
    return replace(taking.before, state=turn.state, content=content, changed_ms=taking.now_ms)


def _transcript(taking: _Taking, turn: Turn) -> str:
    """Give the digest of what was said up to a turn; of what is not answered yet, nothing counts."""
    before = str(taking.before.content.get("transcript") or empty())  # older conversations have none
    if not turn.answered:
        return before
    return extended(extended(before, "user", turn.text), "assistant", turn.reply)


def _row(taking: _Taking, turn: Turn) -> TurnRow:
    before = taking.before
    settled = taking.step.chats or turn.citations or turn.fallback == "clarify"
    return TurnRow(
        turn_id=turn.turn_id,
        conversation_id=before.conversation_id,
        bot_id=before.bot_id,
        number=turn.number,
        subject=before.subject,
        author=before.subject,
        fallback="unanswered" if turn.out_of_scope and not settled else turn.fallback or "",
        content=turn.model_dump(),
        created_ms=taking.now_ms,
        transcript=_transcript(taking, turn) if turn.answered else "",
        turn_key=taking.key,
    )
