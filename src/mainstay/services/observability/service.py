"""Searches the audit, gives it out, and checks it: the caller's own, or for the operator another's."""

from collections.abc import AsyncIterator
from functools import partial

from mainstay.kernel.audit_chain import AuditChain
from mainstay.kernel.audit_keys import AuditKeys, Succession
from mainstay.kernel.caller import EVERYTHING
from mainstay.kernel.chain import FORMAT, Checkpoint, Sealed
from mainstay.kernel.guard import NOBODYS
from mainstay.kernel.work import caller, note_target
from mainstay.ports.database import Row, Scalar
from mainstay.ports.signers import Signer
from mainstay.services.observability.interface import (
    AuditCheckpoint,
    AuditCheckpoints,
    AuditEntry,
    AuditMissing,
    AuditNotYours,
    AuditPage,
    AuditPiece,
    AuditVerification,
    ExportBegin,
    ExportEnd,
    ExportEntry,
    ExportErasure,
    ExportKey,
    Observability,
)
from mainstay.services.observability.logged import LoggedRequests, RequestSettings, WholeRequest
from mainstay.services.observability.moments import cursor, cursor_of, moment_ms
from mainstay.services.observability.requests import Requests
from mainstay.services.observability.store import AuditStore, Reading, Wanted

_FAR = 1 << 62


def _hex(value: Scalar) -> str | None:
    return value.hex() if isinstance(value, bytes) else None


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        seq=int(row["seq"] or 0),
        place=None if row["place"] is None else int(row["place"]),
        at_ms=int(row["at_ms"] or 0),
        subject=str(row["subject"]),
        operation=str(row["operation"]),
        target=str(row["target"]),
        outcome=str(row["outcome"]),
        request_id=str(row["request_id"]),
        door=str(row["door"]),
        origin=str(row["origin"]),
        erased=row["salt"] is None,
        before=_hex(row["before_hash"]),
        after=_hex(row["after_hash"]),
    )


def _checkpoint(checkpoint: Checkpoint) -> AuditCheckpoint:
    return AuditCheckpoint(
        number=checkpoint.number,
        place=checkpoint.place,
        link=checkpoint.link.hex(),
        begins=checkpoint.begins,
        begins_link=checkpoint.begins_link.hex(),
        oldest=checkpoint.oldest,
        at_ms=checkpoint.at_ms,
        key_id=checkpoint.key_id,
        signature=checkpoint.signature.hex(),
    )


def _key(said: Succession) -> ExportKey:
    signatures = {"by_previous": said.by_previous.hex(), "by_itself": said.by_itself.hex()}
    return ExportKey(**{**vars(said), **signatures})


def _exported(sealed: Sealed) -> ExportEntry:
    entry = sealed.entry
    return ExportEntry(
        place=sealed.place,
        seq=sealed.seq,
        at_ms=None if entry is None else entry.at_ms,
        request_id="" if entry is None else entry.request_id,
        subject="" if entry is None else entry.subject,
        operation="" if entry is None else entry.operation,
        target="" if entry is None else entry.target,
        outcome="" if entry is None else entry.outcome,
        door="" if entry is None else entry.door,
        origin="" if entry is None else entry.origin,
        salt=None if entry is None or entry.salt is None else entry.salt.hex(),
        hidden=None if entry is None or entry.hidden is None else entry.hidden.hex(),
        before=None if entry is None or entry.before is None else entry.before.hex(),
        after=None if entry is None or entry.after is None else entry.after.hex(),
        commitment=sealed.commitment.hex(),
        link=sealed.link.hex(),
    )


class ObservabilityService(Observability):
    """The observability service."""

    def __init__(
        self, store: AuditStore, chain: AuditChain, signer: Signer, audit_keys: AuditKeys, requests: Requests
    ) -> None:
        """Take the parts."""
        self._keys = audit_keys
        self._store = store
        self._requests = requests
        self._chain = chain
        self._signer = signer

    async def search_entries(
        self,
        since: str = "",
        until: str = "",
        subject: str = "",
        operation: str = "",
        outcome: str = "",
        target: str = "",
        request_id: str = "",
        door: str = "",
        before: str = "",
        limit: int = 100,
        tenant: str = "",
    ) -> AuditPage:
        """Find entries, newest first; one more than asked for is read to see whether there are more."""
        equal = {
            "subject": subject,
            "operation": operation,
            "outcome": outcome,
            "target": target,
            "request_id": request_id,
            "door": door,
        }
        wanted = Wanted(equal, moment_ms(since), moment_ms(until), cursor_of(before))
        reading = self._reading(await self._whose(tenant))
        rows = await self._store.search(reading, wanted, limit + 1)
        entries = [_entry(row) for row in rows[:limit]]
        more = len(rows) > limit
        return AuditPage(entries=entries, next=cursor(entries[-1].at_ms, entries[-1].seq) if more else "")

    async def export_entries(
        self, since: str = "", until: str = "", tenant: str = ""
    ) -> AsyncIterator[AuditPiece]:
        """Give the entries of a time in chain order."""
        since_ms, until_ms = moment_ms(since), moment_ms(until)
        tenant_id, signer = await self._whose(tenant), self._signer
        span = await self._chain.span(
            tenant_id, 0 if since_ms is None else since_ms, _FAR if until_ms is None else until_ms
        )
        yield AuditPiece(
            begin=ExportBegin(
                format=FORMAT,
                tenant_id=tenant_id,
                since_ms=since_ms,
                until_ms=until_ms,
                before=span.before,
                previous_link=span.link.hex(),
                previous_number=span.number,
                last=span.last,
                key_id=signer.key_id,
                public_key=signer.public_key,
                keys=[_key(each) for each in await self._keys.all()],
            ),
            erasures=[ExportErasure(**vars(erasure)) for erasure in span.erasures],
        )
        count = 0
        async for piece in self._chain.pieces(tenant_id, span):
            count += len(piece.entries)
            yield AuditPiece(
                entries=[_exported(sealed) for sealed in piece.entries],
                checkpoints=[_checkpoint(each) for each in piece.checkpoints],
            )
        yield AuditPiece(end=ExportEnd(entries=count))

    async def list_checkpoints(self, before: int = 0, limit: int = 10, tenant: str = "") -> AuditCheckpoints:
        """List the newest checkpoints."""
        tenant_id, signer = await self._whose(tenant), self._signer
        found = await self._chain.newest(tenant_id, limit, before or _FAR)
        return AuditCheckpoints(
            tenant_id=tenant_id,
            key_id=signer.key_id,
            public_key=signer.public_key,
            checkpoints=[_checkpoint(each) for each in found],
        )

    async def verify_chain(self, after: int = 0, limit: int = 100_000, tenant: str = "") -> AuditVerification:
        """Check the tenant's chain."""
        verdict = await self._chain.verify(await self._whose(tenant), after=after, limit=limit)
        return AuditVerification(
            whole=not verdict.finding,
            finding=verdict.finding,
            wrong_place=verdict.wrong_place,
            checked=verdict.checked,
            last_place=verdict.last_place,
            begins=verdict.begins,
            unsigned=verdict.unsigned,
            waiting=verdict.waiting,
            next=verdict.following,
        )

    async def get_request_settings(self) -> RequestSettings:
        """Tell how requests are logged."""
        return await self._requests.settings()

    async def set_request_settings(
        self,
        log_requests: bool,
        sample: float = 1.0,
        operations: list[str] = [],  # noqa: B006 - never changed; the interface's default
        hidden_fields: list[str] = [],  # noqa: B006 - never changed
        characters_max: int = 4096,
        kept_days: int = 7,
    ) -> RequestSettings:
        """Set how requests are logged."""
        return await self._requests.set(
            {
                "log_requests": log_requests,
                "sample": sample,
                "operations": operations,
                "hidden_fields": hidden_fields,
                "characters_max": characters_max,
                "kept_days": kept_days,
            }
        )

    async def search_requests(
        self,
        since: str = "",
        until: str = "",
        subject: str = "",
        operation: str = "",
        outcome: str = "",
        request_id: str = "",
        before: str = "",
        limit: int = 100,
    ) -> LoggedRequests:
        """Find logged requests."""
        equal = {"subject": subject, "operation": operation, "outcome": outcome, "request_id": request_id}
        wanted = Wanted(equal, moment_ms(since), moment_ms(until), cursor_of(before))
        return await self._requests.search(wanted, limit)

    async def get_request(self, number: int) -> WholeRequest:
        """Give a logged request."""
        return await self._requests.give(number)

    def _reading(self, tenant_id: str) -> Reading:
        return partial(self._chain.fetch, tenant_id)

    async def _whose(self, tenant: str) -> str:
        """Give the tenant whose audit is asked for; raises AuditNotYours and AuditMissing."""
        me = caller()
        if tenant in {"", me.tenant_id}:
            return me.tenant_id
        if not (me.operator and me.may(EVERYTHING)):
            raise AuditNotYours(
                "Leave `tenant` out for your own audit, or ask the operator's administrators."
            )
        note_target(tenant)
        if tenant != NOBODYS and not await self._store.any(self._reading(tenant)):
            raise AuditMissing("List the tenants to see their ids; what strangers tried is under `nobody`.")
        return tenant
