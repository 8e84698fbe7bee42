"""What the assistant tells the house."""

from mainstay.kernel.interface import Event


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
