"""Making widgets: where a bot may stand, and how it looks there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any

from mainstay.kernel.address import PublicAddress
from mainstay.kernel.work import caller, note_change, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.services.assistant.interface import Assistant
from mainstay.services.widgets.failures import WidgetMissing, WidgetShowsDocuments, WidgetsTooMany
from mainstay.services.widgets.limits import WIDGETS_MAX
from mainstay.services.widgets.records import Look, Widget, WidgetDeleted
from mainstay.services.widgets.store import WidgetRow, WidgetStore

_READS = "documents:read"


class Making:
    """Makes, changes and deletes widgets."""

    def __init__(
        self, store: WidgetStore, assistant: Assistant, address: PublicAddress, clock: Clock, ids: Ids
    ) -> None:
        """Take the parts."""
        self._store = store
        self._assistant = assistant
        self._address = address
        self._clock = clock
        self._ids = ids

    async def make(self, bot_id: str, name: str, origins: list[str], look: Look) -> Widget:
        """Make a widget; raises BotMissing, WidgetsTooMany, WidgetShowsDocuments."""
        _check_reader()
        bot = await self._assistant.get_bot(bot_id)
        if len(await self._store.widgets(bot_id)) >= WIDGETS_MAX:
            raise WidgetsTooMany(f"A bot may have {WIDGETS_MAX}: delete one that no page shows any more.")
        now = self._clock.now_ms()
        look = look if look.title else look.model_copy(update={"title": bot.name[:60]})
        row = WidgetRow(self._ids.new("widget"), bot_id, name, _as_browsers_say(origins), look, now, now)
        note_target(row.widget_id)
        await self._store.keep(row)
        told = self._told(row)
        note_change(None, told.model_dump())
        return told

    async def describe_all(self, bot_id: str) -> list[Widget]:
        """List a bot's widgets; raises BotMissing."""
        await self._assistant.get_bot(bot_id)
        return [self._told(row) for row in await self._store.widgets(bot_id)]

    async def change(self, widget_id: str, given: Mapping[str, Any]) -> Widget:
        """Change what is given; raises WidgetMissing, WidgetShowsDocuments."""
        _check_reader()
        row = await self.existing(widget_id)
        note_target(widget_id)
        look = row.look.model_copy(update={key: given[key] for key in Look.model_fields if key in given})
        after = replace(
            row,
            name=given.get("name", row.name),
            origins=_as_browsers_say(given.get("origins", row.origins)),
            look=look,
            changed_ms=self._clock.now_ms(),
        )
        await self._store.keep(after)
        note_change(self._told(row).model_dump(), self._told(after).model_dump())
        return self._told(after)

    async def remove(self, widget_id: str) -> WidgetDeleted:
        """Forget a widget; raises WidgetMissing."""
        row = await self.existing(widget_id)
        note_target(widget_id)
        visitors = await self._store.remove(widget_id)
        note_change(self._told(row).model_dump(), None)
        return WidgetDeleted(widget_id=widget_id, visitors=visitors)

    async def existing(self, widget_id: str) -> WidgetRow:
        """Find a widget of the caller's tenant; raises WidgetMissing."""
        row = await self._store.widget(widget_id)
        if row is None:
            raise WidgetMissing("List the bot's widgets to see their ids.")
        return row

    def _told(self, row: WidgetRow) -> Widget:
        url = escape(self._address.url, quote=True)
        return Widget(
            **row.look.model_dump(),
            widget_id=row.widget_id,
            bot_id=row.bot_id,
            name=row.name,
            origins=list(row.origins),
            snippet=f'<script src="{url}/widget.js" data-widget="{row.widget_id}" async></script>',
            created_ms=row.created_ms,
            changed_ms=row.changed_ms,
        )


def _as_browsers_say(origins: Sequence[str]) -> tuple[str, ...]:
    """Write origins as browsers do: in small letters, without the port that goes without saying."""
    return tuple(dict.fromkeys(each.lower().removesuffix(":443") for each in origins))


def _check_reader() -> None:
    """Make sure that nobody shows strangers what he may not read himself."""
    if not caller().may(_READS):
        raise WidgetShowsDocuments(f"Ask an administrator for a role with `{_READS}`.")
