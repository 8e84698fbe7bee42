"""Connections, their domains, who comes by them, and what may be presented once, in rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mainstay.ports.database import AllRows, Row, Rows, Scalar
from mainstay.services.federation import tables

TABLES = (tables.CONNECTIONS, tables.DOMAINS, tables.LINKS, tables.USED)

_COLUMNS = (
    "connection_id, name, kind, state, issuer, client_id, client_secret, sign_in_url, certificates, mapping,"
    " create_members, created_ms, created_by"
)
_CONNECTION = f"SELECT {_COLUMNS} FROM sso_connections"
_FOUND = f"SELECT tenant_id, {_COLUMNS} FROM sso_connections"
_OF_DOMAIN = (
    " WHERE state = 'active' AND connection_id IN"
    " (SELECT connection_id FROM sso_domains WHERE domain = :domain)"
)


@dataclass(frozen=True)
class ConnectionRow:
    """A connection as it is stored; `client_secret` is sealed, `mapping` is JSON."""

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


@dataclass(frozen=True, kw_only=True)
class FoundConnection(ConnectionRow):
    """A connection that was found before its tenant was known."""

    tenant_id: str


def _connection(row: Row) -> ConnectionRow:
    secret = row["client_secret"]
    return ConnectionRow(
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
    """Reads and writes the single sign-on of a tenant."""

    def __init__(self, rows: Rows) -> None:
        """Take the rows of the asking tenant."""
        self._rows = rows

    async def find(self, connection_id: str) -> ConnectionRow | None:
        """Find a connection."""
        sql = f"{_CONNECTION} WHERE connection_id = :connection"
        rows = await self._rows.fetch(sql, {"connection": connection_id})
        return _connection(rows[0]) if rows else None

    async def all(self) -> list[ConnectionRow]:
        """List the connections, oldest first."""
        sql = f"{_CONNECTION} ORDER BY connection_id"
        return [_connection(row) for row in await self._rows.fetch(sql)]

    async def with_role(self, role: str) -> int:
        """Count the connections that give a role."""
        rows = await self._rows.fetch("SELECT mapping FROM sso_connections")
        mappings = [json.loads(str(row["mapping"])) for row in rows]
        return sum(
            role in {each["default_role"], *(rule["role"] for rule in each["rules"])} for each in mappings
        )

    async def add(self, row: ConnectionRow) -> None:
        """Store a connection."""
        values: dict[str, Scalar] = {
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

    async def domains(self) -> Mapping[str, Sequence[str]]:
        """Give the domains of each connection."""
        rows = await self._rows.fetch("SELECT domain, connection_id FROM sso_domains ORDER BY domain")
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(str(row["connection_id"]), []).append(str(row["domain"]))
        return found

    async def replace_domains(self, row: ConnectionRow, domains: Sequence[str]) -> None:
        """Give a connection these domains and no others; raises UniqueViolated."""
        await self._rows.delete("sso_domains", _key(row))
        if domains:
            await self._rows.insert("sso_domains", [{**_key(row), "domain": each} for each in domains])

    async def approved(self, domain: str) -> bool:
        """Say whether a domain is that of an active connection."""
        return bool(
            await self._rows.fetch(f"SELECT 1 AS one FROM sso_connections{_OF_DOMAIN}", {"domain": domain})
        )

    async def linked(self, row: ConnectionRow, subject_index: str) -> str:
        """Give the user as whom somebody came by a connection before; empty if nobody did."""
        rows = await self._rows.fetch(
            "SELECT user_id FROM sso_links WHERE connection_id = :connection AND subject_index = :subject",
            {"connection": row.connection_id, "subject": subject_index},
        )
        return str(rows[0]["user_id"]) if rows else ""

    async def link(self, row: ConnectionRow, subject_index: str, user_id: str, now_ms: int) -> None:
        """Remember as which user somebody comes by a connection."""
        values = {**_key(row), "subject_index": subject_index, "user_id": user_id, "created_ms": now_ms}
        await self._rows.upsert("sso_links", [values])

    async def links_of(self, user_id: str) -> list[tuple[str, int]]:
        """List by which connections a user came, and since when."""
        rows = await self._rows.fetch(
            "SELECT connection_id, created_ms FROM sso_links WHERE user_id = :user ORDER BY connection_id",
            {"user": user_id},
        )
        return [(str(row["connection_id"]), int(row["created_ms"] or 0)) for row in rows]

    async def made_by(self, subject: str) -> list[str]:
        """List the connections that somebody made."""
        rows = await self._rows.fetch(
            "SELECT connection_id FROM sso_connections WHERE created_by = :subject ORDER BY connection_id",
            {"subject": subject},
        )
        return [str(row["connection_id"]) for row in rows]

    async def forget_person(self, subject: str) -> None:
        """Erase by which connections somebody came, and that somebody made connections."""
        await self._rows.delete("sso_links", {"user_id": subject})
        await self._rows.update("sso_connections", {"created_by": ""}, {"created_by": subject})

    async def use(self, names: Mapping[str, int], now_ms: int) -> None:
        """Note what was presented, until when it could be again; raises UniqueViolated when it was before.

        What has expired since is forgotten.
        """
        await self._rows.delete("sso_used", {"expires_ms": ("<=", now_ms)})
        rows: list[dict[str, Scalar]] = [
            {"name": name, "expires_ms": expires_ms} for name, expires_ms in names.items()
        ]
        await self._rows.insert("sso_used", rows)


class FederationLookup:
    """Finds connections for who signs in, before a tenant is known."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants."""
        self._rows = rows

    def of(self, tenant_id: str) -> FederationStore:
        """Give the single sign-on of a tenant that somebody else names."""
        return FederationStore(self._rows.of(tenant_id))

    async def find(self, connection_id: str) -> FoundConnection | None:
        """Find a connection of whichever tenant."""
        return await self._one(" WHERE connection_id = :connection", {"connection": connection_id})

    async def by_domain(self, domain: str) -> FoundConnection | None:
        """Find the active connection of a domain."""
        return await self._one(_OF_DOMAIN, {"domain": domain})

    async def _one(self, condition: str, values: Mapping[str, Scalar]) -> FoundConnection | None:
        rows = await self._rows.fetch(f"{_FOUND}{condition}", values)
        if not rows:
            return None
        return FoundConnection(**vars(_connection(rows[0])), tenant_id=str(rows[0]["tenant_id"]))


def _key(row: ConnectionRow) -> dict[str, Scalar]:
    return {"connection_id": row.connection_id}
