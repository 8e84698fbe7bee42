"""What people of the team ask for who answer instead of a bot."""

from abc import ABCMeta
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from pydantic import Field

from mainstay.kernel.interface import reads, streams, writes
from mainstay.services.assistant.failures import (
    BotMissing,
    ConversationBusy,
    ConversationEnded,
    ConversationMissing,
    ConversationNotYours,
    FollowedTooMany,
    IntentMissing,
    TalkerErased,
)
from mainstay.services.assistant.limits import FOLLOWED_S, BotId, ConversationId, IntentName, Said
from mainstay.services.assistant.records import Conversation, DeskNews, TitledIntent, Turn

_EXAMPLE = {"conversation_id": "conversation_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_TALKING = (ConversationMissing, ConversationBusy, TalkerErased)
_ANSWERING = (ConversationMissing, ConversationNotYours, ConversationBusy, TalkerErased)


class DeskOperations(metaclass=ABCMeta):
    """The operations of the desk; they are a part of those of the assistant."""

    @streams(
        "GET /assistant/desk/follow",
        may="conversations:answer",
        fails=(BotMissing, FollowedTooMany),
        example={"for_s": 60},
    )
    def follow_desk(
        self,
        bot_id: BotId | None = None,
        for_s: Annotated[
            float,
            Field(ge=0, le=FOLLOWED_S, description="When it ends by itself; 0: with what there is now."),
        ] = FOLLOWED_S,
    ) -> AsyncIterator[DeskNews]:
        """Hear what waits for people of the team and what they answer, as it changes.

        First comes all that there is (the 500 oldest), then what is new, otherwise or gone; something comes
        every 20 seconds at least. It ends after `for_s`, or when the server stops: then ask again.
        """

    @reads(
        "GET /assistant/bots/{bot_id}/intents",
        may="conversations:answer",
        fails=(BotMissing,),
        example={"bot_id": "bot_01k9z6q7h8e4v5c3x2b1n0m9a8"},
    )
    async def list_intents(self, bot_id: BotId) -> list[TitledIntent]:
        """List what a bot understands, so that a person can name the one that was meant."""

    @writes(
        "POST /assistant/conversations/{conversation_id}/person",
        may="assistants:use",
        fails=(*_TALKING, ConversationEnded),
        example=_EXAMPLE,
    )
    async def call_person(self, conversation_id: ConversationId) -> Conversation:
        """Ask for a person to answer your conversation; it waits in the queue of the desk then."""

    @writes(
        "POST /assistant/conversations/{conversation_id}/end",
        may="assistants:use",
        fails=_TALKING,
        example=_EXAMPLE,
    )
    async def end_conversation(self, conversation_id: ConversationId) -> Conversation:
        """End your own conversation, whoever answers it."""

    @writes(
        "POST /assistant/conversations/{conversation_id}/claim",
        may="conversations:answer",
        fails=(*_ANSWERING, ConversationEnded),
        example=_EXAMPLE,
    )
    async def claim_conversation(
        self, conversation_id: ConversationId, take_over: bool = False
    ) -> Conversation:
        """Answer a conversation yourself from now on: one that waits for a person, or any that is open.

        One that a colleague answers you get with `take_over`, which takes `conversations:all`.
        """

    @writes(
        "POST /assistant/conversations/{conversation_id}/reply",
        may="conversations:answer",
        status=201,
        fails=(*_ANSWERING, ConversationEnded, IntentMissing),
        example={**_EXAMPLE, "text": "Your parcel arrives tomorrow.", "intent": "order_status"},
    )
    async def reply_to_conversation(
        self, conversation_id: ConversationId, text: Said, intent: IntentName | None = None
    ) -> Turn:
        """Say something in a conversation that you have claimed.

        With an `intent`, what was asked last becomes an example of it, which waits to be looked at.
        """

    @writes(
        "POST /assistant/conversations/{conversation_id}/close",
        may="conversations:answer",
        fails=_ANSWERING,
        example=_EXAMPLE,
    )
    async def close_conversation(
        self, conversation_id: ConversationId, state: Literal["closed", "open"] = "closed"
    ) -> Conversation:
        """End a conversation; with `state=open` give it back to the bot instead."""
