"""The service of widgets: puts bots on web pages, lets visitors in, and recognises them."""

from collections.abc import AsyncIterator

from mainstay.kernel.caller import Caller, Credential
from mainstay.services.assistant.interface import FOLLOWED_S
from mainstay.services.widgets.interface import Widgets
from mainstay.services.widgets.making import Making
from mainstay.services.widgets.records import (
    Look,
    SaidPiece,
    Thanks,
    Visit,
    VisitNews,
    VisitStands,
    Widget,
    WidgetDeleted,
)
from mainstay.services.widgets.talking import Talking
from mainstay.services.widgets.visits import Visits


class WidgetsService(Widgets):
    """The service of widgets."""

    round_s = 3600.0

    def __init__(self, making: Making, visits: Visits, talking: Talking) -> None:
        """Take the parts."""
        self._making = making
        self._visits = visits
        self._talking = talking

    def takes(self, secret: str) -> bool:
        """Say whether a secret is a visitor's token."""
        return self._visits.takes(secret)

    async def recognise(self, credential: Credential) -> Caller:
        """Give the visitor who comes with a token; raises CredentialsUnknown and TenantSuspended."""
        return await self._visits.recognise(credential.secret)

    async def find(self, tenant_id: str, subject: str) -> Caller | None:
        """Give nobody: nothing is granted in the name of visitors."""
        return None

    async def embedded_in(self, embedded_id: str, origin: str) -> bool:
        """Say whether a widget may stand on the pages of an origin."""
        return await self._visits.embedded_in(embedded_id, origin)

    async def at_start(self) -> None:
        """Have nothing to do first."""

    async def go_round(self) -> None:
        """Forget tokens that are over."""
        if await self._visits.any_over():
            await self._visits.forget_over()

    async def create_widget(
        self,
        bot_id: str,
        name: str,
        origins: list[str],
        title: str = "",
        greeting: str = "",
        suggestions: list[str] = [],  # noqa: B006 - never changed; the interface's default
        colour: str = "",
        language: str = "",
    ) -> Widget:
        """Make a widget."""
        look = Look(title=title, greeting=greeting, suggestions=suggestions, colour=colour, language=language)
        return await self._making.make(bot_id, name, origins, look)

    async def list_widgets(self, bot_id: str) -> list[Widget]:
        """List a bot's widgets."""
        return await self._making.describe_all(bot_id)

    async def update_widget(
        self,
        widget_id: str,
        name: str | None = None,
        origins: list[str] | None = None,
        title: str | None = None,
        greeting: str | None = None,
        suggestions: list[str] | None = None,
        colour: str | None = None,
        language: str | None = None,
    ) -> Widget:
        """Change a widget."""
        changed = {
            "name": name,
            "origins": origins,
            "title": title,
            "greeting": greeting,
            "suggestions": suggestions,
            "colour": colour,
            "language": language,
        }
        given = {field: value for field, value in changed.items() if value is not None}
        return await self._making.change(widget_id, given)

    async def delete_widget(self, widget_id: str) -> WidgetDeleted:
        """Delete a widget."""
        return await self._making.remove(widget_id)

    async def look_at_widget(self, widget_id: str) -> Look:
        """Say how a widget looks."""
        return await self._visits.look(widget_id)

    async def visit_widget(self, widget_id: str, token: str | None = None) -> Visit:
        """Let a visitor in."""
        return await self._visits.begin(widget_id, token)

    def say(
        self, widget_id: str, text: str, conversation_id: str | None = None, turn_key: str | None = None
    ) -> AsyncIterator[SaidPiece]:
        """Say something to the bot of a widget."""
        return self._talking.say(widget_id, text, conversation_id, turn_key)

    def follow(
        self, widget_id: str, conversation_id: str, after: str | None = None, for_s: float = FOLLOWED_S
    ) -> AsyncIterator[VisitNews]:
        """Hear what happens in a conversation."""
        return self._talking.follow(widget_id, conversation_id, after, for_s)

    async def rate(self, widget_id: str, turn_id: str, helpful: bool, comment: str = "") -> Thanks:
        """Say whether an answer helped."""
        return await self._talking.rate(widget_id, turn_id, comment, helpful=helpful)

    async def ask_for_person(self, widget_id: str, conversation_id: str) -> VisitStands:
        """Ask for a person."""
        return await self._talking.ask_for_person(widget_id, conversation_id)

    async def end(self, widget_id: str, conversation_id: str) -> VisitStands:
        """End a conversation."""
        return await self._talking.end(widget_id, conversation_id)
