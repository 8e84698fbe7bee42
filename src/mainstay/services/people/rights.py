"""Exports and erases a person as a member of a tenant, and as a person when no other tenant is left."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mainstay.kernel.work import caller, emit
from mainstay.ports.ciphers import Cipher
from mainstay.ports.keyrings import KeyRing
from mainstay.services.people.personal import EMAIL, Personal, name_column
from mainstay.services.people.session_store import SessionStore
from mainstay.services.people.store import MemberRow, PeopleStore
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    PersonPartReady,
)

_SERVICE = "people"


class Rights:
    """Knows what is stored about a member of the caller's tenant."""

    def __init__(
        self, store: PeopleStore, sessions: SessionStore, personal: Personal, cipher: Cipher, keys: KeyRing
    ) -> None:
        """Take the parts."""
        self._store = store
        self._sessions = sessions
        self._personal = personal
        self._cipher = cipher
        self._keys = keys

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute a member's name, address, roles and sessions to an export."""
        member = await self._store.member(caller().tenant_id, event.subject)
        told: dict[str, Any] = {} if member is None else await self._told(member)
        content = json.dumps(told).encode()
        sealed = self._cipher.seal(
            content, PersonPartReady.place(event.request_id, _SERVICE), owner=event.request_id
        )
        counts = {"members": int(member is not None), "sessions": len(told.get("sessions", ()))}
        self._tell(event, counts, base64.b64encode(sealed).decode(), promised=False)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Erase a member; with the last membership the person, whose key is destroyed."""
        tenant_id, user_id = caller().tenant_id, event.subject
        member = await self._store.member(tenant_id, user_id)
        counts = {"members": 0, "sessions": 0}
        if member is not None:
            sessions = await self._of_user(member)
            others = [each for each in await self._store.memberships(member.person_id) if each != member]
            last = all((each.tenant_id, each.user_id) == (tenant_id, user_id) for each in others)
            gone = await asyncio.to_thread(self._keys.destroy, member.person_id) if last else []
            await self._sessions.end_of_user(tenant_id, user_id)
            await self._store.forget_member(member)
            if last:
                rows = [{**asdict(each), "tenant_id": tenant_id} for each in gone]
                await self._store.forget_person(member.person_id, rows)
            counts = {"members": 1, "sessions": len(sessions)}
        self._tell(event, counts, "", promised=True)

    async def _told(self, member: MemberRow) -> dict[str, Any]:
        return {
            "email": await self._personal.open(member.person_id, EMAIL, member.email),
            "name": await self._personal.open(member.person_id, name_column(member.tenant_id), member.name),
            "role": member.role,
            "groups": list(member.groups),
            "created_ms": member.created_ms,
            "sessions": await self._of_user(member),
        }

    async def _of_user(self, member: MemberRow) -> list[Mapping[str, int]]:
        return [
            {"created_ms": row.created_ms, "used_ms": row.used_ms}
            for row in await self._sessions.sessions_of(member.person_id)
            if (row.tenant_id, row.user_id) == (member.tenant_id, member.user_id)
        ]

    def _tell(
        self,
        event: PersonExportRequested | PersonErasureRequested,
        counts: dict[str, int],
        content: str,
        *,
        promised: bool,
    ) -> None:
        ready = PersonPartReady(request_id=event.request_id, service=_SERVICE, counts=counts, content=content)
        emit(ready, job_id=event.job_id, subject=event.request_id, promised=promised)
