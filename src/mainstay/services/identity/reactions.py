"""What identity does when somebody is to be exported or erased."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.identity.personal import PersonalKeys
from mainstay.services.privacy.interface import PersonErasureRequested, PersonExportRequested


class IdentityReactions(Reactions):
    """Does identity's part."""

    def __init__(self, personal: PersonalKeys) -> None:
        """Take the parts."""
        self._personal = personal

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute what keys say about somebody."""
        for event in events:
            await self._personal.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Erase what keys say about somebody."""
        for event in events:
            await self._personal.erase(event)
