"""What people ask for so that a bot learns."""

from abc import ABCMeta
from typing import Annotated

from pydantic import Field

from mainstay.kernel.interface import reads, writes
from mainstay.ports.failures import EncoderUnavailable, LearnerUnavailable
from mainstay.services.assistant.failures import (
    BotBusy,
    BotInvalid,
    BotMissing,
    BotModelMissing,
    FeedbackEmpty,
    FeedbackMissing,
    IntentMissing,
    ModelStale,
    TalkerErased,
    TurnMissing,
)
from mainstay.services.assistant.learning_records import (
    Feedback,
    FeedbackPage,
    FeedbackState,
    IntentSuggestion,
)
from mainstay.services.assistant.limits import (
    BotId,
    Comment,
    ExampleText,
    FeedbackId,
    IntentName,
    IntentTitle,
    Page,
    Reply,
    TurnId,
    Version,
)
from mainstay.services.assistant.records import Bot, Trained

_BOT = {"bot_id": "bot_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class LearningOperations(metaclass=ABCMeta):
    """The operations of learning; they are a part of those of the assistant."""

    @writes(
        "POST /assistant/bots/{bot_id}/train",
        may="assistants:write",
        fails=(BotMissing, BotBusy, EncoderUnavailable, LearnerUnavailable),
        example=_BOT,
    )
    async def train_bot(self, bot_id: BotId) -> Trained:
        """Train a bot anew from its examples and the corrections that were accepted since.

        Where none was accepted or taken back since its newest model, that one is told, with its `version`,
        and nothing changes.
        The new model and the one before it are compared on examples that neither had learned from, none of
        them a correction; the bot answers with the new one unless it is worse by more than chance explains.
        """

    @writes(
        "PUT /assistant/bots/{bot_id}/model",
        may="assistants:write",
        fails=(BotMissing, BotBusy, BotModelMissing, ModelStale),
        example={**_BOT, "version": 1},
    )
    async def use_model(self, bot_id: BotId, version: Version) -> Trained:
        """Let another of a bot's models answer, such as the one before; the last five are kept."""

    @writes(
        "POST /assistant/bots/{bot_id}/turns/{turn_id}/feedback",
        may="assistants:use",
        status=201,
        fails=(BotMissing, TurnMissing, IntentMissing, FeedbackEmpty, TalkerErased),
        example={**_BOT, "turn_id": "turn_01k9z6q7h8e4v5c3x2b1n0m9a8", "intent": "returns"},
    )
    async def rate_turn(
        self,
        bot_id: BotId,
        turn_id: TurnId,
        helpful: bool | None = None,
        intent: IntentName | None = None,
        comment: Comment = "",
    ) -> Feedback:
        """Say of a turn whether it helped, which intent would have been right, or both.

        A correction by somebody who may change bots is learned from when the bot is trained; any other one
        waits to be looked at first. Said again, it replaces what you said before; what you leave out stays.
        """

    @reads(
        "GET /assistant/bots/{bot_id}/feedback",
        may="assistants:write",
        fails=(BotMissing,),
        example={**_BOT, "state": "pending"},
    )
    async def list_feedback(
        self,
        bot_id: BotId,
        state: FeedbackState = "pending",
        after: FeedbackId | None = None,
        limit: Page = 50,
    ) -> FeedbackPage:
        """List what was said of a bot's turns, oldest first; what is pending is to be looked at.

        Yours, and what others said of your turns; with `conversations:all` everybody's. A part may be short
        or empty before the end.
        """

    @writes(
        "POST /assistant/bots/{bot_id}/feedback/{feedback_id}/review",
        may="assistants:write",
        fails=(BotMissing, FeedbackMissing, IntentMissing, TalkerErased),
        example={**_BOT, "feedback_id": "feedback_01k9z6q7h8e4v5c3x2b1n0m9a8", "accept": True},
    )
    async def review_feedback(
        self, bot_id: BotId, feedback_id: FeedbackId, accept: bool, intent: IntentName | None = None
    ) -> Feedback:
        """Decide whether a bot learns from a correction, perhaps as an example of another intent."""

    @writes(
        "POST /assistant/bots/{bot_id}/suggestions/accept",
        may="assistants:write",
        status=201,
        fails=(
            *(BotMissing, BotBusy, BotInvalid, TurnMissing, TalkerErased),
            *(EncoderUnavailable, LearnerUnavailable),
        ),
        example={
            **_BOT,
            "name": "gift_cards",
            "examples": ["What do gift cards cost?"],
            "replies": ["Gift cards cost 25 or 50 euros."],
            "turn_ids": ["turn_01k9z6q7h8e4v5c3x2b1n0m9a8"],
        },
    )
    async def accept_suggestion(
        self,
        bot_id: BotId,
        name: IntentName,
        examples: Annotated[list[ExampleText], Field(min_length=1, max_length=100)],
        replies: Annotated[list[Reply], Field(max_length=20)] = [],
        title: IntentTitle = "",
        turn_ids: Annotated[list[TurnId], Field(max_length=200)] = [],
    ) -> Bot:
        """Make an intent with its reply of a suggestion; the bot is trained with it when this answers.

        `examples` are yours: they judge models and stay. The turns are learned from as accepted corrections,
        which go with those who asked, and are not suggested again. Without `replies` it answers from the
        bot's collections.
        """

    @reads(
        "GET /assistant/bots/{bot_id}/suggestions",
        may="assistants:write",
        fails=(BotMissing, EncoderUnavailable),
        example={**_BOT, "least": 3},
    )
    async def suggest_intents(
        self,
        bot_id: BotId,
        least: Annotated[int, Field(ge=2, le=100, description="How many questions make an intent.")] = 3,
    ) -> list[IntentSuggestion]:
        """Group what a bot could not answer into intents that it may lack, the largest first.

        The newest 1,000 questions that were out of scope and found no answer are looked at: yours, or with
        `conversations:all` everybody's. Those too long for an example are left out, and so is what is no
        question: a value that the bot had asked for, a correction, yes or no, an address or a number alone.
        """
