"""The rows of the audit, searched."""

from collections.abc import Mapping
from dataclasses import dataclass

from mainstay.kernel.audit_chain import AuditChain
from mainstay.ports.database import Row, Scalar

_SEARCH = (
    "SELECT seq, at_ms, request_id, subject, operation, target, outcome, door, origin, salt, sealed,"
    " before_hash, after_hash,"
    " (SELECT l.place FROM audit_links l WHERE l.seq = audit.seq) AS place FROM audit"
)
_EQUAL = ("subject", "operation", "outcome", "target", "request_id", "door")


@dataclass(frozen=True)
class Wanted:
    """Which rows are looked for; empty texts and None bound nothing."""

    equal: Mapping[str, str]
    since_ms: int | None
    until_ms: int | None
    before: tuple[int, int] | None


class AuditStore:
    """Searches the audit."""

    def __init__(self, chain: AuditChain) -> None:
        """Take where the audits of all tenants are read."""
        self._chain = chain

    async def any_of(self, tenant_id: str) -> bool:
        """Say whether a tenant has entries."""
        sql = "SELECT 1 AS one FROM audit LIMIT :limit"
        return bool(await self._chain.fetch(tenant_id, sql, {"limit": 1}))

    async def search(self, tenant_id: str, wanted: Wanted, limit: int) -> list[Row]:
        """Find a tenant's rows, newest first."""
        conditions = [f"{name} = :{name}" for name in _EQUAL if wanted.equal.get(name)]
        values: dict[str, Scalar] = {name: wanted.equal[name] for name in _EQUAL if wanted.equal.get(name)}
        if wanted.since_ms is not None:
            conditions.append("at_ms >= :since")
            values["since"] = wanted.since_ms
        if wanted.until_ms is not None:
            conditions.append("at_ms < :until")
            values["until"] = wanted.until_ms
        if wanted.before is not None:
            conditions.append("(at_ms, seq) < (:at, :seq)")
            values["at"], values["seq"] = wanted.before
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"{_SEARCH}{where} ORDER BY at_ms DESC, seq DESC LIMIT :limit"
        return await self._chain.fetch(tenant_id, sql, {**values, "limit": limit})
