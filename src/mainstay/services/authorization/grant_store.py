"""Authorization codes, refresh tokens and their families, in rows."""

from dataclasses import dataclass

from mainstay.ports.database import AllRows, Row, Scalar

_CODE = (
    "SELECT tenant_id, hash, family_id, client_id, subject, redirect_uri, challenge, scope, audience, nonce,"
    " expires_ms, used_ms, signed_in_ms FROM authorization_codes WHERE hash = :hash"
)
_REFRESH = (
    "SELECT r.tenant_id, r.hash, r.used_ms, f.family_id, f.client_id, f.subject, f.scope, f.audience,"
    " f.created_ms, f.expires_ms, f.revoked_ms, f.signed_in_ms"
    " FROM refresh_tokens r JOIN token_families f ON f.tenant_id = r.tenant_id AND f.family_id = r.family_id"
    " WHERE r.hash = :hash"
)
_OF_SUBJECT = (
    "SELECT family_id FROM token_families WHERE tenant_id = :tenant AND subject = :subject"
    " AND client_id = :client AND revoked_ms IS NULL"
)
_ALL_OF_SUBJECT = (
    "SELECT tenant_id, family_id, client_id, subject, scope, audience, created_ms, expires_ms, revoked_ms,"
    " signed_in_ms FROM token_families WHERE tenant_id = :tenant AND subject = :subject"
    " ORDER BY created_ms, family_id"
)
_APPROVALS = (
    "SELECT f.tenant_id, f.family_id, f.client_id, f.subject, f.scope, f.audience, f.created_ms,"
    " f.expires_ms, f.revoked_ms, f.signed_in_ms, c.name"
    " FROM token_families f JOIN oauth_clients c ON c.client_id = f.client_id"
    " WHERE f.tenant_id = :tenant AND f.subject = :subject AND f.revoked_ms IS NULL AND f.expires_ms > :now"
)
APPROVALS_MAX = 500
_RUN_OUT = (
    "SELECT (SELECT count(*) FROM authorization_codes WHERE expires_ms < :now)"
    " + (SELECT count(*) FROM token_families WHERE expires_ms < :now) AS number"
)


@dataclass(frozen=True)
class CodeRow:
    """A code as it is stored: what was approved, and for whom."""

    tenant_id: str
    hash: str
    family_id: str
    client_id: str
    subject: str
    redirect_uri: str
    challenge: str
    scope: str
    audience: str
    nonce: str
    expires_ms: int
    used_ms: int | None = None
    signed_in_ms: int | None = None


@dataclass(frozen=True)
class FamilyRow:
    """What came, and comes, from one approval."""

    tenant_id: str
    family_id: str
    client_id: str
    subject: str
    scope: str
    audience: str
    created_ms: int
    expires_ms: int
    revoked_ms: int | None = None
    signed_in_ms: int | None = None


@dataclass(frozen=True)
class RefreshRow:
    """A refresh token with its family."""

    hash: str
    family: FamilyRow
    used_ms: int | None


def _number(value: Scalar) -> int | None:
    return None if value is None else int(value)


def _family(row: Row) -> FamilyRow:
    return FamilyRow(
        tenant_id=str(row["tenant_id"]),
        family_id=str(row["family_id"]),
        client_id=str(row["client_id"]),
        subject=str(row["subject"]),
        scope=str(row["scope"]),
        audience=str(row["audience"]),
        created_ms=int(row["created_ms"] or 0),
        expires_ms=int(row["expires_ms"] or 0),
        revoked_ms=_number(row["revoked_ms"]),
        signed_in_ms=_number(row["signed_in_ms"]),
    )


class GrantStore:
    """Reads and writes what was approved, and what came of it."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: a code is looked up before its tenant is known."""
        self._rows = rows

    async def add_code(self, code: CodeRow) -> None:
        """Store a code."""
        await self._rows.insert("authorization_codes", [dict(vars(code))])

    async def code(self, hashed: str) -> CodeRow | None:
        """Find a code."""
        rows = await self._rows.fetch(_CODE, {"hash": hashed})
        if not rows:
            return None
        row = rows[0]
        texts = {name: str(value) for name, value in row.items() if not name.endswith("_ms")}
        return CodeRow(
            **texts,
            expires_ms=int(row["expires_ms"] or 0),
            used_ms=_number(row["used_ms"]),
            signed_in_ms=_number(row["signed_in_ms"]),
        )

    async def use_code(self, code: CodeRow, now_ms: int) -> bool:
        """Use a code up; say whether nobody had."""
        where: dict[str, Scalar] = {"tenant_id": code.tenant_id, "hash": code.hash, "used_ms": None}
        return await self._rows.update("authorization_codes", {"used_ms": now_ms}, where) > 0

    async def add_family(self, family: FamilyRow) -> None:
        """Store a family."""
        await self._rows.insert("token_families", [dict(vars(family))])

    async def revoke_family(self, tenant_id: str, family_id: str, now_ms: int) -> None:
        """Let a family have no more tokens."""
        where: dict[str, Scalar] = {"tenant_id": tenant_id, "family_id": family_id}
        await self._rows.update("token_families", {"revoked_ms": now_ms}, where)

    async def families_of(self, tenant_id: str, subject: str, client_id: str) -> list[str]:
        """List the families that a client has of somebody."""
        named = {"tenant": tenant_id, "subject": subject, "client": client_id}
        return [str(row["family_id"]) for row in await self._rows.fetch(_OF_SUBJECT, named)]

    async def families_of_subject(self, tenant_id: str, subject: str) -> list[FamilyRow]:
        """List what somebody has let clients do, oldest first."""
        named = {"tenant": tenant_id, "subject": subject}
        return [_family(row) for row in await self._rows.fetch(_ALL_OF_SUBJECT, named)]

    async def forget_subject(self, tenant_id: str, subject: str) -> None:
        """Erase what somebody has let clients do, with its codes and tokens."""
        families = [row.family_id for row in await self.families_of_subject(tenant_id, subject)]
        if families:
            await self._rows.delete("refresh_tokens", {"tenant_id": tenant_id, "family_id": families})
        for table in ("authorization_codes", "token_families"):
            await self._rows.delete(table, {"tenant_id": tenant_id, "subject": subject})

    async def approvals(self, tenant_id: str, subject: str, now_ms: int) -> list[tuple[FamilyRow, str]]:
        """List somebody's families that have not ended, newest first, with the names of their clients."""
        rows = await self._rows.fetch(
            f"{_APPROVALS} ORDER BY f.family_id DESC LIMIT :most",
            {"tenant": tenant_id, "subject": subject, "now": now_ms, "most": APPROVALS_MAX},
        )
        return [(_family(row), str(row["name"])) for row in rows]

    async def approval(
        self, tenant_id: str, subject: str, now_ms: int, family_id: str
    ) -> tuple[FamilyRow, str] | None:
        """Find one of somebody's families that has not ended, with the name of its client."""
        rows = await self._rows.fetch(
            f"{_APPROVALS} AND f.family_id = :family",
            {"tenant": tenant_id, "subject": subject, "now": now_ms, "family": family_id},
        )
        return (_family(rows[0]), str(rows[0]["name"])) if rows else None

    async def add_refresh(self, family: FamilyRow, hashed: str, now_ms: int) -> None:
        """Store a refresh token; used ones stay until their family ends, or reuse would not be noticed."""
        row: dict[str, Scalar] = {
            "tenant_id": family.tenant_id,
            "hash": hashed,
            "family_id": family.family_id,
            "created_ms": now_ms,
            "expires_ms": family.expires_ms,
            "used_ms": None,
        }
        await self._rows.insert("refresh_tokens", [row])

    async def refresh(self, hashed: str) -> RefreshRow | None:
        """Find a refresh token."""
        rows = await self._rows.fetch(_REFRESH, {"hash": hashed})
        return RefreshRow(hashed, _family(rows[0]), _number(rows[0]["used_ms"])) if rows else None

    async def use_refresh(self, token: RefreshRow, now_ms: int) -> bool:
        """Use a refresh token up; say whether nobody had."""
        where: dict[str, Scalar] = {
            "tenant_id": token.family.tenant_id,
            "hash": token.hash,
            "used_ms": None,
        }
        return await self._rows.update("refresh_tokens", {"used_ms": now_ms}, where) > 0

    async def run_out(self, now_ms: int) -> bool:
        """Say whether there is something to forget."""
        return bool((await self._rows.fetch(_RUN_OUT, {"now": now_ms}))[0]["number"])

    async def forget(self, now_ms: int) -> None:
        """Forget what has run out."""
        for table in ("authorization_codes", "refresh_tokens", "token_families"):
            await self._rows.delete(table, {"expires_ms": ("<", now_ms)})
