"""Consents: what persons agreed to, in which words, and until when; nothing of it is changed afterwards."""

import contextlib

from mainstay.kernel.work import caller, note_target
from mainstay.kit.clock import Clock
from mainstay.ports.ciphers import KeyDestroyed
from mainstay.ports.database import UniqueViolated
from mainstay.services.privacy.consent_store import ConsentRow, ConsentStore, PurposeRow
from mainstay.services.privacy.failures import (
    ConsentMissing,
    ConsentPurposeChanged,
    ConsentPurposeMissing,
    ConsentVersionMissing,
)
from mainstay.services.privacy.records import Consent, ConsentPurpose, ConsentState

_FAR = 1 << 62


class Consents:
    """Keeps the consents of the caller's tenant."""

    def __init__(self, store: ConsentStore, clock: Clock) -> None:
        """Take where they are kept."""
        self._store = store
        self._clock = clock

    async def define(self, purpose: str, text: str) -> ConsentPurpose:
        """Give a purpose its text: a new version, unless it has that text already."""
        note_target(purpose)
        before = await self._store.purpose(purpose)
        if before is not None and before.text == text:
            return _purpose(before)
        version = 1 if before is None else before.version + 1
        row = PurposeRow(purpose, version, text, self._clock.now_ms())
        try:
            await self._store.add_purpose(row)
        except UniqueViolated:
            raise ConsentPurposeChanged("Somebody changed it this moment; read it and try again.") from None
        return _purpose(row)

    async def purposes(self) -> list[ConsentPurpose]:
        """List the purposes in their newest words."""
        return [_purpose(row) for row in await self._store.purposes()]

    async def give(self, subject: str, purpose: str, version: int, evidence: str) -> Consent:
        """Record that somebody agreed to a version of a purpose's text."""
        newest = await self._found(purpose)
        if version > newest.version:
            raise ConsentVersionMissing(f"The newest version of `{purpose}` is {newest.version}.")
        return await self._add(subject, purpose, version, evidence, given=True)

    async def withdraw(self, subject: str, purpose: str, evidence: str) -> Consent:
        """Record that somebody took a consent back."""
        await self._found(purpose)
        last = await self._store.newest(subject, purpose)
        if last is None or not last.given:
            raise ConsentMissing(
                "There is nothing to take back; `GET /v1/privacy/consents` lists what was said."
            )
        return await self._add(subject, purpose, last.version, evidence, given=False)

    async def history(self, subject: str, limit: int, before: int | None) -> list[Consent]:
        """List what somebody said, newest first."""
        with contextlib.suppress(KeyDestroyed):  # somebody is being erased, and has said nothing
            return [_told(row) for row in await self._store.history(subject, before or _FAR, limit)]
        return []

    async def check(self, subject: str, purpose: str) -> ConsentState:
        """Say whether a consent is given now."""
        newest = await self._found(purpose)
        last = None
        with contextlib.suppress(KeyDestroyed):
            last = await self._store.newest(subject, purpose)
        given = last is not None and last.given
        return ConsentState(
            purpose=purpose,
            given=given,
            version=last.version if last is not None else None,
            newest=newest.version,
            at_ms=last.at_ms if last is not None else None,
        )

    async def _add(self, subject: str, purpose: str, version: int, evidence: str, *, given: bool) -> Consent:
        note_target(purpose)
        now = self._clock.now_ms()
        row = ConsentRow(0, subject, purpose, version, given, now, caller().subject, evidence)
        number = await self._store.add(row)
        return _told(ConsentRow(**{**vars(row), "number": number}))

    async def _found(self, purpose: str) -> PurposeRow:
        row = await self._store.purpose(purpose)
        if row is None:
            raise ConsentPurposeMissing("`GET /v1/privacy/consents/purposes` lists them.")
        return row


def _purpose(row: PurposeRow) -> ConsentPurpose:
    return ConsentPurpose(purpose=row.purpose, version=row.version, text=row.text, created_ms=row.created_ms)


def _told(row: ConsentRow) -> Consent:
    return Consent(**vars(row))
