"""Connections, their domains, who comes by them, and what may be presented once, in rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mainstay.ports.database import AllRows, Row, Scalar
from mainstay.services.federation import tables

TABLES = (tables.CONNECTIONS, tables.DOMAINS, tables.LINKS, tables.USED)

_CONNECTION = (
    "SELECT tenant_id, connection_id, name, kind, state, issuer, client_id, client_secret, sign_in_url,"
    " certificates, mapping, create_members, created_ms, created_by FROM sso_connections"
)


@dataclass(frozen=True)
class ConnectionRow:
    """A connection as it is stored; `client_secret` is sealed, `mapping` is JSON."""

    tenant_id: str
    connection_id: str
    name: str
    kind: str
    state: str
    issuer: str
    client_id: str
    client_secret: bytes | None
    sign_in_url: str
    certificates: tuple[str, ...]
    mapping: str
    create_members: bool
    created_ms: int
    created_by: str


def _connection(row: Row) -> ConnectionRow:
    secret = row["client_secret"]
    return ConnectionRow(
        tenant_id=str(row["tenant_id"]),
        connection_id=str(row["connection_id"]),
        name=str(row["name"]),
        kind=str(row["kind"]),
        state=str(row["state"]),
        issuer=str(row["issuer"]),
        client_id=str(row["client_id"]),
        client_secret=bytes(secret) if isinstance(secret, bytes | memoryview) else None,
        sign_in_url=str(row["sign_in_url"]),
        certificates=tuple(json.loads(str(row["certificates"]))),
        mapping=str(row["mapping"]),
        create_members=bool(row["create_members"]),
        created_ms=int(row["created_ms"] or 0),
        created_by=str(row["created_by"]),
    )


def _columns(row: ConnectionRow) -> dict[str, Scalar]:
    return {
        "name": row.name,
        "state": row.state,
        "client_secret": row.client_secret,
        "sign_in_url": row.sign_in_url,
        "certificates": json.dumps(row.certificates),
        "mapping": row.mapping,
        "create_members": int(row.create_members),
    }


class FederationStore:
    """Reads and writes single sign-on."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: who signs in names a connection before a tenant is known."""
        self._rows = rows

    async def find(self, connection_id: str) -> ConnectionRow | None:
        """Find a connection of whichever tenant."""
        sql = f"{_CONNECTION} WHERE connection_id = :connection"
        rows = await self._rows.fetch(sql, {"connection": connection_id})
        return _connection(rows[0]) if rows else None

    async def all(self, tenant_id: str) -> list[ConnectionRow]:
        """List a tenant's connections, oldest first."""
        sql = f"{_CONNECTION} WHERE tenant_id = :tenant ORDER BY connection_id"
        return [_connection(row) for row in await self._rows.fetch(sql, {"tenant": tenant_id})]

    async def add(self, row: ConnectionRow) -> None:
        """Store a connection."""
        values: dict[str, Scalar] = {
            "tenant_id": row.tenant_id,
            "connection_id": row.connection_id,
            "kind": row.kind,
            "issuer": row.issuer,
            "client_id": row.client_id,
            "created_ms": row.created_ms,
            "created_by": row.created_by,
            **_columns(row),
        }
        await self._rows.insert("sso_connections", [values])

    async def change(self, row: ConnectionRow) -> bool:
        """Store what can change of a connection; say whether it is there still."""
        return await self._rows.update("sso_connections", _columns(row), _key(row)) > 0

    async def remove(self, row: ConnectionRow) -> bool:
        """Forget a connection, its domains and who came by it; say whether it was there."""
        await self._rows.delete("sso_domains", _key(row))
        await self._rows.delete("sso_links", _key(row))
        return await self._rows.delete("sso_connections", _key(row)) > 0

    async def domains(self, tenant_id: str) -> Mapping[str, Sequence[str]]:
        """Give the domains of each of a tenant's connections."""
        rows = await self._rows.fetch(
            "SELECT domain, connection_id FROM sso_domains WHERE tenant_id = :tenant ORDER BY domain",
            {"tenant": tenant_id},
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(str(row["connection_id"]), []).append(str(row["domain"]))
        return found

    async def replace_domains(self, row: ConnectionRow, domains: Sequence[str]) -> None:
        """Give a connection these domains and no others; raises UniqueViolated."""
        await self._rows.delete("sso_domains", _key(row))
        if domains:
            await self._rows.insert("sso_domains", [{**_key(row), "domain": each} for each in domains])

    async def by_domain(self, domain: str) -> ConnectionRow | None:
        """Find the active connection of a domain."""
        sql = (
            f"{_CONNECTION} WHERE state = 'active' AND connection_id IN"
            " (SELECT connection_id FROM sso_domains WHERE domain = :domain)"
        )
        rows = await self._rows.fetch(sql, {"domain": domain})
        return _connection(rows[0]) if rows else None

    async def linked(self, row: ConnectionRow, subject_index: str) -> str:
        """Give the user as whom somebody came by a connection before; empty if nobody did."""
        rows = await self._rows.fetch(
            "SELECT user_id FROM sso_links WHERE tenant_id = :tenant AND connection_id = :connection"
            " AND subject_index = :subject",
            {"tenant": row.tenant_id, "connection": row.connection_id, "subject": subject_index},
        )
        return str(rows[0]["user_id"]) if rows else ""

    async def link(self, row: ConnectionRow, subject_index: str, user_id: str, now_ms: int) -> None:
        """Remember as which user somebody comes by a connection."""
        values = {**_key(row), "subject_index": subject_index, "user_id": user_id, "created_ms": now_ms}
        await self._rows.upsert("sso_links", [values])

    async def links_of(self, tenant_id: str, user_id: str) -> list[tuple[str, int]]:
        """List by which connections a user came, and since when."""
        rows = await self._rows.fetch(
            "SELECT connection_id, created_ms FROM sso_links WHERE tenant_id = :tenant AND user_id = :user"
            " ORDER BY connection_id",
            {"tenant": tenant_id, "user": user_id},
        )
        return [(str(row["connection_id"]), int(row["created_ms"] or 0)) for row in rows]

    async def made_by(self, tenant_id: str, subject: str) -> list[str]:
        """List the connections of a tenant that somebody made."""
        rows = await self._rows.fetch(
            "SELECT connection_id FROM sso_connections WHERE tenant_id = :tenant AND created_by = :subject"
            " ORDER BY connection_id",
            {"tenant": tenant_id, "subject": subject},
        )
        return [str(row["connection_id"]) for row in rows]

    async def forget_person(self, tenant_id: str, subject: str) -> None:
        """Erase by which connections somebody came, and that somebody made connections."""
        await self._rows.delete("sso_links", {"tenant_id": tenant_id, "user_id": subject})
        made: dict[str, Scalar] = {"tenant_id": tenant_id, "created_by": subject}
        await self._rows.update("sso_connections", {"created_by": ""}, made)

    async def use(self, tenant_id: str, names: Mapping[str, int], now_ms: int) -> None:
        """Note what was presented, until when it could be again; raises UniqueViolated when it was before.

        What has expired since is forgotten.
        """
        await self._rows.delete("sso_used", {"tenant_id": tenant_id, "expires_ms": ("<=", now_ms)})
        rows: list[dict[str, Scalar]] = [
            {"tenant_id": tenant_id, "name": name, "expires_ms": expires_ms}
            for name, expires_ms in names.items()
        ]
        await self._rows.insert("sso_used", rows)


def _key(row: ConnectionRow) -> dict[str, Scalar]:
    return {"tenant_id": row.tenant_id, "connection_id": row.connection_id}
