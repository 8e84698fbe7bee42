"""Codes that were given out, most by mail, in rows: hashed, each for one purpose, used once."""

from dataclasses import dataclass
from typing import Literal, cast

from mainstay.ports.database import AllRows, Row, Scalar

Purpose = Literal["invitation", "reset", "address", "second_factor", "passkey"]


@dataclass(frozen=True)
class CodeRow:
    """A code as it is stored; `email` is a new address, sealed, that it proves."""

    hash: str
    purpose: Purpose
    person_id: str
    expires_ms: int
    tenant_id: str = ""
    user_id: str = ""
    email: bytes = b""


def _code(row: Row) -> CodeRow:
    return CodeRow(
        hash=str(row["hash"]),
        purpose=cast("Purpose", row["purpose"]),
        person_id=str(row["person_id"]),
        expires_ms=int(row["expires_ms"] or 0),
        tenant_id=str(row["member_tenant"]),
        user_id=str(row["user_id"]),
        email=cast("bytes", row["email"]),
    )


class CodeStore:
    """Reads and writes codes."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: who comes with a code is not known yet."""
        self._rows = rows

    async def add(self, code: CodeRow, ended_before_ms: int, used_ms: int | None = None) -> None:
        """Store a code, and forget those that have ended before a time; raises UniqueViolated."""
        row: dict[str, Scalar] = {
            "hash": code.hash,
            "purpose": code.purpose,
            "person_id": code.person_id,
            "member_tenant": code.tenant_id,
            "user_id": code.user_id,
            "email": code.email,
            "expires_ms": code.expires_ms,
            "used_ms": used_ms,
        }
        await self._rows.delete("codes", {"expires_ms": ("<", ended_before_ms)})
        await self._rows.insert("codes", [row])

    async def find(self, hashed: str, purpose: Purpose, now_ms: int) -> CodeRow | None:
        """Find a code that can be used now."""
        rows = await self._rows.fetch(
            "SELECT hash, purpose, person_id, member_tenant, user_id, email, expires_ms FROM codes"
            " WHERE hash = :hash AND purpose = :purpose AND used_ms IS NULL AND expires_ms > :now",
            {"hash": hashed, "purpose": purpose, "now": now_ms},
        )
        return _code(rows[0]) if rows else None

    async def use(self, code: CodeRow, now_ms: int) -> bool:
        """Use a code up; say whether nobody else did before."""
        return await self._rows.update("codes", {"used_ms": now_ms}, {"hash": code.hash, "used_ms": None}) > 0

    async def forget(self, person_id: str, purpose: Purpose) -> None:
        """Forget what a person was given for a purpose, in whatever tenant."""
        await self._rows.delete("codes", {"person_id": person_id, "purpose": purpose})

    async def use_up(self, person_id: str, purpose: Purpose, now_ms: int, tenant_id: str = "") -> None:
        """Use up what else a person was sent for a purpose, of a tenant's."""
        where: dict[str, Scalar] = {
            "person_id": person_id,
            "purpose": purpose,
            "member_tenant": tenant_id,
            "used_ms": None,
        }
        await self._rows.update("codes", {"used_ms": now_ms}, where)
