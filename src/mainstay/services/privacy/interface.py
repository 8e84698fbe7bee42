"""The keys that protect what is stored, and the rights of those about whom it is."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Annotated, Literal, Protocol

from pydantic import Field

from mainstay.kernel.interface import Event, Interface, reads, writes
from mainstay.kernel.operating import OperatorNeeded
from mainstay.kernel.work import emit
from mainstay.ports.blobs import BlobMissing, BlobsUnavailable
from mainstay.ports.ciphers import CipherUnavailable, KeyDestroyed
from mainstay.services.privacy.failures import (
    ConsentMissing,
    ConsentPurposeChanged,
    ConsentPurposeMissing,
    ConsentVersionMissing,
    ExportUnfinished,
    PersonMissing,
    PersonRequestMissing,
    RetentionInvalid,
    TenantExportMissing,
    TenantExportRunning,
    TenantExportUnfinished,
)
from mainstay.services.privacy.records import (
    Consent,
    ConsentPurpose,
    ConsentState,
    ConsentText,
    Erased,
    Evidence,
    ExportId,
    KeyState,
    KindName,
    PersonData,
    PersonRequest,
    Purpose,
    RequestId,
    RetentionDays,
    RetentionKind,
    RetentionPolicies,
    RetentionPreview,
    Subject,
    TenantExport,
    TenantExportPart,
)


class Seal(Protocol):
    """Encrypts what a service found, bound to a place, with an owner's key."""

    def __call__(self, content: bytes, context: tuple[str, ...], *, owner: str = "") -> bytes:
        """Give the encrypted bytes."""


_SUBJECT_EXAMPLE = {"subject": "key_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_EXPORT = "tenant:export"
_TENANT_EXPORT_EXAMPLE = {"export_id": "export_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_REQUEST_EXAMPLE = {"request_id": "request_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class PersonExportRequested(Event):
    """What is stored about somebody is wanted: each service that reacts answers with PersonPartReady."""

    request_id: str
    subject: str
    job_id: str

    async def answer(
        self, service: str, found: Mapping[str, object], counts: dict[str, int], seal: Seal
    ) -> None:
        """Contribute what a service found, which may be very much; nobody opens it but who asked."""

        def sealed() -> str:
            place = PersonPartReady.place(self.request_id, service)
            return base64.b64encode(seal(json.dumps(found).encode(), place, owner=self.request_id)).decode()

        content = await asyncio.to_thread(sealed)
        part = PersonPartReady(request_id=self.request_id, service=service, counts=counts, content=content)
        emit(part, job_id=self.job_id, subject=self.request_id)


class PersonErasureRequested(Event):
    """Somebody is to be erased: each service that reacts does so, and answers with PersonPartReady."""

    request_id: str
    subject: str
    job_id: str

    def answer(self, service: str, counts: dict[str, int]) -> None:
        """Tell what a service erased, in the transaction that erases it."""
        part = PersonPartReady(request_id=self.request_id, service=service, counts=counts)
        emit(part, job_id=self.job_id, subject=self.request_id, promised=True)


class PersonPartReady(Event):
    """A service found, or erased, what it has of somebody; told in the transaction that erased it.

    `content` is JSON of what was found, sealed to `place` and written in Base64, or empty. Its owner is the
    request: a key of the export's own, which is destroyed with it, in backups too.
    """

    request_id: str
    service: str
    counts: dict[str, int]
    content: str = ""

    @staticmethod
    def place(request_id: str, service: str) -> tuple[str, ...]:
        """Give what a part is sealed to."""
        return "privacy_parts", request_id, service


class TenantErasureStarted(Event):
    """A tenant's erasure begins, and cannot be called off any more: its work ends, and its keys go."""

    erasure_id: str
    tenant_id: str
    job_id: str


class TenantErasureRequested(Event):
    """Nothing works for a tenant any more: each service that reacts removes what it has of it.

    It answers with TenantPartErased. The event is of the operator's tenant, so that it outlives the other.
    """

    erasure_id: str
    tenant_id: str
    job_id: str

    def answer(self, service: str) -> None:
        """Tell that a service has removed what it had."""
        done = TenantPartErased(erasure_id=self.erasure_id, service=service)
        emit(done, job_id=self.job_id, subject=self.tenant_id, promised=True)


class TenantPartErased(Event):
    """A service has removed what it had of a tenant."""

    erasure_id: str
    service: str


class TenantGone(Event):
    """There is no such tenant any more; what was written meanwhile is swept away, and once more later."""

    erasure_id: str
    tenant_id: str
    job_id: str
    again: bool = True


class TenantSwept(Event):
    """Nothing is left of a tenant."""

    erasure_id: str


class TenantExportGoesOn(Event):
    """The next part of a tenant's export is to be made."""

    export_id: str
    number: int


class TenantExportEnds(Event):
    """A tenant's export is old enough to be erased."""

    export_id: str


class RetentionDay(Event):
    """It is time to remove what a tenant's policies, as they were set at a moment, say is old."""

    changed_ms: int


class RetentionDue(Event):
    """What is older than a moment is to be removed: some at a time, by the service whose kind it is."""

    kind: str
    before_ms: int


class Privacy(Interface):
    """Keys, and the rights of persons."""

    @reads("GET /privacy/keys", may="privacy:read", fails=(OperatorNeeded, CipherUnavailable))
    async def describe_keys(self) -> KeyState:
        """Tell how the installation's keys are, and what still waits to be sealed anew; for the operator."""

    @writes(
        "POST /privacy/keys/rotate",
        may="privacy:write",
        fails=(OperatorNeeded, CipherUnavailable),
        example={"what": "data"},
    )
    async def rotate_keys(self, what: Literal["root", "data"]) -> KeyState:
        """Replace the root key, or the keys of every tenant and person; for the operator's administrators.

        A new root key wraps all other keys within seconds. New data keys seal what is stored from now on, and
        what is there is sealed anew in the background: `waiting` falls to 0. Nothing is interrupted. Earlier
        versions are kept for as long as their owner, because backups are sealed with them.
        """

    @writes("POST /privacy/exports", may="privacy:write", status=202, pending=True, example=_SUBJECT_EXAMPLE)
    async def export_person(self, subject: Subject) -> PersonRequest:
        """Gather what every service of your tenant stores about somebody (GDPR, articles 15 and 20).

        Nobody is told whether there is such a person: for one that is not known, every service finds nothing.
        """

    @reads(
        "GET /privacy/exports/{request_id}/data",
        may="privacy:write",
        fails=(PersonRequestMissing, ExportUnfinished),
        example=_REQUEST_EXAMPLE,
    )
    async def read_export(self, request_id: RequestId) -> PersonData:
        """Give what was gathered, as JSON; erasing the person erases it too."""

    @writes(
        "POST /privacy/erasures",
        may="privacy:write",
        status=202,
        pending=True,
        final=True,
        fails=(PersonMissing,),
        example=_SUBJECT_EXAMPLE,
    )
    async def erase_person(self, subject: Erased) -> PersonRequest:
        """Erase somebody from every service, the audit, and, by destroying a key, all backups (article 17).

        Somebody is whoever left anything in your tenant: present users and former ones, API keys, clients,
        and those of whom there is only a consent.

        It cannot be cancelled or undone, and goes on after a crash. The audit then has an entry
        `house.person_erased` with the request's id, and keeps what was done, but not by whom.
        """

    @reads(
        "GET /privacy/requests/{request_id}",
        may="privacy:read",
        fails=(PersonRequestMissing,),
        example=_REQUEST_EXAMPLE,
    )
    async def get_request(self, request_id: RequestId) -> PersonRequest:
        """Report on an export or an erasure: what each service found or erased."""

    @reads("GET /privacy/requests", may="privacy:read")
    async def list_requests(
        self, limit: Annotated[int, Field(ge=1, le=200)] = 50, after: RequestId | None = None
    ) -> list[PersonRequest]:
        """List exports and erasures, newest first; the next page begins `after` the last of this one."""

    @writes(
        "POST /privacy/tenant-exports", may=_EXPORT, status=202, pending=True, fails=(TenantExportRunning,)
    )
    async def export_tenant(self) -> TenantExport:
        """Make an archive of everything that your tenant has, but for secrets and what is derived.

        It has a file of JSON lines for each table, and the files that documents were made of; the page on
        privacy tells the format. Rows are as they were when they were read: for a moment of all of them,
        write nothing meanwhile. It is erased by itself after seven days, and when a person is erased.
        """

    @reads("GET /privacy/tenant-exports", may=_EXPORT)
    async def list_tenant_exports(self) -> list[TenantExport]:
        """List the last 50 exports of your tenant, newest first."""

    @reads(
        "GET /privacy/tenant-exports/{export_id}",
        may=_EXPORT,
        fails=(TenantExportMissing,),
        example=_TENANT_EXPORT_EXAMPLE,
    )
    async def get_tenant_export(self, export_id: ExportId) -> TenantExport:
        """Report on an export of your tenant."""

    @reads(
        "GET /privacy/tenant-exports/{export_id}/parts/{number}",
        may=_EXPORT,
        secret=True,
        fails=(TenantExportMissing, TenantExportUnfinished, BlobMissing, BlobsUnavailable, CipherUnavailable),
        example={**_TENANT_EXPORT_EXAMPLE, "number": 1},
    )
    async def read_tenant_export(
        self, export_id: ExportId, number: Annotated[int, Field(ge=1, le=1_000_000)]
    ) -> TenantExportPart:
        """Give a part of an archive, of some megabytes, or of the size of the one file that is in it."""

    @writes(
        "DELETE /privacy/tenant-exports/{export_id}",
        may=_EXPORT,
        fails=(TenantExportMissing,),
        example=_TENANT_EXPORT_EXAMPLE,
    )
    async def delete_tenant_export(self, export_id: ExportId) -> TenantExport:
        """Erase an archive now; its key is destroyed, so that no backup can be read either."""

    @reads("GET /privacy/retention", may="privacy:read")
    async def get_retention(self) -> list[RetentionKind]:
        """Tell of each kind of things after how many days your tenant has it removed, and what it may say."""

    @writes(
        "PUT /privacy/retention",
        may="privacy:write",
        fails=(RetentionInvalid,),
        example={"days": {"feedback": 365, "sessions": 30}},
    )
    async def set_retention(self, days: RetentionPolicies) -> list[RetentionKind]:
        """Say after how many days your tenant's things are removed; what is left out stays.

        It is applied for the first time in a day, and then every day, some at a time. Each time that
        something is removed the audit gets an entry `house.retention_applied` with the counts. Documents are
        as old as their last change.
        """

    @reads(
        "GET /privacy/retention/preview",
        may="privacy:read",
        fails=(RetentionInvalid,),
        example={"kind": "feedback", "days": 365},
    )
    async def preview_retention(self, kind: KindName, days: RetentionDays) -> RetentionPreview:
        """Count what a policy would remove if it were applied now; nothing is removed."""

    @writes(
        "PUT /privacy/consents/purposes/{purpose}",
        may="privacy:write",
        fails=(ConsentPurposeChanged,),
        example={"purpose": "newsletter", "text": "You may write to me once a month."},
    )
    async def define_consent(self, purpose: Purpose, text: ConsentText) -> ConsentPurpose:
        """Say in which words persons agree to a purpose; another text is a new version, and all are kept."""

    @reads("GET /privacy/consents/purposes", may="consents:read")
    async def list_consent_purposes(self) -> list[ConsentPurpose]:
        """List your tenant's purposes in their newest words."""

    @writes(
        "POST /privacy/consents",
        may="consents:write",
        status=201,
        fails=(ConsentPurposeMissing, ConsentVersionMissing, KeyDestroyed),
        example={
            **_SUBJECT_EXAMPLE,
            "purpose": "newsletter",
            "version": 1,
            "evidence": "Form on the website",
        },
    )
    async def give_consent(
        self,
        subject: Subject,
        purpose: Purpose,
        version: Annotated[int, Field(ge=1, le=1_000_000, description="Of the text that was shown.")],
        evidence: Evidence = "",
    ) -> Consent:
        """Record that somebody agreed to a purpose, in the words of a version; it is never changed later."""

    @writes(
        "POST /privacy/consents/withdraw",
        may="consents:write",
        status=201,
        fails=(ConsentPurposeMissing, ConsentMissing, KeyDestroyed),
        example={**_SUBJECT_EXAMPLE, "purpose": "newsletter"},
    )
    async def withdraw_consent(self, subject: Subject, purpose: Purpose, evidence: Evidence = "") -> Consent:
        """Record that somebody took a consent back; it holds from the next check on, and both are kept."""

    @reads("GET /privacy/consents", may="consents:read", example=_SUBJECT_EXAMPLE)
    async def list_consents(
        self,
        subject: Subject,
        limit: Annotated[int, Field(ge=1, le=200)] = 50,
        before: Annotated[int, Field(ge=1, le=1 << 53, description="Only those with a smaller number.")]
        | None = None,
    ) -> list[Consent]:
        """List all that somebody agreed to or took back, newest first; somebody erased has said nothing."""

    @reads(
        "GET /privacy/consents/check",
        may="consents:read",
        fails=(ConsentPurposeMissing,),
        example={**_SUBJECT_EXAMPLE, "purpose": "newsletter"},
    )
    async def check_consent(self, subject: Subject, purpose: Purpose) -> ConsentState:
        """Say whether somebody's consent to a purpose is given now; for whom nothing is known it is not."""
