"""What people of the team ask for who put a bot on web pages."""

from abc import ABCMeta

from mainstay.kernel.interface import reads, writes
from mainstay.services.assistant.interface import BotId, BotMissing
from mainstay.services.widgets.failures import WidgetMissing, WidgetShowsDocuments, WidgetsTooMany
from mainstay.services.widgets.limits import (
    Colour,
    Greeting,
    Language,
    Origins,
    Suggestions,
    Title,
    WidgetId,
    WidgetName,
)
from mainstay.services.widgets.records import Widget, WidgetDeleted

_BOT = {"bot_id": "bot_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_WIDGET = {"widget_id": "widget_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class WidgetOperations(metaclass=ABCMeta):
    """The operations of those who make widgets; they are a part of those of widgets."""

    @writes(
        "POST /assistant/bots/{bot_id}/widgets",
        may="assistants:write",
        status=201,
        fails=(BotMissing, WidgetsTooMany, WidgetShowsDocuments),
        example={
            **_BOT,
            "name": "Shop",
            "origins": ["https://www.example.com"],
            "greeting": "Ask me about orders and returns.",
            "suggestions": ["Where is my order?"],
        },
    )
    async def create_widget(
        self,
        bot_id: BotId,
        name: WidgetName,
        origins: Origins,
        title: Title = "",
        greeting: Greeting = "",
        suggestions: Suggestions = [],
        colour: Colour = "",
        language: Language = "",
    ) -> Widget:
        """Let anybody talk with a bot on your own web pages; put the `snippet` into them.

        Visitors need no account. The bot answers them from what its collections hold for everybody, and
        calls no operation that needs a permission.
        """

    @reads("GET /assistant/bots/{bot_id}/widgets", may="assistants:read", fails=(BotMissing,), example=_BOT)
    async def list_widgets(self, bot_id: BotId) -> list[Widget]:
        """List a bot's widgets, oldest first."""

    @writes(
        "PATCH /assistant/widgets/{widget_id}",
        may="assistants:write",
        fails=(WidgetMissing, WidgetShowsDocuments),
        example={**_WIDGET, "colour": "#1d4ed8"},
    )
    async def update_widget(
        self,
        widget_id: WidgetId,
        name: WidgetName | None = None,
        origins: Origins | None = None,
        title: Title | None = None,
        greeting: Greeting | None = None,
        suggestions: Suggestions | None = None,
        colour: Colour | None = None,
        language: Language | None = None,
    ) -> Widget:
        """Change what is given of a widget; pages show it when they are loaded again."""

    @writes(
        "DELETE /assistant/widgets/{widget_id}",
        may="assistants:write",
        final=True,
        fails=(WidgetMissing,),
        example=_WIDGET,
    )
    async def delete_widget(self, widget_id: WidgetId) -> WidgetDeleted:
        """Delete a widget; its visitors are let in no more, and what they said stays with the bot."""
