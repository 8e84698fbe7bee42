"""Clients, in rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mainstay.ports.database import AllRows, Row, Rows, Scalar

_COLUMNS = (
    "client_id, name, hash, old_hash, old_until_ms, start, role, permissions, groups,"
    " redirect_uris, grants, created_ms, created_by, rotated_ms, expires_ms"
)
_CLIENT = f"SELECT {_COLUMNS} FROM oauth_clients"
_FOUND = f"SELECT tenant_id, {_COLUMNS} FROM oauth_clients WHERE client_id = :client"


@dataclass(frozen=True)
class ClientRow:
    """A client as it is stored."""

    client_id: str
    name: str
    hash: str | None
    start: str
    role: str
    permissions: tuple[str, ...] | None
    groups: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    grants: tuple[str, ...]
    created_ms: int
    created_by: str
    old_hash: str | None = None
    old_until_ms: int | None = None
    rotated_ms: int | None = None
    expires_ms: int | None = None


@dataclass(frozen=True, kw_only=True)
class FoundClient(ClientRow):
    """A client that was found before its tenant was known."""

    tenant_id: str


def _list(value: Scalar) -> tuple[str, ...]:
    return tuple(json.loads(str(value)))


def _number(value: Scalar) -> int | None:
    return None if value is None else int(value)


def _text(value: Scalar) -> str | None:
    return None if value is None else str(value)


def _client(row: Row) -> ClientRow:
    return ClientRow(
        client_id=str(row["client_id"]),
        name=str(row["name"]),
        hash=_text(row["hash"]),
        start=str(row["start"]),
        role=str(row["role"]),
        permissions=None if row["permissions"] is None else _list(row["permissions"]),
        groups=_list(row["groups"]),
        redirect_uris=_list(row["redirect_uris"]),
        grants=_list(row["grants"]),
        created_ms=int(row["created_ms"] or 0),
        created_by=str(row["created_by"]),
        old_hash=_text(row["old_hash"]),
        old_until_ms=_number(row["old_until_ms"]),
        rotated_ms=_number(row["rotated_ms"]),
        expires_ms=_number(row["expires_ms"]),
    )


def _columns(client: ClientRow) -> dict[str, Scalar]:
    return {
        "name": client.name,
        "groups": json.dumps(client.groups),
        "redirect_uris": json.dumps(client.redirect_uris),
        "grants": json.dumps(client.grants),
    }


class ClientStore:
    """Reads and writes the clients of a tenant."""

    def __init__(self, rows: Rows) -> None:
        """Take the rows of the asking tenant."""
        self._rows = rows

    async def find(self, client_id: str) -> ClientRow | None:
        """Find a client."""
        rows = await self._rows.fetch(f"{_CLIENT} WHERE client_id = :client", {"client": client_id})
        return _client(rows[0]) if rows else None

    async def all(self) -> list[ClientRow]:
        """List the clients, oldest first."""
        return [_client(row) for row in await self._rows.fetch(f"{_CLIENT} ORDER BY client_id")]

    async def with_role(self, role: str) -> int:
        """Count the clients that have a role."""
        sql = "SELECT count(*) AS n FROM oauth_clients WHERE role = :role"
        return int((await self._rows.fetch(sql, {"role": role}))[0]["n"] or 0)

    async def made_by(self, subject: str) -> list[str]:
        """List the clients that somebody made."""
        sql = "SELECT client_id FROM oauth_clients WHERE created_by = :subject ORDER BY client_id"
        return [str(row["client_id"]) for row in await self._rows.fetch(sql, {"subject": subject})]

    async def forget_maker(self, subject: str) -> None:
        """Take somebody's id from the clients that somebody made."""
        await self._rows.update("oauth_clients", {"created_by": ""}, {"created_by": subject})

    async def add(self, client: ClientRow) -> None:
        """Store a client."""
        row: dict[str, Scalar] = {
            "client_id": client.client_id,
            "hash": client.hash,
            "start": client.start,
            "role": client.role,
            "permissions": None if client.permissions is None else json.dumps(client.permissions),
            "created_ms": client.created_ms,
            "created_by": client.created_by,
            "expires_ms": client.expires_ms,
            **_columns(client),
        }
        await self._rows.insert("oauth_clients", [row])

    async def change(self, client: ClientRow) -> bool:
        """Store what may change of a client; say whether it is there still."""
        return await self._rows.update("oauth_clients", _columns(client), _where(client)) > 0

    async def change_secret(
        self, client: ClientRow, hashed: str, start: str, now_ms: int, old_until_ms: int | None
    ) -> bool:
        """Give a client another secret; say whether it still had the one that was read."""
        changed: dict[str, Scalar] = {
            "hash": hashed,
            "start": start,
            "rotated_ms": now_ms,
            "old_hash": client.hash if old_until_ms is not None else None,
            "old_until_ms": old_until_ms,
        }
        return await self._rows.update("oauth_clients", changed, {**_where(client), "hash": client.hash}) > 0

    async def keep(self, client: ClientRow) -> None:
        """Keep a client for good."""
        await self._rows.update("oauth_clients", {"expires_ms": None}, _where(client))

    async def remove(self, client: ClientRow) -> bool:
        """Forget a client; say whether it was there."""
        return await self._rows.delete("oauth_clients", _where(client)) > 0


class ClientLookup:
    """Finds a client by the id that it names, before its tenant is known; forgets those that ran out."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants."""
        self._rows = rows

    def of(self, tenant_id: str) -> ClientStore:
        """Give the clients of a tenant that is known by now."""
        return ClientStore(self._rows.of(tenant_id))

    async def find(self, client_id: str) -> FoundClient | None:
        """Find a client of any tenant."""
        rows = await self._rows.fetch(_FOUND, {"client": client_id})
        return FoundClient(**vars(_client(rows[0])), tenant_id=str(rows[0]["tenant_id"])) if rows else None

    async def waiting(self) -> int:
        """Count the clients that are forgotten unless somebody uses them."""
        rows = await self._rows.fetch("SELECT count(*) AS n FROM oauth_clients WHERE expires_ms IS NOT NULL")
        return int(rows[0]["n"] or 0)

    async def run_out(self, now_ms: int) -> bool:
        """Say whether there is something to forget."""
        sql = "SELECT client_id FROM oauth_clients WHERE expires_ms < :now LIMIT 1"
        return bool(await self._rows.fetch(sql, {"now": now_ms}))

    async def forget(self, now_ms: int) -> None:
        """Forget what has run out."""
        await self._rows.delete("oauth_clients", {"expires_ms": ("<", now_ms)})


def _where(client: ClientRow) -> Mapping[str, Scalar]:
    return {"client_id": client.client_id}
