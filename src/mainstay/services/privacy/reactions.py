"""What privacy does when somebody is to be exported or erased, and when a service has answered."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    PersonPartReady,
)
from mainstay.services.privacy.persons import Persons


class PrivacyReactions(Reactions):
    """Does privacy's own part, and gathers those of others."""

    def __init__(self, persons: Persons) -> None:
        """Take the parts."""
        self._persons = persons

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute what the kernel keeps."""
        for event in events:
            await self._persons.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Destroy the key, and erase what the kernel keeps."""
        for event in events:
            await self._persons.erase(event)

    @reacts_to(PersonPartReady)
    async def take_part(self, events: Sequence[PersonPartReady]) -> None:
        """Store what a service contributed."""
        for event in events:
            await self._persons.take(event)
