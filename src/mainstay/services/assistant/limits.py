"""How large, how long and of what form each input of the assistant may be."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from mainstay.kit.visible import seen

INTENTS_MAX = 300
EXAMPLES_MAX = 20_000
TURNS_MAX = 500
CONVERSATIONS_MAX = 10_000
BOTS_MAX = 200
VERSIONS_KEPT = 5
TEXTS_MAX = 1000
EXAMPLE_LENGTH_MAX = 1000
NAME_LENGTH_MAX = 100
FOLLOWED_MAX = 20
FOLLOWED_S = 3600
DESK_MAX = 500

ALL_CONVERSATIONS = "conversations:all"
"""The permission to see what others say to bots; administrators have it."""

_NO_NUL = r"^[^\x00]*$"
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
_ID = r"^[\w-]+$"

BotId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_ID)]
BotName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]
ConversationId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_ID)]
TurnId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_ID)]
TurnKey = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=_ID),
    Field(
        description=(
            "Your own name of this turn, which no other turn of yours with this bot has. Said again with the "
            "same one, after the connection broke off, it is the same turn: it is told again, and its answer "
            "is made if that was broken off too. An `Idempotency-Key` does the same."
        )
    ),
]
FeedbackId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_ID)]
CollectionName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w][\w .:@/-]*$")]
Collections = Annotated[
    list[CollectionName],
    Field(
        max_length=5,
        description=(
            "Where answers are looked for, with the asking user's own permissions. Empty: nowhere, the bot "
            "answers with its replies alone."
        ),
    ),
]
IntentName = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH_MAX, pattern=_PRINTABLE)]
IntentTitle = Annotated[
    str,
    StringConstraints(max_length=200, pattern=_NO_NUL),
    Field(description="What it is called when the bot asks what was meant; the words of its name if empty."),
]
ExampleText = Annotated[str, StringConstraints(min_length=1, max_length=EXAMPLE_LENGTH_MAX, pattern=_NO_NUL)]
EntityName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_ID)]
SlotName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_ID)]
Synonym = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_PRINTABLE)]
Reply = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000, pattern=_NO_NUL),
    Field(
        description=(
            "What the bot says; `{order}` stands for the value of the slot `order`, `{result.state}` for the "
            "field `state` of what an operation gave, `{result.0.title}` for one of the first in its list."
        )
    ),
]
Prompt = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=_NO_NUL)]
Persona = Annotated[
    str,
    StringConstraints(max_length=1000, pattern=_NO_NUL),
    Field(description="What the bot says of itself, before its first reply in a conversation."),
]
OperationName = Annotated[
    str,
    StringConstraints(max_length=100, pattern=r"^[a-z_]+\.[a-z_]+$"),
    Field(
        description=(
            "An operation of this server that is called, as `jobs.get_job`, with the asking user's own "
            "permissions; one that changes something is asked back for before."
        )
    ),
]
ArgumentName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_ID)]
Arguments = Annotated[
    dict[ArgumentName, Annotated[str, StringConstraints(max_length=1000, pattern=_NO_NUL)]],
    Field(max_length=50, description="What the operation is given; `{job}` stands for the slot `job`."),
]
Said = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000, pattern=_NO_NUL),
    AfterValidator(seen),
    Field(description="What somebody says, in words."),
]
Texts = Annotated[list[Said], Field(min_length=1, max_length=TEXTS_MAX)]
Languages = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]],
    Field(
        max_length=20,
        description=(
            "In which languages (ISO 639-1) people talk to the bot, the main one first: the bot's own words "
            "are in that one (en, de, fr or es), and it understands `yes`, `cancel` and the like in all."
        ),
    ),
]
Comment = Annotated[str, StringConstraints(max_length=2000, pattern=_NO_NUL)]
Searched = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=_NO_NUL),
    Field(description="Words that stand in the conversation, in any case."),
]
State = Annotated[
    Literal["open", "waiting", "claimed", "closed"],
    Field(
        description=(
            "`open`: the bot answers; `waiting`: for a person; `claimed`: a person answers; `closed`: ended."
        )
    ),
]
Rung = Literal["clarify", "search", "escalate"]
Page = Annotated[int, Field(ge=1, le=200)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1)]
Share = Annotated[float, Field(ge=0, le=1)]
TrainingReason = Literal["made", "changed", "called", "corrections", "schedule", "erased", "suggestion"]
RetrainEvery = Annotated[
    int,
    Field(
        ge=0,
        le=8760,
        description=(
            "Train the bot by itself every so many hours, where something was accepted or taken back since "
            "it was trained last; 0: never. Each time is a job."
        ),
    ),
]
RetrainAfter = Annotated[
    int,
    Field(
        ge=0,
        le=10_000,
        description="Train the bot by itself after so many corrections, accepted, changed or taken back "
        "since it was trained; 0: never.",
    ),
]
