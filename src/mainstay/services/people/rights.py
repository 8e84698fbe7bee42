"""Exports and erases a person as a member of a tenant, and as a person when no other tenant is left."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from mainstay.kernel.work import caller
from mainstay.ports.ciphers import Cipher
from mainstay.ports.keyrings import KeyRing
from mainstay.ports.mailers import Mailer
from mainstay.services.people.factors import Factors
from mainstay.services.people.passkeys import PasskeyBook
from mainstay.services.people.personal import EMAIL, Personal, name_column
from mainstay.services.people.session_store import SessionStore
from mainstay.services.people.store import MemberRow, PeopleStore
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
)

_SERVICE = "people"


class Rights:
    """Knows what is stored about a member of the caller's tenant."""

    def __init__(
        self,
        store: PeopleStore,
        sessions: SessionStore,
        factors: Factors,
        passkeys: PasskeyBook,
        personal: Personal,
        cipher: Cipher,
        keys: KeyRing,
        mailer: Mailer,
    ) -> None:
        """Take the parts."""
        self._factors = factors
        self._passkeys = passkeys
        self._store = store
        self._sessions = sessions
        self._personal = personal
        self._cipher = cipher
        self._keys = keys
        self._mailer = mailer

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute a member's name, address, roles and sessions to an export."""
        member = await self._store.member(caller().tenant_id, event.subject)
        told: dict[str, Any] = {} if member is None else await self._told(member)
        counts = {"members": int(member is not None), "sessions": len(told.get("sessions", ()))}
        await event.answer(_SERVICE, told, counts, self._cipher.seal)

    async def erase(self, event: PersonErasureRequested) -> None:
        """Erase a member; with the last membership the person, whose key is destroyed."""
        tenant_id, user_id = caller().tenant_id, event.subject
        member = await self._store.member(tenant_id, user_id)
        counts = {"members": 0, "sessions": 0, "mails": 0}
        if member is not None:
            sessions = await self._of_user(member)
            others = [each for each in await self._store.memberships(member.person_id) if each != member]
            last = all((each.tenant_id, each.user_id) == (tenant_id, user_id) for each in others)
            gone = await asyncio.to_thread(self._keys.destroy, member.person_id) if last else []
            mails = await self._mailer.forget([user_id, *([member.person_id] if last else [])])
            await self._sessions.end_of_user(tenant_id, user_id)
            await self._store.forget_member(member)
            if last:
                rows = [{**asdict(each), "tenant_id": tenant_id} for each in gone]
                await self._store.forget_person(member.person_id, rows)
            counts = {"members": 1, "sessions": len(sessions), "mails": mails}
        event.answer(_SERVICE, counts)

    async def _told(self, member: MemberRow) -> dict[str, Any]:
        return {
            "email": await self._personal.open(member.person_id, EMAIL, member.email),
            "name": await self._personal.open(member.person_id, name_column(member.tenant_id), member.name),
            "role": member.role,
            "groups": list(member.groups),
            "created_ms": member.created_ms,
            "factors": await self._factors_of(member.person_id),
            "sessions": await self._of_user(member),
        }

    async def _factors_of(self, person_id: str) -> list[Mapping[str, Any]]:
        """Tell by what she signs in, and when she made it; of secrets nothing."""
        passkeys = [
            {"kind": "passkey", **each.model_dump(include={"name", "created_ms", "last_used_ms"})}
            for each in await self._passkeys.of(person_id)
        ]
        apps = [each for each in await self._factors.of(person_id) if each.kind == "totp"]
        return [*({"kind": each.kind, "created_ms": each.created_ms} for each in apps), *passkeys]

    async def _of_user(self, member: MemberRow) -> list[Mapping[str, int]]:
        return [
            {"created_ms": row.created_ms, "used_ms": row.used_ms}
            for row in await self._sessions.sessions_of(member.person_id)
            if (row.tenant_id, row.user_id) == (member.tenant_id, member.user_id)
        ]
