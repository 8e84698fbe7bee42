"""The keys that protect what is stored, and the rights of those about whom it is."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from pydantic import Field

from mainstay.kernel.interface import Event, Interface, reads, writes
from mainstay.kernel.operating import OperatorNeeded
from mainstay.kernel.work import emit
from mainstay.ports.ciphers import CipherUnavailable
from mainstay.services.privacy.failures import ExportUnfinished, PersonRequestMissing
from mainstay.services.privacy.records import KeyState, PersonData, PersonRequest, RequestId, Subject

Seal = Callable[[bytes, tuple[str, ...]], bytes]
"""Encrypts what a service found, bound to a place, with the key of its tenant."""
_SUBJECT_EXAMPLE = {"subject": "key_01k9z6q7h8e4v5c3x2b1n0m9a8"}
_REQUEST_EXAMPLE = {"request_id": "request_01k9z6q7h8e4v5c3x2b1n0m9a8"}


class PersonExportRequested(Event):
    """What is stored about somebody is wanted: each service that reacts answers with PersonPartReady."""

    request_id: str
    subject: str
    job_id: str

    def answer(self, service: str, found: Mapping[str, object], counts: dict[str, int], seal: Seal) -> None:
        """Contribute what a service found; nobody opens it but who asked."""
        sealed = seal(json.dumps(found).encode(), PersonPartReady.place(self.request_id, service))
        content = base64.b64encode(sealed).decode()
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

    `content` is JSON of what was found, sealed to `place` and written in Base64, or empty.
    """

    request_id: str
    service: str
    counts: dict[str, int]
    content: str = ""

    @staticmethod
    def place(request_id: str, service: str) -> tuple[str, ...]:
        """Give what a part is sealed to."""
        return "privacy_parts", request_id, service


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

    @writes("POST /privacy/erasures", may="privacy:write", status=202, pending=True, example=_SUBJECT_EXAMPLE)
    async def erase_person(self, subject: Subject) -> PersonRequest:
        """Erase somebody from every service, the audit, and, by destroying a key, all backups (article 17).

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
