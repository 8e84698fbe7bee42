"""A turn that is being taken: what is stored of it and told, pure."""

from dataclasses import dataclass, replace
from typing import Any

from mainstay.services.assistant.conversation_store import ConversationRow, TurnRow
from mainstay.services.assistant.dialogue import refused
from mainstay.services.assistant.end_users import Whose
from mainstay.services.assistant.limits import TURNS_MAX
from mainstay.services.assistant.plans import Plan
from mainstay.services.assistant.recollection import UNCHANGED, Change, Recalled, kept
from mainstay.services.assistant.records import Turn, TurnPiece, Understood
from mainstay.services.assistant.replying import after_answer, sentences_of, unanswered
from mainstay.services.assistant.steps import Standing, Step
from mainstay.services.assistant.transcripts import empty, extended
from mainstay.services.knowledge.interface import GroundedAnswer

_SAID_LENGTH = 200
WITH_A_PERSON = frozenset({"waiting", "claimed"})
_STATES = {"escalate": "waiting", "resume": "open"}


@dataclass(frozen=True)
class Taking:
    """A turn that is being taken: in a conversation as it was before, which may be new.

    What is said while a person answers is `understood` by nobody else.
    """

    plan: Plan
    before: ConversationRow
    new: bool
    turn_id: str
    text: str
    understood: Understood | None
    version: int
    step: Step
    now_ms: int
    known: Recalled
    change: Change = UNCHANGED
    key: str | None = None

    @property
    def whose(self) -> Whose:
        """Give who talks."""
        return Whose(self.before.subject, self.before.end_user)

    @property
    def number(self) -> int:
        """Give the turn's number in its conversation, from 1."""
        return self.before.turns + 1


def ended(row: ConversationRow) -> bool:
    """Say whether nothing more can be said in a conversation."""
    return row.state == "closed" or row.turns >= TURNS_MAX


def keeping(taking: Taking) -> Taking:
    """Keep what the turn has that is to be remembered, unless it was itself about the memory."""
    plan = taking.plan
    if not plan.memory.on or taking.change != UNCHANGED or taking.before.state in WITH_A_PERSON:
        return taking
    step, change = kept(plan, taking.step, taking.known)
    return replace(taking, step=step, change=change)


def told_again(row: TurnRow) -> TurnPiece:
    """Tell a turn that was answered before."""
    turn = Turn.model_validate(row.content)
    return TurnPiece(conversation_id=row.conversation_id, turn_id=row.turn_id, text=turn.reply, result=turn)


def answered(taking: Taking, answer: GroundedAnswer | None) -> tuple[Turn, Standing]:
    """Give the turn as it is answered, and where the conversation stands then."""
    step = taking.step
    if step.does != "search":
        return turn_told(taking, step, None), step.standing
    if answer is None:
        step = step.otherwise or refused(taking.plan, step.standing)
        return turn_told(taking, step, None), step.standing
    return turn_told(taking, step, answer), replace(step.standing, misses=0)


def turn_told(taking: Taking, step: Step, answer: GroundedAnswer | None) -> Turn:
    """Give a turn as it is told, with what the bot does or with the answer that was found."""
    known, before = taking.understood, taking.before
    greeting = greeting_of(taking)
    reply = step.reply if answer is None else answer.answer + after_answer(step)
    if step.does == "escalate":
        reply = step.reply or taking.plan.phrases.escalated
    return Turn(
        turn_id=taking.turn_id,
        conversation_id=before.conversation_id,
        number=taking.number,
        text=taking.text,
        intent=known.intent if known else None,
        confidence=known.confidence if known else 0,
        out_of_scope=known.out_of_scope if known else False,
        scope_score=known.scope_score if known else 0,
        entities=known.entities if known else [],
        slots=dict(step.standing.slots),
        reply=greeting + reply,
        options=list(step.options),
        choices=[taking.plan.intents[name].title for name in step.options],
        citations=[] if answer is None else answer.citations,
        sentences=sentences_of(answer, len(greeting)),
        fallback=step.fallback,
        kind=step.kind,
        state=_STATES.get(step.does, before.state),
        version=taking.version,
        created_ms=taking.now_ms,
    )


def greeting_of(taking: Taking) -> str:
    """Give what the bot says of itself at the beginning."""
    persona = taking.plan.persona
    return f"{persona}\n\n" if persona and taking.before.turns == 0 else ""


def after(taking: Taking, turn: Turn, standing: Standing) -> ConversationRow:
    """Give the conversation as it stands after a turn, but for the number of turns."""
    content: dict[str, Any] = {
        "standing": standing.to_json(),
        "said": taking.text[:_SAID_LENGTH],
        "transcript": _transcript(taking, turn),
    }
    return replace(taking.before, state=turn.state, content=content, changed_ms=taking.now_ms)


def _transcript(taking: Taking, turn: Turn) -> str:
    """Give the digest of what was said up to a turn; of what is not answered yet, nothing counts."""
    before = str(taking.before.content.get("transcript") or empty())  # older conversations have none
    if not turn.answered:
        return before
    return extended(extended(before, "user", turn.text), "assistant", turn.reply)


def row_of(taking: Taking, turn: Turn) -> TurnRow:
    """Give a turn as it is stored."""
    before = taking.before
    return TurnRow(
        turn_id=turn.turn_id,
        conversation_id=before.conversation_id,
        bot_id=before.bot_id,
        number=turn.number,
        subject=before.subject,
        author=before.subject,
        fallback="unanswered" if unanswered(before.state, taking.step, turn) else turn.fallback or "",
        content=turn.model_dump(),
        created_ms=taking.now_ms,
        transcript=_transcript(taking, turn) if turn.answered else "",
        turn_key=taking.key,
    )
