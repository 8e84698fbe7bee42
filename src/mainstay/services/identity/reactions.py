"""What identity does when somebody, or a tenant, is to be exported or erased."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.identity.erasures import TenantErasures
from mainstay.services.identity.happenings import TenantErasureDue
from mainstay.services.identity.personal import PersonalKeys
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
    TenantPartErased,
    TenantSwept,
)


class IdentityReactions(Reactions):
    """Does identity's part."""

    def __init__(self, personal: PersonalKeys, erasures: TenantErasures) -> None:
        """Take the parts."""
        self._personal = personal
        self._erasures = erasures

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

    @reacts_to(TenantErasureDue)
    async def begin_erasure(self, events: Sequence[TenantErasureDue]) -> None:
        """Begin to erase a tenant."""
        for event in events:
            await self._erasures.begin(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove keys and roles of a tenant."""
        for event in events:
            await self._erasures.clear(event)

    @reacts_to(TenantPartErased)
    async def take_part(self, events: Sequence[TenantPartErased]) -> None:
        """Note what a service has removed."""
        for event in events:
            await self._erasures.take(event)

    @reacts_to(TenantSwept)
    async def certify_erasure(self, events: Sequence[TenantSwept]) -> None:
        """Certify that a tenant is erased."""
        for event in events:
            await self._erasures.finish(event)
