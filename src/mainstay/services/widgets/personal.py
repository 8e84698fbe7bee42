"""What widgets store about visitors: that they were let in. What they said is the assistant's."""

from mainstay.kernel.clearing import Clearing
from mainstay.services.privacy.interface import PersonErasureRequested, TenantErasureRequested
from mainstay.services.widgets.store import TABLES, WidgetStore

_SERVICE = "widgets"


class PersonalVisits:
    """Erases that somebody was let in."""

    def __init__(self, store: WidgetStore, clearing: Clearing) -> None:
        """Take where it is, and what removes rows."""
        self._store = store
        self._clearing = clearing

    async def erase(self, event: PersonErasureRequested) -> None:
        """Let an erased visitor in no more."""
        event.answer(_SERVICE, {"visits": await self._store.end_visits(event.subject)})

    async def clear(self, event: TenantErasureRequested) -> None:
        """Remove the widgets and visits of a tenant."""
        await self._clearing.clear(event.erasure_id, _SERVICE, event.tenant_id, TABLES)
        event.answer(_SERVICE)
