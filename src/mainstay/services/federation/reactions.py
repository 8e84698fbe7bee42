"""What single sign-on does when somebody is to be exported or erased."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.federation.personal import PersonalLinks
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)


class FederationReactions(Reactions):
    """Does the part of single sign-on."""

    def __init__(self, personal: PersonalLinks) -> None:
        """Take the parts."""
        self._personal = personal

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute by which connections somebody came."""
        for event in events:
            await self._personal.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Erase by which connections somebody came."""
        for event in events:
            await self._personal.erase(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove what federation has of a tenant."""
        for event in events:
            await self._personal.clear(event)
