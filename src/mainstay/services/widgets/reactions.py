"""What widgets do when a bot was deleted, and when somebody or a tenant is to be erased."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.assistant.interface import BotRemoved
from mainstay.services.privacy.interface import PersonErasureRequested, TenantErasureRequested
from mainstay.services.widgets.personal import PersonalVisits
from mainstay.services.widgets.store import WidgetStore


class WidgetReactions(Reactions):
    """Does the widgets' part."""

    def __init__(self, store: WidgetStore, personal: PersonalVisits) -> None:
        """Take the parts."""
        self._store = store
        self._personal = personal

    @reacts_to(BotRemoved)
    async def forget_bot(self, events: Sequence[BotRemoved]) -> None:
        """Forget the widgets of a bot that was deleted, and their visitors."""
        for event in events:
            for row in await self._store.widgets(event.bot_id):
                await self._store.remove(row.widget_id)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Let an erased visitor in no more; what she said, the assistant erases."""
        for event in events:
            await self._personal.erase(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove the widgets and visits of a tenant."""
        for event in events:
            await self._personal.clear(event)
