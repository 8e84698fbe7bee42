"""Bots on web pages: widgets, the visitors who come by them, and what these may do there and nowhere else."""

from collections.abc import AsyncIterator
from typing import Annotated

from pydantic import Field

from mainstay.kernel.embedding import PageForeign
from mainstay.kernel.guard import STRANGER, TenantSuspended
from mainstay.kernel.interface import Interface, reads, streams, writes
from mainstay.ports.failures import EncoderUnavailable, VectorsUnavailable
from mainstay.ports.generator import GeneratorUnavailable
from mainstay.services.assistant.interface import (
    FOLLOWED_S,
    BotMissing,
    BotModelMissing,
    Comment,
    ConversationBusy,
    ConversationEnded,
    ConversationId,
    ConversationMissing,
    ConversationsTooMany,
    FollowedTooMany,
    ModelStale,
    Said,
    TalkerErased,
    TurnId,
    TurnKey,
    TurnKeyReused,
    TurnMissing,
)
from mainstay.services.widgets.failures import WidgetMissing
from mainstay.services.widgets.limits import VisitToken, WidgetId
from mainstay.services.widgets.records import Look, SaidPiece, Thanks, Visit, VisitNews, VisitStands
from mainstay.services.widgets.widget_operations import WidgetOperations

VISITS = "visits:use"
"""The permission that visitors have, and nothing but that."""
_WIDGET = {"widget_id": "widget_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_CONVERSATION = {**_WIDGET, "conversation_id": "conversation_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_TURN = (
    *(WidgetMissing, PageForeign, BotMissing),
    *(ConversationMissing, ConversationEnded, ConversationBusy),
    *(ConversationsTooMany, TalkerErased, TurnKeyReused, ModelStale, BotModelMissing),
    *(EncoderUnavailable, GeneratorUnavailable, VectorsUnavailable),
)


class Widgets(WidgetOperations, Interface):
    """Widgets, and what their visitors ask for."""

    @reads(
        "GET /assistant/widgets/{widget_id}/look",
        may=STRANGER,
        fails=(WidgetMissing, PageForeign),
        example=_WIDGET,
    )
    async def look_at_widget(self, widget_id: WidgetId) -> Look:
        """Say what a widget shows before anybody says anything."""

    @writes(
        "POST /assistant/widgets/{widget_id}/visits",
        may=STRANGER,
        status=201,
        secret=True,
        fails=(WidgetMissing, PageForeign, TenantSuspended),
        example=_WIDGET,
    )
    async def visit_widget(self, widget_id: WidgetId, token: VisitToken | None = None) -> Visit:
        """Come as a visitor, from a page where the widget may stand: its browser names it in `Origin`.

        The token works for an hour, and only to talk with this bot by this widget. With it a visitor is given
        a new one, within a day and for a week in all; otherwise this begins anew, as somebody else.
        """

    @streams(
        "POST /assistant/widgets/{widget_id}/turns",
        may=VISITS,
        stores=True,
        fails=_TURN,
        example={**_WIDGET, "text": "Where is my order 4711?", "turn_key": "said-1"},
    )
    def say(
        self,
        widget_id: WidgetId,
        text: Said,
        conversation_id: ConversationId | None = None,
        turn_key: TurnKey | None = None,
    ) -> AsyncIterator[SaidPiece]:
        """Say something to the bot of a widget and hear it piece by piece, as `stream_turn` has it."""

    @streams(
        "GET /assistant/widgets/{widget_id}/conversations/{conversation_id}/follow",
        may=VISITS,
        fails=(WidgetMissing, PageForeign, ConversationMissing, TurnMissing, FollowedTooMany),
        example=_CONVERSATION,
    )
    def follow(
        self,
        widget_id: WidgetId,
        conversation_id: ConversationId,
        after: TurnId | None = None,
        for_s: Annotated[
            float,
            Field(ge=0, le=FOLLOWED_S, description="When it ends by itself; 0: with what there is now."),
        ] = FOLLOWED_S,
    ) -> AsyncIterator[VisitNews]:
        """Hear what happens in your conversation as it happens, as `follow_conversation` has it."""

    @writes(
        "POST /assistant/widgets/{widget_id}/turns/{turn_id}/feedback",
        may=VISITS,
        status=201,
        fails=(WidgetMissing, PageForeign, BotMissing, TurnMissing, TalkerErased),
        example={**_WIDGET, "turn_id": "turn_01k9z6q7h8e4v5c3x2b1n0m9a8", "helpful": True},
    )
    async def rate(
        self, widget_id: WidgetId, turn_id: TurnId, helpful: bool, comment: Comment = ""
    ) -> Thanks:
        """Say whether an answer helped; said again, it replaces what you said before."""

    @writes(
        "POST /assistant/widgets/{widget_id}/conversations/{conversation_id}/person",
        may=VISITS,
        fails=(
            WidgetMissing,
            PageForeign,
            ConversationMissing,
            ConversationEnded,
            ConversationBusy,
            TalkerErased,
        ),
        example=_CONVERSATION,
    )
    async def ask_for_person(self, widget_id: WidgetId, conversation_id: ConversationId) -> VisitStands:
        """Ask for a person to answer your conversation."""

    @writes(
        "POST /assistant/widgets/{widget_id}/conversations/{conversation_id}/end",
        may=VISITS,
        fails=(WidgetMissing, PageForeign, ConversationMissing, ConversationBusy, TalkerErased),
        example=_CONVERSATION,
    )
    async def end(self, widget_id: WidgetId, conversation_id: ConversationId) -> VisitStands:
        """End your conversation."""
