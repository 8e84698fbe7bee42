"""Authorization codes, refresh tokens and their families, in rows."""

from dataclasses import dataclass

from mainstay.ports.database import AllRows, Row, Rows, Scalar

_CODE = (
    "SELECT tenant_id, hash, family_id, client_id, subject, redirect_uri, challenge, scope, audience, nonce,"
    " expires_ms, used_ms, signed_in_ms FROM authorization_codes WHERE hash = :hash"
)
_FAMILY = (
    "f.family_id, f.client_id, f.subject, f.scope, f.audience, f.created_ms, f.expires_ms, f.revoked_ms,"
    " f.signed_in_ms"
)
_REFRESH = (
    f"SELECT r.tenant_id, r.hash, r.used_ms, {_FAMILY}"
    " FROM refresh_tokens r JOIN token_families f ON f.tenant_id = r.tenant_id AND f.family_id = r.family_id"
    " WHERE r.hash = :hash"
)
_OF_SUBJECT = (
    "SELECT family_id FROM token_families WHERE subject = :subject AND client_id = :client"
    " AND revoked_ms IS NULL"
)
_ALL_OF_SUBJECT = (
    f"SELECT {_FAMILY} FROM token_families f WHERE f.subject = :subject ORDER BY f.created_ms, f.family_id"
)
_APPROVALS = (
    f"SELECT {_FAMILY}, c.name FROM token_families f JOIN oauth_clients c ON c.client_id = f.client_id"
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


@dataclass(frozen=True, kw_only=True)
class FoundCode(CodeRow):
    """A code that was found before its tenant was known."""

    tenant_id: str


@dataclass(frozen=True)
class FamilyRow:
    """What came, and comes, from one approval."""

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
    """A refresh token with its family, found before its tenant was known."""

    tenant_id: str
    hash: str
    family: FamilyRow
    used_ms: int | None


def _number(value: Scalar) -> int | None:
    return None if value is None else int(value)


def _family(row: Row) -> FamilyRow:
    return FamilyRow(
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
    """Reads and writes what was approved in a tenant, and what came of it."""

    def __init__(self, rows: Rows) -> None:
        """Take the rows of the asking tenant."""
        self._rows = rows

    async def add_code(self, code: CodeRow) -> None:
        """Store a code."""
        await self._rows.insert("authorization_codes", [dict(vars(code))])

    async def use_code(self, code: CodeRow, now_ms: int) -> bool:
        """Use a code up; say whether nobody had."""
        where: dict[str, Scalar] = {"hash": code.hash, "used_ms": None}
        return await self._rows.update("authorization_codes", {"used_ms": now_ms}, where) > 0

    async def add_family(self, family: FamilyRow) -> None:
        """Store a family."""
        await self._rows.insert("token_families", [dict(vars(family))])

    async def revoke_family(self, family_id: str, now_ms: int) -> None:
        """Let a family have no more tokens."""
        await self._rows.update("token_families", {"revoked_ms": now_ms}, {"family_id": family_id})

    async def families_of(self, subject: str, client_id: str) -> list[str]:
        """List the families that a client has of somebody."""
        named = {"subject": subject, "client": client_id}
        return [str(row["family_id"]) for row in await self._rows.fetch(_OF_SUBJECT, named)]

    async def families_of_subject(self, subject: str) -> list[FamilyRow]:
        """List what somebody has let clients do, oldest first."""
        return [_family(row) for row in await self._rows.fetch(_ALL_OF_SUBJECT, {"subject": subject})]

    async def forget_subject(self, subject: str) -> None:
        """Erase what somebody has let clients do, with its codes and tokens."""
        families = [row.family_id for row in await self.families_of_subject(subject)]
        if families:
            await self._rows.delete("refresh_tokens", {"family_id": families})
        for table in ("authorization_codes", "token_families"):
            await self._rows.delete(table, {"subject": subject})

    async def add_refresh(self, family: FamilyRow, hashed: str, now_ms: int) -> None:
        """Store a refresh token; used ones stay until their family ends, or reuse would not be noticed."""
        row: dict[str, Scalar] = {
            "hash": hashed,
            "family_id": family.family_id,
            "created_ms": now_ms,
            "expires_ms": family.expires_ms,
            "used_ms": None,
        }
        await self._rows.insert("refresh_tokens", [row])

    async def use_refresh(self, hashed: str, now_ms: int) -> bool:
        """Use a refresh token up; say whether nobody had."""
        where: dict[str, Scalar] = {"hash": hashed, "used_ms": None}
        return await self._rows.update("refresh_tokens", {"used_ms": now_ms}, where) > 0


class GrantLookup:
    """Finds codes and refresh tokens before their tenant is known; forgets those that ran out."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: approvals may name clients that have registered by themselves."""
        self._rows = rows

    def of(self, tenant_id: str) -> GrantStore:
        """Give what was approved in a tenant that is known by now."""
        return GrantStore(self._rows.of(tenant_id))

    async def code(self, hashed: str) -> FoundCode | None:
        """Find a code."""
        rows = await self._rows.fetch(_CODE, {"hash": hashed})
        if not rows:
            return None
        row = rows[0]
        texts = {name: str(value) for name, value in row.items() if not name.endswith("_ms")}
        return FoundCode(
            **texts,
            expires_ms=int(row["expires_ms"] or 0),
            used_ms=_number(row["used_ms"]),
            signed_in_ms=_number(row["signed_in_ms"]),
        )

    async def refresh(self, hashed: str) -> RefreshRow | None:
        """Find a refresh token."""
        rows = await self._rows.fetch(_REFRESH, {"hash": hashed})
        if not rows:
            return None
        return RefreshRow(str(rows[0]["tenant_id"]), hashed, _family(rows[0]), _number(rows[0]["used_ms"]))

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

    async def run_out(self, now_ms: int) -> bool:
        """Say whether there is something to forget."""
        return bool((await self._rows.fetch(_RUN_OUT, {"now": now_ms}))[0]["number"])

    async def forget(self, now_ms: int) -> None:
        """Forget what has run out."""
        for table in ("authorization_codes", "refresh_tokens", "token_families"):
            await self._rows.delete(table, {"expires_ms": ("<", now_ms)})
