"""Signing keys, in rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from mainstay.ports.database import AllRows, Condition, Row, Scalar

State = Literal["next", "active", "retired"]

_KEY = (
    "SELECT key_id, turn, state, algorithm, public, sealed, created_ms, active_ms, retired_ms"
    " FROM signing_keys"
)


@dataclass(frozen=True)
class SigningKeyRow:
    """A signing key as it is stored."""

    key_id: str
    algorithm: str
    public: Mapping[str, str]
    sealed: bytes
    turn: int
    state: State
    created_ms: int
    active_ms: int | None = None
    retired_ms: int | None = None


def _key(row: Row) -> SigningKeyRow:
    sealed = row["sealed"]
    return SigningKeyRow(
        key_id=str(row["key_id"]),
        algorithm=str(row["algorithm"]),
        public=json.loads(str(row["public"])),
        sealed=bytes(sealed) if isinstance(sealed, bytes) else b"",
        turn=int(row["turn"] or 0),
        state=cast("State", row["state"]),
        created_ms=int(row["created_ms"] or 0),
        active_ms=None if row["active_ms"] is None else int(row["active_ms"]),
        retired_ms=None if row["retired_ms"] is None else int(row["retired_ms"]),
    )


class KeyStore:
    """Reads and writes signing keys; they belong to the installation, not to a tenant."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants."""
        self._rows = rows

    async def all(self) -> list[SigningKeyRow]:
        """List the keys, in the order of their turns."""
        return [_key(row) for row in await self._rows.fetch(f"{_KEY} ORDER BY turn")]

    async def active(self) -> SigningKeyRow | None:
        """Find the key that signs."""
        rows = await self._rows.fetch(f"{_KEY} WHERE state = 'active' ORDER BY turn DESC LIMIT 1")
        return _key(rows[0]) if rows else None

    async def find(self, key_id: str) -> SigningKeyRow | None:
        """Find a key."""
        rows = await self._rows.fetch(f"{_KEY} WHERE key_id = :key", {"key": key_id})
        return _key(rows[0]) if rows else None

    async def add(self, row: SigningKeyRow) -> None:
        """Store a key; raises UniqueViolated when its turn is taken."""
        await self._rows.insert(
            "signing_keys",
            [
                {
                    "key_id": row.key_id,
                    "turn": row.turn,
                    "state": row.state,
                    "algorithm": row.algorithm,
                    "public": json.dumps(dict(row.public)),
                    "sealed": row.sealed,
                    "created_ms": row.created_ms,
                    "active_ms": row.active_ms,
                    "retired_ms": row.retired_ms,
                }
            ],
        )

    async def activate(self, key_id: str, now_ms: int) -> bool:
        """Let the next key sign; say whether it still was the next one."""
        changed: dict[str, Scalar] = {"state": "active", "active_ms": now_ms}
        return await self._rows.update("signing_keys", changed, {"key_id": key_id, "state": "next"}) > 0

    async def retire(self, key_id: str, now_ms: int) -> bool:
        """Let a key sign no more; say whether it still did."""
        changed: dict[str, Scalar] = {"state": "retired", "retired_ms": now_ms}
        return await self._rows.update("signing_keys", changed, {"key_id": key_id, "state": "active"}) > 0

    async def remove(self, key_id: str) -> None:
        """Forget a key: whatever it has signed is refused from now on."""
        await self._rows.delete("signing_keys", {"key_id": key_id})

    async def remove_retired(self, before_ms: int) -> int:
        """Forget keys that have signed nothing since; give their number."""
        where: Condition = {"state": "retired", "retired_ms": ("<", before_ms)}
        return await self._rows.delete("signing_keys", where)
