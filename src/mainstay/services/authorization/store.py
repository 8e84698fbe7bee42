"""Which tokens were revoked, in rows; and every table of this service."""

from mainstay.ports.database import AllRows
from mainstay.services.authorization import tables

TABLES = (
    tables.SIGNING_KEYS,
    tables.CLIENTS,
    tables.REVOCATIONS,
    tables.CODES,
    tables.FAMILIES,
    tables.REFRESH_TOKENS,
)

_STANDS = (
    "SELECT (SELECT count(*) FROM signing_keys WHERE key_id = :key) AS keys,"
    " (SELECT count(*) FROM oauth_clients WHERE client_id = :client) AS clients,"
    " (SELECT count(*) FROM token_revocations WHERE id = :token OR id = :family) AS revoked"
)


class RevocationStore:
    """Reads and writes what was revoked before its time."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: a token is looked up before its tenant is believed."""
        self._rows = rows

    async def stands(self, key_id: str, client_id: str, token_id: str, family_id: str) -> bool:
        """Say whether a token's key and client are there still, and nobody has revoked it."""
        named = {"key": key_id, "client": client_id, "token": token_id, "family": family_id or token_id}
        row = (await self._rows.fetch(_STANDS, named))[0]
        return bool(row["keys"]) and bool(row["clients"]) and not row["revoked"]

    async def revoke(self, token_or_family_id: str, until_ms: int) -> None:
        """Let a token, or all of a family, work no more; it is forgotten once they have run out anyway."""
        await self._rows.upsert("token_revocations", [{"id": token_or_family_id, "until_ms": until_ms}])

    async def run_out(self, now_ms: int) -> bool:
        """Say whether there is something to forget."""
        sql = "SELECT id FROM token_revocations WHERE until_ms < :now LIMIT 1"
        return bool(await self._rows.fetch(sql, {"now": now_ms}))

    async def forget(self, now_ms: int) -> int:
        """Forget what has run out; give its number."""
        return await self._rows.delete("token_revocations", {"until_ms": ("<", now_ms)})
