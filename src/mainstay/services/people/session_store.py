"""Sessions, and the places from which people have signed in, in rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from mainstay.ports.database import AllRows, Row, Scalar

_RECOGNISED = (
    "SELECT s.tenant_id, s.session_id, s.user_id, s.created_ms, s.used_ms, s.methods, m.role, m.groups,"
    " d.second_factor FROM sessions s"
    " JOIN members m ON m.tenant_id = s.tenant_id AND m.user_id = s.user_id"
    " LEFT JOIN sign_in_settings d ON d.tenant_id = s.tenant_id"
    " WHERE s.hash = :hash AND m.state = 'active'"
)
_SESSION = (
    "SELECT tenant_id, session_id, hash, user_id, person_id, created_ms, used_ms, address, agent, methods"
    " FROM sessions"
)


@dataclass(frozen=True)
class Recognised:
    """What has to be known of a session when somebody comes with it."""

    tenant_id: str
    session_id: str
    user_id: str
    created_ms: int
    used_ms: int
    role: str
    groups: tuple[str, ...]
    methods: str
    demand: str


@dataclass(frozen=True)
class SessionRow:
    """A session as it is stored; where it was begun is sealed."""

    tenant_id: str
    session_id: str
    hash: str
    user_id: str
    person_id: str
    created_ms: int
    used_ms: int
    address: bytes
    agent: bytes
    methods: str


def _of(tenant_id: str | None) -> dict[str, str]:
    return {} if tenant_id is None else {"tenant_id": tenant_id}


def _session(row: Row) -> SessionRow:
    return SessionRow(
        tenant_id=str(row["tenant_id"]),
        session_id=str(row["session_id"]),
        hash=str(row["hash"]),
        user_id=str(row["user_id"]),
        person_id=str(row["person_id"]),
        created_ms=int(row["created_ms"] or 0),
        used_ms=int(row["used_ms"] or 0),
        address=cast("bytes", row["address"]),
        agent=cast("bytes", row["agent"]),
        methods=str(row["methods"]),
    )


class SessionStore:
    """Reads and writes sessions and known places."""

    def __init__(self, rows: AllRows) -> None:
        """Take the rows of all tenants: a session is looked up before its tenant is known."""
        self._rows = rows

    async def recognised(self, hashed: str) -> Recognised | None:
        """Find the session whose secret has this hash, if its user is active."""
        rows = await self._rows.fetch(_RECOGNISED, {"hash": hashed})
        if not rows:
            return None
        row = rows[0]
        return Recognised(
            tenant_id=str(row["tenant_id"]),
            session_id=str(row["session_id"]),
            user_id=str(row["user_id"]),
            created_ms=int(row["created_ms"] or 0),
            used_ms=int(row["used_ms"] or 0),
            role=str(row["role"]),
            groups=tuple(json.loads(str(row["groups"]))),
            methods=str(row["methods"]),
            demand=str(row["second_factor"] or ""),
        )

    async def sessions_of(self, person_id: str) -> list[SessionRow]:
        """List a person's sessions in all tenants, newest first."""
        sql = f"{_SESSION} WHERE person_id = :person ORDER BY session_id DESC"
        return [_session(row) for row in await self._rows.fetch(sql, {"person": person_id})]

    async def by_hash(self, hashed: str) -> SessionRow | None:
        """Find the session whose secret has this hash."""
        rows = await self._rows.fetch(f"{_SESSION} WHERE hash = :hash", {"hash": hashed})
        return _session(rows[0]) if rows else None

    async def add(self, session: SessionRow) -> None:
        """Store a session."""
        row: dict[str, Scalar] = {
            "session_id": session.session_id,
            "hash": session.hash,
            "user_id": session.user_id,
            "person_id": session.person_id,
            "created_ms": session.created_ms,
            "used_ms": session.used_ms,
            "address": session.address,
            "agent": session.agent,
            "methods": session.methods,
        }
        await self._rows.of(session.tenant_id).insert("sessions", [row])

    async def note_methods(self, hashed: str, methods: str) -> None:
        """Store how the person of a session has proven herself by now."""
        await self._rows.update("sessions", {"methods": methods}, {"hash": hashed})

    async def end(self, person_id: str, session_id: str, tenant_id: str | None) -> bool:
        """Forget a person's session, of a tenant or, with None, of any; say whether it was there."""
        where: dict[str, Scalar] = {"person_id": person_id, "session_id": session_id, **_of(tenant_id)}
        return await self._rows.delete("sessions", where) > 0

    async def end_all(self, person_id: str, but_hash: str, tenant_id: str | None) -> int:
        """Forget a person's sessions but one, of a tenant or, with None, of all; give their number."""
        where: dict[str, Scalar | tuple[str, str]] = {
            "person_id": person_id,
            "hash": ("!=", but_hash),
            **_of(tenant_id),
        }
        return await self._rows.delete("sessions", cast("Mapping[str, Scalar]", where))

    async def end_of_user(self, tenant_id: str, user_id: str) -> int:
        """Forget the sessions of a user; give their number."""
        return await self._rows.of(tenant_id).delete("sessions", {"user_id": user_id})

    async def end_of_tenant(self, tenant_id: str, but_hash: str) -> int:
        """Forget the sessions of a tenant's users but one; give their number."""
        return await self._rows.of(tenant_id).delete("sessions", {"hash": ("!=", but_hash)})

    async def note_uses(self, uses: Mapping[tuple[str, str], int]) -> None:
        """Store when sessions, named by tenant and id, were used last; those that ended stay ended."""
        for (tenant_id, session_id), used_ms in uses.items():
            where = {"tenant_id": tenant_id, "session_id": session_id}
            await self._rows.update("sessions", {"used_ms": used_ms}, where)

    async def any_before(self, created_ms: int) -> bool:
        """Say whether there are sessions that began before a time."""
        rows = await self._rows.fetch(
            "SELECT 1 AS one FROM sessions WHERE created_ms < :before LIMIT 1", {"before": created_ms}
        )
        return bool(rows)

    async def forget_before(self, created_ms: int) -> None:
        """Forget sessions that began so long ago that they have ended."""
        await self._rows.delete("sessions", {"created_ms": ("<", created_ms)})

    async def places_of(self, person_id: str, since_ms: int) -> Sequence[str]:
        """List from where a person has signed in since a time."""
        rows = await self._rows.fetch(
            "SELECT place FROM places WHERE person_id = :person AND at_ms >= :since",
            {"person": person_id, "since": since_ms},
        )
        return [str(row["place"]) for row in rows]

    async def note_place(self, person_id: str, place: str, now_ms: int, since_ms: int) -> None:
        """Remember from where a person has signed in, and forget from where she has not for long."""
        await self._rows.upsert("places", [{"person_id": person_id, "place": place, "at_ms": now_ms}])
        await self._rows.delete("places", {"person_id": person_id, "at_ms": ("<", since_ms)})
