"""What persons may agree to, and what they agreed to and when, in rows that are only ever added."""

from collections.abc import Sequence
from dataclasses import dataclass

from mainstay.ports.ciphers import Cipher
from mainstay.ports.database import Column, Index, Row, Rows, Scalar, Sealed, Table


def _place(subject: str, purpose: str, at_ms: int) -> tuple[str, ...]:
    """Give what an evidence is sealed to."""
    return "consents", subject, purpose, str(at_ms)


PURPOSES = Table(
    name="consent_purposes",
    columns=(
        Column("purpose", "text"),
        Column("version", "integer"),
        Column("text", "text"),
        Column("created_ms", "integer"),
    ),
    key=("purpose", "version"),
    exported=("purpose", "version", "text", "created_ms"),
)
CONSENTS = Table(
    name="consents",
    columns=(
        Column("number", "integer"),
        Column("subject", "text"),
        Column("purpose", "text"),
        Column("version", "integer"),
        Column("given", "integer"),
        Column("at_ms", "integer"),
        Column("recorded_by", "text"),
        Column("evidence", "bytes", sealed=Sealed(("subject", "purpose", "at_ms"), _place, owner="subject")),
    ),
    key=("number",),
    sequence="number",
    indexes=(Index(("subject", "purpose", "number")),),
    exported=("subject", "purpose", "version", "given", "at_ms", "recorded_by", "evidence"),
    subjects=("subject",),
)
TABLES = (PURPOSES, CONSENTS)

_NEWEST = (
    "SELECT p.purpose, p.version, p.text, p.created_ms FROM consent_purposes p WHERE p.version ="
    " (SELECT max(q.version) FROM consent_purposes q WHERE q.purpose = p.purpose)"
)
_CONSENT = "SELECT number, subject, purpose, version, given, at_ms, recorded_by, evidence FROM consents"


@dataclass(frozen=True)
class PurposeRow:
    """One version of the text of a purpose."""

    purpose: str
    version: int
    text: str
    created_ms: int


@dataclass(frozen=True)
class ConsentRow:
    """That somebody agreed to a version of a text, or took it back."""

    number: int
    subject: str
    purpose: str
    version: int
    given: bool
    at_ms: int
    recorded_by: str
    evidence: str


class ConsentStore:
    """Reads and writes purposes and consents of the caller's tenant."""

    def __init__(self, rows: Rows, cipher: Cipher) -> None:
        """Take the caller's rows, and the cipher of evidence."""
        self._rows = rows
        self._cipher = cipher

    async def purposes(self) -> list[PurposeRow]:
        """List the newest versions by purpose."""
        return [_purpose(row) for row in await self._rows.fetch(f"{_NEWEST} ORDER BY p.purpose")]

    async def purpose(self, purpose: str) -> PurposeRow | None:
        """Find the newest version of a purpose."""
        rows = await self._rows.fetch(f"{_NEWEST} AND p.purpose = :purpose", {"purpose": purpose})
        return _purpose(rows[0]) if rows else None

    async def add_purpose(self, row: PurposeRow) -> None:
        """Store a new version; raises UniqueViolated."""
        await self._rows.insert("consent_purposes", [dict(vars(row))])

    async def add(self, row: ConsentRow) -> int:
        """Store a consent or its withdrawal; give its number; raises KeyDestroyed for who was erased."""
        place = _place(row.subject, row.purpose, row.at_ms)
        sealed = self._cipher.seal(row.evidence.encode("utf-8", "surrogatepass"), place, owner=row.subject)
        values: dict[str, Scalar] = {**vars(row), "given": int(row.given), "evidence": sealed}
        del values["number"]
        return (await self._rows.insert("consents", [values]))[0]

    async def newest(self, subject: str, purpose: str) -> ConsentRow | None:
        """Find what somebody said last about a purpose."""
        rows = await self._rows.fetch(
            f"{_CONSENT} WHERE subject = :subject AND purpose = :purpose ORDER BY number DESC LIMIT 1",
            {"subject": subject, "purpose": purpose},
        )
        return self._consent(rows[0]) if rows else None

    async def history(self, subject: str, before: int, limit: int) -> Sequence[ConsentRow]:
        """List all that somebody said, newest first."""
        rows = await self._rows.fetch(
            f"{_CONSENT} WHERE subject = :subject AND number < :before ORDER BY number DESC LIMIT :limit",
            {"subject": subject, "before": before, "limit": limit},
        )
        return [self._consent(row) for row in rows]

    async def forget(self, subject: str) -> int:
        """Erase what somebody said; count it."""
        return await self._rows.delete("consents", {"subject": subject})

    async def count(self, subject: str) -> int:
        """Count what somebody said."""
        sql = "SELECT count(*) AS n FROM consents WHERE subject = :subject"
        return int((await self._rows.fetch(sql, {"subject": subject}))[0]["n"] or 0)

    def _consent(self, row: Row) -> ConsentRow:
        subject, purpose, at_ms = str(row["subject"]), str(row["purpose"]), int(row["at_ms"] or 0)
        sealed = row["evidence"]
        if not isinstance(sealed, bytes):
            raise TypeError("This column holds bytes")
        return ConsentRow(
            number=int(row["number"] or 0),
            subject=subject,
            purpose=purpose,
            version=int(row["version"] or 0),
            given=bool(row["given"]),
            at_ms=at_ms,
            recorded_by=str(row["recorded_by"]),
            evidence=self._cipher.open(sealed, _place(subject, purpose, at_ms)).decode(
                "utf-8", "surrogatepass"
            ),
        )


def _purpose(row: Row) -> PurposeRow:
    return PurposeRow(
        str(row["purpose"]), int(row["version"] or 0), str(row["text"]), int(row["created_ms"] or 0)
    )
