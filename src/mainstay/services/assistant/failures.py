"""How the assistant may fail, each named after the fact."""

from mainstay.kit.errors import Conflict, Forbidden, Invalid, NotFound, TooMany


class BotMissing(NotFound):
    """There is no such bot in this tenant."""

    title = "There is no such bot"


class BotInvalid(Invalid):
    """What makes the bot contradicts itself."""

    title = "The bot's parts do not fit together"


class BotShowsDocuments(Forbidden):
    """A bot shows others what its collections hold: whoever gives it one has to be able to read that."""

    title = "Who gives a bot collections has to be able to read documents"


class BotsTooMany(Conflict):
    """A tenant has a limit of bots."""

    title = "There are too many bots"


class BotBusy(Conflict):
    """The bot was changed, or trained, by another request at this moment."""

    passes = True
    title = "The bot was changed meanwhile"


class ConversationMissing(NotFound):
    """There is no such conversation, or none that you may see."""

    title = "There is no such conversation"


class ConversationBusy(Conflict):
    """Another turn of this conversation was taken at this moment."""

    title = "Another turn of the conversation was taken meanwhile"


class ConversationEnded(Conflict):
    """The conversation was closed, or has as many turns as one may have."""

    title = "The conversation has ended"


class ConversationsTooMany(Conflict):
    """Somebody has as many conversations as one may have."""

    title = "You have too many conversations"


class ConversationNotYours(Conflict):
    """Another person of the team has claimed the conversation, or nobody has yet."""

    title = "You have not claimed this conversation"


class FollowedTooMany(TooMany):
    """Somebody follows as many conversations at once as one may."""

    title = "You follow too many conversations at once"


class TalkerErased(Conflict):
    """Whoever talks was erased: nothing of that person is stored any more."""

    title = "Whoever talks was erased"


class TurnMissing(NotFound):
    """There is no such turn, or none that you may see."""

    title = "There is no such turn"


class TurnKeyReused(Invalid):
    """You said something else with this key before, or said it in another conversation."""

    title = "This turn_key was used for another turn"


class IntentMissing(NotFound):
    """The bot has no such intent."""

    title = "There is no such intent"


class FeedbackEmpty(Invalid):
    """It says nothing of the turn."""

    title = "The feedback says nothing"


class FeedbackMissing(NotFound):
    """There is no such feedback."""

    title = "There is no such feedback"


class BotModelMissing(NotFound):
    """The bot has no such model, or keeps it no longer."""

    title = "There is no such model"


class ModelStale(Conflict):
    """The bot learned with another encoder than the one that runs now."""

    title = "The bot has to be trained again"


class FactMissing(NotFound):
    """The bot remembers no such thing of you."""

    title = "There is no such fact"


class MemoryClosed(Conflict):
    """The bot may not remember anything of you: you have not said yes, or it remembers nothing of anybody."""

    title = "The bot may not remember this"
