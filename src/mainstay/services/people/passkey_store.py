"""Passkeys of people, in rows: nothing secret, found by the hash of the id that a browser shows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from mainstay.ports.database import AllRows, Row, Scalar

_PASSKEY = (
    "SELECT passkey_id, person_id, credential_id, public_key, sign_count, synced, name, created_ms, used_ms"
    " FROM passkeys"
)


@dataclass(frozen=True)
class PasskeyRow:
    """A passkey as it is stored; its name is sealed."""

    passkey_id: str
    person_id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    name: bytes
    created_ms: int
    used_ms: int | None = None


def _passkey(row: Row) -> PasskeyRow:
    used = row["used_ms"]
    return PasskeyRow(
        passkey_id=str(row["passkey_id"]),
        person_id=str(row["person_id"]),
        credential_id=cast("bytes", row["credential_id"]),
        public_key=cast("bytes", row["public_key"]),
        sign_count=int(row["sign_count"] or 0),
        synced=bool(row["synced"]),
        name=cast("bytes", row["name"]),
        created_ms=int(row["created_ms"] or 0),
        used_ms=None if used is None else int(used),
    )


def _hash(credential_id: bytes) -> str:
    return hashlib.sha256(credential_id).hexdigest()


class PasskeyStore:
    """Reads and writes passkeys."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: a passkey is the person's, and is looked up before she is known."""
        self._rows = rows

    async def of(self, person_id: str) -> Sequence[PasskeyRow]:
        """List a person's passkeys, oldest first."""
        sql = f"{_PASSKEY} WHERE person_id = :person ORDER BY created_ms, passkey_id"
        return [_passkey(row) for row in await self._rows.fetch(sql, {"person": person_id})]

    async def find(self, credential_id: bytes) -> PasskeyRow | None:
        """Find the passkey that a browser shows."""
        sql = f"{_PASSKEY} WHERE credential_hash = :hash"
        rows = await self._rows.fetch(sql, {"hash": _hash(credential_id)})
        return _passkey(rows[0]) if rows else None

    async def add(self, row: PasskeyRow) -> None:
        """Store a passkey; raises UniqueViolated when somebody has it."""
        values: dict[str, Scalar] = {
            "passkey_id": row.passkey_id,
            "person_id": row.person_id,
            "credential_hash": _hash(row.credential_id),
            "credential_id": row.credential_id,
            "public_key": row.public_key,
            "sign_count": row.sign_count,
            "synced": int(row.synced),
            "name": row.name,
            "created_ms": row.created_ms,
            "used_ms": row.used_ms,
        }
        await self._rows.insert("passkeys", [values])

    async def rename(self, person_id: str, passkey_id: str, name: bytes) -> None:
        """Store another name of a person's passkey."""
        await self._rows.update(
            "passkeys", {"name": name}, {"person_id": person_id, "passkey_id": passkey_id}
        )

    async def use(self, row: PasskeyRow, sign_count: int, now_ms: int) -> bool:
        """Store a use; say whether the passkey's counter still was as it was read."""
        where: dict[str, Scalar] = {"passkey_id": row.passkey_id, "sign_count": row.sign_count}
        changed: dict[str, Scalar] = {"sign_count": sign_count, "used_ms": now_ms}
        return await self._rows.update("passkeys", changed, where) > 0
