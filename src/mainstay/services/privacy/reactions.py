"""What privacy does when somebody is to be exported or erased, and when a service has answered."""

from collections.abc import Sequence

from mainstay.kernel.events import Reactions, reacts_to
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    PersonPartReady,
    RetentionDay,
    RetentionDue,
    TenantErasureRequested,
    TenantErasureStarted,
    TenantExportEnds,
    TenantExportGoesOn,
    TenantGone,
)
from mainstay.services.privacy.persons import Persons
from mainstay.services.privacy.retention import Retention
from mainstay.services.privacy.takeouts import Takeouts
from mainstay.services.privacy.tenants import Tenants


class PrivacyReactions(Reactions):
    """Does privacy's own part, and gathers those of others."""

    def __init__(self, persons: Persons, tenants: Tenants, takeouts: Takeouts, retention: Retention) -> None:
        """Take the parts."""
        self._persons = persons
        self._tenants = tenants
        self._takeouts = takeouts
        self._retention = retention

    @reacts_to(PersonExportRequested)
    async def export_person(self, events: Sequence[PersonExportRequested]) -> None:
        """Contribute what the kernel keeps."""
        for event in events:
            await self._persons.gather(event)

    @reacts_to(PersonErasureRequested)
    async def erase_person(self, events: Sequence[PersonErasureRequested]) -> None:
        """Destroy the key, and erase what the kernel keeps."""
        for event in events:
            exports = await self._takeouts.destroy_all()
            await self._persons.erase(event)
            await self._takeouts.expire(exports)

    @reacts_to(PersonPartReady)
    async def take_part(self, events: Sequence[PersonPartReady]) -> None:
        """Store what a service contributed."""
        for event in events:
            await self._persons.take(event)

    @reacts_to(TenantErasureStarted)
    async def end_work(self, events: Sequence[TenantErasureStarted]) -> None:
        """Stop what works for a tenant, and destroy its keys."""
        for event in events:
            await self._tenants.end_work(event)

    @reacts_to(TenantErasureRequested)
    async def erase_tenant(self, events: Sequence[TenantErasureRequested]) -> None:
        """Remove what privacy and the kernel have of a tenant."""
        for event in events:
            await self._tenants.clear(event)

    @reacts_to(TenantGone)
    async def sweep(self, events: Sequence[TenantGone]) -> None:
        """Empty a tenant's audit, and remove what is left."""
        for event in events:
            await self._tenants.sweep(event)

    @reacts_to(TenantExportGoesOn)
    async def make_part(self, events: Sequence[TenantExportGoesOn]) -> None:
        """Make the next part of a tenant's export."""
        for event in events:
            await self._takeouts.go_on(event)

    @reacts_to(TenantExportEnds)
    async def end_export(self, events: Sequence[TenantExportEnds]) -> None:
        """Erase an export that has expired."""
        for event in events:
            await self._takeouts.end(event)

    @reacts_to(RetentionDay)
    async def apply_retention(self, events: Sequence[RetentionDay]) -> None:
        """Remove what is old today."""
        for event in events:
            await self._retention.apply(event)

    @reacts_to(RetentionDue)
    async def end_person_exports(self, events: Sequence[RetentionDue]) -> None:
        """Erase old exports of persons."""
        for event in events:
            await self._retention.end_exports(event)
