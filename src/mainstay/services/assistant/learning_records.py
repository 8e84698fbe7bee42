"""What bots learn from: judgements of turns, and questions that they could not answer."""

from typing import Annotated, Literal

from pydantic import Field

from mainstay.kernel.interface import Record

FeedbackState = Annotated[
    Literal["rated", "pending", "accepted", "rejected"],
    Field(
        description=(
            "`rated`: it names no intent; `pending`: it is to be looked at; `accepted`: the bot learns "
            "from it when it is trained; `rejected`: it does not."
        )
    ),
]


class Feedback(Record):
    """What somebody said of a turn."""

    feedback_id: str
    bot_id: str
    turn_id: str
    helpful: bool | None
    text: str = Field(description="What had been said in the turn.")
    intent: str | None = Field(description="The intent that would have been right.")
    comment: str
    state: FeedbackState
    source: Literal["user", "agent"] = Field(
        description="Whether it was told of the turn, or by a person of the team who answered it."
    )
    created_ms: int


class FeedbackPage(Record):
    """A part of a list, oldest first; `next` is the `after` of the following part, null at the end.

    What you may not see is left out, so a part may be short or empty before the end.
    """

    feedback: list[Feedback]
    next: str | None


class IntentSuggestion(Record):
    """Questions that belong together, and that the bot could not answer: an intent that it may lack."""

    name: str = Field(description="Made of the words that tell these questions from the others.")
    questions: int
    examples: list[str] = Field(description="Those nearest to the middle first.")
    nearest: str = Field(description="The intent of the bot that was most often the most likely one.")
    turn_ids: list[str] = Field(description="The turns in which they were asked, as `examples`.")
    reply: str | None = Field(
        description=(
            "What a person of the team answered to the one nearest to the middle that got an answer, without "
            "greetings and thanks."
        )
    )
