"""What generation does when somebody is to be exported or erased."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.generation.personal import PersonalAnswers
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)


class GenerationReactions(Reactions):
    """Does generation's part."""

    def __init__(self, personal: PersonalAnswers) -> None:
        """Take the parts."""
        self._personal = personal

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute what somebody asked generators."""
        for event in events:
            await self._personal.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Erase what somebody asked generators."""
        for event in events:
            await self._personal.erase(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove what generation has of a tenant."""
        for event in events:
            await self._personal.clear(event)
