"""Erasing from the audit who somebody was, in such a way that the chain still holds."""

import asyncio
from collections.abc import Sequence

from mainstay.kernel.audit_chain import FIELDS
from mainstay.kernel.chain import ERASURE, SALT_BYTES, as_ranges, entry_of, erasure_statement, hidden_of
from mainstay.kit.clock import Clock
from mainstay.kit.random import Random
from mainstay.ports.database import SYSTEM, Database, Row, Scalar, Unit
from mainstay.ports.signers import Signer

ERASED_AT_ONCE = 100
ERASER = "house:audit"
_OF_SUBJECT = (
    f"SELECT l.place, a.seq, {FIELDS} FROM audit a JOIN audit_links l ON l.seq = a.seq"
    " WHERE a.subject = :subject AND a.sealed = 1 ORDER BY l.place LIMIT :limit"
)
_OF_TENANT = (
    f"SELECT l.place, a.seq, {FIELDS} FROM audit a JOIN audit_links l ON l.seq = a.seq"
    " WHERE a.salt IS NOT NULL AND a.sealed = 1 AND a.subject <> :eraser AND l.place > :after"
    " ORDER BY l.place LIMIT :limit"
)
_UNSEALED = "SELECT 1 AS one FROM audit WHERE sealed = 0 AND subject <> :eraser LIMIT 1"


class Eraser:
    """Erases personal fields: the salt goes with them, and what is chained stays."""

    def __init__(self, database: Database, signer: Signer, clock: Clock, random: Random) -> None:
        """Take the parts."""
        self._database = database
        self._signer = signer
        self._clock = clock
        self._random = random

    async def erase(self, tenant_id: str, subject: str) -> int:
        """Erase who it was, from where and about what, in every sealed entry of a subject; count them.

        An entry of its own, signed, says which places were erased, in the same transaction. Entries that are
        not sealed yet are left: call it again when nothing waits.
        """
        if subject in {"", ERASER}:
            raise ValueError(f"{subject!r} is nobody whose entries could be erased")
        erased = 0
        while rows := await self._database.fetch(
            tenant_id, _OF_SUBJECT, {"subject": subject, "limit": ERASED_AT_ONCE}
        ):
            async with self._database.unit(SYSTEM) as unit:
                await self._erase(unit, tenant_id, rows)
            erased += len(rows)
        return erased

    async def erase_all(self, tenant_id: str) -> int:
        """Erase who it was, from where and about what, in every sealed entry of a tenant; count them."""
        erased = after = 0
        while rows := await self._database.fetch(
            tenant_id, _OF_TENANT, {"eraser": ERASER, "after": after, "limit": ERASED_AT_ONCE}
        ):
            async with self._database.unit(SYSTEM) as unit:
                await self._erase(unit, tenant_id, rows)
            erased, after = erased + len(rows), int(rows[-1]["place"] or 0)
            await asyncio.sleep(0)  # reads of SQLite take no turn of their own
        return erased

    async def unsealed(self, tenant_id: str) -> bool:
        """Say whether entries of a tenant wait for their place in the chain, and can be erased only then."""
        return bool(await self._database.fetch(tenant_id, _UNSEALED, {"eraser": ERASER}))

    async def _erase(self, unit: Unit, tenant_id: str, rows: Sequence[Row]) -> None:
        for row in rows:
            entry = entry_of(row)
            emptied = {"hidden": hidden_of(entry), "salt": None, "subject": "", "target": "", "origin": ""}
            await unit.update("audit", emptied, {"seq": entry.seq, "tenant_id": tenant_id})
        now, places = self._clock.now_ms(), as_ranges(int(row["place"] or 0) for row in rows)
        proof = self._signer.sign(erasure_statement(tenant_id, now, places)).hex()
        note: dict[str, Scalar] = {
            "tenant_id": tenant_id,
            "at_ms": now,
            "request_id": "erasure",
            "subject": ERASER,
            "operation": ERASURE,
            "target": places,
            "outcome": "ok",
            "door": "house",
            "origin": f"{self._signer.key_id}:{proof}",
            "sealed": 0,
            "salt": self._random.token(SALT_BYTES),
        }
        await unit.insert("audit", [note])
