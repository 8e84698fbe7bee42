"""Taking a turn: understand, decide, answer, and store it before it is answered."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from mainstay.kernel.work import caller, emit, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.errors import Failure
from mainstay.kit.ids import Ids
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.ports.database import UniqueViolated
from mainstay.services.assistant.asides import aside
from mainstay.services.assistant.bots import Bots
from mainstay.services.assistant.conversation_store import ConversationRow, ConversationStore, TurnRow
from mainstay.services.assistant.conversations import stir
from mainstay.services.assistant.cues import needs_nobody
from mainstay.services.assistant.dialogue import next_step, spoken
from mainstay.services.assistant.end_users import Whose
from mainstay.services.assistant.failures import (
    ConversationBusy,
    ConversationEnded,
    ConversationMissing,
    ConversationsTooMany,
    TalkerErased,
    TurnKeyReused,
)
from mainstay.services.assistant.happenings import ConversationEscalated
from mainstay.services.assistant.limits import CONVERSATIONS_MAX
from mainstay.services.assistant.models import Models, scope_threshold
from mainstay.services.assistant.noticing import Noticing
from mainstay.services.assistant.plans import Plan, rendered
from mainstay.services.assistant.recollection import UNCHANGED, Change, Recalled, commanded, withdrawn
from mainstay.services.assistant.records import Turn, TurnPiece, Understood
from mainstay.services.assistant.remembering import Memories
from mainstay.services.assistant.replying import after_answer
from mainstay.services.assistant.searching import Searching
from mainstay.services.assistant.steps import Heard, Standing, Step
from mainstay.services.assistant.store import BotRow
from mainstay.services.assistant.summarising import Summarising
from mainstay.services.assistant.taking import (
    WITH_A_PERSON,
    Taking,
    after,
    answered,
    ended,
    greeting_of,
    keeping,
    row_of,
    told_again,
    turn_told,
)
from mainstay.services.assistant.tools import Tools
from mainstay.services.assistant.transcripts import Transcript, empty

_ALIKE_MAX = 20


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
        taking = keeping(await self._acted(heard))
        step, answer = taking.step, None
        if step.does == "search":
            known = await self._background(taking)
            answer = await self._searching.answer(step.query, taking.plan.collections, known)
        turn, standing = answered(taking, answer)
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
        again = None if key is None else await self._said_before(bot_id, text, conversation_id, key, shown)
        if again is not None and again.content.get("answered", True):
            yield told_again(again)
            return
        taking = await self._begun(bot_id, text, conversation_id, again, key, shown)
        step, answer, ids = taking.step, None, (taking.before.conversation_id, taking.turn_id)
        if again is None:
            begun = turn_told(taking, Step(step.standing), None).model_copy(update={"answered": False})
            await self._save(taking, begun, Standing.of(taking.before.content["standing"]))
        greeting = greeting_of(taking)
        yield TurnPiece(conversation_id=ids[0], turn_id=ids[1], text=greeting)
        taking = keeping(await self._acted(taking))
        if step.does == "search":
            known = await self._background(taking)
            async for piece in self._searching.stream(step.query, taking.plan.collections, known):
                if piece.result is None:
                    yield TurnPiece(conversation_id=ids[0], turn_id=ids[1], text=piece.text)
                else:
                    answer = piece.result
        turn, standing = answered(taking, answer)
        rest = turn.reply[len(greeting) :] if answer is None else after_answer(step)
        if rest:
            yield TurnPiece(conversation_id=ids[0], turn_id=ids[1], text=rest)
        await self._complete(taking, turn, standing)
        await self._remember(taking)
        yield TurnPiece(conversation_id=ids[0], turn_id=ids[1], result=turn)

    async def _said_before(
        self, bot_id: str, text: str, conversation_id: str | None, key: str, shown: Transcript | None
    ) -> TurnRow | None:
        """Find the caller's turn by its key: what was said is not said twice; raises TurnKeyReused."""
        found = await self._store.turn_keyed(bot_id, caller().subject, key)
        if found is None:
            return None
        place = await self._store.conversation(found.conversation_id)
        whose = self._whose(bot_id, shown)
        foreign = place is None or (whose.end_user and whose.end_user != place.end_user)
        other = found.content["text"] != text or conversation_id not in {None, found.conversation_id}
        if foreign or other:
            raise TurnKeyReused("Give each turn a key of its own; only a repeated turn has the same.")
        return found

    async def _begun(
        self,
        bot_id: str,
        text: str,
        conversation_id: str | None,
        again: TurnRow | None = None,
        key: str | None = None,
        shown: Transcript | None = None,
    ) -> Taking:
        bot = await self._bots.existing(bot_id)
        now, digest, whose = self._clock.now_ms(), empty(), self._whose(bot_id, shown)
        if again is not None:
            conversation_id = again.conversation_id
        elif conversation_id is None and shown is not None:
            digest = await asyncio.to_thread(shown.digest)  # a client may show megabytes
            conversation_id = await self._shown(bot_id, digest, whose)
        before = await self._conversation(bot_id, conversation_id, now, digest, whose)
        if again is not None:
            if before.turns != again.number:
                raise ConversationBusy(
                    "This was never answered, and another turn followed: say it anew, with a new key."
                )
            before = replace(before, turns=again.number - 1)
        note_target(before.conversation_id)
        plan = await self._models.plan(bot)
        talker = Whose(before.subject, before.end_user)
        known = await self._memories.recalled(bot_id, plan.memory, talker)
        understood, step, change = await self._heard(bot, plan, before, known, text)
        new = conversation_id is None
        turn_id = self._ids.new("turn") if again is None else again.turn_id
        return Taking(
            plan, before, new, turn_id, text, understood, bot.version, step, now, known, change, key
        )  # fmt: skip

    async def _heard(
        self, bot: BotRow, plan: Plan, before: ConversationRow, known: Recalled, text: str
    ) -> tuple[Understood | None, Step, Change]:
        """Say what is done about what was said; while a person answers, it needs no model and no encoder."""
        standing = Standing.of(before.content["standing"])
        if before.state in WITH_A_PERSON:
            reply = plan.phrases.waiting if before.state == "waiting" else ""
            waits = Step(standing, reply=reply, says="talk")
            if before.state == "waiting" and needs_nobody(text):
                waits = Step(Standing(said=standing.said), "resume", plan.phrases.resumed, says="talk")
            return None, *(withdrawn(plan, standing, text) or (waits, UNCHANGED))
        model = await self._models.model(bot.bot_id, bot.version)
        [understood] = await self._models.understand(bot, [text])
        heard = Heard(text, understood, scope_threshold(plan, model), known.filling())
        told = commanded(plan, standing, heard, known) if plan.memory.on else None
        here = replace(standing, noting=())
        return understood, *(told or (aside(plan, here, heard, next_step(plan, here, heard)), UNCHANGED))

    def _whose(self, bot_id: str, shown: Transcript | None) -> Whose:
        return self._memories.whose(bot_id, caller().subject, shown.end_user if shown else None)

    async def _acted(self, taking: Taking) -> Taking:
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

    async def _shown(self, bot_id: str, digest: str, whose: Whose) -> str | None:
        """Find the caller's conversation in which was said what a client shows, and nothing since.

        Where several began with the very same words, they may be different people's who come with one key: a
        client that has not named whose turn it is goes on with none of them, nor with what is another's.
        """
        alike = await self._store.having(bot_id, caller().subject, digest, _ALIKE_MAX)
        if len(alike) > 1 and not whose.end_user:
            return None
        for conversation_id in alike:
            row = await self._store.conversation(conversation_id)
            if row is None or row.end_user not in {"", whose.end_user} or ended(row):
                continue
            if row.content.get("transcript") == digest:
                return conversation_id
        return None

    async def _conversation(
        self, bot_id: str, conversation_id: str | None, now_ms: int, transcript: str, whose: Whose
    ) -> ConversationRow:
        """Give the conversation that goes on, or a new one; raises ConversationMissing, ConversationEnded.

        One that was begun without a name belongs from now on to whoever is named first.
        """
        me = caller().subject
        if conversation_id is None:
            if await self._store.count(me) >= CONVERSATIONS_MAX:
                raise ConversationsTooMany("Delete some, or go on with one.")
            content = {"standing": Standing().to_json(), "said": "", "transcript": transcript}
            new_id = self._ids.new("conversation")
            return ConversationRow(new_id, bot_id, me, "open", "", 0, content, now_ms, now_ms, whose.end_user)
        found = await self._store.conversation(conversation_id)
        if found is None or found.bot_id != bot_id or found.subject != me:
            raise ConversationMissing("Leave conversation_id out to begin a new one.")
        if whose.end_user and found.end_user not in {"", whose.end_user}:
            raise ConversationMissing("Leave conversation_id out to begin a new one.")
        if ended(found):
            raise ConversationEnded("Leave conversation_id out to begin a new one.")
        return replace(found, end_user=whose.end_user or found.end_user)

    async def _save(self, taking: Taking, turn: Turn, standing: Standing) -> None:
        """Store a turn and where the conversation stands then."""
        row = replace(after(taking, turn, standing), turns=taking.number)
        try:
            if taking.new:
                await self._store.begin(row)
            elif not await self._store.go_on(row, taking.before):
                raise ConversationBusy("Get the conversation to see what was said, then say it again.")
            await self._store.add_turn(row_of(taking, turn))
        except UniqueViolated:  # it is being said a second time right now
            raise ConversationBusy("Say it again, with the same key, to hear the answer.") from None
        except KeyDestroyed:
            raise TalkerErased("Come with another key, or as another user.") from None
        self._tell(taking, turn)

    async def _complete(self, taking: Taking, turn: Turn, standing: Standing) -> None:
        """Store what was answered to a turn that is stored already, unless it was answered meanwhile."""
        row = replace(after(taking, turn, standing), turns=taking.number)
        before = replace(taking.before, turns=taking.number)
        if not await self._store.go_on(row, before) or not await self._store.complete_turn(
            row_of(taking, turn)
        ):
            raise ConversationBusy("Get the conversation to see what was said meanwhile.")
        self._tell(taking, turn)

    async def _background(self, taking: Taking) -> list[str]:
        """Give what a generator is shown beside the sources: what was said before, and what is remembered."""
        before = taking.before
        said = await self._summarising.background(before.conversation_id, before.turns)
        return [*said, *(note.text for note in taking.known.notes)]

    async def _remember(self, taking: Taking) -> None:
        """Store what the turn changes of the bot's memory."""
        before, settings = taking.before, taking.plan.memory
        await self._memories.keep(before.bot_id, settings, taking.whose, taking.change, taking.turn_id)
        if taking.change == UNCHANGED and before.state not in WITH_A_PERSON:
            self._noticing.note(before.bot_id, taking.turn_id, settings, taking.known, taking.text)

    def _tell(self, taking: Taking, turn: Turn) -> None:
        self._summarising.note(turn, escalated=turn.state == "waiting" and taking.before.state == "open")
        stir(turn.conversation_id, desk=bool({turn.state, taking.before.state} & WITH_A_PERSON))
        if turn.state == "waiting" and taking.before.state == "open":
            place = taking.before.conversation_id
            emit(ConversationEscalated(bot_id=taking.before.bot_id, conversation_id=place))
