"""What the directory does when somebody is to be exported or erased."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.directory.personal import PersonalProfiles
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)


class DirectoryReactions(Reactions):
    """Does the directory's part."""

    def __init__(self, personal: PersonalProfiles) -> None:
        """Take the parts."""
        self._personal = personal

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute what an identity provider told of somebody."""
        for event in events:
            await self._personal.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Erase what an identity provider told of somebody."""
        for event in events:
            await self._personal.erase(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove what the directory has of a tenant."""
        for event in events:
            await self._personal.clear(event)
