"""Looks after keys, and after the rights of those about whom something is stored."""

import asyncio
from typing import Literal

from mainstay.kernel.operating import needs_operator
from mainstay.kernel.work import note_target
from mainstay.ports.keyrings import KeyRing
from mainstay.services.privacy.consents import Consents
from mainstay.services.privacy.interface import Privacy
from mainstay.services.privacy.persons import Persons
from mainstay.services.privacy.records import (
    Consent,
    ConsentPurpose,
    ConsentState,
    KeyState,
    PersonData,
    PersonRequest,
    RetentionKind,
    RetentionPreview,
    TenantExport,
    TenantExportPart,
)
from mainstay.services.privacy.retention import Retention
from mainstay.services.privacy.takeouts import Takeouts


class PrivacyService(Privacy):
    """The privacy service."""

    def __init__(
        self, keys: KeyRing, persons: Persons, takeouts: Takeouts, retention: Retention, consents: Consents
    ) -> None:
        """Take the parts."""
        self._keys = keys
        self._persons = persons
        self._takeouts = takeouts
        self._retention = retention
        self._consents = consents

    async def describe_keys(self) -> KeyState:
        """Tell how the keys are."""
        needs_operator()
        state = await asyncio.to_thread(self._keys.state)
        return KeyState(
            wrapper=state.wrapper,
            root_made_ms=state.root_made_ms,
            roots=state.roots,
            owners=state.owners,
            versions=state.keys,
            destroyed=state.destroyed,
            waiting=state.waiting,
        )

    async def rotate_keys(self, what: Literal["root", "data"]) -> KeyState:
        """Replace the root key or all data keys."""
        needs_operator()
        note_target(what)
        if what == "root":
            await self._keys.rotate_root()
        else:
            await asyncio.to_thread(self._keys.rotate_all)
        return await self.describe_keys()

    async def export_person(self, subject: str) -> PersonRequest:
        """Ask every service for what it stores about somebody."""
        return await self._persons.ask("export", subject)

    async def read_export(self, request_id: str) -> PersonData:
        """Give what was gathered."""
        return await self._persons.data(request_id)

    async def erase_person(self, subject: str) -> PersonRequest:
        """Ask every service to erase somebody."""
        return await self._persons.ask("erasure", subject)

    async def get_request(self, request_id: str) -> PersonRequest:
        """Report on a request."""
        return await self._persons.report(request_id)

    async def list_requests(self, limit: int = 50, after: str | None = None) -> list[PersonRequest]:
        """List requests, newest first."""
        return await self._persons.reports(limit, after)

    async def export_tenant(self) -> TenantExport:
        """Begin an export of the caller's tenant."""
        return await self._takeouts.ask()

    async def list_tenant_exports(self) -> list[TenantExport]:
        """List the exports of the caller's tenant."""
        return await self._takeouts.all()

    async def get_tenant_export(self, export_id: str) -> TenantExport:
        """Report on an export."""
        return await self._takeouts.find(export_id)

    async def read_tenant_export(self, export_id: str, number: int) -> TenantExportPart:
        """Give a part of an archive."""
        return await self._takeouts.part(export_id, number)

    async def delete_tenant_export(self, export_id: str) -> TenantExport:
        """Erase an archive."""
        return await self._takeouts.remove(export_id)

    async def get_retention(self) -> list[RetentionKind]:
        """Tell for how long things are kept."""
        return await self._retention.kinds()

    async def set_retention(self, days: dict[str, int]) -> list[RetentionKind]:
        """Set for how long things are kept."""
        return await self._retention.set(days)

    async def preview_retention(self, kind: str, days: int) -> RetentionPreview:
        """Count what a policy would remove."""
        return await self._retention.preview(kind, days)

    async def define_consent(self, purpose: str, text: str) -> ConsentPurpose:
        """Say in which words persons agree."""
        return await self._consents.define(purpose, text)

    async def list_consent_purposes(self) -> list[ConsentPurpose]:
        """List the purposes."""
        return await self._consents.purposes()

    async def give_consent(self, subject: str, purpose: str, version: int, evidence: str = "") -> Consent:
        """Record a consent."""
        return await self._consents.give(subject, purpose, version, evidence)

    async def withdraw_consent(self, subject: str, purpose: str, evidence: str = "") -> Consent:
        """Record that a consent was taken back."""
        return await self._consents.withdraw(subject, purpose, evidence)

    async def list_consents(self, subject: str, limit: int = 50, before: int | None = None) -> list[Consent]:
        """List what somebody said."""
        return await self._consents.history(subject, limit, before)

    async def check_consent(self, subject: str, purpose: str) -> ConsentState:
        """Say whether a consent is given."""
        return await self._consents.check(subject, purpose)
