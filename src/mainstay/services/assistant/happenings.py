"""What the assistant tells the house."""

from mainstay.kernel.interface import Event
from mainstay.services.assistant.limits import TrainingReason


class BotTrained(Event):
    """A bot has learned; `switched` says whether it answers with that."""

    bot_id: str
    version: int
    switched: bool


class BotRemoved(Event):
    """A bot was deleted, with everything that was said to it."""

    bot_id: str


class ConversationEscalated(Event):
    """A conversation waits for a person."""

    bot_id: str
    conversation_id: str


class ConversationClaimed(Event):
    """A person of the team answers from now on."""

    bot_id: str
    conversation_id: str
    agent: str


class PersonReplied(Event):
    """A person of the team has said something."""

    bot_id: str
    conversation_id: str
    turn_id: str


class ConversationClosed(Event):
    """A conversation has ended."""

    bot_id: str
    conversation_id: str


class TrainingDue(Event):
    """Enough was learned that a bot is to be trained anew, or something it learned from was erased."""

    bot_id: str
    forced: bool = False
    reason: TrainingReason = "corrections"


class FactExpires(Event):
    """A fact that is remembered of somebody comes to its end."""

    fact_id: str


class SummaryDue(Event):
    """A conversation has grown so long that what was said first is to be summed up."""

    conversation_id: str
    left: int
    """So many turns at the end stay as they are."""


class WordsSaid(Event):
    """Somebody of whom a bot may remember facts has said something in which there may be some."""

    bot_id: str
    turn_id: str


class TrainingRound(Event):
    """It is time to look whether a bot has something new to learn; only the round it expects counts."""

    bot_id: str
    due_ms: int
