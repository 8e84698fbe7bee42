"""What a reply is made of, and whether it was one to a question."""

from mainstay.services.assistant.records import Turn
from mainstay.services.assistant.steps import Step
from mainstay.services.knowledge.interface import GroundedAnswer, Stretch


def after_answer(step: Step) -> str:
    """Give what the bot says after an answer from its collections: what it still waits for."""
    return f"\n\n{step.reply}" if step.reply else ""


def sentences_of(answer: GroundedAnswer | None, start: int) -> list[Stretch]:
    """Give where the sentences of an answer stand in a reply in which it starts there."""
    found = [] if answer is None else answer.sentences
    return [Stretch(start=each.start + start, end=each.end + start) for each in found]


def unanswered(state: str, step: Step, turn: Turn) -> bool:
    """Say whether a turn is a question out of scope that found no answer.

    What somebody says for what the bot asked her, or in a `state` in which a person answers, is none.
    """
    asks = step.standing.intent is None and step.standing.question == turn.text and state == "open"
    settled = step.chats or turn.citations or turn.fallback == "clarify"
    return turn.out_of_scope and asks and not settled
