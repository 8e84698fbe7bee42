"""What authorization stores about persons: what they let clients do, and which clients they made."""

from mainstay.kernel.clearing import Clearing
from mainstay.ports.ciphers import Cipher
from mainstay.services.authorization.client_store import ClientStore
from mainstay.services.authorization.grants import Grants
from mainstay.services.authorization.store import TABLES
from mainstay.services.privacy.interface import (
    PersonErasureRequested,
    PersonExportRequested,
    TenantErasureRequested,
)

_SERVICE = "authorization"


class PersonalGrants:
    """Exports and erases what somebody has let clients do."""

    def __init__(self, grants: Grants, clients: ClientStore, cipher: Cipher, clearing: Clearing) -> None:
        """Take what is granted, where clients are, and the cipher of what is exported."""
        self._grants = grants
        self._clients = clients
        self._cipher = cipher
        self._clearing = clearing

    async def gather(self, event: PersonExportRequested) -> None:
        """Contribute what somebody has let clients do, and the clients that somebody made, to an export."""
        granted = [
            {"client_id": row.client_id, "scope": row.scope, "created_ms": row.created_ms}
            for row in await self._grants.of_subject(event.subject)
        ]
        made = await self._clients.made_by(event.subject)
        counts = {"grants": len(granted), "clients_made": len(made)}
        await event.answer(_SERVICE, {"grants": granted, "clients_made": made}, counts, self._cipher.seal)

    async def erase(self, event: PersonErasureRequested) -> None:
        """End what somebody has let clients do, and take the id from the clients that somebody made."""
        granted = await self._grants.of_subject(event.subject)
        made = await self._clients.made_by(event.subject)
        await self._grants.erase(event.subject)
        await self._clients.forget_maker(event.subject)
        event.answer(_SERVICE, {"grants": len(granted), "clients_made": len(made)})

    async def clear(self, event: TenantErasureRequested) -> None:
        """Remove what authorization has of a tenant."""
        await self._clearing.clear(event.erasure_id, _SERVICE, event.tenant_id, TABLES)
        event.answer(_SERVICE)
