"""Requests about persons with the parts that services contribute, and what the kernel knows of somebody."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Aged, Column, Index, Row, Rows, Scalar, Sealed, Table
from mainstay.services.privacy.consent_store import TABLES as CONSENTS
from mainstay.services.privacy.interface import PersonErasureRequested, PersonExportRequested, PersonPartReady
from mainstay.services.privacy.retention_store import POLICIES
from mainstay.services.privacy.takeout_store import TENANT_EXPORTS

REQUESTS = Table(
    name="privacy_requests",
    columns=(
        Column("request_id", "text"),
        Column("kind", "text"),
        Column("subject", "text"),
        Column("subject_sha256", "text"),
        Column("job_id", "text"),
        Column("asked_ms", "integer"),
        Column("done_ms", "integer", nullable=True),
    ),
    key=("request_id",),
    indexes=(Index(("subject",)),),
    aged=Aged("person_exports", "asked_ms", most_days=365, by_service=True, where="kind = 'export'"),
)
PARTS = Table(
    name="privacy_parts",
    columns=(
        Column("request_id", "text"),
        Column("service", "text"),
        Column("done", "integer"),
        Column("counts", "text"),
        Column(
            "content",
            "bytes",
            nullable=True,
            sealed=Sealed(("request_id", "service"), PersonPartReady.place, owner="request_id"),
        ),
    ),
    key=("request_id", "service"),
)
TABLES = (REQUESTS, PARTS, TENANT_EXPORTS, POLICIES, *CONSENTS)

_REQUEST = "SELECT request_id, kind, subject, subject_sha256, job_id, asked_ms, done_ms FROM privacy_requests"


@dataclass(frozen=True)
class PartRow:
    """What one service contributed."""

    service: str
    done: bool
    counts: Mapping[str, int]


@dataclass(frozen=True)
class RequestRow:
    """A request as it is stored; the subject of an erasure is forgotten when it is done."""

    request_id: str
    kind: str
    subject: str
    subject_sha256: str
    job_id: str
    asked_ms: int
    done_ms: int | None = None
    parts: tuple[PartRow, ...] = ()


class PrivacyStore:
    """Reads and writes requests, and erases from the kernel's tables."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of what was gathered."""
        self._rows = rows
        self._cipher = cipher

    async def add(self, request: RequestRow, services: Sequence[str]) -> None:
        """Store a request, with a part that waits for each service."""
        row: dict[str, Scalar] = {
            "request_id": request.request_id,
            "kind": request.kind,
            "subject": request.subject,
            "subject_sha256": request.subject_sha256,
            "job_id": request.job_id,
            "asked_ms": request.asked_ms,
            "done_ms": None,
        }
        await self._rows.insert("privacy_requests", [row])
        parts: list[dict[str, Scalar]] = [
            {"request_id": request.request_id, "service": service, "done": 0, "counts": "{}", "content": None}
            for service in services
        ]
        await self._rows.insert("privacy_parts", parts)

    async def request(self, request_id: str) -> RequestRow | None:
        """Find a request."""
        rows = await self._rows.fetch(f"{_REQUEST} WHERE request_id = :id", {"id": request_id})
        return (await self._with_parts(rows))[0] if rows else None

    async def requests(self, limit: int, after: str | None) -> list[RequestRow]:
        """List requests by their ids, which tell when they were made, newest first."""
        where = "" if after is None else " WHERE request_id < :after"
        values: dict[str, Scalar] = {"limit": limit} | ({} if after is None else {"after": after})
        rows = await self._rows.fetch(f"{_REQUEST}{where} ORDER BY request_id DESC LIMIT :limit", values)
        return await self._with_parts(rows)

    async def contribute(self, part: PersonPartReady, content: bytes | None) -> None:
        """Store what a service contributed; a request that is gone stays so."""
        changed: dict[str, Scalar] = {"done": 1, "counts": json.dumps(part.counts), "content": content}
        await self._rows.update(
            "privacy_parts", changed, {"request_id": part.request_id, "service": part.service}
        )

    async def contents(self, request_id: str) -> dict[str, dict[str, Any]]:
        """Give what was gathered, by service."""
        rows = await self._rows.fetch(
            "SELECT service, content FROM privacy_parts WHERE request_id = :id ORDER BY service",
            {"id": request_id},
        )
        return {
            str(row["service"]): json.loads(
                self._cipher.open(row["content"], PersonPartReady.place(request_id, str(row["service"])))
            )
            for row in rows
            if isinstance(row["content"], bytes)
        }

    async def finish(self, request: RequestRow, now_ms: int) -> None:
        """Note that all services have answered; of an erasure nothing tells then whom it was about."""
        changed: dict[str, Scalar] = {"done_ms": now_ms}
        if request.kind == "erasure":
            changed["subject"] = ""
            told = {"job_id": request.job_id, "event": PersonErasureRequested.name(), "state": "done"}
            await self._rows.update("outbox", {"body": "{}"}, told)
        await self._rows.update("privacy_requests", changed, {"request_id": request.request_id})

    async def unsealed(self, subject: str) -> bool:
        """Say whether entries of the audit about somebody wait for their place in the chain."""
        rows = await self._rows.fetch(
            "SELECT 1 AS one FROM audit WHERE subject = :subject AND sealed = 0 LIMIT 1", {"subject": subject}
        )
        return bool(rows)

    async def exports_of(self, subject: str) -> list[str]:
        """List the exports of somebody, each of which has a key of its own."""
        rows = await self._rows.fetch(
            "SELECT request_id FROM privacy_requests WHERE subject = :subject AND kind = 'export'",
            {"subject": subject},
        )
        return [str(row["request_id"]) for row in rows]

    async def entries(self, subject: str) -> list[Row]:
        """List what the audit says that somebody did, oldest first."""
        return await self._rows.fetch(
            "SELECT at_ms, operation, target, outcome, door, origin FROM audit WHERE subject = :subject"
            " ORDER BY at_ms, seq",
            {"subject": subject},
        )

    async def kept(self, subject: str) -> dict[str, int]:
        """Count what the kernel and this service keep of somebody beside the audit."""
        values = {"subject": subject}
        answers = await self._rows.fetch(
            "SELECT count(*) AS n FROM idempotency WHERE subject = :subject", values
        )
        steps = await self._rows.fetch("SELECT count(*) AS n FROM outbox WHERE caller = :subject", values)
        logged = await self._rows.fetch(
            "SELECT count(*) AS n FROM request_log WHERE subject = :subject", values
        )
        return {
            "kept_answers": int(answers[0]["n"] or 0),
            "job_steps": int(steps[0]["n"] or 0),
            "logged_requests": int(logged[0]["n"] or 0),
        }

    async def erase(self, subject: str, gone: Sequence[Mapping[str, Scalar]]) -> None:
        """Erase somebody's kept answers and exports, take the name from jobs, and note destroyed keys."""
        exports = await self._rows.fetch(
            "SELECT request_id, job_id FROM privacy_requests WHERE subject = :subject AND kind = 'export'",
            {"subject": subject},
        )
        if exports:
            ids = [row["request_id"] for row in exports]
            await self._rows.delete("privacy_parts", {"request_id": ids})
            await self._rows.delete("privacy_requests", {"request_id": ids})
            jobs = [row["job_id"] for row in exports]
            told = [PersonExportRequested.name(), PersonPartReady.name()]
            await self._rows.delete("outbox", {"job_id": jobs, "event": told})
        await self._rows.delete("idempotency", {"subject": subject})
        await self._rows.delete("request_log", {"subject": subject})
        await self._rows.update("outbox", {"caller": ""}, {"caller": subject})
        await self._rows.upsert("destroyed_keys", gone)

    async def certify(self, row: Mapping[str, Scalar]) -> None:
        """Add an entry to the audit."""
        await self._rows.insert("audit", [row])

    async def _with_parts(self, rows: Sequence[Row]) -> list[RequestRow]:
        found: dict[str, list[PartRow]] = {str(row["request_id"]): [] for row in rows}
        for request_id, parts in found.items():
            for row in await self._rows.fetch(
                "SELECT service, done, counts FROM privacy_parts WHERE request_id = :id ORDER BY service",
                {"id": request_id},
            ):
                counts = json.loads(str(row["counts"]))
                parts.append(PartRow(str(row["service"]), bool(row["done"]), counts))
        return [_request(row, found[str(row["request_id"])]) for row in rows]


def _request(row: Row, parts: Sequence[PartRow]) -> RequestRow:
    return RequestRow(
        request_id=str(row["request_id"]),
        kind=str(row["kind"]),
        subject=str(row["subject"]),
        subject_sha256=str(row["subject_sha256"]),
        job_id=str(row["job_id"]),
        asked_ms=int(row["asked_ms"] or 0),
        done_ms=None if row["done_ms"] is None else int(row["done_ms"]),
        parts=tuple(parts),
    )
