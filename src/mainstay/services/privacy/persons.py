"""Exports and erasures of persons: asked for, contributed to by every service, reported on."""

import asyncio
import base64
import hashlib
from dataclasses import asdict
from typing import Literal

from mainstay.kernel.audit import Audit
from mainstay.kernel.erasing import Eraser
from mainstay.kernel.events import Subscribers
from mainstay.kernel.subjects import Subjects
from mainstay.kernel.work import caller, current, emit, note_target
from mainstay.kit.clock import Clock
from mainstay.kit.ids import Ids
from mainstay.ports.ciphers import Cipher
from mainstay.ports.keyrings import KeyRing
from mainstay.services.privacy.consent_store import ConsentStore
from mainstay.services.privacy.failures import (
    AuditUnsealed,
    ExportUnfinished,
    PersonMissing,
    PersonRequestMissing,
)
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    PersonPartReady,
)
from mainstay.services.privacy.records import Part, PersonData, PersonRequest
from mainstay.services.privacy.store import PrivacyStore, RequestRow

SERVICE = "privacy"
CERTIFICATE = "house.person_erased"

_FAR = 1 << 62
_CONSENTS_MAX = 100_000
Kind = Literal["export", "erasure"]
_FIND = (
    "`GET /v1/users` and `GET /v1/api-keys` (`mainstay users list`, `mainstay keys list`) show ids. Of"
    " somebody who was erased nothing is left to erase; `GET /v1/privacy/requests` lists erasures."
)
_NOT_AN_ADDRESS = (
    "An e-mail address is no id: `GET /v1/users?q=ADDRESS` (`mainstay users list ADDRESS`) shows that of its"
    " user."
)


class Persons:
    """Keeps requests about persons."""

    def __init__(
        self,
        store: PrivacyStore,
        consents: ConsentStore,
        subjects: Subjects,
        cipher: Cipher,
        keys: KeyRing,
        eraser: Eraser,
        audit: Audit,
        subscribers: Subscribers,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take the parts."""
        self._store = store
        self._consents = consents
        self._subjects = subjects
        self._cipher = cipher
        self._keys = keys
        self._eraser = eraser
        self._audit = audit
        self._subscribers = subscribers
        self._clock = clock
        self._ids = ids

    async def ask(self, kind: Kind, subject: str) -> PersonRequest:
        """Store a request and tell the services; raises PersonMissing when nobody is there to be erased."""
        if kind == "erasure" and not await self._subjects.known(caller().tenant_id, subject):
            raise PersonMissing(_NOT_AN_ADDRESS if "@" in subject else _FIND)
        row = RequestRow(
            request_id=self._ids.new("request"),
            kind=kind,
            subject=subject,
            subject_sha256=hashlib.sha256(subject.encode()).hexdigest(),
            job_id=self._ids.new("job"),
            asked_ms=self._clock.now_ms(),
        )
        note_target(row.request_id)
        event = PersonExportRequested if kind == "export" else PersonErasureRequested
        await self._store.add(row, self._subscribers.services(event))
        told = event(request_id=row.request_id, subject=subject, job_id=row.job_id)
        emit(told, job_id=row.job_id, subject=row.request_id, promised=kind == "erasure")
        return _shown(await self._found(row.request_id))

    async def report(self, request_id: str) -> PersonRequest:
        """Report on a request; raises PersonRequestMissing."""
        note_target(request_id)
        return _shown(await self._found(request_id))

    async def reports(self, limit: int, after: str | None) -> list[PersonRequest]:
        """List requests, newest first."""
        return [_shown(row) for row in await self._store.requests(limit, after)]

    async def data(self, request_id: str) -> PersonData:
        """Give what an export gathered; raises ExportUnfinished."""
        note_target(request_id)
        row = await self._found(request_id)
        if row.kind != "export":
            raise PersonRequestMissing("This request is an erasure, which gathers nothing.")
        if row.done_ms is None:
            raise ExportUnfinished("Follow its job, and ask again when it is done.")
        return PersonData(request_id=request_id, services=await self._store.contents(request_id))

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute what the audit says of somebody."""
        entries = [dict(row) for row in await self._store.entries(event.subject)]
        counts = {"audit_entries": len(entries), **await self._store.kept(event.subject)}
        said = [asdict(row) for row in await self._consents.history(event.subject, _FAR, _CONSENTS_MAX)]
        counts["consents"] = len(said)
        await event.answer(SERVICE, {"audit": entries, "consents": said}, counts, self._cipher.seal)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Destroy somebody's key, and erase who it was from the audit, kept answers and jobs.

        Entries that are not sealed yet cannot be erased; then all of it is tried again soon.
        """
        tenant_id, subject = caller().tenant_id, event.subject
        owners = [subject, *await self._store.exports_of(subject)]
        gone = [
            each
            for owner in owners
            for each in await asyncio.to_thread(self._keys.destroy, f"{tenant_id}/{owner}")
        ]
        await self._sealed(subject)  # before, so that all of them are counted; and after, for newer ones
        entries = len(await self._store.entries(subject))
        await self._eraser.erase(tenant_id, subject)
        await self._sealed(subject)
        counts = {"audit_entries": entries, **await self._store.kept(subject)}
        counts["consents"] = await self._consents.count(subject)
        await self._consents.forget(subject)
        await self._store.erase(subject, [asdict(each) for each in gone])
        event.answer(SERVICE, counts)

    async def _sealed(self, subject: str) -> None:
        if await self._store.unsealed(subject):
            raise AuditUnsealed("It goes on by itself in a few seconds.", retry_after_s=1)

    async def take(self, part: PersonPartReady) -> None:
        """Store what a service contributed; after the last one an erasure is certified and forgets whom."""
        content = base64.b64decode(part.content) if part.content else None
        await self._store.contribute(part, content)
        row = await self._store.request(part.request_id)
        if row is None or row.done_ms is not None or not all(each.done for each in row.parts):
            return
        await self._store.finish(row, self._clock.now_ms())
        if row.kind == "erasure":
            origin = {"request_id": current().request_id, "door": "house", "address": ""}
            target = f"{row.request_id}:{row.subject_sha256}"
            await self._store.certify(self._audit.row(caller(), CERTIFICATE, target, "ok", origin))

    async def _found(self, request_id: str) -> RequestRow:
        row = await self._store.request(request_id)
        if row is None:
            raise PersonRequestMissing("`GET /v1/privacy/requests` lists them; an erasure removes exports.")
        return row


def _shown(row: RequestRow) -> PersonRequest:
    return PersonRequest(
        request_id=row.request_id,
        kind="erasure" if row.kind == "erasure" else "export",
        state="running" if row.done_ms is None else "done",
        subject_sha256=row.subject_sha256,
        asked_ms=row.asked_ms,
        done_ms=row.done_ms,
        job_id=row.job_id,
        parts=[Part(service=each.service, done=each.done, counts=dict(each.counts)) for each in row.parts],
    )
