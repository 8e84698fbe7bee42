"""What authorization stores about persons: what they let clients do, and which clients they made."""

import base64
import json

from mainstay.kernel.work import caller, emit
from mainstay.ports.ciphers import Cipher
from mainstay.services.authorization.client_store import ClientStore
from mainstay.services.authorization.grants import Grants
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    PersonPartReady,
)

_SERVICE = "authorization"


class PersonalGrants:
    """Exports and erases what somebody has let clients do."""

    def __init__(self, grants: Grants, clients: ClientStore, cipher: Cipher) -> None:
        """Take what is granted, where clients are, and the cipher of what is exported."""
        self._grants = grants
        self._clients = clients
        self._cipher = cipher

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute what somebody has let clients do, and the clients that somebody made, to an export."""
        tenant_id = caller().tenant_id
        granted = [
            {"client_id": row.client_id, "scope": row.scope, "created_ms": row.created_ms}
            for row in await self._grants.of_subject(tenant_id, event.subject)
        ]
        made = await self._clients.made_by(tenant_id, event.subject)
        content = json.dumps({"grants": granted, "clients_made": made}).encode()
        sealed = self._cipher.seal(
            content, PersonPartReady.place(event.request_id, _SERVICE), owner=event.request_id
        )
        ready = PersonPartReady(
            request_id=event.request_id,
            service=_SERVICE,
            counts={"grants": len(granted), "clients_made": len(made)},
            content=base64.b64encode(sealed).decode(),
        )
        emit(ready, job_id=event.job_id, subject=event.request_id)

    async def erase(self, event: PersonErasureRequested) -> None:
        """End what somebody has let clients do, and take the id from the clients that somebody made."""
        tenant_id = caller().tenant_id
        granted = await self._grants.of_subject(tenant_id, event.subject)
        made = await self._clients.made_by(tenant_id, event.subject)
        await self._grants.erase(tenant_id, event.subject)
        await self._clients.forget_maker(tenant_id, event.subject)
        ready = PersonPartReady(
            request_id=event.request_id,
            service=_SERVICE,
            counts={"grants": len(granted), "clients_made": len(made)},
        )
        emit(ready, job_id=event.job_id, subject=event.request_id, promised=True)
