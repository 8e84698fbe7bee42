"""What goes into the assistant and what comes out of it."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from mainstay.kernel.interface import Input, Record
from mainstay.services.assistant.limits import (
    INTENTS_MAX,
    Arguments,
    Collections,
    EntityName,
    ExampleText,
    IntentName,
    IntentTitle,
    Languages,
    OperationName,
    Persona,
    Prompt,
    Reply,
    RetrainAfter,
    RetrainEvery,
    Rung,
    Share,
    SlotName,
    State,
    Synonym,
    TrainingReason,
)
from mainstay.services.assistant.memory_records import Remembering
from mainstay.services.knowledge.interface import Citation, Stretch


class Entity(Input):
    """Something that a bot finds in what people say: one of some values, or what a pattern matches."""

    name: EntityName
    values: Annotated[
        dict[Synonym, Annotated[list[Synonym], Field(max_length=100)]],
        Field(max_length=2000, description="Each value with its synonyms; the value itself counts as one."),
    ] = {}
    pattern: (
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=500),
            Field(
                description=(
                    "A regular expression (the syntax of Rust's regex: matching takes linear time, so there "
                    "are no back-references or look-arounds) that one to six words beside each "
                    "other match whole, 200 characters at most. With its repetitions written out it may "
                    "have 300 parts."
                )
            ),
        ]
        | None
    ) = None


class Slot(Input):
    """Something that a bot has to know before it can act on an intent."""

    name: SlotName
    entity: Annotated[
        str,
        StringConstraints(min_length=1, max_length=100, pattern=r"^[\w-]+$"),
        Field(
            description=(
                "One of the bot's entities, a built-in (`identifier`: an order's number and the like, as it "
                "was written, of digits, or of letters with three digits or more; `number`, `money`, "
                "`percent`, `date`, `time`, `email`, `phone`, `url`), or `text`: whatever is said when it is "
                "asked for."
            )
        ),
    ]
    prompt: Annotated[Prompt, Field(description="How the bot asks for it.")]
    required: bool = True
    remember: Annotated[
        bool,
        Field(description="Kept for the next conversation, where the bot's `memory` is on and she says yes."),
    ] = False


class Intent(Input):
    """Something that people want, with examples of how they say it."""

    name: IntentName
    examples: Annotated[list[ExampleText], Field(min_length=1, max_length=5000)]
    title: IntentTitle = ""
    replies: Annotated[
        list[Reply], Field(max_length=20, description="One of them is said, in turn over a conversation.")
    ] = []
    slots: Annotated[list[Slot], Field(max_length=20)] = []
    action: Annotated[
        Literal["reply", "answer", "escalate", "operation"] | None,
        Field(
            description=(
                "What is done: say a reply, answer from the collections, call a person, or call an "
                "operation. Not given: a reply where there is one, else an answer."
            )
        ),
    ] = None
    operation: OperationName | None = None
    arguments: Arguments = {}


class Fallback(Input):
    """What a bot does when it is not sure."""

    ladder: Annotated[
        list[Rung],
        Field(max_length=3, description="In which order: ask back, look in the collections, call a person."),
    ] = ["clarify", "search", "escalate"]
    confidence: Annotated[Share, Field(description="An intent that is less likely is asked back for.")] = 0.5
    scope: Annotated[
        Share | None,
        Field(description="Below which scope score a text is out of scope; null: as it was calibrated."),
    ] = None
    attempts: Annotated[
        int, Field(ge=1, le=5, description="How often the bot asks for the same thing before it gives up.")
    ] = 2


Intents = Annotated[list[Intent], Field(min_length=1, max_length=INTENTS_MAX)]
Entities = Annotated[list[Entity], Field(max_length=100)]


class Definition(Record):
    """What a bot is, but for the examples of its intents."""

    collections: Collections = []
    persona: Persona = ""
    languages: Languages = []
    entities: Entities = []
    fallback: Fallback = Fallback()
    retrain_after: RetrainAfter = 0
    retrain_every: RetrainEvery = 0
    retrain_ms: int | None = None
    memory: Remembering = Remembering()
    intents: list[dict[str, Any]] = []


class Trained(Record):
    """How a model came out; the figures are of examples that were held out while it learned."""

    version: int
    examples: int = Field(description="How many examples it was learned from.")
    learned: int = Field(description="How many of these came from conversations.")
    held_out: int
    accuracy: float | None = Field(description="Of those held out; null where there were none.")
    calibrated: bool = Field(
        description="False: there are too few examples, so chances are those of small bots in general."
    )
    compared: "Comparison | None" = Field(None, description="How it did beside the model before it.")
    active: bool
    reason: TrainingReason = Field(
        "called",
        description=(
            "Why it was trained: the bot was `made`, `changed`, or `called` to train; so many `corrections`, "
            "or the `schedule`, had it trained; something it had learned from was `erased`; a `suggestion` "
            "was accepted."
        ),
    )
    created_ms: int


class Comparison(Record):
    """Two models on the same examples, which neither had learned from."""

    version: int = Field(description="The model that was active.")
    examples: int
    accuracy: float
    candidate_accuracy: float
    gained: int = Field(description="Examples that only the new model understood.")
    lost: int = Field(description="Examples that only the model before it understood.")
    switched: bool


class BotSummary(Record):
    """A bot in a list."""

    bot_id: str
    name: str
    collections: list[str]
    intents: int
    examples: int
    version: int = Field(description="Which of its models answers.")
    created_ms: int
    changed_ms: int


class Bot(BotSummary):
    """A bot with all that makes it."""

    persona: str
    languages: list[str]
    entities: list[Entity]
    fallback: Fallback
    retrain_after: int
    retrain_every: int
    retrain_ms: int | None = Field(description="When it is looked next whether there is something to learn.")
    memory: Remembering
    definition: list[Intent] = Field(description="Its intents with the examples that were given.")
    models: list[Trained] = Field(description="Its models that are kept, newest first.")


class BotDeleted(Record):
    """A bot that was deleted, with its models, its conversations and what was learned from them."""

    bot_id: str
    conversations: int


class EntityFound(Record):
    """An entity in a text: its characters `start` to `end`, and which value they mean."""

    entity: str
    value: str
    text: str
    start: int
    end: int


_INTENT = (
    "The likeliest of the bot's intents. Where `out_of_scope` is true it is only the nearest one: do not act "
    "on it."
)
_CONFIDENCE = (
    "The calibrated chance that `intent` is right, among the bot's intents: of a text that is for this bot. "
    "Where `out_of_scope` is true it may be high all the same, and means nothing."
)
_OUT_OF_SCOPE = (
    "True: the text is unlike everything that the bot was made for. Read this first, then `intent` and "
    "`confidence`."
)


class Understood(Record):
    """What a bot makes of a text.

    `intent` is the most likely one, also of a text that is out of scope.
    """

    intent: str = Field(description=_INTENT)
    confidence: float = Field(description=_CONFIDENCE)
    out_of_scope: bool = Field(description=_OUT_OF_SCOPE)
    scope_score: float = Field(description="From 0 to 1; higher: more like what the bot was made for.")
    alternatives: list[str] = Field(description="The intents that are likely next.")
    entities: list[EntityFound]


ReplyKind = Literal["answer", "question", "talk"]


class Turn(Record):
    """What was said, and what was answered; of what a person of the team says, the reply alone.

    `intent` and `confidence` count where `out_of_scope` is false; what was done is told by `reply` and
    `fallback`.
    """

    turn_id: str
    conversation_id: str
    number: int
    text: str
    intent: str | None = Field(description=f"{_INTENT} Null: a person of the team said it, or answers.")
    confidence: float = Field(description=_CONFIDENCE)
    out_of_scope: bool = Field(description=_OUT_OF_SCOPE)
    scope_score: float = Field(description="From 0 to 1; higher: more like what the bot was made for.")
    entities: list[EntityFound]
    slots: dict[str, str] = Field(description="What is known for the intent by now.")
    reply: str
    options: list[str] = Field(description="The intents between which the bot asks to choose.")
    choices: list[str] = Field([], description="What these are called; to say one is to choose it.")
    citations: list[Citation]
    sentences: list[Stretch] = Field([], description="Where those that citations name stand in `reply`.")
    fallback: Literal["clarify", "search", "escalate"] | None = Field(
        None, description="What the bot did because it did not understand; null where it did not have to."
    )
    by: Literal["bot", "person"] = "bot"
    agent: str | None = Field(None, description="Which person of the team replied.")
    kind: ReplyKind = Field(
        "answer",
        description=(
            "What the reply is: an `answer`, also one that nothing is known; a `question`, by which the bot "
            "asks back; or `talk`: greetings, and that a person will answer."
        ),
    )
    answered: bool = Field(
        True,
        description=(
            "False: the reply is still made, or was broken off. It says nothing of whether an answer was "
            "found: that tell `kind`, `fallback` and `citations`."
        ),
    )
    state: State
    version: int = Field(description="Which model understood it.")
    created_ms: int


class TurnPiece(Record):
    """A part of a streamed turn: text as it comes; the first has the ids, the last the whole turn."""

    conversation_id: str
    turn_id: str
    text: str = ""
    result: Turn | None = None


class Conversation(Record):
    """A conversation in a list."""

    conversation_id: str
    bot_id: str
    subject: str = Field(description="Who talks with the bot.")
    state: State
    agent: str | None = Field(description="Which person of the team answers.")
    turns: int
    created_ms: int
    changed_ms: int
    said: str = Field(description="What was said last.")


class ConversationNews(Record):
    """Something new in a conversation: a turn, or where it stands.

    A turn comes again, with the same id, when its reply is written: what comes later replaces it.
    """

    conversation_id: str
    state: State
    agent: str | None = Field(description="Which person of the team answers.")
    turn: Turn | None = Field(None, description="Null: no turn is new; the state may be.")


class DeskEntry(Conversation):
    """A conversation that waits for a person, or is answered by one."""

    bot: str = Field(description="The name of the bot.")
    talker: str | None = Field(description="The name of the person who asks, where one is known.")
    agent_name: str | None = Field(description="The name of the person who answers, where one is known.")
    asked: str = Field(description="What was asked last, or the beginning of it.")
    reason: Literal["asked", "intent", "gave_up"] | None = Field(
        None,
        description=(
            "Why it came to a person: one was `asked` for, an `intent` calls one, or the bot `gave_up`; "
            "null: that is too long ago."
        ),
    )
    intent: str | None = Field(None, description="The title of the intent that called a person.")
    since_ms: int | None = Field(
        description="Since when something waits for an answer by a person; null: nothing does."
    )


class DeskNews(Record):
    """What has changed at the desk: entries that are new or otherwise now, and ids of those that are gone."""

    entries: list[DeskEntry]
    gone: list[str] = Field(description="Closed, given back to their bots, or deleted.")
    fresh: bool = Field(description="True: these are all that there are, whatever was told before.")


class TitledIntent(Record):
    """An intent of a bot, by its name and by what it is called."""

    name: str
    title: str


class ConversationPage(Record):
    """A part of a list, newest first; `next` is the `after` of the following part, null at the end.

    A part may be short or empty before the end, where words are looked for.
    """

    conversations: list[Conversation]
    next: str | None


class WholeConversation(Conversation):
    """A conversation with all of its turns, oldest first."""

    history: list[Turn]
    summary: str = Field(description="What the first turns came to, where there are many; else empty.")
    summarised: int = Field(description="How many of the first turns the summary is of.")


class ConversationDeleted(Record):
    """A conversation that was deleted with its turns."""

    conversation_id: str
    turns: int


class TurnPage(Record):
    """A part of an export, oldest first; `next` is the `after` of the following part, null at the end."""

    turns: list[Turn]
    next: str | None
